"""Percentiles, and the stage rows over a window of turns."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec.structs import replace

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.quantile import quantile
from timmy_tui.model.stages.watched import KEYS, UNATTRIBUTED
from timmy_tui.model.stats import StageStat
from timmy_tui.model.turn import Span, Turn, TurnState, newest_spoken


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """See core.quantile; None when empty."""
    return quantile(ordered, share) if ordered else None


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
    """A row for every stage and the unattributed time, over the newest ``window`` complete turns.

    ``last`` and Δ are those of the turn that the headline tells of; one that did not complete has no Δ.
    """
    judged = newest_complete(turns, window)
    shown = newest_spoken(turns)
    rows = [_row(key, judged, shown, partial(_stage_ms, key)) for key in KEYS]
    rows.append(_row(UNATTRIBUTED, judged, shown, lambda turn: turn.unattributed_ms))
    return tuple(rows)


def headline_stat(turns: Sequence[Turn], window: int) -> StageStat | None:
    """The row of the headline: the newest spoken turn's span, over the complete turns of the window that have it.

    ``last`` is empty where that turn did not complete. Typed turns count only where no turn was spoken: nobody waited
    for a voice. Δ leaves the silence threshold out, which is a setting.
    """
    spoken = [turn for turn in turns if turn.is_spoken] or list(turns)
    judged = newest_complete([turn for turn in spoken if turn.span is not Span.NONE], window)
    shown = newest_spoken(turns)
    if not judged or shown is None:
        return None
    span = shown.span if shown.state is TurnState.COMPLETE and shown.span is not Span.NONE else judged[-1].span
    ended = shown if shown.state is TurnState.COMPLETE and shown.span is span else None
    of_span = [turn if turn.span is span else None for turn in judged]
    row = summarize(str(span), (None if turn is None else turn.headline_ms for turn in of_span))
    measured = _row(str(span), [turn for turn in of_span if turn], ended, lambda turn: turn.measured_ms)
    return replace(row, last=ended.headline_ms if ended else None, delta=measured.delta)


def _stage_ms(key: str, turn: Turn) -> float | None:
    return turn.stages.get(key)


def _row(key: str, judged: Sequence[Turn], shown: Turn | None, read: Callable[[Turn], float | None]) -> StageStat:
    """Statistics of ``judged``; ``last`` and Δ of ``shown``."""
    row = summarize(key, map(read, judged))
    last = read(shown) if shown is not None else None
    others = sorted(ms for turn in judged if turn is not shown and (ms := read(turn)) is not None)
    usual = percentile(others, 0.5) if len(others) >= TUNING.rows.least_before else None
    ended = shown is not None and shown.state is TurnState.COMPLETE
    delta = last - usual if ended and last is not None and usual is not None else None
    return replace(row, last=last, delta=delta, skipped=shown is not None and key in shown.skipped)


def newest_complete(turns: Sequence[Turn], window: int) -> list[Turn]:
    """The newest ``window`` complete turns, oldest first."""
    newest: list[Turn] = []
    for turn in reversed(turns):
        if turn.state is TurnState.COMPLETE:
            newest.append(turn)
            if len(newest) == window:
                break
    return newest[::-1]
