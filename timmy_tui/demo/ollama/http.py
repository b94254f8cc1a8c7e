"""The HTTP server of the stand-in for Ollama: routes, streaming, and injected faults."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, cast

from timmy_tui.demo.ollama import responses
from timmy_tui.demo.ollama.engine import Engine, RequestRejected, ServedRequest, ground_truth
from timmy_tui.demo.ollama.log import ServerLog

_MEGABYTE = b"x" * 1_000_000
FAULTS = ("hang", "html", "500", "half json", "50 MB", "error line", "no done", "empty", "leak")
"""hang: no response; html, 500, half json, 50 MB: another response; error line, no done: a stream that breaks off;
empty: an empty reply; leak: a reply with special tokens of the chat template."""
_BODIES: Mapping[str, tuple[int, str, bytes]] = {
    "html": (200, "text/html", b"<!doctype html><html><body><h1>It works!</h1></body></html>"),
    "500": (500, "application/json", b'{"error":"llama runner process has terminated: exit status 2"}'),
    "half json": (200, "application/json", b'{"model":"llama3.2:3b-inst'),
}


class Backend(Protocol):
    """What the HTTP server needs of the stand-in."""

    version: str
    engine: Engine
    log: ServerLog
    stopping: threading.Event

    @property
    def requests(self) -> list[ServedRequest]:
        """What really happened, request by request."""
        ...

    def generate(self, request: dict[str, Any], reply_fault: str = "") -> Generator[dict[str, Any], None, None]:
        """The chunks of a response."""
        ...

    def ps_response(self) -> dict[str, Any]:
        """The response of /api/ps."""
        ...

    def fail_next(self, kind: str, times: int = 1, path: str = "/api/generate") -> None:
        """Make the next ``times`` requests to ``path`` fail."""
        ...

    def take_fault(self, path: str) -> str:
        """Remove and return the fault for this request to ``path``; empty: none."""
        ...


class OllamaServer(ThreadingHTTPServer):
    """One thread per connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, stand_in: Backend) -> None:
        super().__init__(("127.0.0.1", 0), OllamaHandler, bind_and_activate=False)
        self.stand_in = stand_in

    def handle_error(self, request: object, client_address: object) -> None:
        """No traceback when a client has closed the connection."""


class OllamaHandler(BaseHTTPRequestHandler):
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
        """The access line goes to the log of the stand-in."""

    @property
    def stand_in(self) -> Backend:
        """The stand-in whose requests are handled."""
        return cast(OllamaServer, self.server).stand_in

    def _route(self, method: str) -> None:
        started = time.monotonic()
        self.status = 499
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        path = self.path.split("?")[0]
        try:
            if path.startswith("/demo/"):
                return self._answer_demo(path, body)
            fault = self.stand_in.take_fault(path)
            if fault and self._inject_fault(fault):
                return
            self._answer(method, path, body, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            if not path.startswith("/demo/"):
                self.stand_in.log.access(self.status, time.monotonic() - started, method, path)

    def _answer(self, method: str, path: str, body: bytes, fault: str) -> None:
        routes: Mapping[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
            "/api/version": ("GET", lambda _: {"version": self.stand_in.version}),
            "/api/ps": ("GET", lambda _: self.stand_in.ps_response()),
            "/api/tags": ("GET", lambda _: responses.tags_response(self.stand_in.engine.rules)),
            "/api/show": ("POST", lambda request: responses.show_response(self.stand_in.engine.rules, request)),
            "/api/generate": ("POST", lambda request: self._generate(request, fault)),
        }
        if path == "/":
            return self._send(200, b"Ollama is running", "text/plain; charset=utf-8")
        if path not in routes:
            return self._send(404, b"404 page not found", "text/plain")
        allowed, respond = routes[path]
        if method != allowed and not (method == "HEAD" and allowed == "GET"):
            return self._send(405, b"405 method not allowed", "text/plain")
        try:
            request = json.loads(body) if body else {}
            if not isinstance(request, dict):
                raise RequestRejected(400, "json: cannot unmarshal into Go value of type api.Request")
            response = respond(request)
        except json.JSONDecodeError as error:
            response, self.status = None, 400
            self._json(400, {"error": str(error)})
        except RequestRejected as rejected:
            response, self.status = None, rejected.status
            self._json(rejected.status, {"error": rejected.message})
        if response is not None:
            self._json(200, response)

    def _generate(self, request: dict[str, Any], fault: str) -> object:
        """Returns a response that is not streamed. Sends a streamed one and returns None."""
        reply_fault = fault if fault in ("empty", "leak") else ""
        with contextlib.closing(self.stand_in.generate(request, reply_fault)) as chunks:
            if request.get("stream") is False:
                received = list(chunks)
                return {**received[-1], "response": "".join(str(chunk["response"]) for chunk in received)}
            self._send_stream(chunks, fault)
        return None

    def _send_stream(self, chunks: Iterator[dict[str, Any]], fault: str) -> None:
        self.status = 200
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            if fault in ("error line", "no done") and chunk.get("done"):
                if fault == "error line":
                    self._send_chunk({"error": "an error was encountered while running the model: CUDA error"})
                break
            self._send_chunk(chunk)
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, chunk: Mapping[str, Any]) -> None:
        line = json.dumps(chunk, separators=(",", ":")).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def _inject_fault(self, fault: str) -> bool:
        """Answer with the fault; False if the fault does not replace the response."""
        if fault == "hang":
            self.stand_in.stopping.wait()
            self.close_connection = True
        elif fault == "50 MB":
            self.status = 200
            self.send_response(200)
            self.send_header("Content-Length", str(50 * len(_MEGABYTE) + 4))
            self.end_headers()
            for piece in (b'["', *[_MEGABYTE] * 50, b'"]'):  # At once it takes a busy machine a second.
                self.wfile.write(piece)
        elif fault in _BODIES:
            status, kind, body = _BODIES[fault]
            self._send(status, body, kind)
        else:
            return False
        return True

    def _answer_demo(self, path: str, body: bytes) -> None:
        """Routes that no real server has: the ground truth, and faults to inject."""
        if path == "/demo/truth":
            return self._json(200, [dict(ground_truth(served)) for served in self.stand_in.requests])
        if path == "/demo/fault":
            request = json.loads(body)
            self.stand_in.fail_next(request["kind"], request.get("times", 1), request.get("path", "/api/generate"))
            return self._json(200, {"ok": True})
        return self._send(404, b"404 page not found", "text/plain")

    def _json(self, status: int, response: object) -> None:
        self._send(status, json.dumps(response, separators=(",", ":")).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.status = status
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
