"""The HTTP routes of STT and TTS."""

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from timmy_tui.demo.clock import Clock
from timmy_tui.demo.voice.microphone import Microphone


class Voice(Protocol):
    """What the routes need of the two services."""

    tts_down: bool

    @property
    def microphone(self) -> Microphone:
        """What the user speaks into."""

    @property
    def hardware(self) -> Clock:
        """The clock that never steps."""

    def speak_reply(self, text: str, request_id: str | None) -> None:
        """A reply has arrived at TTS: speak it in the background."""


class SpeechServer(ThreadingHTTPServer):
    """The HTTP server of STT or TTS, on a socket that the demo has opened."""

    daemon_threads = True

    def __init__(self, services: Voice, listener: socket.socket) -> None:
        super().__init__(("127.0.0.1", 0), SpeechHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.services = services
        self.server_activate()


class SpeechHandler(BaseHTTPRequestHandler):
    """The routes of both services, which have no path in common."""

    def do_GET(self) -> None:
        services = cast(SpeechServer, self.server).services
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/health":
            self._send({"status": "ok", "provider": "CUDA"})
        elif parts.path == "/transcript":
            self._send({"transcript": "", "listening": services.microphone.is_open})
        elif parts.path != "/":
            self.send_error(404)
        elif services.tts_down:
            self.close_connection = True
        elif not query.get("text", "").strip():
            self.send_error(400)
        else:
            text = query["text"].strip()
            services.speak_reply(text, query.get("request_id"))
            self._send({"status": "playing", "text": text})

    def do_POST(self) -> None:
        services = cast(SpeechServer, self.server).services
        if self.path == "/pause-listening":
            services.microphone.close()
        elif self.path == "/resume-listening":
            services.microphone.open(services.hardware.now())
        else:
            return self.send_error(404)
        self._send({"status": "ok"})

    def log_message(self, format: str, *args: object) -> None:
        """No access log."""

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
