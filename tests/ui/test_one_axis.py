"""Skyline, axis over the stage rows, and their columns: the same turns, where it is possible in the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, TICK, finding, judgement, snapshot, turn
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Epoch, FlagChange, TurnState
from timmy_tui.ui.charts.ratio_row import WIDEST
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE
from timmy_tui.ui.paint.lines import Line, cells, plain
from timmy_tui.ui.paint.themes import OVER
from timmy_tui.ui.panels.live.rows_axis import RAW_WORDS, rows_axis
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.panels.live.stage_rows import ledger_lines
from timmy_tui.ui.panels.row_columns import columns_for
from timmy_tui.ui.panels.skyline.panel import BEAM, REVERSE, SEPARATE_RULER, skyline_lines
from timmy_tui.ui.panels.skyline.window import GUTTER, RowsWindow, columns_under, rows_window, window_of
from timmy_tui.ui.view import View

WIDTHS = (60, 80, 100, 120, 156, 200, 250, 400)


def of_turns(count: int, **changes: Any) -> Snapshot:
    turns = tuple(replace(turn(2), ordinal=n, number=400 + n, request_id=f"{n:08x}") for n in range(count))
    return snapshot(0, **{"turns": turns, "epochs": (), "marks": (), "judgement": None, **changes})


def view(snap: Snapshot, **changes: Any) -> View:
    return replace(View(snap, now=NOW, tick=TICK), **changes)


def begin_of(v: View, width: int) -> tuple[RowsWindow, int]:
    """The turns of the rows, and where in a line of the screen their first cell is."""
    columns = columns_under(v, width)
    return rows_window(v, columns.spark), width - columns.tail - columns.spark


def head(v: View, width: int) -> Line:
    return next(line for line in ledger_lines(v, width, 40) if plain(line).startswith("stage"))


def row(v: View, width: int, name: str) -> Line:
    return next(line for line in ledger_lines(v, width, 40) if plain(line).startswith(name))


def each(line: Line) -> list[tuple[str, str]]:
    return [(char, role) for text, role in line for char in text]


def roles(line: Line, begin: int) -> Sequence[str]:
    return [role for _, role in each(line)[begin:]]


@pytest.mark.parametrize("width", WIDTHS)
def test_where_a_turn_has_one_cell_in_the_skyline_its_cell_in_the_rows_is_right_below(width: int) -> None:
    v = view(of_turns(300))
    window, begin = begin_of(v, width)
    skyline = window_of(v, width)
    assert skyline.cells == 1
    shown = range(window.first, 300)
    assert len(shown) == columns_for(width).spark
    assert [begin + window.column_of(index) for index in shown] == [
        GUTTER + skyline.column_of(index) for index in shown
    ]


@pytest.mark.parametrize("count", [1, 3, 11, 20, 31, 48, 79, 80, 200])
@pytest.mark.parametrize("width", WIDTHS)
def test_skyline_ruler_axis_and_rows_end_at_one_cell(width: int, count: int) -> None:
    """Behind the newest turn stands the one in flight, of up to 5 cells: the rows below ended under that."""
    v = view(of_turns(count))
    window, begin = begin_of(v, width)
    skyline = window_of(v, width)
    end = GUTTER + skyline.columns_of(count - 1)[1]
    assert begin + window.columns_of(count - 1)[1] == end
    lines = (skyline_lines(v, width, SEPARATE_RULER)[-3], head(v, width), row(v, width, "LLM"))
    assert {len(plain(one).rstrip()) for one in lines} == {end}


@pytest.mark.parametrize("count", [1, 3, 11, 20, 31, 48, 79, 80, 200])
@pytest.mark.parametrize("width", WIDTHS)
def test_few_turns_fill_all_cells_of_the_rows(width: int, count: int) -> None:
    """With 48 turns in 80 cells, 32 blanks stood between the figures and the oldest turn."""
    window, _ = begin_of(view(of_turns(count)), width)
    owners = [window.turn_index(cell) for cell in range(window.columns)]
    known = [index for index in owners if index is not None]
    assert known == sorted(known) and set(known) == set(range(window.first, count))
    assert len(known) == min(window.columns, count * WIDEST)
    for index in range(window.first, count):
        start, end = window.columns_of(index)
        assert {owners[cell] for cell in range(start, end)} == {index} and end - start <= WIDEST
        assert start <= window.column_of(index) < end


@pytest.mark.parametrize("count", [20, 48, 90, 300])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_skyline_marks_the_turns_that_the_rows_show(width: int, count: int) -> None:
    v = view(of_turns(count))
    window, skyline = rows_window(v, columns_under(v, width).spark), window_of(v, width)
    ruler = plain(skyline_lines(v, width, SEPARATE_RULER)[-3])
    first, last = UNICODE.ends[0], UNICODE.ends[1]
    start = GUTTER + skyline.columns_of(max(window.first, skyline.first))[0]
    assert ruler.rindex(last) == GUTTER + skyline.columns_of(count - 1)[1] - 1
    if ruler[start] not in f"{UNICODE.tick}−0123456789":  # The words of a tick beside it stand there.
        assert ruler.index(first) == start
    assert not {*ruler[ruler.index(UNICODE.rule) : ruler.rindex(last)]} & {" "}, "a rule runs through all of it"


def test_the_axis_over_the_rows_has_the_ticks_of_the_skyline_and_its_shape() -> None:
    v = view(of_turns(300))
    axis = plain(rows_axis(v, 44))
    assert axis.startswith(UNICODE.ends[0]) and axis.endswith(UNICODE.ends[1]) and len(axis) == 44
    window = rows_window(v, 44)
    for back in (20, 40):
        at = window.column_of(300 - back)
        assert axis[at : at + 4] == f"{UNICODE.tick}−{back}"
    assert "half = usual" in axis
    assert "half height = usual" in plain(rows_axis(view(of_turns(12)), 44)), "without ticks there is room for more"


def test_what_the_heights_are_is_said_ahead_of_the_ticks_where_not_both_have_room() -> None:
    for columns in range(16, 121):
        axis = plain(rows_axis(view(of_turns(300)), columns))
        assert "half = usual" in axis or "half height = usual" in axis, axis
        raw = plain(rows_axis(view(of_turns(300), raw_rows=True), columns))
        assert any(words in raw for words in RAW_WORDS) and "usual" not in raw


def test_ticks_give_way_to_what_the_heights_are() -> None:
    """With the sign of a finding between them, both have no room in 24 columns."""
    told = finding(since=292, key="llm:x")
    axis = plain(rows_axis(view(of_turns(300, judgement=replace(judgement(299, told), verdict=None))), 24))
    assert axis[16] == UNICODE.up and "half = usual" in axis and UNICODE.tick not in axis


def test_a_cursor_that_goes_to_the_newest_turn_is_drawn_although_the_turn_was_shown_already() -> None:
    v = view(of_turns(90, judgement=replace(judgement(89), verdict=None)))
    before = live_lines(v, 120, 30)
    now = live_lines(v.with_cursor(89), 120, 30)
    heads = [next(plain(line) for line in lines if plain(line).startswith("stage")) for lines in (before, now)]
    assert UNICODE.cut not in heads[0] and UNICODE.cut in heads[1]


@pytest.mark.parametrize("count", [25, 48, 90])
def test_a_finding_begins_in_the_axis_above_the_cell_where_its_row_changes_its_colour(count: int) -> None:
    told = finding(since=count - 15, key="llm:x")
    v = view(of_turns(count, judgement=replace(judgement(count - 1, told), verdict=None)))
    window, begin = begin_of(v, 120)
    cell = begin + window.column_of(count - 15)
    sign = each(head(v, 120))[cell]
    assert sign == (UNICODE.up, "slower")
    start, _ = window.columns_of(count - 15)
    drawn = roles(row(v, 120, "LLM"), begin)
    assert drawn[start].startswith("spark.slower") and not drawn[start - 1].startswith("spark.slower")
    ruler = skyline_lines(v, 120, SEPARATE_RULER)
    assert any(plain(line)[GUTTER + window_of(v, 120).column_of(count - 15)] == UNICODE.up for line in ruler[-3:-1])


@pytest.mark.parametrize("count", [20, 48, 90])
def test_the_turn_under_the_cursor_is_marked_in_the_axis_and_in_every_row(count: int) -> None:
    v = view(of_turns(count)).with_cursor(count - 7)
    window, begin = begin_of(v, 120)
    start, end = window.columns_of(count - 7)
    assert each(head(v, 120))[begin + window.column_of(count - 7)] == (UNICODE.cut, "key")
    for name in ("LLM", "TTS", "classify"):
        lit = [at for at, role in enumerate(roles(row(v, 120, name), begin)) if role.endswith(f"{OVER}{BEAM}")]
        assert lit == list(range(start, end)), name


def test_a_cursor_on_an_older_turn_is_pointed_to_at_the_left_edge() -> None:
    v = view(of_turns(300)).with_cursor(200)
    assert each(rows_axis(v, 44))[0] == (UNICODE.before, "key")
    assert not any(OVER in role for _, role in row(v, 120, "LLM"))


def test_without_colours_the_cursor_is_a_sign_and_the_ends_are_plain() -> None:
    v = view(of_turns(90), monochrome=True, glyphs=ASCII).with_cursor(80)
    axis = plain(rows_axis(v, 44))
    assert axis[0] + axis[-1] == ASCII.ends and axis[rows_window(v, 44).column_of(80)] == ASCII.cut
    assert not any(OVER in role for _, role in row(v, 120, "LLM"))


@pytest.mark.parametrize("width", range(40, 251, 7))
@pytest.mark.parametrize("count", [0, 1, 7, 90])
def test_every_line_is_as_wide_as_the_pane(width: int, count: int) -> None:
    v = view(of_turns(count))
    for shown in (v, v.with_cursor(0) if count else v):
        assert {cells(line) for line in ledger_lines(shown, width, 40)} == {width}


# -- signs


def restarts(count: int, *firsts: int, flip: int | None = None) -> Snapshot:
    moved = (FlagChange(flag="tail-mode", label="tail mode", before=False, after=True),)
    epochs = tuple(
        Epoch(number=at, session_id=f"s{at}", started=NOW, first=first, turns=2, restarted=True,
              changes=moved if first == flip else ())
        for at, first in enumerate(sorted({*firsts, *([flip] if flip is not None else [])}))
    )  # fmt: skip
    return of_turns(count, epochs=epochs)


def test_a_restart_whose_word_has_no_room_is_in_the_legend() -> None:
    """Beside a flip its sign stood without a word."""
    beside = [plain(line) for line in skyline_lines(view(restarts(60, 54, 55, 57, flip=56)), 120, SEPARATE_RULER)]
    notes, legend = beside[-2], beside[-1]
    assert notes.count(UNICODE.upright) > notes.count("restart") and f"{UNICODE.upright} restart" in legend
    alone = [plain(line) for line in skyline_lines(view(restarts(60, 30)), 120, SEPARATE_RULER)]
    assert f"{UNICODE.upright}restart" in alone[-2] and "restart" not in alone[-1]


def test_a_failed_turn_does_not_look_like_a_slower_one() -> None:
    turns = of_turns(30).turns
    failed = replace(turns[20], state=TurnState.FAILED, headline_ms=None)
    v = view(of_turns(30, turns=(*turns[:20], failed, *turns[21:])))
    signs = [
        (text, role) for line in skyline_lines(v, 120, SEPARATE_RULER) for text, role in line if UNICODE.fail in text
    ]
    assert {role for _, role in signs} == {"failed"}


def test_without_colours_the_cursors_turn_is_in_reverse_in_every_row_and_band() -> None:
    """There was a sign in the axis alone, and a thin line in what sky the bands leave."""
    v = view(of_turns(90), monochrome=True).with_cursor(80)
    window, begin = begin_of(v, 120)
    start, end = window.columns_of(80)
    for name in ("LLM", "TTS", "classify"):
        assert [at for at, role in enumerate(roles(row(v, 120, name), begin)) if role == REVERSE] == [
            *range(start, end)
        ]
    column = GUTTER + window_of(v, 120).column_of(80)
    plot = skyline_lines(v, 120, SEPARATE_RULER)[:-3]
    assert all(each(line)[column][1] == REVERSE for line in plot)
    assert sum(role == REVERSE for line in plot for _, role in each(line)) == len(plot)


@pytest.mark.parametrize("back", range(4, 20))
def test_beside_the_sign_of_a_finding_in_few_columns_it_is_still_said_what_the_heights_are(back: int) -> None:
    told = finding(since=300 - back, key="llm:x")
    snap = of_turns(300, judgement=replace(judgement(299, told), verdict=None))
    assert "usual" in plain(rows_axis(view(snap), 22))
    assert " ms " in plain(rows_axis(view(snap, raw_rows=True), 22))
