"""One process of little_timmy_v2 on a clock of its own: what it measures in a turn and when it says so.

The arithmetic of every figure (which two stamps, cut to whole ms) and the order of the lines are upstream's; the
durations are drawn here. A turn's truth is written from the stamps, not from the lines.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.golden.truth import Turn, rest
from bench.golden.v2.log import Line, Log
from bench.golden.v2.source import Template

MAIN, CAPTURE, SPEAKER = "main.py", "audio/capture.py", "speaker/identifier.py"
CHUNK_S = 0.256
PERF = (
    "endpoint",
    "queue",
    "spk",
    "stt",
    "retrieval",
    "build",
    "llm_ft",
    "llm",
    "tts",
    "e2e",
    "reply_lag",
    "speech_to_reply",
)
UNHEARD = ("typed", "typed_error", "injected")
AUDIO = ("filler_fired", "filler_dur", "filler_lead", "overrun", "true_reply_lag")


@dataclass(slots=True)
class Ask:
    """What is asked, and what shall go wrong with it."""

    text: str = "What are you working on?"
    reply: str = "Solenoids, as ever."
    name: str = "dan"
    kind: str = "speech"
    """speech, typed, injected, tool, muted, unspoken (no reply), direct (an enrolment dialog), discarded, llm_error
    (ends the process), typed_error (does not: the exception is in a task of its own)."""
    silent_chunks: int = 2
    """Chunks of silence until the segment is given over: 2, 8 (reply window) or 10 (the sentence looked unfinished)."""
    filler: str = ""
    """``heard``: sounded before the answer; ``unheard``: chosen, but the answer was first."""
    slow: dict[str, float] = field(default_factory=dict)
    """Stage → factor."""
    busy_s: float = 0.0
    """Seconds for which other playback holds up the first sentence."""
    step_back: bool = False
    """The capture thread's line carries a second that is over when it is written."""


def milliseconds(seconds: float) -> int:
    """As upstream cuts them."""
    return int(max(0.0, seconds) * 1000)


class Timmy:
    """Says everything to ``log`` and puts the truth into ``turns``."""

    def __init__(self, log: Log, rng: random.Random, turns: list[Turn]) -> None:
        self.log, self.rng, self.turns = log, rng, turns
        self.now = 0.0
        self.asked = 0
        self.classifier = False
        self.statistics: dict[str, Callable[..., Any]] = {}
        self._chunks = 0
        self._http = _http_template()

    # -- the process

    def start(self, at: float) -> None:
        """A new process: banner, empty statistics."""
        self.now, self.asked, self._chunks = at, 0, 0
        self.log.pid += self.rng.randint(40, 900)
        self.statistics = self.log.source.statistics()
        say, web = self.log.say, self.log.source.constant("config.py", "WEB_PORT")
        self.log.systemd(at - 2.6, "Started Little Timmy Voice Assistant Orchestrator (port 8893).")
        say(at, (MAIN, "=== Little Timmy starting"))
        say(at + 0.31, (MAIN, "Database connected"))
        say(at + 2.4, (MAIN, "Speaker identification ready"))
        say(at + 2.9, ("vision/context.py", "Vision context started"))
        say(at + 2.9, (MAIN, "Vision pipeline ready"), True)
        say(at + 3.0, ("vision/supervisor.py", "[SUPERVISOR] Started"))
        say(at + 3.0, (MAIN, "Behavioral supervisor ready"))
        say(at + 3.8, ("tts/engine.py", "TTS engine started"))
        say(at + 3.8, (MAIN, "TTS engine ready"))
        say(at + 3.9, (CAPTURE, "Audio capture thread started"))
        say(at + 3.9, (MAIN, "Audio capture started"))
        say(at + 4.2, (CAPTURE, "Silero VAD loaded"))
        say(at + 4.6, (MAIN, "=== Little Timmy ready on"), web)
        self.now = at + 4.6

    def stop(self) -> None:
        """As ``systemctl stop`` ends it: SIGTERM, of which the log says nothing."""
        self.log.systemd(self.now + 8.0, "Stopping Little Timmy Voice Assistant Orchestrator (port 8893)...")
        self.log.systemd(self.now + 8.1, "little-timmy.service: Deactivated successfully.")
        self.log.systemd(self.now + 8.1, "Stopped Little Timmy Voice Assistant Orchestrator (port 8893).")

    def quiet(self, seconds: float) -> None:
        """Nobody speaks; every 40th chunk the capture thread says how it is."""
        end = self.now + seconds
        while (at := self.now + 40 * CHUNK_S) <= end:
            self._chunks += 40
            peak, speech = self.rng.uniform(0.001, 0.02), self.rng.uniform(0.001, 0.2)
            self.log.say(at, (CAPTURE, "[DIAG]"), self._chunks, peak, speech, 0, False, False)
            self.now = at
        self.now = end

    def toggle(self, key: str, value: object) -> None:
        """A live switch, as the web page sets it."""
        self.log.say(self.now, ("persistence/runtime_toggles.py", "lt_runtime_toggles: %s = %r"), key, value)
        if key == "classifier_enabled":
            self.classifier = bool(value)

    def proactive(self, text: str) -> None:
        """A remark that nobody asked for: no turn."""
        self.log.say(self.now, (MAIN, "[PROACTIVE] %s"), text)
        self.now += 4.0

    # -- one turn

    def ask(self, ask: Ask) -> None:
        """One exchange, from the first sound to the last line."""
        turn = _Turn(self, ask, len(self.turns) + 1)
        self.turns.append(turn.truth)
        turn.hear()
        if ask.kind == "discarded":
            self.now = turn.now + 0.5
            return
        self.asked += 1
        turn.understand()
        ways = {"tool": turn.tool, "direct": turn.direct, "llm_error": turn.fail, "typed_error": turn.fail_typed}
        ways.get(ask.kind, turn.answer)()
        self.now = max(self.now, turn.end) + 0.6

    def record(self, kind: str, figures: dict[str, float]) -> None:
        """A turn for the distributions, by upstream's own functions."""
        self.statistics["record_turn_stats"](kind, figures)

    def duration(self, stage: str, ask: Ask) -> float:
        """Seconds of a stage: log-normal about its median."""
        median, spread = MEDIANS[stage]
        return median * self.rng.lognormvariate(0, spread) * ask.slow.get(stage, 1.0)

    def http(self, at: float, url: str) -> None:
        """The line that httpx writes when an answer begins."""
        self.log.foreign(at, self._http, "POST", url, "HTTP/1.1", 200, "OK")


