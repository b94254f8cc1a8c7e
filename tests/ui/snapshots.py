"""Made snapshots: a conversation with every condition the screen knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats
from timmy_tui.model.change import ChangeProgress, ChangeState, ControlState, FlagState, JournalEntry, RestorePoint
from timmy_tui.model.judgement import Comparison, Contribution, Diagnosis, Finding, JudgementState, StageVerdict
from timmy_tui.model.llm import Certainty, ContextState, Criterion, LlmState, OllamaFacts, Reuse
from timmy_tui.model.snapshot import (
    Counts,
    Health,
    OpenTurn,
    Snapshot,
    SourceCondition,
    SourceState,
)
from timmy_tui.model.stages.watched import CRITICAL, KEYS
from timmy_tui.model.turn import Epoch, Event, FlagChange, Gap, Marker, Session, Span, Turn, TurnState

NOW = 1_764_350_600.0
TICK = 5_000.0
USUAL: Mapping[str, float] = {
    "endpointing": 500.0, "stt_final": 8.7, "hop_in": 1.5, "classify": 29.9, "store": 420.0, "retrieve": 28.0,
    "prompt": 4.0, "llm": 717.0, "reply": 2.7, "hop_out": 6.7, "mute": 213.0, "tts": 664.0,
}  # fmt: skip


def _stages(number: int) -> dict[str, float | None]:
    """Stages that wobble by a seventh; storage happens every other turn, the LLM is slower from turn 20 on."""
    wobble = 1 + 0.14 * math.sin(number * 1.7)
    stages: dict[str, float | None] = dict.fromkeys(KEYS)
    for key, ms in USUAL.items():
        stages[key] = ms * wobble if key not in ("endpointing", "mute") else ms
    if number % 2:
        stages["store"] = None
    llm = (1040.0 if number >= 20 else USUAL["llm"]) * wobble
    stages |= {"llm": llm, "wait": 95.0, "prefill": 0.2 * llm, "decode": llm - 95.0 - 0.2 * llm, "load": 92.0}
    stages["network"] = (stages["hop_in"] or 0.0) + (stages["hop_out"] or 0.0)
    return stages | {"playback": 3300.0, "rearm": 301.0, "deaf": 5716.0, "embed": 7.2, "query": 19.6, "merge": 1.2}


def _measured(number: int, stages: Mapping[str, float | None]) -> dict[str, Any]:
    """What follows from the stages, and what the metadata say."""
    named = sum(stages[key] or 0.0 for key in CRITICAL)
    tail_mode = number >= 20
    return {
        "headline_ms": named + 12.2,
        "v2v_ms": named + 12.2,
        "unattributed_ms": 12.2,
        "gaps": (Gap("classify", "retrieve" if number % 2 else "store", 0.2), Gap("reply", "hop_out", 12.0)),
        "offset_bounds": (-6.7, 1.5),
        "prefill_ms": stages["prefill"],
        "decode_ms": stages["decode"],
        "load_ms": 92.0,
        "prompt_tokens": 620 + number * 61,
        "output_tokens": 62,
        "context_returned": 700 + number * 80 if tail_mode else 0,
        "context_sent": 0,
        "tail_mode": tail_mode,
        "raw": not tail_mode,
    }


NUMBERS = 400
"""The history has that many turns before these: no number is an ordinal."""


def turn(number: int, **changes: Any) -> Turn:
    """Turn ``number`` of the conversation, 16 s apart."""
    stages = _stages(number)
    started = NOW - 12.0 - (30 - number) * 16.0
    name = f"{number:08x}"
    events = (
        Event(started, name, "stt_pause_detected", "stt", {"pause_threshold": 0.5}),
        Event(started + 0.5, name, "v34_flask_handler_entry", "v34", {}),
    )
    fields: dict[str, Any] = {
        "ordinal": number, "number": NUMBERS + number, "request_id": name,
        "session_id": f"session-{number // 20}", "session": number // 20,
        "state": TurnState.COMPLETE, "started": started, "ended": started + 6.2, "logs": "both", "span": Span.V2V,
        "stages": stages, "skipped": frozenset({"store"}) if number % 2 else frozenset(), "num_ctx": 8000,
        "model": "llama3.2:3b-instruct", "prompt_chars": 3015, "text_length": 46, "reply_length": 240, "chunks": 5,
        "pause_threshold": 0.5, "text": f"what is the weather like on day {number}", "reply": "Sunny.",
        "events": events,
    }  # fmt: skip
    return Turn(**(fields | _measured(number, stages) | changes))


def conversation(count: int = 31) -> tuple[Turn, ...]:
    """Turns 0…; one failed, one aborted, one timed out among them."""
    turns = [turn(number) for number in range(count)]
    for number, state, reason in (
        (5, TurnState.FAILED, "LLM answered 500"),
        (11, TurnState.ABORTED, "a new turn began"),
        (14, TurnState.TIMED_OUT, "no further event"),
    ):
        if number < count:
            turns[number] = turn(number, state=state, reason=reason, errors=("boom",) * (state == TurnState.FAILED))
    return tuple(turns)


def _reuse(t: Turn) -> Reuse:
    cold = t.ordinal in (0, 20)
    share = 0.02 if cold else 0.74
    return Reuse(
        ordinal=t.ordinal, prompt_tokens=t.prompt_tokens, reused=int((t.prompt_tokens or 0) * share), share=share,
        certainty=Certainty.ESTIMATED, reason="prefill time against the cold rate", cold=cold, load_ms=92.0,
        prefill_ms=t.prefill_ms, decode_ms=t.decode_ms, decode_rate=108.0, ttft_ms=230.0,
    )  # fmt: skip


def llm_state(turns: tuple[Turn, ...]) -> LlmState:
    """Reuse estimated for every turn, a window at a third."""
    facts = OllamaFacts(
        url="http://localhost:11434", reachable=True, since=NOW - 600, version="0.12.11",
        model="llama3.2:3b-instruct", parameters="3.2B", quantization="Q4_K_M", size=3_400_000_000,
        size_vram=3_400_000_000, context_length=8000, expires=NOW + 250, last_activity=NOW - 50, loaded=True,
    )  # fmt: skip
    context = ContextState(
        window=8000, window_source="loaded", fill=0.34, used=2720, growth=61.0, turns_left=86, truncated=False
    )
    criteria = (
        Criterion("context", "context returned", "Success Metrics", "pass", "11 of 11 turns"),
        Criterion("eval", "prompt tokens evaluated", "Success Metrics", "fail", "2 450, p50·11t", "counts all tokens"),
        Criterion("llm", "LLM time", "Phase 1", "not judged", "", because="only 2 of 10 turns show it, 3 are needed"),
        Criterion("errors", "errors in logs", "Something broke", "pass", "0 of 11 turns"),
        Criterion("degraded", "replies degrade", "Something broke", "fail", "1 empty of 11"),
    )
    return LlmState(facts, tuple(_reuse(t) for t in turns), context, criteria, ("unloads in 4m",))


def finding(**changes: Any) -> Finding:
    """The LLM stage is slower since turn 20."""
    fields: dict[str, Any] = {
        "key": "llm:20", "stage": "llm", "direction": "slower", "raised": 26, "raised_id": "0000001a", "since": 20,
        "since_id": "00000014", "ratio": 1.38, "before_ms": 720.0, "after_ms": 1010.0, "n": 11, "confidence": 0.98,
        "adjusted_for": ("output tokens",),
    }  # fmt: skip
    return Finding(**(fields | changes))


def judgement(newest: int, *findings: Finding) -> JudgementState:
    """Findings, a diagnosis of the newest turn and a verdict on the flip at turn 20."""
    stages = (
        StageVerdict(
            stage="llm", ratio=0.41, low=0.36, high=0.47, raw_ratio=0.43, n_a=18, n_b=11, verdict="faster",
            before_ms=720.0, after_ms=300.0,
        ),
        StageVerdict(
            stage="tts", ratio=None, low=None, high=None, raw_ratio=None, n_a=18, n_b=3, verdict="too few turns",
            wanted=3,
        ),
    )  # fmt: skip
    verdict = Comparison(
        a="epoch:0",
        b="epoch:1",
        n_a=18,
        n_b=11,
        stages=stages,
        sentence="LLM faster ×0.41 (0.36–0.47)",
        bad=(0, 3),
        compared=(18, 11),
    )
    diagnosis = Diagnosis(
        ordinal=newest,
        excess_ms=640.0,
        sentence="+640ms over your usual: LLM +410, STORE +180, rest normal",
        contributions=(Contribution("llm", 410.0, "longer answer"), Contribution("store", 180.0)),
        slow=True,
    )
    quality = ((newest, "good"), (newest - 2, "bad"))
    return JudgementState(
        findings,
        verdict,
        quality,
        diagnoses=(diagnosis,),
        leading=next((one for one in findings if one.direction == "slower"), None),
    )


def sources() -> tuple[SourceState, ...]:
    """Two logs and a service, all well."""
    return (
        SourceState("latency.log", SourceCondition.OK, lines=812, newest=NOW - 6),
        SourceState("v34.log", SourceCondition.OK, lines=4200, newest=NOW - 6),
        SourceState("ollama", SourceCondition.OK, newest=NOW - 1),
    )


def open_turn(number: int = 31, phase: str = "llm") -> OpenTurn:
    """A turn in flight: 3.4 s old, 2.1 s in its phase."""
    running = turn(number, state=TurnState.OPEN, ended=None, headline_ms=None, v2v_ms=None, text="and tomorrow?")
    return OpenTurn(running, phase, TICK - 2.1, TICK - 2.9)


def snapshot(count: int = 31, **changes: Any) -> Snapshot:
    """A rich, healthy picture of ``count`` turns."""
    turns = conversation(count)
    newest = turns[-1].ordinal if turns else 0
    rows = stage_stats(turns, 20)
    base = Snapshot(
        taken=NOW,
        turns=turns,
        counts=Counts(complete=max(count - 3, 0), failed=1, aborted=1, timed_out=1) if count > 14 else Counts(count),
        window=20,
        headline=headline_stat(turns, 20),
        stages=rows,
        clock=offset_over(turns),
        sources=sources(),
        sessions=(
            Session(number=0, session_id="session-0", started=NOW - 500, turns=20, first=0, last=19),
            Session(number=1, session_id="session-1", started=NOW - 180, turns=11, first=20, last=30),
        ),
        epochs=(
            Epoch(number=0, session_id="session-0", started=NOW - 500, first=0, turns=20),
            Epoch(
                number=1,
                session_id="session-1",
                started=NOW - 180,
                first=20,
                turns=11,
                changes=(FlagChange(flag="tail-mode", label="tail mode", before=True, after=False),),
            ),
        ),
        marks=(Marker(at=NOW - 181, ordinal=20, kind="change", label="tail mode off→on"),),
        llm=llm_state(turns) if turns else None,
        judgement=judgement(newest) if turns else None,
        log_tail=tuple((("latency.log", "v34.log")[i % 2], f"line {i}: INFO nothing to see") for i in range(60)),
        opened=True,
    )
    return replace(base, **changes)


def troubled() -> Snapshot:
    """Everything that can be wrong at once, with a turn in flight."""
    return snapshot(
        open_turn=open_turn(),
        judgement=judgement(30, finding(), finding(key="tts:22", stage="tts", direction="faster", ratio=0.8, since=22)),
        sources=(
            SourceState("latency.log", SourceCondition.READING, "12 MB behind", behind=12_000_000, newest=NOW - 2),
            SourceState(
                "v34.log", SourceCondition.DENIED, "permission denied", since=NOW - 14, gaps=2, missed=1, dropped=3
            ),
            SourceState("ollama", SourceCondition.DOWN, "unreachable 14s", since=NOW - 14),
            SourceState("tts", SourceCondition.OK, partial=True),
        ),
        unparsed={"not json": 12, "torn": 3},
        health=(Health("pipeline", "ValueError in analysis", NOW - 30),),
        restarted=1,
    )


def control_state() -> ControlState:
    """Flags, a change being verified, a journal and restore points."""
    return ControlState(
        flags=(
            FlagState("tail-mode", "tail mode", "on", "off", "", True, ("on", "off"), "send only the tail"),
            FlagState("raw", "raw", "off", "on", "", True, ("on", "off")),
            FlagState("num-ctx", "context size", "8000", "8000", "", True, ("4096", "8000")),
            FlagState("debug", "debug mode", "on", "—", "--debug wins", False),
        ),
        change=ChangeProgress(
            "op1", "tail mode off→on", ChangeState.VERIFYING, 12.0, None, pid=4242, listeners=1, evidence=(1, 2),
            choices=("keep", "undo"), log_lines=("* Restarting with stat",),
        ),
        journal=(JournalEntry("op1", NOW - 30, "tail mode off→on", "verifying", True),),
        restore_points=(RestorePoint("before-tail-mode-20251128", NOW - 40, "own", ("v34/config.py",)),),
        service="pid 4242, 3m, reloader",
    )  # fmt: skip
