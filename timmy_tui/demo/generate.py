"""Both logs of a whole conversation at once: the same model, engine and turn as the live demo, on a virtual clock.

Lines are those of the live processes, with the numbers that they would have had; only processes, sockets and
waiting are left out.
"""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timmy_tui.demo.clock import VirtualClock
from timmy_tui.demo.dialogue import EVIL_LINES, USER_LINES
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama.engine import Engine, Order, Refused, truth
from timmy_tui.demo.ollama.facts import MODEL
from timmy_tui.demo.scenarios import SCENARIOS, Act, Truth
from timmy_tui.demo.speech import Ears, Mouth, new_request_id
from timmy_tui.demo.v34.llm_call import Answer, LlmFailed, build_payload, complete
from timmy_tui.demo.v34.server import access_line, noise_lines, warning_lines
from timmy_tui.demo.v34.turn import Flags, Preprocessor, Session

SESSION_TURNS = 33
"""Prompts grow from 600 to about 2600 tokens in these."""
URL = "http://127.0.0.1:11434/api/generate"
_HTTP_MS = 8.0
"""What the wire and two Python processes add to Ollama's total."""


@dataclass(frozen=True)
class Plan:
    """What kind of conversation."""

    turns: int
    scenario: str = "steady"
    seed: int = 0
    start: float = 1_764_350_000.0
    """Stamp of the first event, give or take the clock offset."""
    version: str = "0.12.11"
    tail_mode: bool = False
    raw: bool | None = None
    """None: what the scenario says."""
    num_ctx: int = 8000
    retrieval: bool = True
    session_turns: int = SESSION_TURNS
    """v34 is restarted after this many."""
    pauses_s: tuple[float, float] = (0.4, 1.4)
    acts: bool = True
    lone_pauses: float = 0.06
    """Share of turns before which a pause without text comes."""
    typed_every: int = 9
    """0: no typed turns."""


@dataclass
class Logs:
    """What was written."""

    latency: list[str] = field(default_factory=list)
    v34: list[str] = field(default_factory=list)
    truth: list[dict[str, Any]] = field(default_factory=list)
    """One entry a turn (``what`` = turn) with the engine's truth under ``llm``, and one for each act."""
    ended: float = 0.0


def write_logs(root: Path, turns: int, scenario: str = "steady", seed: int = 0, **more: Any) -> Logs:
    """Write ``shared/latency.log`` and ``testing-interface/logs/v34.log`` below ``root`` and return what is in them.

    ``more`` are the other fields of Plan. Nothing else is laid out; see ``start.lay_out``.
    """
    logs = make_logs(Plan(turns, scenario, seed, **more))
    for path, lines in (("shared/latency.log", logs.latency), ("testing-interface/logs/v34.log", logs.v34)):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(line + "\n" for line in lines)
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return logs


def make_logs(plan: Plan) -> Logs:
    """The same, without files."""
    return _Play(plan).perform()


