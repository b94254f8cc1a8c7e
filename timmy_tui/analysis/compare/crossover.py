"""Before, after, and before again: what moved with the change must move back with it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from timmy_tui.analysis.compare.comparison import compare, said
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.turn import Turn

MOVED = ("faster", "slower")
DRIFTED = "drifted"


def balance(
    stretches: tuple[Sequence[Turn], Sequence[Turn], Sequence[Turn]],
    names: tuple[str, str, str] = ("before", "after", "before again"),
    marks: Mapping[int, str] | None = None,
    noise: SessionNoise | None = None,
) -> Comparison:
    """B against A and A again together; a stage has moved only when it went and came back.

    ``stretches``: A, B, A again.

    What a plain before and after takes for the change, a drift, a warmer day, another topic, goes on instead of coming
    back: the two A then differ, and the stage is called ``drifted``.
    """
    a, b, again = stretches
    pooled = compare([*a, *again], b, (f"{names[0]} and {names[2]}", names[1]), marks, noise)
    there = {one.stage: one for one in compare(a, b, noise=noise).stages}
    back = {one.stage: one for one in compare(b, again, noise=noise).stages}
    between = {one.stage: one for one in compare(a, again, noise=noise).stages}
    stages = tuple(
        _judged(one, there.get(one.stage), back.get(one.stage), between.get(one.stage)) for one in pooled.stages
    )
    drifted = [one for one in stages if one.verdict == DRIFTED]
    sentence = said(stages, pooled.n_a, pooled.n_b, pooled.wanted)
    if drifted and not pooled.wanted:
        named = drifted[: TUNING.comparison.named_stages]
        told = ", ".join(f"{one.stage} ×{_ratio(between[one.stage]):.2f}" for one in named)
        sentence = f"{sentence}; the two baselines differ ({told}): something else moved"
    return replace(pooled, stages=stages, sentence=sentence)


def _judged(
    one: StageVerdict, there: StageVerdict | None, back: StageVerdict | None, between: StageVerdict | None
) -> StageVerdict:
    if between is not None and between.verdict in MOVED:
        return replace(one, verdict=DRIFTED)
    if one.verdict not in MOVED or there is None or back is None or there.ratio is None or back.ratio is None:
        return one
    went, came = math.log(there.ratio), -math.log(back.ratio)
    return one if went * came > 0 else replace(one, verdict="unchanged")


def _ratio(one: StageVerdict) -> float:
    return one.ratio if one.ratio is not None else 1.0
