"""From turns to the columns of the skyline: what of a turn is stacked, and which sign stands for one that is not."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from timmy_tui.model.snapshot import OpenTurn
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, HOPS, NETWORK
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.ui.charts.skyline import Column, Part
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.themes import GAP_KEY

LEAST_REST_MS = 0.5
"""A shorter difference between the headline and its parts is rounding."""


class Shown(Struct, frozen=True):
    """Which turns can stand side by side: heights of two spans cannot be compared."""

    span: Span
    spoken: bool
    """Only turns that somebody waited for; False where there is none such."""


def what_is_shown(turns: Sequence[Turn]) -> Shown:
    """The span that most complete turns have, the newest of equals; of the spoken ones where there are any."""
    stacked = [turn for turn in turns if turn.state is TurnState.COMPLETE and turn.headline_ms is not None]
    spoken = [turn for turn in stacked if turn.is_spoken]
    counts = Counter(turn.span for turn in reversed(spoken or stacked))
    return Shown(counts.most_common(1)[0][0] if counts else Span.V2V, bool(spoken) or not stacked)


def column_of(turn: Turn, shown: Shown, glyphs: Glyphs) -> Column:
    """The column of a turn that is over."""
    if turn.state is TurnState.ABORTED:
        return Column(sign=glyphs.none, meaning="aborted")
    if turn.state is not TurnState.COMPLETE:
        return Column(sign=glyphs.fail, role="failed", meaning="failed")
    if shown.spoken and turn.typed:
        return Column(sign=glyphs.typed, meaning="typed")
    if turn.headline_ms is None:
        return _not_measured(glyphs)
    if turn.span is not shown.span or (shown.spoken and not turn.is_spoken):
        # The headline may have its figure in full: ``not measured`` would be untrue of it.
        return Column(sign=glyphs.unknown, meaning="other span")
    parts = parts_of(turn)
    rest = turn.headline_ms - sum(ms for _, ms in parts)
    if rest > LEAST_REST_MS:
        parts.append((GAP_KEY, rest))
    return Column(tuple(parts)) if parts else _not_measured(glyphs)


def _not_measured(glyphs: Glyphs) -> Column:
    return Column(sign=glyphs.unknown, meaning="not measured")


def parts_of(turn: Turn) -> list[Part]:
    """The measured stages in order, each gap at its place. Hops that two clocks hide are each half of their sum."""
    gaps = {gap.after: gap.ms for gap in turn.gaps}
    both_ways = turn.stages.get(NETWORK)
    parts: list[Part] = []
    for key in ("start", *CRITICAL):
        ms = turn.stages.get(key)
        if ms is None and key in HOPS and both_ways is not None:
            ms = both_ways / len(HOPS)
        if ms:
            parts.append((key, ms))
        if gaps.get(key):
            parts.append((GAP_KEY, gaps[key]))
    return parts


def flight_column(open_turn: OpenTurn, tick: float) -> Column:
    """The turn in flight so far: what is measured, and the present phase from its first event to ``tick``.

    Between two stages it is the unnamed time that grows. With the first sound the wait is over and nothing grows.
    """
    turn = open_turn.turn
    parts = parts_of(turn)
    phase = open_turn.phase
    if phase in BY_KEY and phase not in CRITICAL:
        return Column(tuple(parts))
    parts.append((phase or GAP_KEY, max(tick - open_turn.phase_since, 0.0) * 1000))
    return Column(tuple(parts))
