"""Turns with a cause put in: what every test of a sentence here begins with."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.judgement import Finding, JudgementState
from timmy_tui.model.turn import Turn

AT = 80
"""First turn of a change."""


def changed(stage: str, factor: float, seed: int, count: int = 160, until: int | None = None) -> list[Turn]:
    """A stage (or ``llm``, ``gpu``) takes ``factor`` times as long from turn AT on, and up to ``until``."""
    end = count if until is None else until
    turns = make_turns(count, seed)
    return [slowed(turn, stage, factor) if AT <= turn.ordinal < end else turn for turn in turns]


def with_extra(turn: Turn, ms: float, **stages: float | None) -> Turn:
    """So much more in the headline, and these stages as given."""
    whole = (turn.headline_ms or 0.0) + ms
    return replace(turn, headline_ms=whole, v2v_ms=whole, stages={**turn.stages, **stages})


def mapped(turns: Sequence[Turn], change: Callable[[Turn], Turn], since: int = AT) -> list[Turn]:
    """``change`` done to every turn from ``since`` on."""
    return [change(turn) if turn.ordinal >= since else turn for turn in turns]


def findings_of(turns: Sequence[Turn]) -> list[Finding]:
    """Lasting and ended ones."""
    detector = RegressionDetector()
    for turn in turns:
        detector.add(turn)
    return list(detector.findings)


def judged(turns: Sequence[Turn]) -> JudgementState:
    """What the dashboard shows behind the last turn."""
    judge = Judge()
    for turn in turns:
        judge.add(turn)
    return judge.state()


def level(turns: Sequence[Turn], stage: str) -> float:
    """Median ms of a stage over turns that have it."""
    values = sorted(ms for turn in turns if (ms := turn.stages.get(stage)) is not None)
    return values[len(values) // 2]
