"""v34's HTTP server: one thread, so it is silent while a turn is being served, like upstream's unpatched eventlet."""

import http.client
import json
import os
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from timmy_tui.demo.child_processes import follow_lifeline
from timmy_tui.demo.v34.reloader import run_with_reloader
from timmy_tui.demo.v34.turn import Preprocessor

HEALTH_EVERY = 8
"""Turns between two rounds of health lines in the log."""


class V34Server(HTTPServer):
    """Shares its port with a second instance without a word, as eventlet does (SO_REUSEPORT)."""

    request_queue_size = 64

    def __init__(self, host: str, port: int, preprocessor: Preprocessor) -> None:
        super().__init__((host, port), V34Talk, bind_and_activate=False)
        self.preprocessor = preprocessor
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.server_bind()
        self.server_activate()


class V34Talk(BaseHTTPRequestHandler):
    """One request; connections are not kept, because one kept open would block all others."""

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
        reply = preprocessor.serve(text, request_id)
        if preprocessor.session.turns % HEALTH_EVERY == 0:
            _print_noise()
        return self._send(200, {"status": "ok", "response": reply})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/api/kv_stats":
            return self._send(404, {"error": "not found"})
        wanted = parse_qs(parts.query).get("limit", ["50"])[0]
        limit = min(int(wanted), 200) if wanted.isdigit() else 50
        stats = list(self._preprocessor.session.stats)[-limit:] if limit else []
        return self._send(200, {"count": len(stats), "stats": stats})

    def setup(self) -> None:
        self.began = time.monotonic()
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
        took = time.monotonic() - self.began
        print(
            access_line(self.client_address[0], time.time(), self.requestline, status, len(body), took), file=sys.stderr
        )


def access_line(host: str, stamp: float, request: str, status: int, size: int, took: float) -> str:
    """``172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024``."""
    when = time.strftime("%d/%b/%Y %H:%M:%S", time.localtime(stamp))
    return f'{host} - - [{when}] "{request}" {status} {size} {took:.6f}'


def noise_lines(ollama_url: str, tts_url: str) -> list[str]:
    """Lines that have nothing to do with a turn and stand between turns."""
    return [
        "*** Health: starting round",
        f"*** Health: tts DOWN latency=7ms url={tts_url} error=None",
        f"*** Health: ollama OK status=405 latency=11ms url={ollama_url}",
        "*** Health: round complete",
    ]


def warning_lines() -> list[str]:
    """What urllib3 has to say, on stderr."""
    return [
        "/usr/lib/python3/dist-packages/urllib3/connectionpool.py:1097: InsecureRequestWarning: "
        "Unverified HTTPS request is being made to host 'motor-raspi'.",
        "  warnings.warn(",
    ]


def _print_noise() -> None:
    for line in warning_lines():
        print(line, file=sys.stderr, flush=True)
    for line in noise_lines("http://127.0.0.1/api/generate", "http://127.0.0.1/"):
        print(line)


def post_to_tts(url: str, text: str, request_id: str | None) -> None:
    """Hand a reply to TTS. Raises OSError."""
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


def run(preprocessor: Preprocessor, host: str, port: int, folders: list[Path]) -> None:
    """What ``socketio.run(app, debug=True)`` does: serve under the reloader, until killed."""

    def serve() -> None:
        with V34Server(host, port, preprocessor) as server:
            print(f"({os.getpid()}) wsgi starting up on http://{host}:{port}", file=sys.stderr, flush=True)
            server.serve_forever()

    follow_lifeline()
    print("Debug mode is ON! Starting development server.")
    run_with_reloader(serve, folders)
