"""Two selections of turns, stage by stage: ratio with interval on times with the work taken out, and a sentence.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from timmy_tui.analysis.stats.rank_shift import Shift, holm, shift_between
from timmy_tui.analysis.stats.series import ms_of
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import design, features_of, fit_work, works_of
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.stages import BY_KEY, CRITICAL, IN_ORDER, V2V, label
from timmy_tui.model.turn import Turn, TurnState

Array = np.ndarray[Any, np.dtype[np.float64]]
Values = list[list[tuple[float, tuple[float, ...]]]]
"""Of both sides: milliseconds and work of every turn that has them."""
Sides = Sequence[Sequence[tuple[Turn, Turn]]]
"""A and B: usable turns, each with the turn ahead of it."""

_TUNING = TUNING.comparison

STAGES = (V2V, *(key for key in IN_ORDER if BY_KEY[key].compared))
"""Compared one by one; V2V first, parts behind their whole."""
WORKED = tuple(key for key in CRITICAL if BY_KEY[key].covariates)
"""Parts of V2V that take longer with more work."""


def compare(
    a: Sequence[Turn],
    b: Sequence[Turn],
    names: tuple[str, str] = ("before", "after"),
    marks: Mapping[int, str] | None = None,
    noise: SessionNoise | None = None,
) -> Comparison:
    """B against A, complete turns only, without the first of each session and those that had to load the model.

    ``marks``: ordinal → ``good`` or ``bad``, the user's own. ``noise``: as the history taught it, else as assumed.
    """
    noise = noise or SessionNoise()
    sides = [usable(side) for side in (a, b)]
    measured = {stage: values_of_stage(stage, sides) for stage in STAGES}
    verdicts = {stage: _verdict(stage, values, sides, noise) for stage, values in measured.items() if any(values)}
    stands = holm({stage: row.p for stage, row in verdicts.items() if row.p is not None}, _TUNING.false_verdicts)
    stages = tuple(_with_verdict(row, stage in stands) for stage, row in verdicts.items())
    qualities = [_quality(side, marks or {}) for side in (a, b)]
    whole = verdicts.get(V2V)
    wanted = whole.wanted if whole is not None else _TUNING.least_values
    sentence = sentence_of(stages, len(sides[0]), len(sides[1]), wanted)
    quality = _quality_words(b, qualities[1])
    return Comparison(
        a=names[0],
        b=names[1],
        n_a=len(sides[0]),
        n_b=len(sides[1]),
        stages=stages,
        sentence=f"{sentence}, but {quality}" if quality else sentence,
        good=(qualities[0][0], qualities[1][0]),
        bad=(qualities[0][1], qualities[1][1]),
        signals=(qualities[0][2], qualities[1][2]),
        wanted=wanted,
        noise=noise.describe(stage for stage, row in verdicts.items() if row.ratio is not None),
    )


def usable(turns: Sequence[Turn]) -> list[tuple[Turn, Turn]]:
    """Complete, warm turns with the turn ahead of each in its session."""
    loads = sorted(turn.load_ms for turn in turns if turn.load_ms is not None)
    usual = loads[len(loads) // 2] if loads else math.inf
    longest = min(TUNING.series.loaded_ms, TUNING.series.loaded_times * usual)
    before: dict[int, Turn] = {}
    warm: list[tuple[Turn, Turn]] = []
    for turn in turns:
        ahead = before.get(turn.session)
        before[turn.session] = turn
        loaded = turn.load_ms is not None and turn.load_ms > longest
        if ahead is not None and turn.state is TurnState.COMPLETE and not loaded:
            warm.append((turn, ahead))
    return warm[-_TUNING.most_turns :]


def values_of_stage(stage: str, sides: Sides) -> Values:
    """Milliseconds and work of a stage on both sides, as ``shift_of`` takes them."""
    return [list(_values(stage, side)) for side in sides]


def _values(stage: str, side: Sequence[tuple[Turn, Turn]]) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Milliseconds and work of every turn that has them."""
    for turn, ahead in side:
        ms = _whole_ms(turn) if stage == V2V else ms_of(turn, stage)
        work = features_of(stage, turn, ahead)
        if ms is not None and ms >= 0 and work is not None and stage not in turn.skipped:
            yield ms, work


def _whole_ms(turn: Turn) -> float | None:
    """What is measured of the headline of a spoken turn: the silence threshold in it is a setting."""
    return turn.measured_ms if turn.is_spoken else None


def _verdict(stage: str, values: Values, sides: Sides, noise: SessionNoise) -> StageVerdict:
    n_a, n_b = len(values[0]), len(values[1])
    short = max(_TUNING.least_values - min(n_a, n_b), 0)
    middles = [float(np.median([ms for ms, _ in side])) if side else None for side in values]
    raw = middles[1] / middles[0] if middles[0] and middles[1] is not None else None
    base = StageVerdict(
        stage=stage, ratio=None, low=None, high=None, raw_ratio=raw, n_a=n_a, n_b=n_b, verdict="too few turns",
        wanted=short, before_ms=middles[0], after_ms=middles[1],
        adjusted_for=_adjusted_for(stage),
    )  # fmt: skip
    if short:
        return base
    known = noise.of(stage)
    shift = shift_of(stage, values, sides, known.share)
    return replace(
        base, ratio=math.exp(shift.shift), low=math.exp(shift.low), high=math.exp(shift.high), p=shift.p,
        verdict="unchanged", wanted=0, noise=known.share, noise_restarts=known.restarts,
    )  # fmt: skip


def _adjusted_for(stage: str) -> tuple[str, ...]:
    parts = WORKED if stage == V2V else (stage,)
    return tuple(dict.fromkeys(work for part in parts for work in works_of(part)))


