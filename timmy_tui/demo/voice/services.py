"""The voice side of the demo: a user who speaks and types, the STT and TTS servers, and the incidents of the scenario.

A separate process with a clock of its own, because STT and TTS run on another kernel than v34.
"""

import http.client
import json
import queue
import random
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from timmy_tui.demo.clock import LLM_CALL, KernelClock, WallClock
from timmy_tui.demo.dialogue import HOSTILE_LINES, USER_LINES
from timmy_tui.demo.events import EventWriter, append_to
from timmy_tui.demo.faults import FaultInjector
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.parent_watchdog import start_parent_watchdog
from timmy_tui.demo.scenarios import GROUND_TRUTH_FILE, SCENARIOS, GroundTruth, Incident
from timmy_tui.demo.v34.server import CLOCK_HEADER, FAULT_HEADER, SLOW_HEADER, TYPED_PATH
from timmy_tui.demo.voice.microphone import CHUNK_S, SPEECH_S_PER_CHARACTER, Microphone, Utterance
from timmy_tui.demo.voice.server import SpeechServer
from timmy_tui.demo.voice.speech import MUTED_LIMIT_S, SpeechToText, SttSetup, TextToSpeech

TYPED_EVERY = 9
PAUSE_MS = (400.0, 1400.0)
"""Pause between two turns; with it a turn comes about every 10 s. Assumption, as is how often the user types."""
V34_TIMEOUT_S = 30.0
HEARD_LIMIT_S, SPOKEN_LIMIT_S = 10.0, 60.0
"""Longest waits for a sentence to be recognised after its end, and for a reply to be spoken."""


