"""Fuzzers of what comes over HTTP, and of where it is asked for."""

import gzip
import math
import socket
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from hypothesis import strategies as st
from hypothesis import target

from bench.fuzz.invariants import assert_finite, assert_printable, assert_turn
from bench.fuzz.texts import Op, edited_bytes, ops
from timmy_tui.core.foreign.addresses import base_url, mask_url
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.ollama import OllamaPoller, parse_duration, parse_timestamp
from timmy_tui.sources.services.v34 import StatsReader, V34Client

NOW = 1_764_400_000.0
BODIES: Mapping[str, bytes] = {
    "/api/version": b'{"version": "0.12.11"}',
    "/api/ps": b'{"models": [{"name": "llama3.2:3b", "model": "llama3.2:3b", "size": 3000000000, "size_vram": 300000,'
    b' "digest": "a80c4f17acd5", "details": {"parameter_size": "3.2B", "quantization_level": "Q4_K_M"},'
    b' "expires_at": "2025-11-29T14:38:31.83753-07:00", "context_length": 8000}, {"name": "x", "size": 1}]}',
    "/api/show": b'{"details": {"parameter_size": "3.2B", "quantization_level": "Q4_K_M"}, "license": "MIT"}',
    "/api/kv_stats": b'{"count": 2, "stats": [{"timestamp": 1764399000.5, "session_id": "0000-1", "tail_mode": true,'
    b' "prompt_eval_count": 2616, "prompt_eval_duration": 177218800, "eval_count": 65, "eval_duration": 595059000,'
    b' "total_duration": 925884800, "load_duration": 95038000}, {"timestamp": "2025-11-19T01:34:47", '
    b'"session_id": null, "tail_mode": null, "prompt_eval_count": null, "eval_count": 3, "total_duration": 1}]}',
}  # fmt: skip
HEADS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n",
    b"HTTP/1.1 500 Oops\r\n",
    b"HTTP/1.0 301 Moved\r\nLocation: http://127.0.0.1:9/\r\n",
    b"HTTP/1.1 204 Nothing\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n",
)
GZIP, CHUNKED = 5, 6


class Answer(NamedTuple):
    """One answer, before its edits."""

    head: int
    edits: list[Op]
    head_edits: list[Op]

    def of(self, path: str) -> bytes:
        """The bytes that the server sends."""
        body = edited_bytes(BODIES[path], self.edits)
        if self.head == GZIP:
            body = gzip.compress(body)
        elif self.head == CHUNKED:
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        return edited_bytes(HEADS[self.head], self.head_edits) + b"\r\n" + body


def http_inputs() -> st.SearchStrategy[list[Answer]]:
    head = st.just(0) | st.integers(0, len(HEADS) - 1)
    one = st.builds(Answer, head, ops(4), st.just([]) | ops(2))
    return st.lists(one, min_size=len(BODIES), max_size=len(BODIES))


