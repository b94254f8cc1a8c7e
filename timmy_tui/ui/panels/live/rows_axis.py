"""The axis over the columns of the stage rows: the turns of the skyline above it, with the same ticks and signs."""

from collections.abc import Iterator

from msgspec.structs import replace

from timmy_tui.model.flags.words import changes_words
from timmy_tui.ui.charts.ratio_row import USUAL
from timmy_tui.ui.charts.skyline_notes import Note, Stretch, place_notes
from timmy_tui.ui.paint.lines import Line, foreign, plain
from timmy_tui.ui.panels.skyline.notes import (
    CURSOR_RANK,
    FINDING_RANK,
    FLIP_RANK,
    column_of_start,
    finding_sign,
    ruler_notes,
)
from timmy_tui.ui.panels.skyline.panel import rows_glyphs
from timmy_tui.ui.panels.skyline.window import RowsWindow, rows_window
from timmy_tui.ui.view import View

RATIO_WORDS = (" half height = usual at equal work ", " half height = usual ", " half = usual ")
RAW_WORDS = (" ms from zero, top = largest ", " ms from zero ")
"""What the columns over turns show; the longest that fits stands above them."""
RAW_SHORT = (" ms ",)
"""Where neither does, also without ticks."""


def rows_axis(view: View, columns: int) -> Line:
    """In exactly ``columns`` cells: which turns these are, where something began, and what the heights are."""
    if columns <= 0:
        return ()
    window = rows_window(view, columns)
    notes = [*_cursor(view, window), *_flips(view, window), *_findings(view, window)]
    words = RAW_WORDS if view.raw_rows else RATIO_WORDS
    stretch = Stretch(window.offset, columns, rows_glyphs(view), words)
    ticks = [note for note in ruler_notes(view, window) if note.column or not window.first]
    with_ticks = place_notes([*notes, *ticks], columns, stretch)
    # With ticks alone nobody would know what is drawn.
    said = any(text in plain(with_ticks) for text in words)
    if said:
        return with_ticks
    short = RAW_SHORT if view.raw_rows else (f" {view.glyphs.ramp[USUAL]} usual ",)
    return place_notes(notes, columns, replace(stretch, words=(*words, *short)))


def _cursor(view: View, window: RowsWindow) -> Iterator[Note]:
    """At the turn under the cursor, which the skyline has in words; at the left edge where it is older than these."""
    index = view.cursor_index
    if index is not None and window.count:
        older = index < window.first
        column, sign = (0, view.glyphs.before) if older else (window.column_of(index), view.glyphs.cut)
        yield Note(column, CURSOR_RANK, (sign, "key"))


def _flips(view: View, window: RowsWindow) -> Iterator[Note]:
    """Where a flag moved. Restarts are in the skyline."""
    for epoch in view.snapshot.epochs:
        column = column_of_start(view, window, epoch.first) if epoch.changes else None
        if column is not None:
            words = foreign(changes_words(epoch.changes), 40), foreign(epoch.changes[0].label, 16)
            yield Note(column, FLIP_RANK, (view.glyphs.flip, "info"), words, "info")


def _findings(view: View, window: RowsWindow) -> Iterator[Note]:
    """The sign of each finding that the skyline has, at the same turn."""
    for finding in view.findings:
        column = column_of_start(view, window, finding.since) if finding.notable else None
        if column is not None:
            yield Note(column, FINDING_RANK, finding_sign(view, finding))
