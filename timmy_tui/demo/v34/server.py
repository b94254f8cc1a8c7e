"""v34's HTTP server. It has one thread, like upstream's eventlet: nothing else is answered while a turn is served."""

import http.client
import json
import os
import socket
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from timmy_tui.demo.parent_watchdog import start_parent_watchdog
from timmy_tui.demo.v34.reloader import run_with_reloader
from timmy_tui.demo.v34.turn import Preprocessor

HEALTH_INTERVAL = 8
"""Turns between two blocks of health lines in the log."""


class V34Server(HTTPServer):
    """A second instance can listen on the same port without an error (SO_REUSEPORT), as with eventlet."""

    request_queue_size = 64

    def __init__(self, host: str, port: int, preprocessor: Preprocessor) -> None:
        super().__init__((host, port), V34Handler, bind_and_activate=False)
        self.preprocessor = preprocessor
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.server_bind()
        self.server_activate()


class V34Handler(BaseHTTPRequestHandler):
    """One request. Connections are closed after it, because an open one would block all others."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path != "/api/webhook":
            return self._send(404, {"error": "not found"})
        preprocessor = self._preprocessor
        try:
            message = json.loads(body)
            text, request_id = str(message["text"]), message.get("request_id")
        except (ValueError, TypeError, KeyError):
            return self._send(400, {"error": "no text"})
        slow = parse_qs(self.headers.get("X-Demo-Slow", ""))
        preprocessor.latencies.slow = {key: float(values[0]) for key, values in slow.items()}
        reply = preprocessor.handle_message(text, request_id)
        if preprocessor.session.turns % HEALTH_INTERVAL == 0:
            _print_other_lines()
        return self._send(200, {"status": "ok", "response": reply})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/api/kv_stats":
            return self._send(404, {"error": "not found"})
        requested = parse_qs(parts.query).get("limit", ["50"])[0]
        limit = min(int(requested), 200) if requested.isdigit() else 50
        stats = list(self._preprocessor.session.stats)[-limit:] if limit else []
        return self._send(200, {"count": len(stats), "stats": stats})

    def setup(self) -> None:
        self.started = time.monotonic()
        super().setup()
        print(f"({os.getpid()}) accepted {self.client_address}", file=sys.stderr, flush=True)

    def log_message(self, format: str, *args: object) -> None:
        """The access line has eventlet's form and is written at the end of the request."""

    @property
    def _preprocessor(self) -> Preprocessor:
        return cast(V34Server, self.server).preprocessor

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        access = Access(
            host=self.client_address[0],
            ended=time.time(),
            request=self.requestline,
            status=status,
            size=len(body),
            seconds=time.monotonic() - self.started,
        )
        print(access.log_line(), file=sys.stderr)


@dataclass(frozen=True)
class Access:
    """A request that has been answered."""

    host: str
    ended: float
    """Seconds since 1970."""
    request: str
    """``POST /api/webhook HTTP/1.1``."""
    status: int
    size: int
    """Bytes of the response body."""
    seconds: float
    """Duration of the request."""

    def log_line(self) -> str:
        """``172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024``."""
        ended = time.strftime("%d/%b/%Y %H:%M:%S", time.localtime(self.ended))
        return f'{self.host} - - [{ended}] "{self.request}" {self.status} {self.size} {self.seconds:.6f}'


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


def _print_other_lines() -> None:
    for line in warning_lines():
        print(line, file=sys.stderr, flush=True)
    for line in health_lines("http://127.0.0.1/api/generate", "http://127.0.0.1/"):
        print(line)


def post_to_tts(url: str, text: str, request_id: str | None) -> None:
    """Send a reply to TTS. Raises OSError."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        body = json.dumps({"text": text, "request_id": request_id})
        connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"HTTPConnectionPool(host='{parts.hostname}', port={parts.port}): {error}") from error
    finally:
        connection.close()


def run_server(preprocessor: Preprocessor, host: str, port: int, folders: list[Path]) -> None:
    """Serve under the reloader until killed, as ``socketio.run(app, debug=True)`` does."""

    def serve() -> None:
        with V34Server(host, port, preprocessor) as server:
            print(f"({os.getpid()}) wsgi starting up on http://{host}:{port}", file=sys.stderr, flush=True)
            server.serve_forever()

    start_parent_watchdog()
    print("Debug mode is ON! Starting development server.")
    run_with_reloader(serve, folders)
