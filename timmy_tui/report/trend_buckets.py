"""Turns summed up by stretches of time: median, p5 and p95 of the headline and of each stage."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec.structs import replace

from timmy_tui.core.quantile import quantile
from timmy_tui.model.stages.watched import KEYS, UNATTRIBUTED
from timmy_tui.model.trend_history import HEADLINE, Bucket, Figures, TimeBuckets
from timmy_tui.model.turn import FAILED_STATES, Span, Turn, TurnState


def figures_of(values: Iterable[float]) -> Figures | None:
    """n, p5, p50 and p95; None of no value."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Figures(len(ordered), *(quantile(ordered, share) for share in (0.05, 0.5, 0.95)))


def buckets_of(turns: Iterable[Turn], edges: Sequence[float], cut: bool = False) -> TimeBuckets:
    """The turns between the first and the last of ``edges`` (seconds since 1970, ascending), one bucket for each two.

    Only turns of one span are in the headline's figures: the one that most spoken turns have.
    """
    groups: list[list[Turn]] = [[] for _ in edges[1:]]
    restarts = [0] * len(groups)
    read, session = 0, ""
    for turn in sorted((turn for turn in turns if turn.started is not None), key=lambda turn: turn.started or 0.0):
        at = bisect_right(edges, turn.started or 0.0) - 1
        if 0 <= at < len(groups):
            groups[at].append(turn)
            read += 1
            if turn.session_id and turn.session_id != session:
                restarts[at] += bool(session)
                session = turn.session_id
    counted = Counter(
        turn.span for group in groups for turn in group if turn.headline_ms is not None and turn.is_spoken
    )
    span = counted.most_common(1)[0][0] if counted else Span.V2V
    made = tuple(
        replace(_bucket(ends, group, span), restarts=number)
        for ends, group, number in zip(pairwise(edges), groups, restarts, strict=True)
    )
    return TimeBuckets(made, span, read, cut)


def _bucket(ends: tuple[float, float], turns: Sequence[Turn], span: Span) -> Bucket:
    complete = [turn for turn in turns if turn.state is TurnState.COMPLETE]
    values: dict[str, list[float]] = {HEADLINE: [], UNATTRIBUTED: [], **{key: [] for key in KEYS}}
    for turn in complete:
        if turn.headline_ms is not None and turn.span is span and turn.is_spoken:
            values[HEADLINE].append(turn.headline_ms)
        if turn.unattributed_ms is not None:
            values[UNATTRIBUTED].append(turn.unattributed_ms)
        for key, ms in turn.stages.items():
            if ms is not None and key in values:
                values[key].append(ms)
    figures = {key: one for key, series in values.items() if (one := figures_of(series)) is not None}
    return Bucket(*ends, len(turns), sum(turn.state in FAILED_STATES for turn in turns), figures)
