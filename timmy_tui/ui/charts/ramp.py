"""Whether a level that moved did so at once or little by little, and the line that a drift is drawn as."""

import math
from collections.abc import Sequence
from itertools import combinations

from timmy_tui.core.quantile import median

LEAST, MOST = 12, 60
"""Values: of fewer a third has no median that says something; of more each second, third … one is compared."""
LEAST_SHARE = 0.4
"""Of all that was gained or lost: a step differs by its noise alone from its first third to its last."""
LEAST_SURE = 2.0
"""Standard deviations of Kendall's count. With both, 0–2 % of steps of ×1.25 to ×2, 13 to 30 turns ago, are drawn as
drifts, and of climbs that go on for as long 43–92 % (600 of each of five stages; 20–54 % of ×1.5 in the noisiest)."""


def thirds(values: Sequence[float]) -> tuple[float, float, float]:
    """Medians of the first, the middle and the last third; of at least three values."""
    size = len(values) // 3
    return median(values[:size]), median(values[size : len(values) - size]), median(values[len(values) - size :])


def is_gradual(logs: Sequence[float]) -> bool:
    """Ratios to the level before, log units, from the first turn of the new one on: they go on in its direction."""
    if len(logs) < LEAST:
        return False
    first, _, last = thirds(logs)
    total = median(logs)
    way = 1.0 if total > 0 else -1.0
    return (last - first) * way >= LEAST_SHARE * abs(total) and _rises(logs) * way >= LEAST_SURE


def _rises(values: Sequence[float]) -> float:
    """Kendall's count of pairs that rise, less those that fall, in its standard deviations without a trend (Mann)."""
    some = values[:: -(-len(values) // MOST)]
    count = len(some)
    rising = sum((later > one) - (later < one) for one, later in combinations(some, 2))
    return rising / math.sqrt(count * (count - 1) * (2 * count + 5) / 18)


def ramp(values: Sequence[float]) -> tuple[float, float]:
    """(from, to) of the line through the medians of the outer thirds: Tukey's, which no outlier bends."""
    if len(values) < 3:
        return values[0], values[-1]
    first, _, last = thirds(values)
    size = len(values) // 3
    more = (last - first) * (size / 2) / max(len(values) - size, 1)
    return max(first - more, 0.0), max(last + more, 0.0)
