"""The skyline panel: ticks of seconds, a column for each turn, the turn in flight at the right edge, notes, legend.

The turns that are over are drawn once per closed turn (``View.remembered``); a tick of the clocks draws the column of
the turn in flight alone.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, GAP
from timmy_tui.ui.charts.skyline import (
    CUT_OVER_P90,
    OUTLINED,
    STEPS,
    Column,
    column_cells,
    is_cut,
    runs,
    skyline_rows,
    top_of_scale,
    widened,
)
from timmy_tui.ui.charts.skyline_bands import Band, band_cells, bands_of
from timmy_tui.ui.charts.skyline_columns import column_of, flight_column, what_is_shown
from timmy_tui.ui.charts.skyline_notes import Stretch, place_notes
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span, cells, join_fitting, left, line, plain, right
from timmy_tui.ui.paint.themes import GAP_KEY, OVER, STAGE
from timmy_tui.ui.paint.wording import row_name
from timmy_tui.ui.panels.row_columns import columns_for
from timmy_tui.ui.panels.skyline.notes import RESTART, cursor_note, event_notes, restart_columns, ruler_notes
from timmy_tui.ui.panels.skyline.window import GUTTER, Window, columns_under, rows_window, window_of
from timmy_tui.ui.view import View

LEAST_PLOT = 4
"""Rows of the plot below which nothing is seen of a change."""
LEAST_ROWS = LEAST_PLOT + 2
"""With notes and legend."""
SEPARATE_RULER = 11
"""Rows of the panel from which ruler and notes have a line each."""
FIRST_TOP_MS = 4000.0
"""Upper edge while no turn is over."""
STEPS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 3600.0)
"""Distances between two ticks, seconds."""
LARGE = 0.05
"""Share of the picture from which a stage is named ahead of the signs."""
BEAM = "beam"
"""Role of the sky above the cursor's column."""
MEANINGS = ("failed", "aborted", "typed", "not measured", "other span")
"""Of signs in the place of a column, as the legend has them."""
REVERSE = "spark.began"
"""Role of all of the cursor's column where there are no colours: a line in the sky is lost among three bands."""


class Plot(Struct, frozen=True):
    """The turns that are over, drawn."""

    columns: tuple[Column, ...]
    top: float
    """ms at the upper edge."""
    bands: tuple[Band, ...]
    """Instead of one scale, where there are no colours."""
    rows: tuple[Line, ...]
    """From the top, from the oldest turn on; without the turn in flight."""


def skyline_lines(view: View, width: int, rows: int) -> list[Line]:
    """The panel in exactly ``rows`` lines, at least LEAST_ROWS."""
    window = window_of(view, width)
    separate = rows >= SEPARATE_RULER
    plot_rows = rows - (3 if separate else 2)
    plot = view.remembered(
        "skyline",
        (view.turns, window.first, window.count, window.columns, plot_rows, view.monochrome, view.glyphs.plain),
        lambda: _plot(view, window, plot_rows),
    )
    snapshot = view.snapshot
    # Without a turn in flight no clock moves anything here.
    moves = view.tick if snapshot.open_turn is not None else -1.0
    drawn = view.remembered(
        "skyline drawn",
        (plot, view.cursor_index, snapshot.open_turn, moves),
        lambda: _drawn(view, window, plot, plot_rows),
    )
    told = (snapshot.epochs, snapshot.judgement, snapshot.marks, view.cursor_index)
    notes, unnamed = view.remembered(
        "skyline notes", (plot, *told, view.turns, separate), lambda: _note_lines(view, window, separate)
    )
    legend = view.remembered(
        "skyline legend", (plot, view.keys, unnamed), lambda: _legend(view, plot, plot_rows, width, unnamed)
    )
    return [*drawn, *notes, legend]


# -- the plot


def _drawn(view: View, window: Window, plot: Plot, rows: int) -> list[Line]:
    gutter = band_labels(plot.bands) if plot.bands else _ticks(plot.top, rows)
    flight = skyline_rows(widened(_flight_cells(view, plot, rows), window.flight, window.flight, view.glyphs), rows)
    return [
        (*moved_in(window, gutter[row]), *with_beam(view, window, plot.rows[row]), *flight[row]) for row in range(rows)
    ]


def moved_in(window: Window, gutter: Line) -> Line:
    """The ticks where they belong: directly left of the oldest turn, so that nothing empty is on the scale."""
    return ((" " * window.offset, "text"), *gutter) if window.offset else gutter


