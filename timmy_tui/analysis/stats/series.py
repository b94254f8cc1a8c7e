"""What is judged of a turn: one value a stage, with the work behind it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import features_of
from timmy_tui.model.turn import Turn

_TUNING = TUNING.series
PLAIN = ("stt_final", "classify", "store", "retrieve", "prompt", "reply", "mute", "tts")
HOPS = ("hop_in", "hop_out")
LLM = ("prefill", "decode", "wait", "llm", "load")
GAP = "gap:"
"""Prefix of the series of a gap: ``gap:classify→retrieve``."""


class Value(NamedTuple):
    """One value to be judged."""

    series: str
    log_ms: float
    work: tuple[float, ...]


def values_of(turn: Turn, before: Turn | None, loaded: bool) -> Iterator[Value]:
    """Every judged value of a complete turn; ``before`` is the turn ahead of it in its session.

    The parts of the LLM request stand for it; the whole is judged only where they are not known. With two clocks
    apart the hops are no durations and are left out, and so is the LLM when the model had to be loaded.
    """
    for stage in PLAIN:
        yield from _value(stage, turn.stages.get(stage), turn, before)
    hops = [turn.stages.get(stage) for stage in HOPS]
    if all(hop is None or hop >= 0 for hop in hops) and not turn.clock_stepped:
        for stage, hop in zip(HOPS, hops, strict=True):
            yield from _value(stage, hop, turn, before)
    if not loaded:
        yield from _llm_values(turn, before)
    for gap in turn.gaps:
        if "start" not in (gap.after, gap.before) and gap.ms >= 0:
            yield Value(f"{GAP}{gap.after}→{gap.before}", math.log(gap.ms + _TUNING.gap_soft_ms), ())


def _llm_values(turn: Turn, before: Turn | None) -> Iterator[Value]:
    wait = turn.stages.get("wait")
    if turn.prefill_ms is None or turn.decode_ms is None or wait is None:
        yield from _value("llm", turn.stages.get("llm"), turn, before)
        return
    yield from _value("prefill", turn.prefill_ms, turn, before)
    yield from _value("decode", turn.decode_ms, turn, before)
    # load_ms comes with the debug log, often several turns late: the wait is judged with the load in it.
    yield from _value("wait", wait, turn, before)
    yield from _value("load", turn.load_ms, turn, before)


def soft_of(series: str) -> float:
    """What was added to a value of this series before its logarithm."""
    if series.startswith(GAP):
        return _TUNING.gap_soft_ms
    return _TUNING.hop_soft_ms if series in HOPS else _TUNING.soft_ms


def _value(stage: str, ms: float | None, turn: Turn, before: Turn | None) -> Iterator[Value]:
    if ms is None or ms < 0 or stage in turn.skipped:
        return
    work = features_of(stage, turn, before)
    if work is not None:
        yield Value(stage, math.log(ms + soft_of(stage)), work)
