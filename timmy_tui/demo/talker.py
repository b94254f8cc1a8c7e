"""The people and machines around v34: somebody who talks, the STT and TTS servers, and whatever goes wrong.

A process of its own with its own clock: STT and TTS run on another kernel than v34.
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

from timmy_tui.demo.child_processes import follow_lifeline
from timmy_tui.demo.clock import WallClock
from timmy_tui.demo.dialogue import EVIL_LINES, USER_LINES
from timmy_tui.demo.events import EventWriter, append_to
from timmy_tui.demo.faults import Faults
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.scenarios import SCENARIOS, Act, Truth
from timmy_tui.demo.speech import Ears, Mouth, new_request_id

GHOST_SHARE, TYPED_EVERY = 0.06, 9
PAUSE_MS = (400.0, 1400.0)
"""Between two turns, so that one comes about every 8 s."""
DEAF_LIMIT_S = 20.0
"""A turn cut off by a restart leaves STT deaf; here somebody opens it again in the end, so that the demo goes on."""
V34_TIMEOUT_S = 40.0


class Talker:
    """STT, TTS and the conversation."""

    def __init__(self, order: dict[str, Any]) -> None:
        root = Path(order["root"])
        self.scenario = SCENARIOS[order["scenario"]]
        self.random = random.Random(f"talker {order['seed']}")
        self.clock = WallClock(order["speed"], order["work_speed"])
        self.offset = self.scenario.clock_offset_s
        self.v34_port: int = order["v34_port"]
        latencies = Latencies(order["seed"] + 1)
        sink = append_to(root / "shared" / "latency.log")
        endpoint = f"http://127.0.0.1:{self.v34_port}/api/webhook"
        self.stt = EventWriter("stt", self._now, sink)
        self.ears = Ears(self.clock, latencies, self.stt, endpoint)
        self.mouth = Mouth(self.clock, latencies, EventWriter("tts", self._now, sink))
        self.truth = Truth(root / "demo" / "truth.jsonl", time.time)
        self.mischief = Faults(root, order["ollama"], self.v34_port, self.truth)
        self.slow: dict[str, float] = {}
        self.heard = threading.Event()
        """The microphone is open."""
        self.heard.set()
        self.spoken = threading.Event()
        self.tts_down = False

    def talk(self) -> None:
        """Hold the conversation, for ever."""
        turn = 0
        while True:
            self._wait_for_v34()
            if self.random.random() < GHOST_SHARE:
                self.ears.hear_pause(new_request_id(self.random))
                self.clock.rest(600)
            turn += 1
            act = self.scenario.act_before(turn)
            text = self.random.choice(USER_LINES)
            if act:
                text = self._perform(act, turn, text)
            self._take_turn(turn, text, new_request_id(self.random))
            if turn % TYPED_EVERY == 0:
                self._post(self.random.choice(USER_LINES), None)
            self.clock.rest(self.random.uniform(*PAUSE_MS))

    def answer(self, text: str, request_id: str) -> None:
        """TTS got a reply: speak it in the background."""
        self.mouth.accept(request_id, text)
        threading.Thread(target=self._speak, args=(request_id, text), daemon=True).start()

    def _speak(self, request_id: str, text: str) -> None:
        self.mouth.speak(request_id, text, self.heard.clear, self.heard.set)
        self.spoken.set()

    def _take_turn(self, turn: int, text: str, request_id: str) -> None:
        self.spoken.clear()
        self.ears.hear(request_id, text)
        self.heard.clear()
        self.truth.note("turn", turn=turn, request_id=request_id)
        status = self._post(text, request_id)
        if status is not None:
            self.stt.record(request_id, "stt_http_response_received", status_code=status)
        if status != 200 or self.tts_down:
            self.tts_down = False
            self.heard.wait(DEAF_LIMIT_S / self.clock.rest_speed)
            self.heard.set()
        else:
            self.spoken.wait(60)

    def _perform(self, act: Act, turn: int, text: str) -> str:
        """Do what the scenario wants before this turn; returns what is said in it."""
        if act.name == "slow":
            self.slow[act.stage] = act.factor
        elif act.name == "step":
            self.offset += act.factor
        elif act.name == "evil":
            text = self.random.choice(EVIL_LINES)
        elif act.name == "tts down":
            self.tts_down = True
        else:
            self.mischief.perform(act.name)
        self.truth.note(act.name, turn=turn, stage=act.stage, factor=act.factor)
        return text

    def _post(self, text: str, request_id: str | None) -> int | None:
        """The webhook; None when v34 did not answer."""
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
        """Nobody talks to a dead Timmy for long; after ten seconds one tries all the same."""
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.v34_port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)

    def _now(self) -> float:
        return time.time() + self.offset


class SpeechServer(ThreadingHTTPServer):
    """STT or TTS over HTTP, on a socket that the demo opened."""

    daemon_threads = True

    def __init__(self, talker: Talker, listener: socket.socket) -> None:
        super().__init__(("127.0.0.1", 0), SpeechTalk, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.talker = talker
        self.server_activate()


class SpeechTalk(BaseHTTPRequestHandler):
    """Both services' routes; their paths do not overlap."""

    def do_GET(self) -> None:
        talker = cast(SpeechServer, self.server).talker
        if self.path == "/health":
            self._send({"status": "ok", "provider": "CUDA"})
        elif self.path == "/transcript":
            self._send({"transcript": "", "listening": talker.heard.is_set()})
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        talker = cast(SpeechServer, self.server).talker
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/pause-listening":
            talker.heard.clear()
        elif self.path == "/resume-listening":
            talker.heard.set()
        elif talker.tts_down:
            self.close_connection = True
            return
        else:
            message = json.loads(body)
            talker.answer(str(message["text"]), str(message["request_id"]))
        self._send({"status": "ok"})

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Run in a process: ``python -m timmy_tui.demo.talker '{…}'``."""
    follow_lifeline()
    order = json.loads(sys.argv[1])
    talker = Talker(order)
    for fd in (order["stt_fd"], order["tts_fd"]):
        server = SpeechServer(talker, socket.socket(fileno=fd))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    talker.talk()


if __name__ == "__main__":
    main()