def _plot(view: View, window: Window, rows: int) -> Plot:
    turns = view.turns[window.first : window.first + window.count]
    shown = what_is_shown(turns)
    columns = tuple(column_of(turn, shown, view.glyphs) for turn in turns)
    if view.monochrome or view.glyphs.plain:
        bands = tuple(bands_of(columns, rows))
        drawn = [_banded(column, bands, rows, view.glyphs) for column in columns]
        return Plot(columns, 0.0, bands, tuple(skyline_rows(wide_columns(view, window, drawn), rows)))
    top = top_of_scale(columns)
    drawn = [column_cells(column, top, rows, view.glyphs) for column in columns]
    return Plot(columns, top, (), tuple(skyline_rows(wide_columns(view, window, drawn), rows)))


def wide_columns(view: View, window: Window, drawn: Iterable[Sequence[Span]]) -> list[list[Span]]:
    """The columns of the window's turns, each as wide as it is there."""
    return [
        one
        for index, column in enumerate(drawn, window.first)
        for one in widened(column, window.inked(index), window.width_of(index), view.glyphs)
    ]


def _banded(column: Column, bands: Sequence[Band], rows: int, glyphs: Glyphs) -> list[Span]:
    """The cells of all bands, the lowest first."""
    if not bands:
        return column_cells(Column(sign=column.sign, role=column.role), 0.0, rows, glyphs)
    return [cell for band in reversed(bands) for cell in band_cells(column, band, glyphs)]


def _flight_cells(view: View, plot: Plot, rows: int) -> list[Span]:
    """The turn in flight, the lowest cell first; blank where there is none."""
    open_turn = view.snapshot.open_turn
    if open_turn is None:
        return [(" ", "text")] * rows
    column = flight_column(open_turn, view.tick)
    if plot.bands:
        return _banded(column, plot.bands, rows, view.glyphs)
    top = plot.top or max(CUT_OVER_P90 * column.total_ms, FIRST_TOP_MS)
    return [(glyph, role or "text") for glyph, role in column_cells(column, top, rows, view.glyphs)]


def with_beam(view: View, window: Window, row: Line) -> Line:
    """The row from the oldest turn on with the sky above the cursor's turn lit up; without colours, in reverse."""
    if view.cursor_index is None:
        return row
    at = window.column_of(view.cursor_index) - window.offset
    start = 0
    for number, (text, role) in enumerate(row):
        if start <= at < start + len(text):
            char = text[at - start]
            if not view.monochrome and (char != " " or OVER in role):
                return row
            beam: Span = (char, REVERSE) if view.monochrome else (view.glyphs.upright, BEAM)
            parts = ((text[: at - start], role), beam, (text[at - start + 1 :], role))
            return (*row[:number], *(part for part in parts if part[0]), *row[number + 1 :])
        start += len(text)
    return row


# -- the left edge


def tick_places(top: float, rows: int) -> list[tuple[int, str]]:
    """(row from the ground, ``1.5s``) of the ticks: round values, two rows apart where there is a second one."""
    if top <= 0:
        return []
    row_s = top / 1000 / rows
    wide = (step for step in STEPS_S if step / row_s >= 2 and step * 1000 < top)
    step = next(wide, None) or next((step for step in STEPS_S if step >= row_s), STEPS_S[-1])
    places = []
    for number in range(1, int(top / 1000 / step) + 1):
        row = int(number * step / row_s + 1e-9)
        if row < rows:
            places.append((row, f"{number * step:.{2 if step < 0.1 else 1 if step < 1 else 0}f}s"))
    return places


def _ticks(top: float, rows: int) -> list[Line]:
    labels = dict(tick_places(top, rows))
    labels[0] = labels.get(0, "0s" if top > 0 else "")
    return [((right(labels.get(row, ""), GUTTER - 1) + " ", "faint"),) for row in range(rows - 1, -1, -1)]


def band_labels(bands: Iterable[Band]) -> list[Line]:
    """Each band's stage in its first row, and its upper end in the second, where it has one."""
    rows: list[Line] = []
    for band in bands:
        texts = [stage_label(band.key)[: GUTTER - 1], f"{band.top / 1000:.1f}s", *[""] * band.rows]
        rows.extend(((left(texts[row], GUTTER), "muted" if row else "label"),) for row in range(band.rows))
    return rows


def stage_label(key: str) -> str:
    """Short name of a stage, or of the unnamed time."""
    return BY_KEY[key].label if key in BY_KEY else "gap"


# -- what stands under it


