"""Compares three stretches, before, after and before again: an effect of the change must end with it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from timmy_tui.analysis.compare.comparison import compare, with_sentence
from timmy_tui.analysis.compare.equal_work import usable
from timmy_tui.analysis.compare.words import DRIFTED, MOVED, UNCLEAR, share_words, stage_words
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Comparison, ShareChange, StageVerdict
from timmy_tui.model.turn import Turn


def compare_crossover(
    stretches: tuple[Sequence[Turn], Sequence[Turn], Sequence[Turn]],
    names: tuple[str, str, str] = ("before", "after", "before again"),
    marks: Mapping[int, str] | None = None,
    noise: SessionNoise | None = None,
) -> Comparison:
    """B against A and A again together (``stretches``: A, B, A again).

    A stage counts as moved only if it moved from A to B and back from B to A again. A drift, a warmer day or another
    topic does not move back: the two A then differ, and the verdict on the stage is ``drifted``.
    """
    a, b, again = stretches
    pooled = compare([*a, *again], b, (f"{names[0]} and {names[2]}", names[1]), marks, noise)
    a_to_b = {row.stage: row for row in compare(a, b, noise=noise).stages}
    b_to_again = {row.stage: row for row in compare(b, again, noise=noise).stages}
    back = compare(a, again, noise=noise)
    a_to_again = {row.stage: row for row in back.stages}
    stages = tuple(
        _judged(row, a_to_b.get(row.stage), b_to_again.get(row.stage), a_to_again.get(row.stage))
        for row in pooled.stages
    )
    told = with_sentence(replace(pooled, stages=stages, shares=_shares(pooled.shares, stretches)))
    apart = _apart(back, stages)
    if not apart or pooled.wanted:
        return told
    # Not all others are unchanged then.
    sentence = told.sentence.replace(", other stages unchanged", "").replace("; other stages unchanged", "")
    return replace(told, sentence=f"{sentence}; the two baselines differ ({apart}): something else moved")


def _apart(a_to_again: Comparison, stages: Sequence[StageVerdict]) -> str:
    """``RAG ×2.84, memory store in 9 of 10 turns, was 1 of 10``: how the stretches without the change differ."""
    moved = {row.stage: row for row in a_to_again.stages}
    drifted = [moved[row.stage] for row in stages if row.verdict == DRIFTED][: TUNING.comparison.named_stages]
    limit = TUNING.comparison.ratio_words_below
    words = [
        f"{stage_words(row.stage)} ×{_ratio(row):.2f}"
        if 1 / limit < _ratio(row) < limit
        else f"{stage_words(row.stage)} {duration(row.before_ms)}→{duration(row.after_ms)}"
        for row in drifted
    ]
    return ", ".join([*words, *map(share_words, a_to_again.shares)])


def _shares(
    pooled: Sequence[ShareChange], stretches: tuple[Sequence[Turn], Sequence[Turn], Sequence[Turn]]
) -> tuple[ShareChange, ...]:
    """Those of stages that came, or went, with the change, and went back with it."""
    return tuple(share for share in pooled if _came_back([_share(share.stage, turns) for turns in stretches]))


def _came_back(shares: Sequence[float | None]) -> bool:
    """Of A, B and A again; where nothing is known of one A both together decide."""
    a, b, again = shares
    ways = [b - one for one in (a, again) if one is not None and b is not None]
    return all(way > 0 for way in ways) or all(way < 0 for way in ways)


def _share(stage: str, turns: Sequence[Turn]) -> float | None:
    """Of its turns those that have the stage; None of too few."""
    known = [turn for turn, _ in usable(turns) if stage not in turn.unmeasured]
    if len(known) < TUNING.comparison.least_values:
        return None
    return sum(turn.stages.get(stage) is not None for turn in known) / len(known)


def _judged(
    row: StageVerdict, a_to_b: StageVerdict | None, b_to_again: StageVerdict | None, a_to_again: StageVerdict | None
) -> StageVerdict:
    if a_to_again is not None and a_to_again.verdict in MOVED:
        return replace(row, verdict=DRIFTED)
    if (
        row.verdict not in MOVED
        or a_to_b is None
        or b_to_again is None
        or a_to_b.ratio is None
        or b_to_again.ratio is None
    ):
        return row
    moved_back = math.log(a_to_b.ratio) * math.log(b_to_again.ratio) < 0
    if moved_back or row.low is None or row.high is None:
        return row
    return replace(row, verdict="unchanged" if row.low <= 1 <= row.high else UNCLEAR)


def _ratio(row: StageVerdict) -> float:
    assert row.ratio is not None
    return row.ratio
