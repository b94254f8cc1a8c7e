"""Writes both logs of a whole conversation at once, with the code of the live demo on a virtual clock.

The lines are those that the live processes would have written; only processes, sockets and waiting are left out.
"""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timmy_tui.demo.clock import VirtualClock
from timmy_tui.demo.dialogue import HOSTILE_LINES, USER_LINES
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama.engine import Engine, GenerateRequest, RequestRejected, ground_truth
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.scenarios import SCENARIOS, GroundTruth, Incident
from timmy_tui.demo.speech import SpeechToText, TextToSpeech, new_request_id
from timmy_tui.demo.v34.llm_call import LlmError, LlmReply, ModelOptions, build_payload, call_model
from timmy_tui.demo.v34.server import Access, health_lines, warning_lines
from timmy_tui.demo.v34.turn import Backends, Flags, Preprocessor, Session, Simulation

SESSION_TURNS = 33
"""Turns of one session; prompts grow from 600 to about 2600 tokens in them."""
URL = "http://127.0.0.1:11434/api/generate"
_HTTP_MS = 8.0
"""What HTTP and two Python processes add to Ollama's total."""


@dataclass(frozen=True)
class ConversationPlan:
    """The conversation to generate."""

    turns: int
    scenario: str = "steady"
    seed: int = 0
    start: float = 1_764_350_000.0
    """Time of the first event on v34's clock, seconds since 1970."""
    version: str = "0.12.11"
    tail_mode: bool = False
    raw: bool | None = None
    """None: as in the scenario."""
    num_ctx: int = 8000
    retrieval: bool = True
    session_turns: int = SESSION_TURNS
    """v34 is restarted after this many."""
    pauses_s: tuple[float, float] = (0.4, 1.4)
    """Shortest and longest pause between two turns."""
    incidents: bool = True
    """Whether the incidents of the scenario happen."""
    lone_pauses: float = 0.06
    """Share of turns before which there is a lone pause."""
    typed_every: int = 9
    """A typed turn follows each turn with a multiple of this number; 0: no typed turns."""