MEDIANS = {
    "queue": (0.002, 0.6), "spk": (0.042, 0.2), "stt": (0.21, 0.25), "filter": (0.085, 0.3), "faces": (0.03, 0.4),
    "retrieval": (0.036, 0.4), "build": (0.0042, 0.3), "llm_ft": (0.61, 0.25), "sentence": (0.3, 0.4),
    "synthesis": (0.13, 0.2), "stream": (1.3, 0.4), "save": (0.011, 0.4),
}  # fmt: skip
"""Stage → median in s, standard deviation of its logarithm."""


class _Turn:
    def __init__(self, timmy: Timmy, ask: Ask, number: int) -> None:
        self.timmy, self.ask, self.number = timmy, ask, number
        self.log, self.now = timmy.log, timmy.now
        self.end = timmy.now
        self.printed: dict[str, Any] = dict.fromkeys(PERF)
        self.onset: float | None = None
        self.offset: float | None = None
        self.truth: Turn = {"n": number, "kind": ask.kind, "at": round(timmy.now, 3), "speaker": ask.name}

    def _say(self, at: float, role: str, where: tuple[str, str], *arguments: Any) -> Line:
        line = self.log.say(at, where, *arguments)
        line.turn, line.role = self.number, role
        return line

    def _pass(self, stage: str) -> float:
        took = self.timmy.duration(stage, self.ask)
        self.now += took
        return took

    def hear(self) -> None:
        """From the first sound to the segment that leaves the queue."""
        if self.ask.kind in UNHEARD:
            return
        spoken = 1.2 if self.ask.step_back else self.timmy.rng.uniform(1.2, 3.5)
        self.onset, self.offset = self.now, self.now + spoken
        handed = self.offset + self.ask.silent_chunks * CHUNK_S + self.timmy.rng.uniform(0, 0.004)
        ending = "Finalized speech (complete" if self.ask.silent_chunks == 2 else "Finalized speech (timeout"
        if self.ask.step_back:
            # Handed over in the last ms of a second; the file's lock was with the other thread until the next one.
            handed = int(handed) + 0.9990
            self.offset = handed - self.ask.silent_chunks * CHUNK_S
        line = self._say(handed + 0.0004, "heard", (CAPTURE, ending), spoken + self.ask.silent_chunks * CHUNK_S)
        if self.ask.step_back:
            line.at = int(handed) + 1.0031
            other = self.log.say(
                int(handed) + 1.0022, ("vision/supervisor.py", "[SUPERVISOR] Speech from"), self.ask.name
            )
            other.role = "other thread"
        self.printed["endpoint"] = milliseconds(handed - self.offset)
        self.now = handed
        self.printed["queue"] = milliseconds(self._pass("queue"))

    def understand(self) -> None:
        """Voiceprint and STT, one after the other; or a text that came as such."""
        self.start = self.now
        ask = self.ask
        self.printed["spk"] = self.printed["stt"] = 0
        if ask.kind in ("typed", "typed_error"):
            self._say(self.now, "user", (MAIN, "[USER:text]"), ask.text)
            return
        if ask.kind == "injected":
            self._say(self.now, "user", (MAIN, "[INJECT:"), ask.text)
            return
        self.printed["spk"] = milliseconds(self._pass("spk"))
        distance = self.timmy.rng.uniform(0.2, 0.4)
        self.log.say(self.now, (SPEAKER, "Speaker identified"), ask.name, distance, self.printed["spk"])
        self.printed["stt"] = milliseconds(self._pass("stt"))
        self.timmy.http(self.now, "http://localhost:8891/inference")
        heard = (ask.name.upper(), ask.text, self.printed["stt"], self.printed["spk"])
        self._say(self.now, "user", (MAIN, "[%s] %s (STT:"), *heard)

    def tool(self) -> None:
        """The classifier takes the turn: one line, no [TIMMY], no [PERF]."""
        took = self._pass("filter")
        self.timmy.statistics["record_stage"]("stage:classifier_route", milliseconds(took))
        self.now += 0.3
        self._say(
            self.now, "tool", ("conversation/tool_router.py", "[TOOL store_fact] %s.%s = %s"),
            "user", "cat", "Pixel", self.ask.name, "Noted.",
        )  # fmt: skip
        figures = {"classifier_route": milliseconds(took), "classifier_args": 300}
        self.timmy.record("tool", figures | {"e2e": milliseconds(self.now - self.start)})
        self.end = self.now + 1.5
        self._truth(None)

    def direct(self) -> None:
        """An enrolment dialog speaks: [TIMMY] alone."""
        self._say(self.now + 0.02, "timmy", (MAIN, "[TIMMY] %s"), self.ask.reply)
        self.end = self.now + 2.5
        self._truth(None)

    def fail(self) -> None:
        """The LLM does not answer: the exception ends the process, and systemd starts it again."""
        self._filter()
        self.now += 2.0
        self.log.say(self.now, ("vision/supervisor.py", "[SUPERVISOR] Stopped"))
        self.log.say(self.now + 0.01, ("vision/context.py", "Vision context stopped"))
        for text in ("Traceback (most recent call last):", "httpx.ConnectError: All connection attempts failed"):
            self.log.stderr(self.now + 0.05, text)
        self.log.systemd(self.now + 0.3, "little-timmy.service: Main process exited, code=exited, status=1/FAILURE")
        self.log.systemd(self.now + 0.3, "little-timmy.service: Failed with result 'exit-code'.")
        self.log.systemd(self.now + 5.4, "little-timmy.service: Scheduled restart job, restart counter is at 1.")
        self._truth(None)
        self.timmy.start(self.now + 8.0)

    def fail_typed(self) -> None:
        """As above for a typed turn: the process lives on."""
        self._filter()
        self.now += 2.0
        text = "Task exception was never retrieved\nhttpx.ConnectError: All connection attempts failed"
        self.log.foreign(self.now, Template("asyncio", logging.ERROR, text))
        self.end = self.now
        self._truth(None)

    def _filter(self) -> None:
        if self.timmy.classifier:
            self.timmy.statistics["record_stage"]("stage:classifier_route", milliseconds(self._pass("filter")))
            self.timmy.http(self.now, "http://localhost:8092/v1/chat/completions")
        self._pass("faces")

    def answer(self) -> None:
        """Memory, prompt, stream, first sentence, sound."""
        self._filter()
        self.printed["retrieval"] = milliseconds(self._pass("retrieval"))
        self.printed["build"] = milliseconds(self._pass("build"))
        asked = self.now
        first_token = asked + self.timmy.duration("llm_ft", self.ask)
        self.timmy.http(first_token - 0.004, "http://localhost:8083/v1/chat/completions")
        sentence = first_token + self.timmy.duration("sentence", self.ask)
        spoken = self.ask.kind != "unspoken"
        muted = self.ask.kind == "muted"
        synthesis = 0.0 if muted or not spoken else self.timmy.duration("synthesis", self.ask)
        stream_end = sentence + synthesis + self.timmy.duration("stream", self.ask)
        if not spoken:
            stream_end = first_token + 0.02
        self.printed |= {"llm": milliseconds(stream_end - asked), "llm_ft": 0, "tts": 0}
        enqueued = None
        if spoken:
            enqueued = sentence
            self.printed |= {"llm_ft": milliseconds(first_token - asked), "tts": milliseconds(sentence - asked)}
            self._lags(enqueued)
        sound = None if muted or enqueued is None else enqueued + synthesis + 0.0009 + self.ask.busy_s
        audio = self._sound(enqueued, sound) if sound is not None and enqueued is not None else None
        self.now = stream_end
        self._pass("save")
        self._close()
        self._truth(audio)
        playing = 0.0 if self.ask.kind == "typed" and self.ask.busy_s else 2.0 + self.timmy.rng.uniform(0, 2)
        self.end = max(self.now, sound or 0.0) + playing if playing else self.now

    def _lags(self, enqueued: float) -> None:
        for name, since in (("reply_lag", self.offset), ("speech_to_reply", self.onset)):
            self.printed[name] = None if since is None else milliseconds(enqueued - since)

    def _sound(self, enqueued: float, sound: float) -> dict[str, Any]:
        filler = self.ask.filler
        lead = None
        if filler == "heard" and self.offset is not None:
            lead = milliseconds(self.start + 0.31 - self.offset)
        figures = {
            "filler_fired": filler == "heard",
            "filler_dur": 1080 + 37 * (self.number % 5) if filler else None,
            "filler_lead": lead,
            "overrun": milliseconds(sound - enqueued),
            "true_reply_lag": None if self.offset is None else milliseconds(sound - self.offset),
        }
        self._say(sound, "audio", (MAIN, "[PERF-AUDIO]"), *(figures[name] for name in AUDIO))
        return figures

    def _close(self) -> None:
        self.printed["e2e"] = milliseconds(self.now - self.start)
        self._say(self.now, "timmy", (MAIN, "[TIMMY] %s"), self.ask.reply if self.ask.kind != "unspoken" else "")
        self._say(self.now + 0.0001, "perf", (MAIN, "[PERF] endpoint"), *(self.printed[name] for name in PERF))
        figures = {ours: self.printed[ours] for ours in ("stt", "retrieval", "llm_ft", "tts", "e2e")}
        self.timmy.record("conversation", figures | {"llm_total": self.printed["llm"]})
        if self.timmy.asked % 10 == 0:
            self._aggregate()

    def _aggregate(self) -> None:
        made = self.timmy.statistics["latency_stats_snapshot"]()
        series = made["series"]
        wanted = (
            ("conversation:e2e", "p50"), ("conversation:e2e", "p95"), ("conversation:e2e", "n"),
            ("conversation:llm_ft", "p50"), ("conversation:llm_ft", "p95"), ("stage:classifier_route", "p50"),
            ("stage:classifier_route", "p95"), ("stage:classifier_route", "n"), ("tool:e2e", "p50"), ("tool:e2e", "n"),
        )  # fmt: skip
        figures = (series.get(key, {}).get(what) for key, what in wanted)
        self._say(self.now + 0.001, "aggregate", (MAIN, "[PERF-AGG]"), made["counts"].get("turns"), *figures)

    def _truth(self, audio: dict[str, Any] | None) -> None:
        closed = self.ask.kind in ("speech", "typed", "injected", "muted", "unspoken")
        printed = self.printed
        self.truth |= {"text": self.ask.text, "reply": self.ask.reply if self.ask.kind != "unspoken" else ""}
        self.truth |= {"perf": dict(printed) if closed else None, "audio": audio}
        if not closed:
            return
        spoken = self.ask.kind != "unspoken"
        unmeasured = self.ask.kind in UNHEARD
        stages: dict[str, float | None] = {
            "endpoint": printed["endpoint"], "queue": printed["queue"],
            "spk": None if unmeasured else printed["spk"], "stt": None if unmeasured else printed["stt"],
            "retrieval": printed["retrieval"], "build": printed["build"],
            "llm_ft": printed["llm_ft"] if spoken else None,
            "sentence": printed["tts"] - printed["llm_ft"] if spoken else None,
            "overrun": audio["overrun"] if audio else None,
        }  # fmt: skip
        headline = audio["true_reply_lag"] if audio else None
        self.truth |= {"headline_ms": headline, "stages_ms": stages, "rest_ms": rest(headline, stages)}


def _http_template() -> Template:
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logger = logging.getLogger("httpx")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        client.post("http://localhost/")
    logger.removeHandler(handler)
    return Template("httpx", logging.INFO, seen[0].msg)
