"""The stand-in's HTTP face: routes, streaming, and the ways in which a server can misbehave."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, cast

from timmy_tui.demo.ollama import facts
from timmy_tui.demo.ollama.engine import Engine, Refused, Served, truth
from timmy_tui.demo.ollama.log import ServerLog

FAULTS = ("hang", "html", "500", "half json", "50 MB", "error line", "no done", "empty", "leak")
"""hang: no answer; html, 500, half json, 50 MB: instead of the answer; error line, no done: break a stream;
empty, leak: a reply of nothing, or with pieces of the template."""
_BODIES: Mapping[str, tuple[int, str, bytes]] = {
    "html": (200, "text/html", b"<!doctype html><html><body><h1>It works!</h1></body></html>"),
    "500": (500, "application/json", b'{"error":"llama runner process has terminated: exit status 2"}'),
    "half json": (200, "application/json", b'{"model":"llama3.2:3b-inst'),
}


class Backend(Protocol):
    """What the HTTP face asks of the stand-in behind it."""

    version: str
    engine: Engine
    log: ServerLog
    stopping: threading.Event

    @property
    def requests(self) -> list[Served]:
        """What really happened, request by request."""
        ...

    def generate(self, request: dict[str, Any], quirk: str = "") -> Generator[dict[str, Any], None, None]:
        """The chunks of an answer."""
        ...

    def residents(self) -> dict[str, Any]:
        """The answer of /api/ps."""
        ...

    def fail(self, kind: str, times: int = 1, path: str = "/api/generate") -> None:
        """Make the next requests of a path fail."""
        ...

    def next_fault(self, path: str) -> str:
        """The kind of fault that the next request of a path meets; empty: none."""
        ...


class OllamaServer(ThreadingHTTPServer):
    """One thread a connection; the thread ends with its connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, stand_in: Backend) -> None:
        super().__init__(("127.0.0.1", 0), OllamaTalk, bind_and_activate=False)
        self.stand_in = stand_in

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is not worth a traceback."""


class OllamaTalk(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Ollama"

    def do_GET(self) -> None:
        self._route("GET")

    def do_HEAD(self) -> None:
        self._route("HEAD")

    def do_POST(self) -> None:
        self._route("POST")

    def log_message(self, format: str, *args: object) -> None:
        """The access line goes to the stand-in's own log."""

    @property
    def stand_in(self) -> Backend:
        """Whose face this is."""
        return cast(OllamaServer, self.server).stand_in

    def _route(self, method: str) -> None:
        began = time.monotonic()
        self.status = 499
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        path = self.path.split("?")[0]
        try:
            if path.startswith("/demo/"):
                return self._demo(path, body)
            fault = self.stand_in.next_fault(path)
            if fault and self._misbehave(fault):
                return
            self._answer(method, path, body, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            if not path.startswith("/demo/"):
                self.stand_in.log.access(self.status, time.monotonic() - began, method, path)

    def _answer(self, method: str, path: str, body: bytes, fault: str) -> None:
        routes: Mapping[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
            "/api/version": ("GET", lambda _: {"version": self.stand_in.version}),
            "/api/ps": ("GET", lambda _: self.stand_in.residents()),
            "/api/tags": ("GET", lambda _: facts.tags(self.stand_in.engine.rules)),
            "/api/show": ("POST", lambda request: facts.show(self.stand_in.engine.rules, request)),
            "/api/generate": ("POST", lambda request: self._generate(request, fault)),
        }
        if path == "/":
            return self._send(200, b"Ollama is running", "text/plain; charset=utf-8")
        if path not in routes:
            return self._send(404, b"404 page not found", "text/plain")
        wanted, reply = routes[path]
        if method != wanted and not (method == "HEAD" and wanted == "GET"):
            return self._send(405, b"405 method not allowed", "text/plain")
        try:
            request = json.loads(body) if body else {}
            if not isinstance(request, dict):
                raise Refused(400, "json: cannot unmarshal into Go value of type api.Request")
            answer = reply(request)
        except json.JSONDecodeError as error:
            answer, self.status = None, 400
            self._json(400, {"error": str(error)})
        except Refused as refusal:
            answer, self.status = None, refusal.status
            self._json(refusal.status, {"error": refusal.message})
        if answer is not None:
            self._json(200, answer)

    def _generate(self, request: dict[str, Any], fault: str) -> object:
        """Whole answers are returned; streamed ones are sent here, and None returned."""
        quirk = fault if fault in ("empty", "leak") else ""
        with contextlib.closing(self.stand_in.generate(request, quirk)) as chunks:
            if request.get("stream") is False:
                parts = list(chunks)
                return {**parts[-1], "response": "".join(str(part["response"]) for part in parts)}
            self._stream(chunks, fault)
        return None

    def _stream(self, chunks: Iterator[dict[str, Any]], fault: str) -> None:
        self.status = 200
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            if fault in ("error line", "no done") and chunk.get("done"):
                if fault == "error line":
                    self._chunk({"error": "an error was encountered while running the model: CUDA error"})
                break
            self._chunk(chunk)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, part: Mapping[str, Any]) -> None:
        line = json.dumps(part, separators=(",", ":")).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def _misbehave(self, fault: str) -> bool:
        """True if the fault replaced the answer."""
        if fault == "hang":
            self.stand_in.stopping.wait()
            self.close_connection = True
        elif fault == "50 MB":
            self._send(200, b'{"version":"' + b"x" * 50_000_000 + b'"}', "application/json")
        elif fault in _BODIES:
            status, kind, body = _BODIES[fault]
            self._send(status, body, kind)
        else:
            return False
        return True

    def _demo(self, path: str, body: bytes) -> None:
        """What no real server has: the truth, and faults to order."""
        if path == "/demo/truth":
            return self._json(200, [dict(truth(served)) for served in self.stand_in.requests])
        if path == "/demo/fault":
            order = json.loads(body)
            self.stand_in.fail(order["kind"], order.get("times", 1), order.get("path", "/api/generate"))
            return self._json(200, {"ok": True})
        return self._send(404, b"404 page not found", "text/plain")

    def _json(self, status: int, answer: object) -> None:
        self._send(status, json.dumps(answer, separators=(",", ":")).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.status = status
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
