"""Two selections of turns, stage by stage: ratio with interval on times with the work taken out, and a sentence.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from timmy_tui.analysis.compare.equal_work import (
    Sides,
    Values,
    adjusted_for,
    features_of_nothing,
    first_turns,
    log_times,
    raw_values,
    softening,
    stage_ms,
    usable,
    values_of_stage,
)
from timmy_tui.analysis.compare.occurrence import changed_shares, gap_values
from timmy_tui.analysis.compare.words import UNCLEAR, sentence_of, work_words
from timmy_tui.analysis.stats.rank_shift import Shift, holm, shift_between
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import missing_works, works_of
from timmy_tui.core.formatting import plural
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.stages.watched import BY_KEY, IN_ORDER, V2V
from timmy_tui.model.turn import Turn

_TUNING = TUNING.comparison
_Z95 = 1.959964

STAGES = (V2V, *(key for key in IN_ORDER if BY_KEY[key].compared))
"""Compared one by one; V2V first, parts behind their whole."""


def compare(
    a: Sequence[Turn],
    b: Sequence[Turn],
    names: tuple[str, str] = ("before", "after"),
    marks: Mapping[int, str] | None = None,
    noise: SessionNoise | None = None,
) -> Comparison:
    """B against A, complete turns only, without the first of each session and those that had to load the model.

    Where sessions have one turn each, their first turns are compared with each other. ``marks``: ordinal → ``good`` or
    ``bad``, the user's own. ``noise``: as the history taught it, else as assumed.
    """
    noise = noise or SessionNoise()
    sides, first = _sides(a, b)
    verdicts = {stage: _row(stage, values, sides, noise) for stage, values in _measured(sides).items()}
    whole = verdicts.get(V2V)
    if whole is not None and whole.ratio is not None:
        verdicts[V2V] = replace(whole, raw_moved=_raw_moved(sides), work_words=work_words(sides))
    stages = with_verdicts(tuple(verdicts.values()), _TUNING.false_verdicts)
    shares = changed_shares(sides)
    qualities = [_quality(side, marks or {}) for side in (a, b)]
    wanted = whole.wanted if whole is not None else _TUNING.least_values
    comparison = Comparison(
        a=names[0],
        b=names[1],
        n_a=len(sides[0]),
        n_b=len(sides[1]),
        stages=stages,
        sentence="",
        good=(qualities[0][0], qualities[1][0]),
        bad=(qualities[0][1], qualities[1][1]),
        signals=(qualities[0][2], qualities[1][2]),
        wanted=wanted,
        noise=noise.describe(stage for stage, row in verdicts.items() if row.ratio is not None),
        shares=shares,
        turns="first turns of sessions" if first else "",
        compared=(len(a), len(b)),
    )
    return with_sentence(comparison)


def with_sentence(comparison: Comparison) -> Comparison:
    """The comparison with the sentence that its rows make."""
    sentence = sentence_of(comparison.stages, comparison.n_a, comparison.n_b, comparison.wanted, comparison.shares)
    if comparison.turns and not comparison.wanted:
        sentence = f"{comparison.turns}: {sentence}"
    quality = _quality_words(comparison)
    return replace(comparison, sentence=f"{sentence}, but {quality}" if quality else sentence)


def _sides(a: Sequence[Turn], b: Sequence[Turn]) -> tuple[Sides, bool]:
    """The turns to compare, and whether they are first ones: where there are too few others."""
    warm = [usable(side) for side in (a, b)]
    if min(map(len, warm)) < _TUNING.least_values:
        cold = [first_turns(side) for side in (a, b)]
        if min(map(len, cold)) >= _TUNING.least_values:
            return cold, True
    return warm, False


def _measured(sides: Sides) -> dict[str, Values]:
    """Stage or gap → its values; without their work where that is known of too few turns."""
    measured: dict[str, Values] = {}
    for stage in STAGES:
        values = values_of_stage(stage, sides)
        if min(map(len, values)) < _TUNING.least_values and works_of(stage):
            raw = raw_values(stage, sides)
            values = raw if min(map(len, raw)) >= _TUNING.least_values else values
        if any(values):
            measured[stage] = values
    return measured | gap_values(sides)


def _row(stage: str, values: Values, sides: Sides, noise: SessionNoise) -> StageVerdict:
    n_a, n_b = len(values[0]), len(values[1])
    short = max(_TUNING.least_values - min(n_a, n_b), 0)
    middles = [float(np.median([ms for ms, _ in side])) if side else None for side in values]
    raw = middles[1] / middles[0] if middles[0] and middles[1] is not None else None
    works = adjusted_for(stage, sides)
    blind = stage != V2V and bool(works) and not short and features_of_nothing(values)
    base = StageVerdict(
        stage=stage, ratio=None, low=None, high=None, raw_ratio=raw, n_a=n_a, n_b=n_b, verdict="too few turns",
        wanted=short, before_ms=middles[0], after_ms=middles[1], adjusted_for=() if blind else works,
        note=f"judged without its work: no {' and no '.join(_missing(stage, sides) or works)}" if blind else "",
    )  # fmt: skip
    if short:
        return base
    known = noise.between(stage)
    times = log_times(stage, values, sides)
    shift = times.shift(known.share)
    middle = (float(np.median(times.a)) + float(np.median(times.b))) / 2
    ratio, low, high = (_ratio(middle, one, softening(stage)) for one in (shift.shift, shift.low, shift.high))
    to_tell = _to_tell(shift, n_a, n_b)
    return replace(
        base, ratio=ratio, low=low, high=high, p=shift.p, to_tell=to_tell, more=_more(to_tell, n_a, n_b),
        verdict="unchanged", wanted=0, noise=known.share, noise_restarts=known.restarts,
    )  # fmt: skip


def _missing(stage: str, sides: Sides) -> tuple[str, ...]:
    """What of its work is not known, of most of the turns that have it."""
    turns = [turn for side in sides for turn, _ in side if stage_ms(turn, stage) is not None]
    counts = Counter(work for turn in turns for work in missing_works(stage, turn))
    return tuple(work for work in works_of(stage) if 2 * counts[work] > len(turns))


def _ratio(middle: float, shift: float, soft: float) -> float:
    """Of plain times, from a shift of softened ones around the level ``middle``; all in log units but ``soft`` (ms)."""
    least = TUNING.series.least_ms
    before, after = (max(math.exp(middle + side * shift / 2) - soft, least) for side in (-1, 1))
    return after / before


def _to_tell(shift: Shift, n_a: int, n_b: int) -> int | None:
    """Turns a side that make the interval as narrow as what is asked about; 0 if it is, None if no number does.

    One that is narrow enough, and around 1, may lie askew: then it takes those that put it inside.
    """
    reach, asked = (shift.high - shift.low) / 2, math.log1p(_TUNING.asked_share)
    fixed = _Z95 * shift.fixed
    if reach <= asked:
        if max(-shift.low, shift.high) <= asked or not shift.low <= 0 <= shift.high:
            return 0
        asked -= abs(shift.high + shift.low) / 2
    if fixed >= asked:
        return None
    share = (reach**2 - fixed**2) / (asked**2 - fixed**2)
    # The variance goes with 1/n_a + 1/n_b.
    return math.ceil(2 * share / (1 / n_a + 1 / n_b))


def _more(to_tell: int | None, n_a: int, n_b: int) -> int | None:
    """Further turns of B that do what ``to_tell`` a side would; None where A alone is too short, or it takes many."""
    if not to_tell or 2 * n_a <= to_tell:
        return None
    more = max(math.ceil(1 / (2 / to_tell - 1 / n_a)) - n_b, 1)
    return more if more <= _TUNING.most_turns else None


def _raw_moved(sides: Sides) -> bool:
    """What was measured of V2V differs, whatever the work."""
    values = raw_values(V2V, sides)
    logs = [np.log(np.maximum(np.array([ms for ms, _ in side]), TUNING.series.least_ms)) for side in values]
    if min(map(len, logs)) < _TUNING.least_values:
        return False
    shift = shift_between(logs[0], logs[1], _TUNING.assumed_noise)
    return shift.low > 0 or shift.high < 0


def with_verdicts(rows: Sequence[StageVerdict], level: float) -> tuple[StageVerdict, ...]:
    """The rows with their verdicts, looked at all together (Holm) at this level."""
    small = {row.stage: _TUNING.small_weight for row in rows if (row.before_ms or 0.0) < _TUNING.small_ms}
    stands = holm({row.stage: row.p for row in rows if row.p is not None}, level, small)
    return tuple(_with_verdict(row, row.stage in stands) for row in rows)


def with_verdict_for_every_look(comparison: Comparison) -> Comparison:
    """The same for a verdict that is looked at after every turn: intervals stay, verdicts need more.

    Each look is one more chance to be wrong, the more so the fewer turns there are. The interval is one for this number
    of turns.
    """
    level = _TUNING.false_verdicts_looked * min(comparison.n_b / _TUNING.looked_turns, 1.0)
    shares = tuple(share for share in comparison.shares if share.p <= _TUNING.share_p_looked)
    return with_sentence(replace(comparison, stages=with_verdicts(comparison.stages, level), shares=shares))


def _with_verdict(row: StageVerdict, stands: bool) -> StageVerdict:
    if row.ratio is None or row.low is None or row.high is None:
        return row
    if row.low <= 1 <= row.high:
        # Also where it stands: the last of several that moved needs little, and no word contradicts its interval.
        return replace(row, verdict="unchanged")
    return replace(row, verdict=("slower" if row.ratio > 1 else "faster") if stands else UNCLEAR)


def _quality(turns: Sequence[Turn], marks: Mapping[int, str]) -> tuple[int, int, int]:
    """Good marks, bad marks, turns with a signal from the logs."""
    quality_marks = [marks.get(turn.ordinal) for turn in turns]
    return quality_marks.count("good"), quality_marks.count("bad"), sum(bool(turn.signals) for turn in turns)


def _quality_words(comparison: Comparison) -> str:
    parts = []
    count = comparison.compared[1]
    if comparison.bad[1]:
        parts.append(f"{comparison.bad[1]} of {plural(count, 'turn')} marked bad")
    if comparison.signals[1]:
        parts.append(f"{comparison.signals[1]} of {count} with an empty, canned or leaking reply or an error")
    return " and ".join(parts)
