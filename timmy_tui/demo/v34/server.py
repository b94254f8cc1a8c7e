"""v34's HTTP server. It has one thread, like upstream's eventlet: nothing else is answered while a turn is served."""

import http.client
import json
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from timmy_tui.demo.clock import LLM_CALL
from timmy_tui.demo.parent_watchdog import start_parent_watchdog
from timmy_tui.demo.v34.access import Access
from timmy_tui.demo.v34.reloader import run_with_reloader
from timmy_tui.demo.v34.turn import ERRORS, Preprocessor

HEALTH_INTERVAL = 8
"""Turns between two blocks of health lines in the log."""
KV_STATS_LIMIT = 20
"""Entries of /api/kv_stats when the request names no valid limit."""
TYPED_PATH = "/demo/typed"
"""Takes a typed message, in the place of Socket.IO's ``user_message``. As there, no access line follows."""
SLOW_HEADER, CLOCK_HEADER, FAULT_HEADER = "X-Demo-Slow", "X-Demo-Clock", "X-Demo-Fault"
"""How the scenario changes v34: factors by stage; ``offset`` and ``step`` of its clock in s; ``database`` fails."""


@dataclass(frozen=True)
class ServerOptions:
    """How v34 is served."""

    host: str
    port: int
    access_form: str = "eventlet"
    """One of ACCESS_FORMS."""
    dies_in_reload: bool = False
    """Whether a reload while a request is in flight kills the child (seen with eventlet on Python 3.11)."""


class V34Server(HTTPServer):
    """A second instance can listen on the same port without an error (SO_REUSEPORT), as with eventlet."""

    request_queue_size = 64

    def __init__(self, preprocessor: Preprocessor, options: ServerOptions) -> None:
        super().__init__((options.host, options.port), V34Handler, bind_and_activate=False)
        self.preprocessor = preprocessor
        self.options = options
        self.is_busy = False
        """Whether a turn is being served."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.server_bind()
        self.server_activate()


class V34Handler(BaseHTTPRequestHandler):
    """One request. Connections are closed after it, because an open one would block all others."""

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path == "/api/webhook":
            self._begin()
        elif path != TYPED_PATH:
            self._begin()
            return self._send(404, {"error": "not found"})
        try:
            message = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            text, request_id = str(message["text"]), message.get("request_id")
        except (ValueError, TypeError, KeyError):
            self._begin()
            return self._send(400, {"error": "Invalid payload. 'text' field is required."})
        self._simulate()
        self._server.is_busy = True
        try:
            if path == TYPED_PATH:
                self._answer(200, {"response": self._server.preprocessor.handle_typed(text)})
            else:
                self._serve_webhook(text, request_id)
        finally:
            self._server.is_busy = False

    def do_GET(self) -> None:
        self._begin()
        parts = urlsplit(self.path)
        if parts.path != "/api/kv_stats":
            return self._send(404, {"error": "not found"})
        try:
            limit = int(parse_qs(parts.query).get("limit", [""])[0])
        except ValueError:
            limit = KV_STATS_LIMIT
        limit = limit if limit > 0 else KV_STATS_LIMIT
        stats = list(self._server.preprocessor.session.stats)[-limit:]
        return self._send(200, {"count": len(stats), "stats": stats})

    def log_message(self, format: str, *args: object) -> None:
        """The access line is written at the end of the request."""

    @property
    def _server(self) -> V34Server:
        return cast(V34Server, self.server)

    def _begin(self) -> None:
        """A request begins that will have an access line."""
        self.started = self._server.preprocessor.clock.now()
        if self._server.options.access_form == "eventlet":
            self._server.preprocessor.simulation.output.error(f"({os.getpid()}) accepted {self.client_address}")

    def _simulate(self) -> None:
        """Take over what the scenario wants of this turn."""
        simulation = self._server.preprocessor.simulation
        slow = parse_qs(self.headers.get(SLOW_HEADER, ""))
        simulation.latencies.slow = {key: float(values[0]) for key, values in slow.items()}
        clock = {key: float(values[0]) for key, values in parse_qs(self.headers.get(CLOCK_HEADER, "")).items()}
        simulation.clock.offset_s = clock.get("offset", simulation.clock.offset_s)
        simulation.clock.plan_step(LLM_CALL, clock.get("step", 0.0))
        simulation.database_fails = self.headers.get(FAULT_HEADER) == "database"

    def _serve_webhook(self, text: str, request_id: str | None) -> None:
        preprocessor = self._server.preprocessor
        output = preprocessor.simulation.output
        try:
            reply = preprocessor.handle_webhook(text, request_id)
        except ERRORS as error:
            for line in traceback_lines(error):
                output.error(line)
            return self._send(500, {"error": "Internal Server Error"})
        if preprocessor.session.turns % HEALTH_INTERVAL == 0:
            for line in warning_lines():
                output.error(line)
            for line in health_lines("http://127.0.0.1/api/generate", "http://127.0.0.1/"):
                output.debug(line)
        return self._send(200, {"status": "success", "response": reply})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        size = self._answer(status, answer)
        now = self._server.preprocessor.clock.now()
        access = Access(self.client_address[0], now, self.requestline, status, size, now - self.started)
        self._server.preprocessor.simulation.output.error(access.log_line(self._server.options.access_form))

    def _answer(self, status: int, answer: dict[str, Any]) -> int:
        """Send the answer without an access line; returns the bytes of its body."""
        body = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        return len(body)


def health_lines(ollama_url: str, tts_url: str) -> list[str]:
    """v34's health checks, which stand in the log between turns."""
    return [
        "*** Health: starting round",
        f"*** Health: tts DOWN latency=7ms url={tts_url} error=None",
        f"*** Health: ollama OK status=405 latency=11ms url={ollama_url}",
        "*** Health: round complete",
    ]


