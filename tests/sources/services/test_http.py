"""The limits of one answer, whatever the server does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import pytest

from tests.sources.services.servers import listening
from timmy_tui.sources.services.http import HttpClient


@contextmanager
def with_a_slow_head(pause_s: float) -> Iterator[tuple[str, list[int]]]:
    """A server whose head never ends: a byte of a header in each pause; yields its URL and what it has sent so far."""
    sent: list[int] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(pause_s):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    sent.append(1)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with listening(Handler) as url:
        try:
            yield url, sent
        finally:
            over.set()


@contextmanager
def trickling(pieces: int, pause_s: float) -> Iterator[tuple[str, list[int]]]:
    """A server that sends a list of JSON piece by piece; yields its URL and the pieces that it has sent so far."""
    sent: list[int] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(pieces))
            self.end_headers()
            for number in range(pieces):
                try:
                    self.wfile.write(b"[" if not number else b"]" if number == pieces - 1 else b" ")
                    self.wfile.flush()
                except OSError:
                    return
                sent.append(number)
                if over.wait(pause_s):
                    return

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with listening(Handler) as url:
        try:
            yield url, sent
        finally:
            over.set()


@pytest.mark.parametrize("pieces", [200, 1 << 17], ids=["less than a read takes", "more"])
def test_an_answer_that_comes_byte_by_byte_is_late(pieces: int) -> None:
    """Each byte comes in time; the whole would take two seconds at least."""
    with trickling(pieces, 0.01) as (url, sent):
        client = HttpClient(url, timeout_s=5.0, total_timeout_s=0.2)
        response = client.request("/")
        client.close()
        assert (response.timed_out, response.problem) == (True, "answered too slowly")
        assert 0 < len(sent) < 150


def test_an_answer_in_pieces_that_is_there_in_time_is_whole() -> None:
    with trickling(20, 0.001) as (url, _):
        client = HttpClient(url, timeout_s=5.0, total_timeout_s=30.0)
        assert client.request("/").body == []
        client.close()


@pytest.mark.parametrize("body", [None, {"model": "x"}], ids=["get", "post"])
def test_an_answer_whose_head_comes_byte_by_byte_is_late(body: object) -> None:
    with with_a_slow_head(0.01) as (url, sent):
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
