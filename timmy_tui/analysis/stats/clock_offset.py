"""The offset between v34's clock and the STT/TTS clock, bounded turn by turn as NTP does with four stamps."""

from collections.abc import Iterable, Sequence

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.snapshot import ClockOffset
from timmy_tui.model.turn import Reason, Turn


def offset_over(turns: Iterable[Turn]) -> ClockOffset | None:
    """Bounds that every turn given allows; None when no turn bounds the offset.

    Each turn says ``low ≤ offset ≤ high`` in ms (Turn.offset_bounds); all of them together hold the largest low
    and the smallest high. Bounds that cross mean that a clock jumped between the turns. One in which a clock stepped
    has none. Less than a millisecond is neither a jump nor a difference.
    """
    lows: list[float] = []
    highs: list[float] = []
    count = 0
    crossed = False
    apart = TUNING.series.clocks_differ_ms
    for turn in turns:
        low, high = turn.offset_bounds
        within = Reason.STEPPED in turn.unmeasured.values()
        crossed = crossed or within
        if low is None and high is None and not within:
            continue
        count += 1
        if low is not None:
            lows.append(low)
        if high is not None:
            highs.append(high)
    if not count:
        return None
    low, high = _tightest(lows, highs)
    stepped = crossed or (low is not None and high is not None and low - high > apart)
    skewed = (low is not None and low >= apart) or (high is not None and high <= -apart)
    return ClockOffset(low_ms=low, high_ms=high, turns=count, skewed=skewed, stepped=stepped)


def _tightest(lows: Sequence[float], highs: Sequence[float]) -> tuple[float | None, float | None]:
    return (max(lows) if lows else None, min(highs) if highs else None)
