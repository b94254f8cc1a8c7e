"""A JSON document fetched by HTTP: a real server that answers well, badly, late, or not at all."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.sources.services.servers import as_json, serving
from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.source_address import source_address
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.streams.fetched import Fetched, fetch

RUNS = [{"id": "a", "ms": 5}]


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def condition_of(polled: Fetched) -> SourceCondition:
    """Its condition now."""
    return polled.state.condition


def documents(polled: Fetched) -> list[object]:
    """What a poll delivers."""
    return [json.loads(line.removeprefix(b"\x1e")) for batch in polled.poll() for line in batch.lines]


def test_it_asks_every_few_seconds_and_delivers_what_is_new() -> None:
    answers = [RUNS, RUNS, [*RUNS, {"id": "b", "ms": 6}]]
    clock = Clock()
    with serving(lambda path: as_json(answers[min(len(requested), len(answers)) - 1])) as (url, requested):
        polled = Fetched(source_address(f"{url}/runs?last=9"), 2.0, clock=clock)
        assert condition_of(polled) is SourceCondition.WAITING
        assert documents(polled) == [RUNS]
        assert documents(polled) == []
        assert requested == ["/runs?last=9"]
        clock.now += 1.99
        assert documents(polled) == []
        assert len(requested) == 1
        clock.now += 0.01
        assert documents(polled) == []
        assert len(requested) == 2
        clock.now += 2.0
        assert documents(polled) == [answers[2]]
        assert condition_of(polled) is SourceCondition.OK
        polled.close()
        clock.now += 2.0
        assert polled.poll() == []


@pytest.mark.parametrize(
    ("status", "body", "condition", "detail"),
    [
        (404, b"", SourceCondition.ERROR, "HTTP 404"),
        (500, b'{"error": "\x1b[31mno"}', SourceCondition.ERROR, "HTTP 500"),
        (302, b"", SourceCondition.ERROR, "HTTP 302: a redirect, which is not followed"),
        (401, b"", SourceCondition.DENIED, "HTTP 401"),
        (200, b"<html>hello</html>", SourceCondition.ERROR, "the answer is HTML"),
        (200, b'{"id": "a', SourceCondition.ERROR, "the answer is not JSON"),
        (200, b"", SourceCondition.ERROR, "the answer is empty"),
        (200, b"7", SourceCondition.ERROR, "the answer is neither a list nor an object"),
        (200, b"null", SourceCondition.ERROR, "the answer is null"),
        (200, b"[" * 300 + b"]" * 300, SourceCondition.ERROR, "the answer is nested more than 200 levels deep"),
        (200, b" " * (5 << 20), SourceCondition.ERROR, "an answer of more than 4 MiB"),
    ],
)
def test_an_answer_that_is_no_document(status: int, body: bytes, condition: SourceCondition, detail: str) -> None:
    with serving(lambda path: (status, body)) as (url, requested):
        polled = Fetched(source_address(f"{url}/runs"), 2.0, clock=Clock())
        assert polled.poll() == []
        assert polled.state.condition is condition
        assert polled.state.detail.startswith(detail)
        assert "\x1b" not in polled.state.detail
        assert requested == ["/runs"]
        with pytest.raises(SourceError, match=detail):
            fetch(source_address(f"{url}/runs"))


def test_a_server_that_dies_and_comes_back() -> None:
    clock = Clock()
    with serving(lambda path: as_json(RUNS)) as (url, _):
        polled = Fetched(source_address(url), 2.0, clock=clock)
        assert documents(polled) == [RUNS]
    clock.now += 2.0
    assert documents(polled) == []
    assert condition_of(polled) is SourceCondition.DOWN
    assert "refused" in polled.state.detail
    port = int(url.rpartition(":")[2])
    with serving(lambda path: as_json([]), port) as (_, requested):
        clock.now += 1.99
        assert documents(polled) == []
        assert requested == []
        clock.now += 0.01
        assert documents(polled) == [[]]
    assert condition_of(polled) is SourceCondition.OK


def test_the_waits_between_tries_grow_to_ten_seconds() -> None:
    clock = Clock()
    with serving(lambda path: (500, b"")) as (url, requested):
        polled = Fetched(source_address(url), 1.0, clock=clock)
        times = []
        for _ in range(400):
            before = len(requested)
            polled.poll()
            if len(requested) > before:
                times.append(clock.now - 100.0)
            clock.now += 0.25
    assert times[:7] == [0.0, 1.0, 3.0, 7.0, 15.0, 25.0, 35.0]


def test_a_slow_server_is_busy() -> None:
    over = threading.Event()

    def late(path: str) -> tuple[int, bytes]:
        over.wait(30)
        return as_json(RUNS)

    with serving(late) as (url, _):
        polled = Fetched(source_address(url), 2.0, clock=Clock())
        assert polled.poll() == []
        assert (polled.state.condition, polled.state.detail) == (SourceCondition.BUSY, "no answer in time")
        over.set()


@pytest.fixture
def guarded() -> Iterator[str]:
    """The host of a server that wants a user and a password."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ok = self.headers.get("Authorization") == "Basic bWU6c2VjcmV0"  # me:secret
            self.send_response(200 if ok else 401)
            self.end_headers()
            self.wfile.write(json.dumps(RUNS).encode() if ok else b"who are you, other:secret2?")

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_password_in_the_address_is_used_and_never_shown(guarded: str) -> None:
    source = source_address(f"http://me:secret@{guarded}/runs?token=hidden")
    assert json.loads(fetch(source)[0].removeprefix(b"\x1e")) == RUNS
    wrong = source_address(f"http://other:secret2@{guarded}/runs?token=hidden")
    polled = Fetched(wrong, 2.0, clock=Clock())
    assert polled.poll() == []
    with pytest.raises(SourceError) as raised:
        fetch(wrong)
    for text in (source.shown, source.key, str(source.place), polled.state.detail, str(polled.path), str(raised.value)):
        assert not any(secret in text for secret in ("secret", "hidden", "other", "me:")), text


def test_the_lines_are_there_for_the_log_screen() -> None:
    with serving(lambda path: as_json(RUNS)) as (url, _):
        polled = Fetched(source_address(url), 2.0, clock=Clock())
        (batch,) = polled.poll()
        shown = polled.path.read_bytes()
        assert shown[batch.offset : batch.end] == batch.lines[0] + b"\n"
        polled.close()
        assert not polled.path.exists()


def test_the_first_answer_is_as_old_as_its_newest_record_and_later_ones_are_new() -> None:
    """Else all turns of hours ago would be news at each start."""
    answers = [RUNS, [*RUNS, {"id": "b"}]]
    clock = Clock()
    with serving(lambda path: as_json(answers[min(len(requested), len(answers)) - 1])) as (url, requested):
        polled = Fetched(source_address(url), 2.0, lambda lines: 7200.0 + len(lines), clock)
        (first,) = polled.poll()
        assert first.age_s == 7201.0
        assert polled.state.newest is not None and time.time() - polled.state.newest >= 7201.0
        clock.now += 2.0
        (second,) = polled.poll()
        assert second.age_s == 0.0
        polled.close()
