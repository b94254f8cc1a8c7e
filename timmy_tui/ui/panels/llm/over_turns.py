"""Reuse of the prompt and use of the context window over turns, on the columns of the live screen's skyline."""

from collections.abc import Iterator, Sequence

from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.ui.charts.share_columns import ShareColumn, share_cells
from timmy_tui.ui.charts.skyline import skyline_rows
from timmy_tui.ui.charts.skyline_notes import Note, place_notes
from timmy_tui.ui.charts.stack import NEARLY_FULL
from timmy_tui.ui.paint.lines import Line, foreign, join_fitting, left, line
from timmy_tui.ui.panels.llm.prompt_parts import fill_of
from timmy_tui.ui.panels.skyline.notes import cursor_note, epoch_notes, ruler_notes
from timmy_tui.ui.panels.skyline.panel import moved_in, wide_columns, with_beam
from timmy_tui.ui.panels.skyline.window import GUTTER, Window, window_of
from timmy_tui.ui.view import View

LOSS_RANK = 4
"""Of the note on a prefix that was lost: behind flips and restarts."""
LOADED, CUT, BUSY = "l", "c", "b"
"""Signs of turns without a figure of their own; the words are in the legend."""


def turn_charts(view: View, width: int, rows: int) -> list[Line]:
    """Two charts of ``rows`` lines each, the notes below them, and the legend: 2 × ``rows`` + 2 lines."""
    window = window_of(view, width)
    llm = view.snapshot.llm
    inputs = (view.turns, llm, window.first, window.count, window.columns, rows, view.glyphs.plain)
    reuse, fill = view.remembered("llm charts", inputs, lambda: _charts(view, window, rows))
    lines = [
        (*moved_in(window, gutter), *with_beam(view, window, row))
        for name, chart in (("reuse", reuse), ("ctx", fill))
        for gutter, row in zip(_gutter(name, rows), chart, strict=True)
    ]
    notes = [*cursor_note(view, window), *ruler_notes(view, window), *epoch_notes(view, window), *_losses(view, window)]
    lines.append(((" " * GUTTER, "text"), *place_notes(notes, window.columns)))
    return [*lines, ((" " * GUTTER, "text"), *_legend(view, window, width - GUTTER))]


def _charts(view: View, window: Window, rows: int) -> tuple[list[Line], list[Line]]:
    turns = view.turns[window.first : window.first + window.count]
    return _drawn(view, window, rows, [reuse_column(view, turn) for turn in turns]), _drawn(
        view, window, rows, [fill_column(view, turn) for turn in turns]
    )


def _drawn(view: View, window: Window, rows: int, columns: Sequence[ShareColumn]) -> list[Line]:
    cells = [share_cells(column, rows, view.glyphs) for column in columns]
    # Of the turn in flight nothing is known yet.
    blank = [[(" ", "text")] * rows] * window.flight
    return skyline_rows([*wide_columns(view, window, cells), *blank], rows)


def _gutter(name: str, rows: int) -> Iterator[Line]:
    """The name in the first row, the upper end of the scale in the second."""
    texts = [name, "100%", *[""] * rows][:rows]
    return (((left(text, GUTTER), "muted" if at else "label"),) for at, text in enumerate(texts))


def reuse_column(view: View, turn: Turn) -> ShareColumn:
    """How much of a turn's prompt came from the cache."""
    item = view.reuse.get(turn.ordinal)
    if item is None:
        return ShareColumn(sign=view.glyphs.gap, role="spark.gap")
    sign, role = _sign_of(item, view)
    if sign:
        return ShareColumn(sign=sign, role=role)
    share = item.share or 0.0
    role = "warn" if item.cold or item.broken else "bar.reused"
    if item.least is None or item.most is None:
        return ShareColumn(share, share, role)
    return ShareColumn(item.least, item.most, role)


def _sign_of(item: Reuse, view: View) -> tuple[str, str]:
    """(sign, role) of a turn whose share is none; empty where there is one."""
    if item.certainty is Certainty.KNOWN:
        return (LOADED if item.loaded else CUT), "warn"
    if item.busy:
        return BUSY, "muted"
    if item.share is None or item.certainty is Certainty.UNKNOWN:
        return view.glyphs.unknown, "muted"
    return "", ""


def fill_column(view: View, turn: Turn) -> ShareColumn:
    """How full a turn's context window was."""
    fill = fill_of(view, turn)
    if fill is None:
        item = view.reuse.get(turn.ordinal)
        return ShareColumn(sign=view.glyphs.gap if item is None else view.glyphs.unknown, role="spark.gap")
    role = "bad" if fill >= 1 else "warn" if fill > NEARLY_FULL else "bar.service"
    return ShareColumn(fill, fill, role, cut=fill >= 1)


def _losses(view: View, window: Window) -> Iterator[Note]:
    """Where a prefix was lost that should have been reused, by its likeliest cause; once where it goes on."""
    before = ""
    for index in range(window.first, window.first + window.count):
        item = view.reuse.get(view.turns[index].ordinal)
        if item is not None and item.broken and item.broken != before:
            words = (f" reuse lost: {foreign(item.broken, 60)}", " reuse lost")
            yield Note(window.column_of(index), LOSS_RANK, (view.glyphs.warn, "warn"), words, "warn")
        before = item.broken if item is not None else before


def _legend(view: View, window: Window, width: int) -> Line:
    """What a column is, the signs that occur, and the keys of the cursor."""
    glyphs = view.glyphs
    turns = view.turns[window.first : window.first + window.count]
    items = [item for turn in turns if (item := view.reuse.get(turn.ordinal)) is not None]
    seen = {sign for item in items if (sign := _sign_of(item, view)[0])}
    parts = [line((glyphs.swatch, "bar.reused"), (" reused", "muted"))]
    if any(item.least is not None for item in items):
        parts.append(line((glyphs.outline, "bar.unknown"), (" perhaps", "muted")))
    if any(item.cold or item.broken for item in items):
        parts.append(line((glyphs.swatch, "warn"), (" cold or lost", "muted")))
    meanings = {LOADED: "loaded", CUT: "cut", BUSY: "busy", glyphs.unknown: "not known"}
    parts += [line((sign, "value"), (f" {word}", "muted")) for sign, word in meanings.items() if sign in seen]
    keys = line((f"{view.keys.get('cursor_back', '')}{view.keys.get('cursor_on', '')}", "key"), (" turn", "muted"))
    return join_fitting([*parts, line((glyphs.swatch, "bar.service"), (" context", "muted")), keys], width)
