"""What is judged of a turn: one value a stage, with the work behind it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from functools import cache
from typing import NamedTuple

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import features_of, is_mixed
from timmy_tui.model.stages.watched import BY_KEY, GAP, SOFT_MS, SPLIT, STAGES, UNATTRIBUTED, with_parts
from timmy_tui.model.turn import Turn

_TUNING = TUNING.series
_WITH_WHOLE = frozenset(key for whole in SPLIT for key in with_parts(whole))
_ALONE = tuple(stage.key for stage in STAGES if stage.judged and stage.key not in _WITH_WHOLE)
_SPLIT = tuple(
    (whole, parts, tuple(key for key in with_parts(whole) if key != whole and BY_KEY[key].judged))
    for whole, parts in SPLIT.items()
)
"""Whole, the parts that must be known, and all that is judged in its place then."""
_REPORTED = {stage.key: f"{stage.key}_ms" for stage in STAGES if stage.measured == "reported"}
_SOFT_MS = {UNATTRIBUTED: SOFT_MS} | {stage.key: stage.soft_ms for stage in STAGES}


RAW = "raw "
"""Prefix of a stage's series of turns whose work is not known: it is judged as it is."""


@cache
def stage_of(series: str) -> str:
    """The stage, or gap, that a series is of."""
    return series.removeprefix(RAW)


class Value(NamedTuple):
    """One value to be judged."""

    series: str
    log_ms: float
    work: tuple[float, ...]


def values_of(turn: Turn, before: Turn | None, loaded: bool) -> list[Value]:
    """Every judged value of a complete turn; ``before`` is the turn ahead of it in its session.

    A stage whose work is not known has a series of its own, without work; but for the prefill of a prompt that was cut,
    of which nothing can be expected. The parts of the LLM request stand for it; the whole is judged only where they are
    not known. The LLM is left out
    when the model had to be loaded. The wait is judged with the load in it: the load comes with the debug log, often
    several turns late.
    """
    stages = [*_ALONE]
    for whole, parts, members in _SPLIT:
        if loaded and BY_KEY[whole].group == "LLM":
            continue
        stages += members if all(ms_of(turn, part) is not None for part in parts) else (whole,)
    values = [value for stage in stages if (value := _value(stage, turn, before)) is not None]
    values += [
        Value(f"{GAP}{gap.after}→{gap.before}", math.log(gap.ms + _TUNING.gap_soft_ms), ())
        for gap in turn.gaps
        if gap.ms >= 0 and "start" not in (gap.after, gap.before)
    ]
    return values


def ms_of(turn: Turn, stage: str) -> float | None:
    """Time of a stage. What Ollama reports may come later than the stages: v34's statistics lend a turn its load."""
    ms = turn.stages.get(stage)
    if ms is None and stage in _REPORTED and stage not in turn.unmeasured:
        ms = getattr(turn, _REPORTED[stage])
    return ms


@cache
def soft_of(series: str) -> float:
    """What was added to a value of this series before its logarithm."""
    return _TUNING.gap_soft_ms if series.startswith(GAP) else _SOFT_MS[stage_of(series)]


def _value(stage: str, turn: Turn, before: Turn | None) -> Value | None:
    ms = ms_of(turn, stage)
    if ms is None or ms < 0 or stage in turn.skipped:
        return None
    work = features_of(stage, turn, before)
    if work is not None:
        return Value(stage, math.log(ms + _SOFT_MS[stage]), work)
    return None if is_mixed(stage) else Value(RAW + stage, math.log(ms + _SOFT_MS[stage]), ())
