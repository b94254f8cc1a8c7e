"""Session noise learned from restarts that changed nothing: whatever differs across them differs by chance.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from timmy_tui.analysis.compare.equal_work import Sides, shift_of, usable, values_of_stage
from timmy_tui.analysis.stats.epochs import epochs_of
from timmy_tui.analysis.stats.session_noise import GROUPS, Noise, SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages import BY_KEY, V2V
from timmy_tui.model.turn import Turn

_TUNING = TUNING.session_noise

LEARNED: dict[str, tuple[str, ...]] = {
    group: tuple(key for key in members if key == V2V or (BY_KEY[key].teaches and BY_KEY[key].compared))
    for group, members in GROUPS.items()
}
"""Stages that teach each group: without sums of others, and without the mute, which is a sleep."""


class Difference(NamedTuple):
    """A stage across one restart, in log units."""

    shift: float
    error: float
    """Standard error from the turns alone."""
    restart: int


def learn(turns: Sequence[Turn], changed: Sequence[float] = ()) -> SessionNoise:
    """From turns in order of time. ``changed``: when something that turns may not show was changed (time.time())."""
    by_group: dict[str, list[Difference]] = {group: [] for group in LEARNED}
    pairs = list(unchanged_restarts(turns, changed))[-_TUNING.newest_restarts :]
    for number, (before, after) in enumerate(pairs):
        sides = (usable(before), usable(after))
        for group, stages in LEARNED.items():
            by_group[group] += _differences(stages, sides, number)
    return SessionNoise({group: estimate(differences) for group, differences in by_group.items() if differences})


def unchanged_restarts(turns: Sequence[Turn], changed: Sequence[float] = ()) -> Iterator[tuple[list[Turn], list[Turn]]]:
    """Consecutive sessions under the same flags, as far as turns show them, with no known change between them."""
    tracker = epochs_of(turns)
    by_ordinal = {turn.ordinal: turn for turn in turns}
    members = [[by_ordinal[one] for one in tracker.members(epoch.number)] for epoch in tracker.epochs]
    for epoch, before, after in zip(tracker.epochs[1:], members, members[1:], strict=False):
        began, ended = before[0].started, after[0].started
        if epoch.restarted and not epoch.changes and not any((began or 0.0) <= at <= (ended or 0.0) for at in changed):
            yield before, after


def _differences(stages: Iterable[str], sides: Sides, restart: int) -> Iterator[Difference]:
    for stage in stages:
        values = values_of_stage(stage, sides)
        if min(len(side) for side in values) >= TUNING.comparison.least_values:
            shift = shift_of(stage, values, sides)
            # The comparison's own margin is left out: it would hide up to half of the noise of unsteady stages.
            yield Difference(shift.shift, shift.error / TUNING.comparison.inflation, restart)


def estimate(differences: Sequence[Difference]) -> Noise:
    """Huber's proposal 2 for the part of the spread that the turns' own scatter does not explain.

    Each difference has the variance 2τ² + error²; it weighs less the less its turns know. Bounded, and shrunk
    towards what is assumed as if that were ``prior_restarts``.
    """
    restarts = len({difference.restart for difference in differences})
    low, high = 0.0, _TUNING.search_to
    for _ in range(_TUNING.search_rounds):
        middle = (low + high) / 2
        low, high = (middle, high) if _excess(differences, middle) > 0 else (low, middle)
    bounded = min(max(low, _TUNING.quietest), _TUNING.loudest)
    # In ratios: a single restart with an update in it would otherwise outweigh the assumption twentyfold.
    weight = restarts / (restarts + _TUNING.prior_restarts)
    return Noise(_TUNING.assumed * (bounded / _TUNING.assumed) ** weight, restarts)


def _excess(differences: Sequence[Difference], noise: float) -> float:
    """Positive while the differences are wider than this noise makes them."""
    total = 0.0
    for difference in differences:
        variance = 2 * noise**2 + difference.error**2
        if variance:
            total += (min(difference.shift**2 / variance, _TUNING.corner**2) - _TUNING.corner_mean) / variance
    return total