def shift_of(stage: str, values: Values, sides: Sides, noise: float = TUNING.session_noise.assumed) -> Shift:
    """B minus A at the same work. ``noise``: how far sessions differ by chance, in log units."""
    log_times = _whole_without_work(sides) if stage == V2V else _without_work(stage, values)
    return shift_between(*log_times, noise)


def _without_work(stage: str, values: Values) -> tuple[Array, Array]:
    """Log times of both sides at the same work; the slopes are fitted with the two levels free."""
    y = np.log(np.array([ms for side in values for ms, _ in side]) + _TUNING.soft_ms)
    y = y - _effect_of_work(stage, y, values)
    return y[: len(values[0])], y[len(values[0]) :]


def _effect_of_work(stage: str, y: Array, values: Values) -> Array:
    """The part of each log time that the work explains, relative to the usual work of both sides together."""
    groups = np.repeat([0, 1], [len(side) for side in values])
    work = [features for side in values for _, features in side]
    fitted = fit_work(stage, y, work, groups)
    x = design(stage, work, fitted.mix)
    effect: Array = (x - np.median(x, axis=0)) @ fitted.slopes
    return effect


def _whole_without_work(sides: Sides) -> tuple[Array, Array]:
    """Log V2V at the same work: the milliseconds that more work cost in each stage are subtracted.

    V2V as a whole does not follow the length of the answer by a power law: endpointing and hops do not depend on it.
    """
    whole = [np.array([ms for turn, _ in side if (ms := _whole_ms(turn))], dtype=float) for side in sides]
    with_headline = [[(turn, ahead) for turn, ahead in side if _whole_ms(turn)] for side in sides]
    for stage in WORKED:
        places = [
            [at for at, (turn, ahead) in enumerate(side) if next(_values(stage, [(turn, ahead)]), None) is not None]
            for side in with_headline
        ]
        values = [
            list(_values(stage, [side[at] for at in where])) for side, where in zip(with_headline, places, strict=True)
        ]
        if any(len(side) < _TUNING.least_values for side in values):
            continue
        times = np.array([ms for side in values for ms, _ in side])
        effect = _effect_of_work(stage, np.log(times + _TUNING.soft_ms), values)
        excess = times * (1.0 - np.exp(-effect))
        whole[0][places[0]] -= excess[: len(places[0])]
        whole[1][places[1]] -= excess[len(places[0]) :]
    log_times = [np.log(np.maximum(side, _TUNING.soft_ms)) for side in whole]
    return log_times[0], log_times[1]


def _with_verdict(row: StageVerdict, stands: bool) -> StageVerdict:
    if not stands or row.ratio is None:
        return row
    return replace(row, verdict="slower" if row.ratio > 1 else "faster")


def _quality(turns: Sequence[Turn], marks: Mapping[int, str]) -> tuple[int, int, int]:
    """Good marks, bad marks, turns with a signal from the logs."""
    quality_marks = [marks.get(turn.ordinal) for turn in turns]
    return quality_marks.count("good"), quality_marks.count("bad"), sum(bool(turn.signals) for turn in turns)


def _quality_words(turns: Sequence[Turn], counts: tuple[int, int, int]) -> str:
    parts = []
    count = len(turns)
    if counts[1]:
        parts.append(f"{counts[1]} of {count} turns marked bad")
    if counts[2]:
        parts.append(f"{counts[2]} of {count} with an empty, canned or leaking reply or an error")
    return " and ".join(parts)


def sentence_of(stages: Sequence[StageVerdict], n_a: int, n_b: int, wanted: int) -> str:
    """The comparison in one sentence; ``n_a`` and ``n_b`` count the usable turns."""
    if wanted:
        return f"too few turns: {wanted} more"
    by_stage = {row.stage: row for row in stages}
    moved = sorted(
        (row for row in stages if row.verdict in ("slower", "faster") and row.stage != V2V),
        key=lambda row: -abs((row.after_ms or 0.0) - (row.before_ms or 0.0)),
    )
    parts = [f"{_label(row.stage)} {_ratio(row)}{_measured(row)}" for row in moved[: _TUNING.named_stages]]
    whole = by_stage[V2V]
    if whole.verdict in ("slower", "faster"):
        parts.append(f"V2V {_difference(whole)}")
    n = f"n = {n_b}/{n_a}"
    if not parts:
        return f"no significant difference, V2V {_ratio(whole)}, {n}"
    more = len(moved) - _TUNING.named_stages
    rest = "other stages unchanged" if more <= 0 else f"{more} more stages moved"
    return f"{', '.join(parts)}, {n}, {rest}"


def _label(stage: str) -> str:
    return label(stage) if stage in CRITICAL else stage


def _ratio(row: StageVerdict) -> str:
    assert row.ratio is not None and row.low is not None and row.high is not None
    return f"×{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]"


def _measured(row: StageVerdict) -> str:
    """The plain medians, if the amount of work explains a large part of their difference."""
    if not row.ratio or not row.raw_ratio or abs(math.log(row.raw_ratio / row.ratio)) < _TUNING.both_ratios_apart:
        return ""
    return f" at equal work (measured {duration(row.before_ms)}→{duration(row.after_ms)})"


def _difference(row: StageVerdict) -> str:
    """The ratio as milliseconds of the usual V2V before."""
    assert row.ratio is not None and row.low is not None and row.high is not None
    shift, low, high = (_signed((row.before_ms or 0.0) * (ratio - 1)) for ratio in (row.ratio, row.low, row.high))
    return f"{shift} [{low}, {high}]"


def _signed(ms: float) -> str:
    return ("+" if ms >= 0 else "−") + duration(abs(ms))
