"""Whether two stretches of turns have one level: a restart that changed nothing is no step."""

import math
from collections.abc import Sequence

from timmy_tui.core.quantile import median

LEAST_SHARE = 0.1
"""Less is no change in a verdict either: sessions differ by some 3.5 % by chance."""
LEAST_SURE = 2.6
"""Standard deviations of the rank sum. With both, 1–6 % of restarts that changed nothing are a step, of ×1.25 26–100 %,
of ×1.5 82–100 % (15 to 100 turns behind them, single turns 10–35 % off; 600 of each)."""


def alike(before: Sequence[float], after: Sequence[float]) -> bool:
    """Their medians differ by no more than chance. Both hold at least one value; none is negative."""
    low, high = sorted((median(before), median(after)))
    return high <= low * (1 + LEAST_SHARE) or abs(_rank_shift(before, after)) < LEAST_SURE


def _rank_shift(before: Sequence[float], after: Sequence[float]) -> float:
    """Mann and Whitney's count of pairs that rise, less its mean, in its standard deviations without a difference."""
    m, n = len(before), len(after)
    both = sorted([(value, 0) for value in before] + [(value, 1) for value in after])
    ranks, at = 0.0, 0
    while at < m + n:
        end = at
        while end < m + n and both[end][0] == both[at][0]:
            end += 1
        # Equal values share the mean of their ranks.
        ranks += (at + end + 1) / 2 * sum(side for _, side in both[at:end])
        at = end
    return (ranks - n * (m + n + 1) / 2) / math.sqrt(m * n * (m + n + 1) / 12)
