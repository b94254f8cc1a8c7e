"""The voice side of the demo: a user who speaks, the STT and TTS servers, and the incidents of the scenario.

A separate process with a clock of its own, because STT and TTS run on another kernel than v34.
"""

import http.client
import json
import random
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from timmy_tui.demo.clock import WallClock
from timmy_tui.demo.dialogue import HOSTILE_LINES, USER_LINES
from timmy_tui.demo.events import EventWriter, append_to
from timmy_tui.demo.faults import FaultInjector
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.parent_watchdog import start_parent_watchdog
from timmy_tui.demo.scenarios import GROUND_TRUTH_FILE, SCENARIOS, GroundTruth, Incident
from timmy_tui.demo.speech import SpeechToText, TextToSpeech, new_request_id

LONE_PAUSE_SHARE, TYPED_EVERY = 0.06, 9
PAUSE_MS = (400.0, 1400.0)
"""Pause between two turns; with it a turn comes about every 8 s."""
MUTED_LIMIT_S = 20.0
"""A turn that a restart cuts off leaves the microphone muted. After this time the demo opens it again and goes on."""
V34_TIMEOUT_S = 40.0


class VoiceServices:
    """STT, TTS and the conversation."""

    def __init__(self, options: dict[str, Any]) -> None:
        """``options``: the JSON object that ``run.Demo`` passes on the command line."""
        root = Path(options["root"])
        self.scenario = SCENARIOS[options["scenario"]]
        self.random = random.Random(f"talker {options['seed']}")
        self.clock = WallClock(options["speed"], options["work_speed"])
        self.offset = self.scenario.clock_offset_s
        self.v34_port: int = options["v34_port"]
        latencies = Latencies(options["seed"] + 1)
        sink = append_to(root / "shared" / "latency.log")
        endpoint = f"http://127.0.0.1:{self.v34_port}/api/webhook"
        self.stt = EventWriter("stt", self._now, sink)
        self.speech_to_text = SpeechToText(self.clock, latencies, self.stt, endpoint)
        self.text_to_speech = TextToSpeech(self.clock, latencies, EventWriter("tts", self._now, sink))
        self.ground_truth = GroundTruth(root / GROUND_TRUTH_FILE, time.time)
        self.fault_injector = FaultInjector(root, options["ollama"], self.v34_port)
        self.slow: dict[str, float] = {}
        self.microphone_open = threading.Event()
        self.microphone_open.set()
        self.playback_done = threading.Event()
        self.tts_down = False

    def converse(self) -> None:
        """Hold the conversation; never returns."""
        turn = 0
        while True:
            self._wait_for_v34()
            if self.random.random() < LONE_PAUSE_SHARE:
                self.speech_to_text.detect_pause(new_request_id(self.random))
                self.clock.idle(600)
            turn += 1
            incident = self.scenario.incident_before(turn)
            text = self.random.choice(USER_LINES)
            if incident:
                text = self._apply(incident, turn, text)
            self._take_turn(turn, text, new_request_id(self.random))
            if turn % TYPED_EVERY == 0:
                self._post(self.random.choice(USER_LINES), None)
            self.clock.idle(self.random.uniform(*PAUSE_MS))

    def speak_reply(self, text: str, request_id: str) -> None:
        """A reply has arrived at TTS: speak it in the background."""
        self.text_to_speech.receive(request_id, text)
        threading.Thread(target=self._speak, args=(request_id, text), daemon=True).start()

    def _speak(self, request_id: str, text: str) -> None:
        self.text_to_speech.speak(request_id, text, self.microphone_open.clear, self.microphone_open.set)
        self.playback_done.set()

    def _take_turn(self, turn: int, text: str, request_id: str) -> None:
        self.playback_done.clear()
        self.speech_to_text.recognize(request_id, text)
        self.microphone_open.clear()
        self.ground_truth.record("turn", turn=turn, request_id=request_id)
        status = self._post(text, request_id)
        if status is not None:
            self.stt.record(request_id, "stt_http_response_received", status_code=status)
        if status != 200 or self.tts_down:
            self.tts_down = False
            self.microphone_open.wait(MUTED_LIMIT_S / self.clock.idle_speed)
            self.microphone_open.set()
        else:
            self.playback_done.wait(60)

    def _apply(self, incident: Incident, turn: int, text: str) -> str:
        """Do what the scenario asks for before this turn; returns the text that the user says in it."""
        if incident.name == "slow":
            self.slow[incident.stage] = incident.factor
        elif incident.name == "step":
            self.offset += incident.factor
        elif incident.name == "evil":
            text = self.random.choice(HOSTILE_LINES)
        elif incident.name == "tts down":
            self.tts_down = True
        else:
            self.fault_injector.inject(incident.name)
        self.ground_truth.record(incident.name, turn=turn, stage=incident.stage, factor=incident.factor)
        return text

    def _post(self, text: str, request_id: str | None) -> int | None:
        """Send a message to v34's webhook. Returns the HTTP status, or None when v34 did not answer."""
        headers = {"Content-Type": "application/json"}
        if self.slow:
            headers["X-Demo-Slow"] = "&".join(f"{key}={factor}" for key, factor in self.slow.items())
        body = json.dumps({"text": text, "request_id": request_id})
        connection = http.client.HTTPConnection("127.0.0.1", self.v34_port, timeout=V34_TIMEOUT_S)
        try:
            connection.request("POST", "/api/webhook", body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _wait_for_v34(self) -> None:
        """Wait until v34 listens, at most about ten seconds."""
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.v34_port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)

    def _now(self) -> float:
        return time.time() + self.offset


class SpeechServer(ThreadingHTTPServer):
    """The HTTP server of STT or TTS, on a socket that the demo has opened."""

    daemon_threads = True

    def __init__(self, services: VoiceServices, listener: socket.socket) -> None:
        super().__init__(("127.0.0.1", 0), SpeechHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.services = services
        self.server_activate()


class SpeechHandler(BaseHTTPRequestHandler):
    """The routes of both services, which have no path in common."""

    def do_GET(self) -> None:
        services = cast(SpeechServer, self.server).services
        if self.path == "/health":
            self._send({"status": "ok", "provider": "CUDA"})
        elif self.path == "/transcript":
            self._send({"transcript": "", "listening": services.microphone_open.is_set()})
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        services = cast(SpeechServer, self.server).services
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/pause-listening":
            services.microphone_open.clear()
        elif self.path == "/resume-listening":
            services.microphone_open.set()
        elif services.tts_down:
            self.close_connection = True
            return
        else:
            message = json.loads(body)
            services.speak_reply(str(message["text"]), str(message["request_id"]))
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


def main() -> None:
    """Run as a process: ``python -m timmy_tui.demo.voice_services '{…}'``."""
    start_parent_watchdog()
    options = json.loads(sys.argv[1])
    services = VoiceServices(options)
    for fd in (options["stt_fd"], options["tts_fd"]):
        server = SpeechServer(services, socket.socket(fileno=fd))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    services.converse()


if __name__ == "__main__":
    main()
