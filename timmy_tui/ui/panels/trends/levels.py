"""The levels of a series: the stretches of turns that have one, and the change that it shows."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.core.quantile import median, quantile
from timmy_tui.model.stages.watched import V2V
from timmy_tui.model.trend_history import HEADLINE, Figures
from timmy_tui.report.trend_buckets import figures_of
from timmy_tui.ui.charts.alike import alike
from timmy_tui.ui.charts.ramp import ramp
from timmy_tui.ui.charts.ratio_row import moved_role
from timmy_tui.ui.panels.against_usual import drifts, level_change
from timmy_tui.ui.panels.skyline.window import Window, index_of_start
from timmy_tui.ui.panels.trends.series import findings_of, shown_of, value_of
from timmy_tui.ui.view import View

QUIET = "value"
"""Role of a level that no finding and no verdict tells of."""
LEAST_LEVEL, LEAST_BAND = 3, 8
"""Turns of a stretch from which it has a level, and a band of p5 to p95."""


class Level(Struct, frozen=True):
    """A stretch of turns under the same flags, or since a change of level."""

    start: int
    """Index in ``View.turns``."""
    end: int
    """Behind its last."""
    figures: Figures
    role: str = "value"
    """QUIET, or that of the change that it came with."""
    ramp: tuple[float, float] | None = None
    """ms at the first turn of its line and at the last, where it drifts."""
    lead: int = 0
    """Turns ahead of ``start`` at which the line of a drift begins: there it leaves the level before."""
    off: tuple[float, float] = (0.0, 0.0)
    """Of a drift: p5 and p95 of what its turns are over its line, ms."""

    @property
    def p50(self) -> float:
        """ms."""
        return self.figures.p50


class Move(Struct, frozen=True):
    """The change of level that a series shows: it has one colour from its first turn to now, whatever began since."""

    start: int
    """Index in ``View.turns``."""
    lost_ms: float
    """A turn; negative: won."""
    drifts: bool = False

    @property
    def role(self) -> str:
        """Of all its turns and levels."""
        return moved_role(self.lost_ms)


def levels_of(view: View, window: Window, key: str) -> tuple[list[Level], Move | None]:
    """The level of each stretch that is shown, and the move that it shows.

    A level lasts from flip to flip, and from where a finding of the series began; a drift is one of its own. A restart
    begins one only where it is another by more than chance: else one that changed nothing would look like a step.
    """
    last = window.first + window.count
    inner = range(window.first + 1, last)
    move, firm = _moved(view, key), {at for at in _firm_starts(view, key) if at in inner}
    found = {at for at in starts_of_findings(view, key) if at in inner}
    edges = sorted({window.first, *firm, *found, *(at for at in _restarts(view) if at in inner), last})
    # The headline has the findings of all stages, and may show nothing of one.
    levels = _levels(view, key, edges, firm | found)
    if move is None or move.start >= last or (key == HEADLINE and not _shows(view, move, levels)):
        return (_levels(view, key, edges, firm) if key == HEADLINE else levels), None
    before = [level for level in levels if level.start < move.start]
    since = [replace(level, role=move.role) for level in levels if level.start >= move.start]
    return (_with_ramp(view, key, (before, since), move) if move.drifts else [*before, *since]), move


def _levels(view: View, key: str, edges: Sequence[int], firm: Collection[int]) -> list[Level]:
    """Of each stretch between two edges; as one over those that are ``firm`` where both sides are alike."""
    levels: list[Level] = []
    known: list[float] = []
    """Values of the newest level."""
    for start, end in pairwise(edges):
        values = _values(view, key, start, end)
        goes_on = start not in firm and bool(levels) and levels[-1].end == start
        if goes_on and values and alike(known, values):
            values, start = [*known, *values], levels.pop().start
        figures = figures_of(values)
        if figures is not None and figures.n >= LEAST_LEVEL:
            levels.append(Level(start, end, figures))
            known = values
    return levels


def _values(view: View, key: str, start: int, end: int) -> list[float]:
    shown = shown_of(view, key)
    return [ms for turn in view.turns[max(start, 0) : end] if (ms := value_of(turn, key, shown)) is not None]


def _shows(view: View, move: Move, levels: Sequence[Level]) -> bool:
    """The headline is on the move's side of what it was before: 40 ms of one stage may be lost in all of it.

    Asked of all turns since as one: asked of each level, the headline changed its colour where its stage did not.
    """
    before = next((level.p50 for level in reversed(levels) if level.start < move.start), None)
    since = _values(view, HEADLINE, move.start, len(view.turns))
    return bool(since) and (before is None or (median(since) - before) * move.lost_ms > 0)


def _with_ramp(view: View, key: str, sides: tuple[Sequence[Level], Sequence[Level]], move: Move) -> list[Level]:
    """One level that rises or falls, where the series itself does: the headline may hide it."""
    before, since = sides
    start, last = max(move.start, 0), since[-1].end if since else 0
    values = _values(view, key, start, last)
    figures = figures_of(values)
    if figures is None or figures.n < LEAST_LEVEL:
        return [*before]
    low, high = ramp(values)
    if (high - low) * move.lost_ms <= 0:
        return [*before, Level(start, last, figures, move.role)]
    line = [low + (high - low) * at / max(len(values) - 1, 1) for at in range(len(values))]
    off = sorted(ms - usual for ms, usual in zip(values, line, strict=True))
    level = Level(start, last, figures, move.role, (low, high), off=(quantile(off, 0.05), quantile(off, 0.95)))
    return _joined(before, level) if before and before[-1].end == start else [*before, level]


def _joined(before: Sequence[Level], drift: Level) -> list[Level]:
    """The line of the drift back to where it leaves the level before: a drift is noticed when it is half way."""
    last = before[-1]
    low, high = drift.ramp or (drift.p50, drift.p50)
    turn = (high - low) / max(drift.end - drift.start - 1, 1)
    back = min(max(round((low - last.p50) / turn), 0), drift.start - last.start - 1, drift.end - drift.start)
    whole = replace(drift, lead=back, ramp=(low - back * turn, high))
    return [*before[:-1], replace(last, end=drift.start - back), whole]


def _firm_starts(view: View, key: str) -> Iterator[int]:
    """Indices at which a level begins anew in any case: of flips, and of findings that are of the series itself."""
    for epoch in view.snapshot.epochs:
        index = index_of_start(view, epoch.first)
        if epoch.changes and index is not None:
            yield index
    yield from starts_of_findings(view, key, own=True)


def starts_of_findings(view: View, key: str, own: bool = False) -> Iterator[int]:
    """Where findings that the series shows began or ended; ``own``: of the headline those of no stage alone."""
    for finding in findings_of(view, key):
        if own and key == HEADLINE and finding.stage != V2V:
            continue
        for ordinal in (finding.since, finding.since + finding.lasted if finding.ended else finding.since):
            index = index_of_start(view, ordinal)
            if index is not None:
                yield index


def _restarts(view: View) -> Iterator[int]:
    """Indices at which an epoch began."""
    for epoch in view.snapshot.epochs:
        index = index_of_start(view, epoch.first)
        if index is not None:
            yield index


def _moved(view: View, key: str) -> Move | None:
    """The change that the series shows; the headline that of the costliest finding, where it has none of its own."""
    change = level_change(view, V2V if key == HEADLINE else key)
    if change is not None and not change.seen:
        return Move(_index(view, change.since), change.ms, change.drifts)
    told = [one for one in view.findings if key == HEADLINE and one.notable and not one.acknowledged]
    leading = max(told, key=lambda one: abs(one.after_ms - one.before_ms), default=None)
    if leading is None:
        return None
    return Move(_index(view, leading.since), leading.after_ms - leading.before_ms, drifts(view, leading))


def _index(view: View, ordinal: int) -> int:
    index = index_of_start(view, ordinal)
    return len(view.turns) if index is None else index