class _Server(threading.Thread):
    """Sends to every request the bytes that are set for its path, and closes."""

    def __init__(self) -> None:
        super().__init__(name="answers", daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.answers: dict[str, bytes] = {}

    def run(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection:
                connection.settimeout(2.0)
                try:
                    self._answer(connection)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            data = connection.recv(1 << 16)
            if not data:
                return
            request += data
        path = request.split(b" ")[1].partition(b"?")[0].decode("latin-1")
        connection.sendall(self.answers.get(path, b""))
        connection.shutdown(socket.SHUT_WR)
        # Else what was not read of the request would reset the connection, and the answer be lost.
        while connection.recv(1 << 16):
            pass


@cache
def _server() -> _Server:
    server = _Server()
    server.start()
    return server


def check_http(answers: Sequence[Answer]) -> None:
    """Whatever the services answer, the facts are figures or unknown, and their words safe to print."""
    server = _server()
    server.answers = {path: answer.of(path) for path, answer in zip(BODIES, answers, strict=True)}
    ollama, v34 = OllamaPoller(server.url), V34Client(server.url)
    try:
        facts = ollama.poll(NOW)
        response = v34.stats()
    finally:
        ollama.close()
        v34.close()
    for word in (facts.problem, facts.version, facts.model, facts.parameters, facts.quantization, facts.digest):
        assert_printable(word or "")
    for figure in (facts.size, facts.size_vram, facts.context_length):
        assert figure is None or 0 <= figure < 1 << 53
    assert facts.expires is None or facts.expires > 0
    assert not facts.problem or facts.reachable is False
    assert_printable(response.problem)
    reader = StatsReader()
    turns = reader.read(response.body)
    for turn in turns:
        assert_turn(turn)
        assert_finite((turn.started, turn.ended, turn.prefill_ms, turn.decode_ms, turn.load_ms), "statistics")
        for count in (turn.prompt_tokens, turn.output_tokens, turn.cached_tokens):
            assert count is None or count >= 0
        assert_printable(turn.session_id or "")
    assert reader.read(response.body) == [], "an entry of the statistics is a turn twice"
    target(len(turns) + (facts.reachable is True) + (facts.size is not None), label="answers that tell something")


HOSTS = (
    "127.0.0.1:9", "localhost:9", "[::1]:9", "user:secret@127.0.0.1:9", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999",
    "127.0.0.1:", "[::1", "127.0.0.1:9:9", ":9", "", "@", "127.0.0.1:9@x", "127.0.0.1:-1", "127.1:9",
)  # fmt: skip
"""None of another machine: each may be asked."""
SCHEMES = ("http://", "https://", "HTTP://", "", "//", "ftp://", "http:/", "http:", "file://", "javascript:")
TAILS = ("", "/", "/api/generate", "/ollama/", "?a=b", "#x", "/a b", "/\u202e", "/%00", "//", "/../..", "\\", "/é")
LOCAL = frozenset({"127.0.0.1", "localhost", "::1", "127.1"})


class Url(NamedTuple):
    """A text where a URL should be, and texts where a time should be."""

    text: str
    asked: bool
    time: str


def url_inputs() -> st.SearchStrategy[Url]:
    pieces = st.text(max_size=4) | st.sampled_from(["\x1b[2J", "\u202e", "\n", "\t", " ", "\0", "\ud800", "%", "%00"])
    whole = st.tuples(
        st.just("") | pieces, st.sampled_from(SCHEMES), st.sampled_from(HOSTS) | pieces, st.sampled_from(TAILS), pieces
    ).map("".join)
    times = st.text("0123456789-T:.Z+hmsµun ", max_size=30) | st.sampled_from(["1h30m", "-1", "9" * 400 + "h", "1e5"])
    return st.builds(Url, whole | st.text(max_size=20), st.booleans(), times)


def check_url(url: Url) -> None:
    """A base URL is one that stays what it is, can be asked without an exception, and shows no password."""
    base = base_url(url.text)
    assert base_url(base) == base, "a base URL is not its own base URL"
    shown = mask_url(base)
    assert_printable(shown)
    assert_printable(mask_url(url.text))
    seconds, stamp = parse_duration(url.time), parse_timestamp(url.time, NOW)
    assert seconds is None or seconds >= 0
    assert stamp is None or stamp > 0
    if not base:
        return
    parts = urlsplit(base)
    assert parts.scheme in ("http", "https") and parts.hostname
    assert not math.isnan(parts.port or 0)
    if parts.password:
        assert parts.password not in shown.replace(parts.hostname, ""), "the password is shown"
    if parts.hostname in LOCAL and url.asked and parts.port is not None:
        client = HttpClient(base, 0.5, 0.5)
        response = client.request("/api/version")
        client.close()
        assert response.problem, "nothing listens there"
        assert_printable(response.problem)
    target(float(len(base)), label="a base URL")
