"""Session noise learned from restarts that changed nothing: whatever differs across them differs by chance.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import hashlib
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from timmy_tui.analysis.compare.equal_work import Sides, log_times, usable, values_of_stage
from timmy_tui.analysis.stats.flag_changes import FlagTracker
from timmy_tui.analysis.stats.session_noise import GROUPS, Noise, SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.stages.watched import BY_KEY, V2V
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
    """Which of those that are looked at together."""


Computed = dict[bytes, dict[str, list[tuple[float, float]]]]
"""By what the two sessions of a restart say: shift and error of its differences, by group. To compute them takes some
16 ms."""


def learn(turns: Iterable[Turn], changed: Sequence[float] = (), computed: Computed | None = None) -> SessionNoise:
    """From turns in order of time. ``changed``: when something that turns may not show was changed (time.time()).

    The turns are taken one by one, and only those of the newest restarts are held meanwhile. ``computed``: differences
    that an earlier call has computed; those of this call are there afterwards, and no others.
    """
    newest: deque[Sides] = deque(maxlen=_TUNING.newest_restarts)
    for before, after in unchanged_restarts(turns, changed):
        newest.append((usable(before), usable(after)))
    known, by_group = dict(computed or {}), {group: list[Difference]() for group in LEARNED}
    used: Computed = {}
    for number, sides in enumerate(newest):
        key = _digest(sides)
        used[key] = known.get(key) or {group: [*_differences(LEARNED[group], sides)] for group in LEARNED}
        for group, differences in used[key].items():
            by_group[group] += (Difference(*one, number) for one in differences)
    if computed is not None:
        computed.clear()
        computed.update(used)
    return SessionNoise({group: estimate(differences) for group, differences in by_group.items() if differences})


def _digest(sides: Sides) -> bytes:
    """Of all that the differences depend on: not of ordinals, which change when older turns are forgotten."""
    digest = hashlib.blake2b(digest_size=16)
    for side in sides:
        digest.update(b"%d " % len(side))
        for pair in side:
            for turn in pair:
                same = replace(turn, ordinal=0, session=0, number=None) if turn is not None else None
                digest.update(msgspec.msgpack.encode(same))
    return digest.digest()


def unchanged_restarts(turns: Iterable[Turn], changed: Sequence[float] = ()) -> Iterator[tuple[list[Turn], list[Turn]]]:
    """Consecutive sessions under the same flags, as far as turns show them, with no known change between them.

    No more than these two are held.
    """
    tracker = FlagTracker(KnownFlags())
    before: list[Turn] = []
    epoch: list[Turn] = []
    restarted = False
    changes: Sequence[object] = ()
    for turn in turns:
        step = tracker.add(turn)
        if step.begins:
            if restarted and not changes and _is_unchanged(before, epoch, changed):
                yield before, epoch
            before, epoch, restarted = epoch, [], step.restarted
        epoch.append(turn)
        changes = step.changes
    if restarted and not changes and _is_unchanged(before, epoch, changed):
        yield before, epoch


def _is_unchanged(before: Sequence[Turn], after: Sequence[Turn], changed: Iterable[float]) -> bool:
    began, ended = before[0].started, after[0].started
    return not any((began or 0.0) <= at <= (ended or 0.0) for at in changed)


def _differences(stages: Iterable[str], sides: Sides) -> Iterator[tuple[float, float]]:
    for stage in stages:
        values = values_of_stage(stage, sides)
        if min(len(side) for side in values) >= TUNING.comparison.least_values:
            times = log_times(stage, values, sides)
            shift = times.shift(0.0)
            # The comparison's own margin is left out: it would hide up to half of the noise of unsteady stages.
            yield shift.shift, math.hypot(shift.error / TUNING.comparison.inflation, times.work_error)


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