def _note_lines(view: View, window: Window, separate: bool) -> tuple[list[Line], bool]:
    """Ruler with the cursor's turn, and notes: on one line or on two; and whether the sign of a restart has no word.

    That is so where there is no room, beside a flip or a finding, and of older ones: then the legend says what it is.
    """
    ruler = [*cursor_note(view, window), *ruler_notes(view, window)]
    notes = event_notes(view, window)
    gutter = ((" " * GUTTER, "text"),)
    parts = [ruler, notes] if separate else [[*ruler, *notes]]
    stretches = (rows_stretch(view, window), None)
    lines = [
        (*gutter, *place_notes(part, window.columns, stretch)) for part, stretch in zip(parts, stretches, strict=False)
    ]
    words = sum(plain(row).count(RESTART) for row in lines)
    return lines, len(restart_columns(view, window)) > words


def rows_stretch(view: View, window: Window) -> Stretch | None:
    """The turns that the stage rows show too; the axis over their columns looks the same."""
    rows = rows_window(view, columns_under(view, window.columns + GUTTER).spark)
    start, end = window.columns_of(rows.first)[0], window.columns_of(len(view.turns) - 1)[1]
    if not rows.count or start >= window.columns or end > window.columns:
        return None
    return Stretch(max(start, window.offset), end, rows_glyphs(view))


def rows_glyphs(view: View) -> tuple[str, str, str]:
    """Of a stretch of turns that the rows show."""
    return view.glyphs.ends[0], view.glyphs.rule, view.glyphs.ends[1]


def _legend(view: View, plot: Plot, rows: int, width: int, unnamed: bool) -> Line:
    """Colour → stage, in the order of the stack, then the signs that occur, then the keys."""
    keys = line((f"{view.keys.get('cursor_back', '')}{view.keys.get('cursor_on', '')}", "key"), (" turn", "muted"))
    signs = _signs(view, plot)
    if unnamed:
        signs.append(line((view.glyphs.upright, "muted"), (f" {RESTART}", "muted")))
    if plot.bands:
        parts = [line((f"the {len(plot.bands)} largest stages", "muted")), line(("each from zero", "muted"))]
    else:
        parts, signs = _stages_and_signs(view, plot, rows, signs, width)
    return (*((" " * GUTTER, "text"),), *join_fitting([*parts, *signs, keys], width - GUTTER))


def _stages_and_signs(
    view: View, plot: Plot, rows: int, signs: list[Line], width: int
) -> tuple[list[Line], list[Line]]:
    """As many signs as leave room for all stages that are a large part of the picture."""
    sums = seen_stages(plot.columns, plot.top, rows * STEPS)
    large = sum(steps >= LARGE * sum(sums.values()) for steps in sums.values())
    for count in range(len(signs), -1, -1):
        taken = sum(cells(part) + 2 for part in signs[:count])
        parts, named = _stage_parts(view, sums, columns_for(width).name, width - GUTTER - taken)
        if named >= large:
            break
    return parts, signs[:count]


def _signs(view: View, plot: Plot) -> list[Line]:
    glyphs = view.glyphs
    seen = {column.meaning: column for column in plot.columns if column.sign}
    parts = [line((seen[word].sign, seen[word].role), (f" {word}", "muted")) for word in MEANINGS if word in seen]
    if any(is_cut(column, plot.top) for column in plot.columns):
        parts.append(line((glyphs.cut, "value"), (" cut", "muted")))
    return parts


def _stage_parts(view: View, sums: dict[str, int], name_cells: int, room: int) -> tuple[list[Line], int]:
    """The stages that are seen, named as the rows below are, and how many; the smallest give way, counted.

    The unnamed time gives way last: wherever it is drawn, it is the loudest colour.
    """
    smallest = sorted(sums, key=lambda key: (key == GAP_KEY, sums[key]))
    for dropped in range(len(sums) + 1):
        keys = [key for key in (*CRITICAL, GAP_KEY) if key in smallest[dropped:]]
        parts = [_swatch(view, key, _name(key, name_cells)) for key in keys]
        if dropped:
            parts.append(line((f"+{dropped} small", "muted")))
        if sum(cells(part) + 2 for part in parts) <= room:
            return parts, len(keys)
    return [], 0


def _name(key: str, name_cells: int) -> str:
    """As the row of the stage has it, or that of the unnamed time between two of them."""
    return row_name(GAP, "", name_cells) if key == GAP_KEY else row_name(key, stage_label(key), name_cells)


def seen_stages(columns: Iterable[Column], top: float, steps: int) -> dict[str, int]:
    """Stage → steps in all columns; those that have a step nowhere are left out."""
    sums: dict[str, int] = {}
    for column in columns:
        below = 0
        for role, end in runs(column, top, steps):
            key = role.removeprefix(STAGE)
            sums[key] = sums.get(key, 0) + end - below
            below = end
    return sums


def _swatch(view: View, key: str, name: str) -> Line:
    role = f"{STAGE}{key}"
    sign = view.glyphs.outline if role == OUTLINED else view.glyphs.swatch
    return line((sign, role), (f" {name}", "muted"))
