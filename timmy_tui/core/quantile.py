"""The quantile of values, as percentiles of stages, bands of charts and scales take it."""

from collections.abc import Sequence


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the closest ranks, as pandas and numpy do by default.

    ``ordered`` is sorted, finite and not empty; ``share`` is 0…1.
    """
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