@dataclass
class GeneratedLogs:
    """Lines of both logs, without line breaks."""

    latency: list[str] = field(default_factory=list)
    v34: list[str] = field(default_factory=list)
    ground_truth: list[dict[str, Any]] = field(default_factory=list)
    """One entry per turn (``what`` is ``turn``) with the engine's ground truth under ``llm``, and one per incident."""
    ended: float = 0.0
    """Seconds since 1970."""


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
        self.clock = VirtualClock(plan.start)
        self.latencies = Latencies(plan.seed)
        self.engine = Engine(plan.version, Latencies(plan.seed + 2), plan.seed)
        self.engine.load(plan.num_ctx)
        self.offset = self.scenario.clock_offset_s
        self.logs = GeneratedLogs()
        self.ground_truth = GroundTruth(None, self.clock.now)
        self.raw = self.scenario.raw if plan.raw is None else plan.raw
        self.fault = ""
        sink = self.logs.latency.append
        speech_latencies = Latencies(plan.seed + 1)
        self.stt = EventWriter("stt", self._offset_now, sink)
        self.speech_to_text = SpeechToText(self.clock, speech_latencies, self.stt, "http://127.0.0.1:5000/api/webhook")
        self.text_to_speech = TextToSpeech(self.clock, speech_latencies, EventWriter("tts", self._offset_now, sink))
        self.preprocessor = self._start_v34()

    def run(self) -> GeneratedLogs:
        for turn in range(1, self.plan.turns + 1):
            if turn > 1 and (turn - 1) % self.plan.session_turns == 0:
                self._restart()
            if self.random.random() < self.plan.lone_pauses:
                self.speech_to_text.detect_pause(new_request_id(self.random))
                self.clock.idle(600)
            text = self.random.choice(USER_LINES)
            incident = self.scenario.incident_before(turn) if self.plan.incidents else None
            if incident:
                text = self._apply(incident, turn, text)
            self._take_turn(turn, text, new_request_id(self.random))
            if self.plan.typed_every and turn % self.plan.typed_every == 0:
                self._take_typed_turn(self.random.choice(USER_LINES))
            self.clock.idle(1000 * self.random.uniform(*self.plan.pauses_s))
        self.logs.ground_truth = self.ground_truth.entries
        self.logs.ended = self.clock.now()
        return self.logs

    def _take_turn(self, turn: int, text: str, request_id: str) -> None:
        self.speech_to_text.recognize(request_id, text)
        started, earlier_requests = self.clock.now(), len(self.engine.requests)
        reply = self.preprocessor.handle_message(text, request_id)
        llm = ground_truth(self.engine.requests[-1]) if len(self.engine.requests) > earlier_requests else None
        session = self.preprocessor.session.session_id
        self.ground_truth.record("turn", turn=turn, request_id=request_id, session_id=session, llm=llm)
        self._write_access_line(started)
        self.clock.work(1.0)
        self.stt.record(request_id, "stt_http_response_received", status_code=200)
        if self.fault == "tts down":
            self.fault = ""
        else:
            self.text_to_speech.speak(request_id, reply, _no_microphone, _no_microphone)
        if turn % 8 == 0:
            self.logs.v34 += [*warning_lines(), *health_lines(URL, "http://127.0.0.1:5051/")]

    def _take_typed_turn(self, text: str) -> None:
        started = self.clock.now()
        self.preprocessor.handle_message(text, None)
        self._write_access_line(started)

    def _write_access_line(self, started: float) -> None:
        now = self.clock.now()
        access = Access("127.0.0.1", now, "POST /api/webhook HTTP/1.0", 200, 131, now - started)
        self.logs.v34.append(access.log_line())

    def _start_v34(self) -> Preprocessor:
        self.logs.v34 += [
            "Debug mode is ON! Starting development server.",
            " * Restarting with stat",
            "Debug mode is ON! Starting development server.",
            "(35891) wsgi starting up on http://127.0.0.1:5000",
        ]
        bits = self.random.getrandbits
        session_id = f"{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-8{bits(12):03x}-{bits(48):012x}"
        return Preprocessor(
            Flags(full_prompt=not self.plan.tail_mode, retrieval=self.plan.retrieval),
            Session(session_id),
            Backends(self._ask_model, self._send_to_tts),
            Simulation(
                self.clock,
                self.latencies,
                EventWriter("v34", self.clock.now, self.logs.latency.append),
                self.logs.v34.append,
            ),
        )

    def _restart(self) -> None:
        self.logs.v34.append(" * Detected change in '/home/user/little-timmy/v34/config.py', reloading")
        self.clock.idle(5000)
        slow = self.latencies.slow
        self.preprocessor = self._start_v34()
        self.latencies.slow = slow

    def _send_to_tts(self, text: str, request_id: str | None) -> None:
        self.clock.work(self.latencies.draw("hop"), "hop")
        if self.fault == "tts down":
            raise ConnectionError("HTTPConnectionPool(host='127.0.0.1', port=5051): Remote end closed connection")
        if request_id:
            self.text_to_speech.receive(request_id, text)

    def _ask_model(self, prompt: str, context: list[int] | None, temperature: float) -> LlmReply:
        options = ModelOptions(MODEL, self.plan.num_ctx, "1h", "little-timmy-voice")
        payload = build_payload(options, prompt, temperature)
        if context:
            payload["context"] = context
        if self.raw:
            payload["raw"] = True
        return call_model(URL, payload, self.logs.v34.append, self._post)

    def _post(self, url: str, payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if self.fault == "llm 500":
            self.fault = ""
            self.clock.work(2000)
            raise LlmError(f"500 Server Error: Internal Server Error for url: {url}")
        reply_fault, self.fault = (self.fault, "") if self.fault in ("empty", "leak") else ("", self.fault)
        request = GenerateRequest(
            MODEL,
            payload["prompt"],
            raw=bool(payload.get("raw")),
            context=tuple(payload.get("context") or ()),
            num_ctx=self.plan.num_ctx,
            reply_fault=reply_fault,
        )
        try:
            served = self.engine.serve(request)
        except RequestRejected as rejected:
            raise LlmError(f"{rejected.status} Client Error: Bad Request for url: {url}") from None
        self.clock.work(served.total_ms + _HTTP_MS)
        yield {"model": MODEL, "created_at": "", "response": served.reply, "done": False}
        done: dict[str, Any] = {"model": MODEL, "created_at": "", "response": "", "done": True, "done_reason": "stop"}
        if served.context:
            done["context"] = list(served.context)
        yield {**done, **self.engine.report(served)}

    def _apply(self, incident: Incident, turn: int, text: str) -> str:
        """Do what the scenario asks for before this turn; returns the text that the user says in it."""
        lines = self.logs.latency
        if incident.name == "slow":
            self.latencies.slow[incident.stage] = incident.factor
        elif incident.name == "step":
            self.offset += incident.factor
        elif incident.name == "evil":
            text = self.random.choice(HOSTILE_LINES)
        elif incident.name == "unload":
            self.engine.unload()
        elif incident.name == "steal":
            self.engine.serve(GenerateRequest(MODEL, "Summarise: the sky is blue.", num_ctx=self.plan.num_ctx))
        elif incident.name in ("llm 500", "empty", "leak", "tts down"):
            self.fault = incident.name
        elif incident.name == "torn" and lines:
            lines.append(lines[-1][: len(lines[-1]) // 2] + lines[-1])
        elif incident.name == "duplicate" and lines:
            lines.append(lines[-1])
        elif incident.name == "garbage":
            lines += ["\x00" * 64, '{"timestamp": 17\udcff\udcfe, "event": "\udcc3("}', "[1, 2, 3]", "not json"]
        elif incident.name == "crash":
            self._restart()
        self.ground_truth.record(incident.name, turn=turn, stage=incident.stage, factor=incident.factor)
        return text

    def _offset_now(self) -> float:
        return self.clock.now() + self.offset


def _no_microphone() -> None:
    """There is no microphone to mute or unmute."""


def recent_start(turns: int, pauses_s: tuple[float, float]) -> float:
    """A start time with which a conversation of ``turns`` turns ends about three minutes ago."""
    return time.time() - turns * (sum(pauses_s) / 2 + 10) - 180
