"""Writes both logs of a whole conversation at once, with the code of the live demo on a virtual clock.

The lines are those that the live processes would have written; only processes, sockets and waiting are left out. v34
has ended at the end of its log: what was in the buffer of its stdout is there.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from timmy_tui.demo.clock import LLM_CALL, KernelClock, VirtualClock
from timmy_tui.demo.dialogue import HOSTILE_LINES, USER_LINES
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.generated.llm import GeneratedLlm, LlmSetup
from timmy_tui.demo.generated.speech import Listener, damage, without_lone_pauses
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama.engine import ground_truth
from timmy_tui.demo.scenarios import SCENARIOS, GroundTruth, Incident
from timmy_tui.demo.v34.access import Access
from timmy_tui.demo.v34.llm_call import LlmReply
from timmy_tui.demo.v34.output import CapturedOutput
from timmy_tui.demo.v34.server import HEALTH_INTERVAL, health_lines, traceback_lines, warning_lines
from timmy_tui.demo.v34.session import Backends, Flags, Session, Simulation
from timmy_tui.demo.v34.turn import ERRORS, Preprocessor
from timmy_tui.demo.voice.microphone import Microphone
from timmy_tui.demo.voice.speech import MUTED_LIMIT_S, PAUSE_THRESHOLD_S, SpeechToText, SttSetup, TextToSpeech

SESSION_TURNS = 33
"""Turns of one session; prompts grow from 600 to about 2600 tokens in them."""
URL = "http://127.0.0.1:11434/api/generate"
TURN_S = 12.0
"""Mean time from the user's first word to the open microphone."""
EVENT_MS = 0.2
"""What writing an event costs v34, which opens the file for each one. Assumption. Live processes really spend it."""
WEBHOOK = "http://127.0.0.1:5000/api/webhook"


@dataclass(frozen=True)
class ConversationPlan:
    """The conversation to generate."""

    turns: int
    scenario: str = "steady"
    seed: int = 0
    start: float = 1_764_350_000.0
    """Time on v34's clock at which the first user begins to speak, seconds since 1970."""
    version: str = "0.12.11"
    tail_mode: bool = False
    raw: bool | None = None
    """None: as in the scenario."""
    num_ctx: int = 8000
    retrieval: bool = True
    persona_first: bool = False
    """As in the flags of the demo's v34."""
    session_turns: int = SESSION_TURNS
    """v34 is restarted after this many."""
    pauses_s: tuple[float, float] = (0.4, 1.4)
    """Shortest and longest pause between two turns."""
    incidents: bool = True
    """Whether the incidents of the scenario happen."""
    typed_every: int = 9
    """A typed turn follows each turn with a multiple of this number; 0: no typed turns."""
    pause_threshold_s: float = PAUSE_THRESHOLD_S
    access_form: str = "eventlet"
    """Form of v34's access lines, one of ``access.ACCESS_FORMS``."""
    parent_documents: bool = True
    """False: v34 searches its memory in the older way, which prints the shorter baseline line."""
    lines: Sequence[str] = USER_LINES
    """What the user says and types, in random order."""
    faults: Mapping[int, Incident] = field(default_factory=dict)
    """By turn: an incident before it, where the scenario has none."""
    flips: bool = False
    """From the first restart on v34 runs in tail mode without raw, as after the guide's changes."""
    lone_pauses: bool = True
    """False: lines of pauses without a turn are left out, which no real log does. For tests of other things."""


@dataclass
class GeneratedLogs:
    """Lines of both logs, without line breaks."""

    latency: list[str] = field(default_factory=list)
    v34: list[str] = field(default_factory=list)
    ground_truth: list[dict[str, Any]] = field(default_factory=list)
    """One entry per turn (``what`` is ``turn``) with the engine's ground truth under ``llm``, and one per incident."""
    ended: float = 0.0
    """Seconds since 1970 on v34's clock."""


def write_logs(root: Path, plan: ConversationPlan) -> GeneratedLogs:
    """Write ``shared/latency.log`` and ``testing-interface/logs/v34.log`` below ``root``; returns their content.

    The rest of an installation is written by ``start.write_installation``.
    """
    logs = generate_logs(plan)
    for path, lines in (("shared/latency.log", logs.latency), ("testing-interface/logs/v34.log", logs.v34)):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(line + "\n" for line in lines)
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return logs


