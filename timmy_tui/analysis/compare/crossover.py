"""Compares three stretches, before, after and before again: an effect of the change must end with it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.words import sentence_of
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.turn import Turn

MOVED = ("faster", "slower")
DRIFTED = "drifted"


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
    a_to_again = {row.stage: row for row in compare(a, again, noise=noise).stages}
    stages = tuple(
        _judged(row, a_to_b.get(row.stage), b_to_again.get(row.stage), a_to_again.get(row.stage))
        for row in pooled.stages
    )
    drifted = [row for row in stages if row.verdict == DRIFTED]
    sentence = sentence_of(stages, pooled.n_a, pooled.n_b, pooled.wanted)
    if drifted and not pooled.wanted:
        named = drifted[: TUNING.comparison.named_stages]
        figures = ", ".join(f"{row.stage} ×{_ratio(a_to_again[row.stage]):.2f}" for row in named)
        sentence = f"{sentence}; the two baselines differ ({figures}): something else moved"
    return replace(pooled, stages=stages, sentence=sentence)


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
    return row if moved_back else replace(row, verdict="unchanged")


def _ratio(row: StageVerdict) -> float:
    assert row.ratio is not None
    return row.ratio
