"""The limits of one answer, whatever the server does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import pytest

from tests.sources.services.servers import listening
from timmy_tui.sources.services.http import HttpClient

Answer = Callable[[BaseHTTPRequestHandler, list[int], threading.Event], None]
"""Of a request: writes, adds what it has sent to the list, and ends when the event is set."""


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[int]]]:
    """A server that answers so; yields its URL and what it has sent so far."""
    sent: list[int] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                answer(self, sent, over)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with listening(Handler) as url:
        try:
            yield url, sent
        finally:
            over.set()


def slow_head(pause_s: float) -> Answer:
    """A head that never ends: a byte of a header in each pause."""

    def answer(handler: BaseHTTPRequestHandler, sent: list[int], over: threading.Event) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not over.wait(pause_s):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            sent.append(1)

    return answer


def trickling(pieces: int, pause_s: float) -> Answer:
    """A list of JSON piece by piece."""

    def answer(handler: BaseHTTPRequestHandler, sent: list[int], over: threading.Event) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(pieces))
        handler.end_headers()
        for number in range(pieces):
            handler.wfile.write(b"[" if not number else b"]" if number == pieces - 1 else b" ")
            handler.wfile.flush()
            sent.append(number)
            if over.wait(pause_s):
                return

    return answer


@pytest.mark.parametrize("pieces", [200, 1 << 17], ids=["less than a read takes", "more"])
def test_an_answer_that_comes_byte_by_byte_is_late(pieces: int) -> None:
    """Each byte comes in time; the whole would take two seconds at least."""
    with answering(trickling(pieces, 0.01)) as (url, sent):
        client = HttpClient(url, timeout_s=5.0, total_timeout_s=0.2)
        response = client.request("/")
        client.close()
        assert (response.timed_out, response.problem) == (True, "answered too slowly")
        assert 0 < len(sent) < 150


def test_an_answer_in_pieces_that_is_there_in_time_is_whole() -> None:
    with answering(trickling(20, 0.001)) as (url, _):
        client = HttpClient(url, timeout_s=5.0, total_timeout_s=30.0)
        assert client.request("/").body == []
        client.close()


@pytest.mark.parametrize("body", [None, {"model": "x"}], ids=["get", "post"])
def test_an_answer_whose_head_comes_byte_by_byte_is_late(body: object) -> None:
    with answering(slow_head(0.01)) as (url, sent):
        client = HttpClient(url, timeout_s=20.0, total_timeout_s=0.2)
        response = client.request("/", body)
        client.close()
        assert (response.status, response.timed_out, response.problem) == (None, True, "answered too slowly")
        assert sent


def test_one_that_says_nothing_did_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = HttpClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=20.0, total_timeout_s=0.1)
        assert client.request("/").problem == "no answer in time"
        client.close()
