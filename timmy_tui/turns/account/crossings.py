"""What lies across both clocks of a turn: the hops, and gaps where no hop is measured."""

from collections.abc import Sequence

from timmy_tui.model.stages.v34 import NETWORK, STAGES
from timmy_tui.model.turn import Gap
from timmy_tui.turns.account.plausibility import is_voice

Edge = tuple[str, int, int, str]
"""Key, start and end in µs, clock of a measured critical stage."""

_ENDS_ON_VOICE = {"start": True, **{stage.key: next(map(is_voice, stage.ends)) for stage in STAGES if stage.critical}}
_BEGINS_ON_VOICE = {
    "end": True,
    **{stage.key: next(map(is_voice, stage.starts or stage.ends)) for stage in STAGES if stage.critical},
}
"""Whose clock stamps the end of what is ahead of a gap, and the beginning of what is behind it."""


def fit_hops(stages: dict[str, float | None], edges: Sequence[Edge]) -> list[Edge]:
    """The hops so that none is below zero, with their sum as it is; what the sum lacks to zero is left to a gap.

    A hop that is unknown keeps its place while the sum is known, and has none otherwise.
    """
    known = [edge for edge in edges if edge[3] != "cross" or stages[edge[0]] is not None or stages[NETWORK] is not None]
    hops = [edge for edge in known if edge[3] == "cross"]
    lacking = min(sum(end - start for _, start, end, _ in hops), 0)
    if lacking and stages[NETWORK] is not None:
        stages[NETWORK] = 0.0
    for key, start, end, _ in hops:
        if stages[key] is not None:
            others = sum(min(edge[2] - edge[1], 0) for edge in hops if edge[0] != key)
            stages[key] = max(end - start + others, 0) / 1000
    return [
        (key, start, end - lacking, clock) if lacking and key == hops[-1][0] else (key, start, end, clock)
        for key, start, end, clock in known
    ]


def join_crossings(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """For a headline that begins and ends on the voice services' clock, where v34's differs from it.

    Then a gap between the two clocks is no duration, but the sum of them is: it stands at the place of the last.
    """
    across = [gap for gap in gaps if _ENDS_ON_VOICE[gap.after] != _BEGINS_ON_VOICE[gap.before]]
    total = sum(round(1000 * gap.ms) for gap in across) / 1000
    joined = [gap for gap in gaps if gap not in across]
    if total:
        last = across[-1]
        joined.insert(
            len(joined) - sum(gap not in across for gap in gaps[gaps.index(last) :]),
            Gap(last.after, last.before, total),
        )
    return tuple(joined)
