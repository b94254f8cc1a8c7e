"""Session noise learned from restarts that changed nothing: whatever differs across them differs by chance."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from timmy_tui.analysis.compare.comparison import LEAST, Sides, shift_of, usable, values_of_stage
from timmy_tui.analysis.stats.epochs import epochs_of
from timmy_tui.analysis.stats.rank_shift import INFLATION
from timmy_tui.analysis.stats.session_noise import ASSUMED, LOUDEST, QUIETEST, Noise, SessionNoise
from timmy_tui.model.turn import Turn

NEWEST = 25
"""Restarts that are looked at; more teach little, and take 20 ms each."""
PRIOR = 3
"""Restarts that the assumption weighs as much as."""
CORNER = 1.5
"""Standard deviations beyond which a difference counts no more: a service that was updated between two sessions."""
_EXPECTED = 0.7785
"""Mean of min(z², CORNER²) for a normal z."""

LEARNED: dict[str, tuple[str, ...]] = {
    "V2V": ("V2V",),
    "LLM": ("prefill", "decode", "wait"),
    "voice": ("stt_final", "tts"),
    "hops": ("hop_in", "hop_out"),
    "v34": ("classify", "store", "retrieve", "prompt", "reply"),
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
    found: dict[str, list[Difference]] = {group: [] for group in LEARNED}
    pairs = list(unchanged_restarts(turns, changed))[-NEWEST:]
    for number, (before, after) in enumerate(pairs):
        sides = (usable(before), usable(after))
        for group, stages in LEARNED.items():
            found[group] += _differences(stages, sides, number)
    return SessionNoise({group: estimate(told) for group, told in found.items() if told})


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
        if min(len(side) for side in values) >= LEAST:
            found = shift_of(stage, values, sides)
            # The comparison's own margin is left out: it would hide up to half of the noise of unsteady stages.
            yield Difference(found.shift, found.error / INFLATION, restart)


def estimate(told: Sequence[Difference]) -> Noise:
    """Huber's proposal 2 for the part of the spread that the turns' own scatter does not explain.

    Each difference has the variance 2τ² + error²; it weighs less the less its turns know. Bounded, and shrunk
    towards what is assumed as if that were ``PRIOR`` restarts.
    """
    restarts = len({one.restart for one in told})
    low, high = 0.0, 0.5
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _excess(told, middle) > 0 else (low, middle)
    found = min(max(low, QUIETEST), LOUDEST)
    # In ratios: a single restart with an update in it would otherwise outweigh the assumption twentyfold.
    weight = restarts / (restarts + PRIOR)
    return Noise(ASSUMED * (found / ASSUMED) ** weight, restarts)


def _excess(told: Sequence[Difference], noise: float) -> float:
    """Positive while the differences are wider than this noise makes them."""
    total = 0.0
    for one in told:
        variance = 2 * noise**2 + one.error**2
        total += (min(one.shift**2 / variance, CORNER**2) - _EXPECTED) / variance if variance else 0.0
    return total