class VoiceServices:
    """STT, TTS and the conversation."""

    def __init__(self, options: dict[str, Any]) -> None:
        """``options``: the JSON object that ``run.Demo`` passes on the command line."""
        root = Path(options["root"])
        self.scenario = SCENARIOS[options["scenario"]]
        self.random = random.Random(f"talker {options['seed']}")
        self.hardware = WallClock(options["speed"], options["work_speed"])
        self.clock = KernelClock(self.hardware, self.scenario.clock_offset_s)
        self.v34_offset, self.v34_step = self.scenario.v34_offset_s, 0.0
        self.v34_fault = ""
        self.v34_port: int = options["v34_port"]
        self.quiet_after: int = options["quiet_after"]
        latencies = Latencies(options["seed"] + 1)
        sink = append_to(root / "shared" / "latency.log")
        speed: float = options["work_speed"]
        self.microphone = Microphone(self.hardware.now(), CHUNK_S / speed)
        endpoint = f"http://127.0.0.1:{self.v34_port}/api/webhook"
        setup = SttSetup(endpoint, self._send_spoken, options["seed"], speed=speed)
        stt, tts = (EventWriter(name, self.clock.now, sink) for name in ("stt", "tts"))
        self.speech_to_text = SpeechToText(self.clock, latencies, stt, self.microphone, setup)
        self.text_to_speech = TextToSpeech(self.clock, latencies, tts, self.microphone)
        self.ground_truth = GroundTruth(root / GROUND_TRUTH_FILE, time.time)
        self.fault_injector = FaultInjector(root, options["ollama"], self.v34_port)
        self.slow: dict[str, float] = {}
        self.turn = 0
        self.is_heard = threading.Event()
        """Set when STT has recognised what the user said."""
        self.answers: queue.Queue[int | None] = queue.Queue()
        """HTTP status of each spoken turn, or None when v34 did not answer."""
        self.playback_done = threading.Event()
        self.tts_down = False

    def listen(self) -> None:
        """Run STT's loop; never returns."""
        while True:
            self.speech_to_text.run_pass()

    def converse(self) -> None:
        """Hold the conversation; never returns."""
        while self.turn != self.quiet_after:
            self._wait_for_v34()
            self.turn += 1
            incident = self.scenario.incident_before(self.turn)
            text = self.random.choice(USER_LINES)
            if incident:
                text = self._apply(incident, text)
            self._take_turn(text)
            if self.turn % TYPED_EVERY == 0:
                self._take_typed_turn(self.random.choice(USER_LINES))
            self.clock.idle(self.random.uniform(*PAUSE_MS))
        while True:
            time.sleep(3600)

    def speak_reply(self, text: str, request_id: str | None) -> None:
        """A reply has arrived at TTS: speak it in the background."""
        self.text_to_speech.receive(request_id, text)
        threading.Thread(target=self._speak, args=(request_id, text), daemon=True).start()

    def _speak(self, request_id: str | None, text: str) -> None:
        self.text_to_speech.speak(request_id, text)
        self.playback_done.set()

    def _take_turn(self, text: str) -> None:
        self.playback_done.clear()
        self.is_heard.clear()
        while not self.answers.empty():
            self.answers.get()
        now = self.hardware.now()
        seconds = SPEECH_S_PER_CHARACTER * len(text) / self.hardware.idle_speed
        self.microphone.say(Utterance(now, now + seconds, text))
        if not self.is_heard.wait(seconds + HEARD_LIMIT_S):
            return  # lost, for example while a client had closed the microphone; the user says something else
        status = self.answers.get()
        if status == 200 and not self.tts_down:
            self.playback_done.wait(SPOKEN_LIMIT_S)
            return
        self.tts_down = False
        deadline = time.monotonic() + MUTED_LIMIT_S / self.hardware.idle_speed
        while not self.microphone.is_open and time.monotonic() < deadline:
            time.sleep(0.05)
        self.microphone.open(self.hardware.now())

    def _take_typed_turn(self, text: str) -> None:
        """The user types into the web chat, while STT goes on listening. The reply is spoken all the same."""
        self.playback_done.clear()
        if self._post(TYPED_PATH, {"text": text}) == 200:
            self.playback_done.wait(SPOKEN_LIMIT_S)

    def _apply(self, incident: Incident, text: str) -> str:
        """Do what the scenario asks for before this turn; returns the text that the user says in it."""
        if incident.name == "slow":
            self.slow[incident.stage] = incident.factor
        elif incident.name == "step":
            self.clock.offset_s += incident.factor
        elif incident.name == "voice step":
            self.clock.plan_step(incident.stage, incident.factor)
        elif incident.name == "v34 step":
            self.v34_step = incident.factor
        elif incident.name == "sleep":
            self.clock.plan_step(LLM_CALL, incident.factor)
            self.v34_step = incident.factor
        elif incident.name == "quiet":
            self.clock.idle(1000 * incident.factor)
        elif incident.name == "evil":
            text = self.random.choice(HOSTILE_LINES)
        elif incident.name == "tts down":
            self.tts_down = True
        elif incident.name == "v34 500":
            self.v34_fault = "database"
        else:
            self.fault_injector.inject(incident.name)
        self.ground_truth.record(incident.name, turn=self.turn, stage=incident.stage, factor=incident.factor)
        return text

    def _send_spoken(self, text: str, request_id: str) -> int | None:
        """STT has recognised a text: send it to v34's webhook and wait for the answer."""
        self.is_heard.set()
        self.ground_truth.record("turn", turn=self.turn, request_id=request_id)
        self.clock.work(self.speech_to_text.latencies.draw("hop"), "hop")
        status = self._post("/api/webhook", {"text": text, "request_id": request_id})
        self.answers.put(status)
        return status

    def _post(self, path: str, message: dict[str, str]) -> int | None:
        """Send a message to v34. Returns the HTTP status, or None when v34 did not answer."""
        clock = {"offset": self.v34_offset, "step": self.v34_step}
        headers = {"Content-Type": "application/json", CLOCK_HEADER: urlencode(clock), FAULT_HEADER: self.v34_fault}
        if self.slow:
            headers[SLOW_HEADER] = urlencode(self.slow)
        self.v34_offset, self.v34_step, self.v34_fault = self.v34_offset + self.v34_step, 0.0, ""
        connection = http.client.HTTPConnection("127.0.0.1", self.v34_port, timeout=V34_TIMEOUT_S)
        try:
            connection.request("POST", path, json.dumps(message), headers)
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


def main() -> None:
    """Run as a process: ``python -m timmy_tui.demo.voice.services '{…}'``."""
    start_parent_watchdog()
    options = json.loads(sys.argv[1])
    services = VoiceServices(options)
    for fd in (options["stt_fd"], options["tts_fd"]):
        server = SpeechServer(services, socket.socket(fileno=fd))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=services.listen, name="STT", daemon=True).start()
    services.converse()


if __name__ == "__main__":
    main()