def generate_logs(plan: ConversationPlan) -> GeneratedLogs:
    """Both logs of a conversation; the same plan gives the same logs."""
    return _LogGenerator(plan).run()


class _LogGenerator:
    def __init__(self, plan: ConversationPlan) -> None:
        self.plan = plan
        self.scenario = SCENARIOS[plan.scenario]
        self.random = random.Random(f"talker {plan.seed}")
        self.hardware = VirtualClock(plan.start - self.scenario.v34_offset_s)
        self.v34_clock = KernelClock(self.hardware, self.scenario.v34_offset_s)
        self.voice_clock = KernelClock(self.hardware, self.scenario.clock_offset_s)
        self.latencies = Latencies(plan.seed)
        self.captured = CapturedOutput()
        self.output = self.captured.start_process()
        self.logs = GeneratedLogs()
        self.ground_truth = GroundTruth(None, self.v34_clock.now)
        self.turn, self.answered_at = 0, 0.0
        self.tts_is_down = self.is_flipped = False
        self.tts_request: tuple[str | None, str] | None = None
        """Request id and text of the reply that TTS has yet to speak."""
        speech_latencies = Latencies(plan.seed + 1)
        microphone = Microphone(self.hardware.now())
        setup = SttSetup(WEBHOOK, self._serve_spoken, plan.seed, plan.pause_threshold_s)
        stt, tts = (EventWriter(name, self.voice_clock.now, self.logs.latency.append) for name in ("stt", "tts"))
        speech_to_text = SpeechToText(self.voice_clock, speech_latencies, stt, microphone, setup)
        self.listener = Listener(speech_to_text, self.hardware)
        self.text_to_speech = TextToSpeech(self.voice_clock, speech_latencies, tts, self.listener)
        raw = self.scenario.raw if plan.raw is None else plan.raw
        self.llm = GeneratedLlm(LlmSetup(URL, plan.version, plan.num_ctx, raw, plan.seed), self.hardware)
        self.preprocessor = self._start_v34()

    def run(self) -> GeneratedLogs:
        for turn in range(1, self.plan.turns + 1):
            self.turn = turn
            if turn > 1 and (turn - 1) % self.plan.session_turns == 0:
                self._restart()
            text = self.random.choice(self.plan.lines)
            if incident := self._incident_before(turn):
                text = self._apply(incident, text)
            if self.listener.hear(text):
                self._speak_reply()
            if self.plan.typed_every and turn % self.plan.typed_every == 0:
                self._take_typed_turn(self.random.choice(self.plan.lines))
            self.listener.wait(self.random.uniform(*self.plan.pauses_s))
        self.output.stdout.flush()
        self.logs.v34 = self.captured.lines()
        self.logs.ground_truth = self.ground_truth.entries
        self.logs.ended = self.v34_clock.now()
        if not self.plan.lone_pauses:
            self.logs.latency = without_lone_pauses(self.logs.latency)
        return self.logs

    def _incident_before(self, turn: int) -> Incident | None:
        incident = self.scenario.incident_before(turn) if self.plan.incidents else None
        return incident or self.plan.faults.get(turn)

    def _serve_spoken(self, text: str, request_id: str) -> int:
        """v34's answer to the text that STT has sent, as HTTP status."""
        self.hardware.work(self.latencies.draw("hop"), "hop")
        started, earlier_requests = self.v34_clock.now(), len(self.llm.engine.requests)
        status = 200
        try:
            self.preprocessor.handle_webhook(text, request_id)
        except ERRORS as error:
            status = 500
            for line in traceback_lines(error):
                self.output.error(line)
        served = self.llm.engine.requests[earlier_requests:]
        self.ground_truth.record(
            "turn",
            turn=self.turn,
            request_id=request_id,
            session_id=self.preprocessor.session.session_id,
            llm=ground_truth(served[-1]) if served else None,
        )
        now = self.v34_clock.now()
        access = Access("127.0.0.1", now, "POST /api/webhook HTTP/1.1", status, 131, now - started)
        self.output.error(access.log_line(self.plan.access_form))
        self.hardware.work(1.0)
        self.answered_at = self.hardware.now()
        return status

    def _take_typed_turn(self, text: str) -> None:
        """STT goes on listening while v34 works; the reply is spoken, which closes the microphone."""
        self.preprocessor.handle_typed(text)
        self.answered_at = self.hardware.now()
        self._speak_reply()

    def _speak_reply(self) -> None:
        self.hardware.move_to(self.answered_at)
        if self.tts_request is None:
            self.hardware.idle(1000 * MUTED_LIMIT_S)
            self.listener.open(self.hardware.now())
        else:
            request_id, reply = self.tts_request
            self.tts_request = None
            self.text_to_speech.speak(request_id, reply)
        if self.turn % HEALTH_INTERVAL == 0:
            for line in warning_lines():
                self.output.error(line)
            for line in health_lines(URL, "http://127.0.0.1:5051/"):
                self.output.debug(line)

    def _start_v34(self) -> Preprocessor:
        self.output.error(" * Restarting with stat")
        self.output.debug("Debug mode is ON! Starting development server.")
        if self.plan.access_form == "eventlet":
            self.output.error("(35891) wsgi starting up on http://127.0.0.1:5000")
            self.output.error("(35891) accepted ('127.0.0.1', 55319)")
        bits = self.random.getrandbits
        session_id = f"{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-8{bits(12):03x}-{bits(48):012x}"
        flags = Flags(
            full_prompt=not (self.plan.tail_mode or self.is_flipped),
            retrieval=self.plan.retrieval,
            persona_first=self.plan.persona_first,
            parent_documents=self.plan.parent_documents,
        )
        self.simulation = Simulation(
            self.v34_clock,
            self.latencies,
            EventWriter("v34", self.v34_clock.now, self._append_slowly),
            self.output,
            random.Random(f"prompts {session_id}"),
        )
        backends = Backends(self._ask_model, self._send_to_tts)
        return Preprocessor(flags, Session(session_id), backends, self.simulation)

    def _append_slowly(self, line: str) -> None:
        self.logs.latency.append(line)
        self.hardware.work(EVENT_MS)

    def _restart(self) -> None:
        self.output.error(" * Detected change in '/home/user/timmy-backend/little-timmy/v34/config.py', reloading")
        self.output.stdout.flush()
        self.output = self.captured.start_process()
        self.listener.wait(5.0)
        if self.plan.flips:
            self.is_flipped = True
            self.llm.setup = replace(self.llm.setup, raw=False)
        self.preprocessor = self._start_v34()

    def _ask_model(self, prompt: str, context: list[int] | None, temperature: float) -> LlmReply:
        return self.llm.ask(prompt, context, temperature, self.output.debug)

    def _send_to_tts(self, text: str, request_id: str | None) -> None:
        self.hardware.work(self.latencies.draw("hop"), "hop")
        if self.tts_is_down:
            self.tts_is_down = False
            raise ConnectionError("HTTPConnectionPool(host='127.0.0.1', port=5051): Remote end closed connection")
        self.text_to_speech.receive(request_id, text)
        self.tts_request = request_id, text

    def _apply(self, incident: Incident, text: str) -> str:
        """Do what the scenario asks for before this turn; returns the text that the user says in it."""
        name, factor = incident.name, incident.factor
        if name == "slow":
            self.latencies.slow[incident.stage] = factor
        elif name == "evil":
            text = self.random.choice(HOSTILE_LINES)
        elif name == "quiet":
            self.listener.wait(factor)
        elif name in ("crash", "save config"):
            self._restart()
        elif name == "tts down":
            self.tts_is_down = True
        elif name == "v34 500":
            self.simulation.database_fails = True
        elif name in ("step", "voice step", "v34 step", "sleep"):
            self._step_clocks(incident)
        elif name in ("torn", "duplicate", "garbage"):
            damage(self.logs.latency, name)
        else:
            self.llm.inject(name)
        self.ground_truth.record(name, turn=self.turn, stage=incident.stage, factor=factor)
        return text

    def _step_clocks(self, incident: Incident) -> None:
        if incident.name == "step":
            self.voice_clock.offset_s += incident.factor
        elif incident.name == "voice step":
            self.voice_clock.plan_step(incident.stage, incident.factor)
        else:
            self.v34_clock.plan_step(LLM_CALL, incident.factor)
            if incident.name == "sleep":
                self.voice_clock.plan_step(LLM_CALL, incident.factor)


def recent_start(turns: int, pauses_s: tuple[float, float]) -> float:
    """A start time with which a conversation of ``turns`` turns ends about three minutes ago."""
    return time.time() - turns * (sum(pauses_s) / 2 + TURN_S) - 180