def warning_lines() -> list[str]:
    """A warning of urllib3, which v34's stderr brings into the log."""
    return [
        "/usr/lib/python3/dist-packages/urllib3/connectionpool.py:1097: InsecureRequestWarning: "
        "Unverified HTTPS request is being made to host 'motor-raspi'.",
        "  warnings.warn(",
    ]


def traceback_lines(error: Exception) -> list[str]:
    """What the web server writes about a request that has failed."""
    return [
        "Traceback (most recent call last):",
        '  File "/home/user/little-timmy/v34/app.py", line 556, in handle_webhook',
        "    ai_response = process_user_message(user_input, request_id)",
        f"{type(error).__name__}: {error}",
    ]


def send_to_tts(url: str, text: str, request_id: str | None) -> None:
    """Send a reply to TTS; without a request id none is sent. Raises OSError."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    query = {"text": text} if request_id is None else {"text": text, "request_id": request_id}
    try:
        connection.request("GET", f"{parts.path or '/'}?{urlencode(query)}")
        connection.getresponse().read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"HTTPConnectionPool(host='{parts.hostname}', port={parts.port}): {error}") from error
    finally:
        connection.close()


def run_server(preprocessor: Preprocessor, options: ServerOptions, folders: list[Path]) -> None:
    """Serve under the reloader until killed, as ``socketio.run(app, debug=True)`` does."""
    running: list[V34Server] = []

    def serve() -> None:
        with V34Server(preprocessor, options) as server:
            running.append(server)
            if options.access_form == "eventlet":
                starting = f"({os.getpid()}) wsgi starting up on http://{options.host}:{options.port}"
                print(starting, file=sys.stderr, flush=True)
            server.serve_forever()

    def before_exit() -> None:
        if options.dies_in_reload and any(server.is_busy for server in running):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), signal.SIGSEGV)

    start_parent_watchdog()
    print("Debug mode is ON! Starting development server.")
    run_with_reloader(serve, folders, before_exit)