class _Play:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.scenario = SCENARIOS[plan.scenario]
        self.random = random.Random(f"talker {plan.seed}")
        self.clock = VirtualClock(plan.start)
        self.latencies = Latencies(plan.seed)
        self.engine = Engine(plan.version, Latencies(plan.seed + 2), plan.seed)
        self.engine.load(plan.num_ctx)
        self.offset = self.scenario.clock_offset_s
        self.logs = Logs()
        self.truth = Truth(None, self.clock.now)
        self.raw = self.scenario.raw if plan.raw is None else plan.raw
        self.fault = ""
        sink = self.logs.latency.append
        ears_clock = Latencies(plan.seed + 1)
        self.stt = EventWriter("stt", self._offset_now, sink)
        self.ears = Ears(self.clock, ears_clock, self.stt, "http://127.0.0.1:5000/api/webhook")
        self.mouth = Mouth(self.clock, ears_clock, EventWriter("tts", self._offset_now, sink))
        self.preprocessor = self._start_v34()

    def perform(self) -> Logs:
        for turn in range(1, self.plan.turns + 1):
            if turn > 1 and (turn - 1) % self.plan.session_turns == 0:
                self._restart()
            if self.random.random() < self.plan.lone_pauses:
                self.ears.hear_pause(new_request_id(self.random))
                self.clock.rest(600)
            text = self.random.choice(USER_LINES)
            act = self.scenario.act_before(turn) if self.plan.acts else None
            if act:
                text = self._act(act, turn, text)
            self._take_turn(turn, text, new_request_id(self.random))
            if self.plan.typed_every and turn % self.plan.typed_every == 0:
                self._type(self.random.choice(USER_LINES))
            self.clock.rest(1000 * self.random.uniform(*self.plan.pauses_s))
        self.logs.truth = self.truth.entries
        self.logs.ended = self.clock.now()
        return self.logs

    def _take_turn(self, turn: int, text: str, request_id: str) -> None:
        self.ears.hear(request_id, text)
        began, served = self.clock.now(), len(self.engine.requests)
        reply = self.preprocessor.serve(text, request_id)
        llm = truth(self.engine.requests[-1]) if len(self.engine.requests) > served else None
        session = self.preprocessor.session.session_id
        self.truth.note("turn", turn=turn, request_id=request_id, session_id=session, llm=llm)
        self._access(began)
        self.clock.work(1.0)
        self.stt.record(request_id, "stt_http_response_received", status_code=200)
        if self.fault == "tts down":
            self.fault = ""
        else:
            self.mouth.speak(request_id, reply, _nothing, _nothing)
        if turn % 8 == 0:
            self.logs.v34 += [*warning_lines(), *noise_lines(URL, "http://127.0.0.1:5051/")]

    def _type(self, text: str) -> None:
        began = self.clock.now()
        self.preprocessor.serve(text, None)
        self._access(began)

    def _access(self, began: float) -> None:
        took = self.clock.now() - began
        line = access_line("127.0.0.1", self.clock.now(), "POST /api/webhook HTTP/1.0", 200, 131, took)
        self.logs.v34.append(line)

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
            self._ask,
            self._speak,
            clock=self.clock,
            latencies=self.latencies,
            events=EventWriter("v34", self.clock.now, self.logs.latency.append),
            say=self.logs.v34.append,
        )

    def _restart(self) -> None:
        self.logs.v34.append(" * Detected change in '/home/user/little-timmy/v34/config.py', reloading")
        self.clock.rest(5000)
        slow = self.latencies.slow
        self.preprocessor = self._start_v34()
        self.latencies.slow = slow

    def _speak(self, text: str, request_id: str | None) -> None:
        self.clock.work(self.latencies.draw("hop"), "hop")
        if self.fault == "tts down":
            raise ConnectionError("HTTPConnectionPool(host='127.0.0.1', port=5051): Remote end closed connection")
        if request_id:
            self.mouth.accept(request_id, text)

    def _ask(self, prompt: str, context: list[int] | None, temperature: float) -> Answer:
        payload = build_payload(MODEL, prompt, self.plan.num_ctx, "1h", "little-timmy-voice", temperature)
        if context:
            payload["context"] = context
        if self.raw:
            payload["raw"] = True
        return complete(URL, payload, self.logs.v34.append, self._post)

    def _post(self, url: str, payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if self.fault == "llm 500":
            self.fault = ""
            self.clock.work(2000)
            raise LlmFailed(f"500 Server Error: Internal Server Error for url: {url}")
        quirk, self.fault = (self.fault, "") if self.fault in ("empty", "leak") else ("", self.fault)
        order = Order(
            MODEL,
            payload["prompt"],
            raw=bool(payload.get("raw")),
            context=tuple(payload.get("context") or ()),
            num_ctx=self.plan.num_ctx,
            quirk=quirk,
        )
        try:
            served = self.engine.serve(order)
        except Refused as refusal:
            raise LlmFailed(f"{refusal.status} Client Error: Bad Request for url: {url}") from None
        self.clock.work(served.total_ms + _HTTP_MS)
        yield {"model": MODEL, "created_at": "", "response": served.reply, "done": False}
        done: dict[str, Any] = {"model": MODEL, "created_at": "", "response": "", "done": True, "done_reason": "stop"}
        if served.context:
            done["context"] = list(served.context)
        yield {**done, **self.engine.report(served)}

    def _act(self, act: Act, turn: int, text: str) -> str:
        lines = self.logs.latency
        if act.name == "slow":
            self.latencies.slow[act.stage] = act.factor
        elif act.name == "step":
            self.offset += act.factor
        elif act.name == "evil":
            text = self.random.choice(EVIL_LINES)
        elif act.name == "unload":
            self.engine.unload()
        elif act.name == "steal":
            self.engine.serve(Order(MODEL, "Summarise: the sky is blue.", num_ctx=self.plan.num_ctx))
        elif act.name in ("llm 500", "empty", "leak", "tts down"):
            self.fault = act.name
        elif act.name == "torn" and lines:
            lines.append(lines[-1][: len(lines[-1]) // 2] + lines[-1])
        elif act.name == "duplicate" and lines:
            lines.append(lines[-1])
        elif act.name == "garbage":
            lines += ["\x00" * 64, '{"timestamp": 17\udcff\udcfe, "event": "\udcc3("}', "[1, 2, 3]", "not json"]
        elif act.name == "crash":
            self._restart()
        self.truth.note(act.name, turn=turn, stage=act.stage, factor=act.factor)
        return text

    def _offset_now(self) -> float:
        return self.clock.now() + self.offset


def _nothing() -> None:
    """No microphone to mute."""


def recent_start(turns: int, pauses_s: tuple[float, float]) -> float:
    """A start so that ``turns`` end some minutes ago."""
    return time.time() - turns * (sum(pauses_s) / 2 + 10) - 180
