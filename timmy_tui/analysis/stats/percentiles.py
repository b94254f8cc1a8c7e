"""Percentiles, and the stage rows over a window of turns."""

from collections.abc import Iterable, Sequence

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages import KEYS, UNATTRIBUTED
from timmy_tui.model.stats import StageStat
from timmy_tui.model.turn import Span, Turn, TurnState


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Linear interpolation between the closest ranks, as pandas and numpy do by default; None when empty.

    ``ordered`` is sorted and finite; ``share`` is 0…1.
    """
    if not ordered:
        return None
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def summarize(key: str, values: Iterable[float | None], skipped: bool = False) -> StageStat:
    """The row of one series, oldest first. Δ is the newest against the median of those before it, from n = 3."""
    series = list(values)
    known = [value for value in series if value is not None]
    ordered = sorted(known)
    last = series[-1] if series else None
    before = sorted(known[:-1]) if last is not None else []
    usual = percentile(before, 0.5) if len(before) >= TUNING.rows.least_before else None
    return StageStat(
        key=key,
        last=last,
        skipped=skipped,
        p50=percentile(ordered, 0.5),
        p95=percentile(ordered, 0.95),
        max=ordered[-1] if ordered else None,
        n=len(ordered),
        delta=None if usual is None or last is None else last - usual,
        spark=tuple(series[-TUNING.rows.sparkline_turns :]),
    )


def stage_stats(turns: Sequence[Turn], window: int) -> tuple[StageStat, ...]:
    """A row for every stage and the unattributed time, over the newest ``window`` complete turns."""
    judged = newest_complete(turns, window)
    newest = judged[-1] if judged else None
    rows = [
        summarize(
            key,
            (turn.stages.get(key) for turn in judged),
            skipped=newest is not None and key in newest.skipped,
        )
        for key in KEYS
    ]
    rows.append(summarize(UNATTRIBUTED, (turn.unattributed_ms for turn in judged)))
    return tuple(rows)


def headline_stat(turns: Sequence[Turn], window: int) -> StageStat | None:
    """The row of the headline: the newest complete turn's span, over the turns of the window that have that span."""
    # A typed turn that only v34's statistics told of has no span, and nobody waited for sound.
    judged = newest_complete([turn for turn in turns if turn.span is not Span.NONE], window)
    if not judged:
        return None
    span = judged[-1].span
    return summarize(str(span), (turn.headline_ms if turn.span is span else None for turn in judged))


def newest_complete(turns: Sequence[Turn], window: int) -> list[Turn]:
    """The newest ``window`` complete turns, oldest first."""
    newest: list[Turn] = []
    for turn in reversed(turns):
        if turn.state is TurnState.COMPLETE:
            newest.append(turn)
            if len(newest) == window:
                break
    return newest[::-1]
