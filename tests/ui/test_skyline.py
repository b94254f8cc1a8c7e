"""The skyline on the live screen: scale, notes, cursor, mouse, and what is drawn again when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import NOW, TICK, finding, judgement, open_turn, snapshot, turn
from timmy_tui.core.formatting import duration
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.model.judgement import Comparison, Diagnosis, StageVerdict
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.stages.watched import CRITICAL, label
from timmy_tui.model.turn import Epoch, FlagChange, Gap, Marker, Span, Turn, TurnState
from timmy_tui.model.user_requests import MarkTurn
from timmy_tui.ui.key_commands import COMMANDS
from timmy_tui.ui.paint.glyphs import ASCII
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.paint.themes import GAP_KEY
from timmy_tui.ui.paint.wording import row_name
from timmy_tui.ui.panels.live.layout import Layout, Wanted, live_layout
from timmy_tui.ui.panels.live.screen import live_lines, turn_at
from timmy_tui.ui.panels.live.stage_rows import ledger_lines
from timmy_tui.ui.panels.row_columns import columns_for
from timmy_tui.ui.panels.skyline.notes import verdict_words
from timmy_tui.ui.panels.skyline.panel import LEAST_ROWS, SEPARATE_RULER, skyline_lines, tick_places
from timmy_tui.ui.panels.skyline.window import GUTTER, WIDTHS, window_of
from timmy_tui.ui.view import View


def view(snap: Snapshot, **changes: Any) -> View:
    return replace(View(snap, now=NOW, tick=TICK), **changes)


def plotted(v: View, width: int = 80, rows: int = SEPARATE_RULER) -> list[str]:
    return [plain(row) for row in skyline_lines(v, width, rows)]


def cell_of(v: View, index: int, width: int = 80) -> int:
    """Where the signs of a turn stand in a row."""
    return GUTTER + window_of(v, width).column_of(index)


def steady(count: int) -> tuple[Turn, ...]:
    """Turns that all last the same, so that nothing hides what a test looks for."""
    return tuple(replace(turn(2), ordinal=n, number=400 + n, request_id=f"{n:08x}") for n in range(count))


def bare(count: int, **changes: Any) -> Snapshot:
    """Nothing but turns."""
    return snapshot(0, **{"turns": steady(count), "epochs": (), "marks": (), **changes})


# -- room


@given(st.integers(0, 60), st.integers(40, 210), st.builds(Wanted, st.integers(0, 14), st.integers(0, 16),
       st.integers(0, 5), st.integers(0, 9)))  # fmt: skip
@settings(max_examples=300)
def test_the_layout_uses_every_row_once(height: int, width: int, wanted: Wanted) -> None:
    height += 8
    layout = live_layout(width, height, wanted)
    assert 2 + layout.skyline + layout.stages + layout.lists + layout.status + layout.footer == height
    assert min(layout.skyline, layout.stages, layout.lists, layout.status) >= 0
    assert layout.skyline == 0 or layout.skyline >= LEAST_ROWS


WANTED = Wanted(notable=6, stages=13, outside=4, status=3)


def test_the_skyline_begins_at_60x15_with_four_rows_of_plot_and_five_of_stages() -> None:
    assert live_layout(60, 15, WANTED) == Layout(6, 5, 0, 0, 1, 1)
    assert live_layout(59, 15, WANTED).skyline == live_layout(60, 14, WANTED).skyline == 0


def test_what_gives_way_goes_in_the_documented_order() -> None:
    layouts = [live_layout(120, height, WANTED) for height in range(60, 14, -1)]
    lists = next(at for at, one in enumerate(layouts) if not one.lists)
    good_plot = next(at for at, one in enumerate(layouts) if one.skyline < SEPARATE_RULER)
    quiet_rows = next(at for at, one in enumerate(layouts) if one.stages < WANTED.stages + 1)
    least_plot = next(at for at, one in enumerate(layouts) if one.skyline == LEAST_ROWS)
    notable = next(at for at, one in enumerate(layouts) if one.stages < WANTED.notable + 2)
    assert lists < quiet_rows < good_plot < least_plot <= notable
    assert all(one.stages >= 5 for one in layouts)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((200, 50), ""), ((120, 30), "+4 panels on 2 4-6"), ((80, 24), "+4 panels on 2 4-6"),
        ((60, 15), "+4 panels on 2 4-6"),
        ((50, 30), "+4 panels on 3-6"), ((59, 20), "+5 panels on 2-6"),
    ],
)  # fmt: skip
def test_panels_that_are_not_shown_are_counted_with_the_screens_that_have_them(
    size: tuple[int, int], said: str
) -> None:
    keys = {"turns": "2", "trends": "3", "llm": "4", "changes": "5", "log": "6"}
    footer = plain(live_lines(view(snapshot(judgement=None), keys=keys), *size)[-1])
    assert said in footer if said else "panels on" not in footer


@pytest.mark.parametrize(
    ("height", "most"), [(11, 2), (12, 4), (15, 1), (19, 1), (20, 2), (24, 10), (28, 12), (40, 12), (60, 12)]
)
def test_the_status_lines_get_what_the_height_allows(height: int, most: int) -> None:
    assert live_layout(80, height, replace(WANTED, status=20)).status == most


# -- the plot


@pytest.mark.parametrize("count", [0, 1, 3, 74, 1000])
@pytest.mark.parametrize(("width", "rows"), [(60, LEAST_ROWS), (80, SEPARATE_RULER), (200, 20)])
def test_any_number_of_turns_fills_the_panel_exactly(count: int, width: int, rows: int) -> None:
    lines = skyline_lines(view(bare(count, open_turn=open_turn())), width, rows)
    assert [cells(row) for row in lines[:-1]] == [width] * (rows - 1) and cells(lines[-1]) <= width


def test_a_level_of_equal_turns_is_level_and_four_fifths_high() -> None:
    rows = plotted(view(bare(73)))
    # Of 8 rows of plot, 6.4.
    assert rows[0][GUTTER:].strip() == "" and rows[1][GUTTER:].strip() == "▃" * 73
    assert rows[1][-1] == " "


def test_ticks_are_round_seconds_in_the_row_of_their_height() -> None:
    assert tick_places(4000.0, 8) == [(2, "1s"), (4, "2s"), (6, "3s")]
    assert tick_places(3700.0, 8) == [(2, "1s"), (4, "2s"), (6, "3s")]
    assert tick_places(1800.0, 8) == [(2, "0.5s"), (4, "1.0s"), (6, "1.5s")]
    assert tick_places(2000.0, 4) == [(2, "1s")]
    # A second one two rows away would be beyond the edge.
    assert tick_places(4200.0, 4) == [(1, "2s"), (3, "4s")]
    assert tick_places(0.0, 8) == []
    for top in (700.0, 1500.0, 9000.0, 61_000.0):
        places = [row for row, _ in tick_places(top, 8)]
        assert places and all(after - before >= 2 for before, after in zip(places, places[1:], strict=False))


def test_failed_aborted_typed_and_unmeasured_turns_have_signs_and_the_legend_tells_them() -> None:
    turns = (
        *steady(6), turn(6, state=TurnState.FAILED), turn(7, state=TurnState.ABORTED), turn(8, typed=True),
        turn(9, headline_ms=None),
    )  # fmt: skip
    rows = plotted(view(bare(0, turns=turns)), 120)
    assert rows[7].split()[-4:] == ["✗", "○", "t", "?"]
    assert all(word in rows[-1] for word in ("✗ failed", "○ aborted", "t typed", "? not measured"))
    assert "cut" not in rows[-1]
    other = plotted(view(bare(0, turns=(*steady(6), turn(6, span=Span.V34)))), 120)
    assert other[7].split()[-1] == "?" and "? other span" in other[-1] and "not measured" not in other[-1]


def test_turns_without_any_figure_have_signs_and_no_scale() -> None:
    rows = plotted(view(bare(0, turns=tuple(complete_turn(n) for n in range(4)))))
    assert rows[7].split() == ["?"] * 4 and "s " not in "".join(rows[:8])


def test_the_legend_leaves_out_the_smallest_and_counts_them() -> None:
    wide, narrow = plotted(view(bare(30)), 160)[-1], plotted(view(bare(30)), 60)[-1]
    assert "endpointing" in wide and "LLM" in wide and "small" not in wide
    assert "ENDPT" in narrow and "LLM" in narrow and "TTS" in narrow and "small" in narrow


def test_without_colours_the_three_largest_stages_have_a_band_each() -> None:
    for changes in ({"monochrome": True}, {"glyphs": ASCII}):
        rows = plotted(view(bare(30), **changes))
        labels = [row[12 : 12 + GUTTER].strip() for row in rows[:8]]
        assert [label for label in labels if label][::2] == ["STORE", "LLM", "TTS"], "left of the oldest of 30 turns"
        assert "3 largest stages" in rows[-1]


# -- the turn in flight


def test_only_the_last_column_changes_while_a_turn_is_in_flight() -> None:
    begun = open_turn()
    snap = bare(100, open_turn=replace(begun, turn=replace(begun.turn, stages={"endpointing": 500.0}, gaps=())))
    first = view(snap)
    later = replace(first, tick=TICK + 0.5)
    before, after = skyline_lines(first, 80, 11), skyline_lines(later, 80, 11)
    assert before != after
    for old, new in zip(before, after, strict=True):
        assert old[:-1] == new[:-1]


def test_turns_that_are_over_are_drawn_once_however_many_snapshots_come() -> None:
    first = view(bare(30))
    skyline_lines(first, 80, 11)
    drawn = first.memory["skyline"][1]
    second = replace(first, snapshot=replace(first.snapshot, taken=NOW + 1, open_turn=open_turn()), cached_lines={})
    skyline_lines(second, 80, 11)
    assert second.memory["skyline"][1] is drawn
    skyline_lines(replace(first, snapshot=bare(31)), 80, 11)
    assert first.memory["skyline"][1] is not drawn


# -- notes


def notes_of(snap: Snapshot, width: int = 80, **changes: Any) -> tuple[str, str]:
    rows = plotted(view(snap, **changes), width)
    return rows[-3], rows[-2]


def test_the_ruler_counts_back_from_the_newest_turn() -> None:
    ruler, _ = notes_of(bare(100))
    assert [ruler[80 - 1 - back :].startswith(f"╵−{back}") for back in (20, 40, 60)] == [True] * 3
    assert "−20" not in notes_of(bare(19))[0] and "−20" in notes_of(bare(20))[0]


def judged(*found: Any, verdict: Comparison | None = None) -> Any:
    return replace(judgement(29, *found), verdict=verdict, quality=())


def test_a_finding_that_nobody_could_feel_is_not_told() -> None:
    snap = bare(30, judgement=judged(finding(since=10, since_id="0000000a", notable=False)))
    assert "LLM" not in notes_of(snap)[1] and "▲" not in notes_of(snap)[1]


def test_a_finding_stands_under_its_first_turn() -> None:
    snap = bare(30, judgement=judged(finding(since=10, since_id="0000000a")))
    _, notes = notes_of(snap)
    assert notes[cell_of(view(snap), 10) :].startswith("▲ LLM +290ms")
    snap = bare(30, judgement=judged(finding(since=28, direction="faster", after_ms=400.0)))
    assert notes_of(snap)[1][cell_of(view(snap), 28)] == "▼" and "LLM −320ms" in notes_of(snap)[1]


def test_what_began_to_the_left_of_the_window_stands_at_the_edge_with_its_age() -> None:
    snap = bare(100, judgement=judged(finding(since=40)))
    inside, outside = notes_of(snap, 80)[1], notes_of(snap, 60)[1]
    assert "◂" not in inside and inside[80 - 1 - 60] == "▲"
    assert outside[GUTTER:].startswith("◂ 60t LLM") and "▲" not in outside
    gone = replace(snap, turns=snap.turns[50:])
    at = notes_of(gone, 80)[1].index("◂ 50t LLM")
    assert at == cell_of(view(gone), 0), "of 50 turns in 73 columns the oldest, and not left of the ticks"


def flip(first: int, **changes: Any) -> Epoch:
    moved = (FlagChange(flag="tail-mode", label="tail mode", before=True, after=False),)
    return replace(Epoch(number=2, session_id=None, started=NOW, first=first, turns=9, changes=moved), **changes)


def test_a_flip_has_its_verdict_a_restart_and_a_mark_their_word() -> None:
    faster = StageVerdict(stage="llm", ratio=0.4, low=0.3, high=0.5, raw_ratio=0.4, n_a=9, n_b=9, verdict="faster",
                          before_ms=900.0, after_ms=400.0)  # fmt: skip
    verdict = Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(faster,), sentence="")
    restart = Epoch(number=3, session_id=None, started=NOW, first=22, turns=4, restarted=True)
    state = replace(judged(verdict=verdict), quality=((27, "bad"),))
    snap = bare(30, judgement=state, epochs=(flip(5), restart))
    _, notes = notes_of(snap, 120)
    flipped, began, marked = (cell_of(view(snap), index, 120) for index in (5, 22, 27))
    assert notes[flipped] == "┃" and "tail mode off→on LLM ×0.40" in notes
    assert notes[began:].startswith("┊restart") or notes[:began].endswith("restart")
    assert notes[marked] == "-" and "bad" in notes
    assert "restart" not in notes_of(bare(30, epochs=(replace(restart, restarted=False),)))[1]


def test_of_many_restarts_the_newest_three_have_the_word() -> None:
    epochs = tuple(
        Epoch(number=n, session_id=None, started=NOW, first=12 * n, turns=12, restarted=True) for n in range(1, 6)
    )
    _, notes = notes_of(bare(70, epochs=epochs), 120)
    assert notes.count("restart") == 3 and notes.count("┊") == 5
    assert notes.index("restart") > [at for at, char in enumerate(notes) if char == "┊"][1]


def test_a_verdict_is_the_stage_that_moved_most_or_says_that_none_did() -> None:
    def stage(name: str, verdict: str, before: float, after: float) -> StageVerdict:
        return StageVerdict(stage=name, ratio=after / before, low=None, high=None, raw_ratio=None, n_a=9, n_b=9,
                            verdict=verdict, before_ms=before, after_ms=after)  # fmt: skip

    def words(*stages: StageVerdict, wanted: int = 0) -> tuple[str, str]:
        return verdict_words(Comparison(a="", b="", n_a=9, n_b=9, stages=stages, sentence="", wanted=wanted))

    small, large = stage("retrieve", "faster", 50.0, 25.0), stage("tts", "slower", 700.0, 800.0)
    assert words(small, large) == ("TTS ×1.14", "bad") and words(small) == ("RAG ×0.50", "good")
    assert words(stage("llm", "unchanged", 5.0, 5.0)) == ("no change", "info")
    assert words(stage("llm", "too few turns", 5.0, 5.0), wanted=3) == ("verdict in 3 turns", "info")
    assert verdict_words(None) == words() == ("", "info")


def test_a_marker_of_something_else_has_its_label_and_one_of_a_flip_no_second_sign() -> None:
    outside = Marker(at=NOW, ordinal=4, kind="outside", label="v34 restarted")
    _, notes = notes_of(bare(30, marks=(outside,)))
    assert "outside v34 restarted" in notes
    again = Marker(at=NOW, ordinal=12, kind="change", label="twice")
    assert "twice" not in notes_of(bare(30, marks=(again,), epochs=(flip(12),)))[1]


# -- the cursor


def cursor_on(snap: Snapshot, index: int) -> View:
    return view(snap).with_cursor(index)


def test_the_cursor_names_its_turn_and_marks_its_column() -> None:
    v = cursor_on(bare(30), 25)
    rows = plotted(v)
    # Two cells a turn: four turns and the one in flight are right of it.
    assert rows[-3][80 - 6 * 2] == "▴" and "turn 425 · " in rows[-3] and "5t back" in rows[-3]
    assert rows[0][80 - 6 * 2] == "┊" and rows[1][80 - 6 * 2] == "▃"
    assert v.shown_turn is v.turns[25]


def test_a_cursor_further_left_than_the_window_takes_it_along() -> None:
    v = cursor_on(bare(200), 10)
    assert window_of(v, 80).first == 10 and window_of(view(bare(200)), 80).first == 200 - 73
    rows = plotted(v)
    assert rows[-3][GUTTER] == "▴" and "190t back" in rows[-3]


def test_the_cursor_stays_with_its_turn_and_goes_when_that_is_gone() -> None:
    v = cursor_on(bare(30), 25)
    more = replace(v, snapshot=bare(31))
    assert more.cursor_index == 25
    renumbered = tuple(replace(one, ordinal=one.ordinal + 7) for one in steady(30))
    assert replace(v, snapshot=bare(0, turns=renumbered)).cursor_index == 25
    assert replace(v, snapshot=bare(0, turns=steady(30)[26:])).cursor_turn is None
    assert view(bare(3)).with_cursor(3).cursor is None


def test_a_click_is_the_turn_of_its_column() -> None:
    v = view(bare(30))
    assert [turn_at(v, 80, 24, x, 5) for x in range(74, 80)] == [28, 28, 29, 29, None, None]
    assert [turn_at(v, 80, 24, x, 2) for x in range(16, 21)] == [None, None, 0, 0, 1]
    assert turn_at(v, 80, 24, 77, 1) is None and turn_at(v, 80, 24, 77, 20) is None
    assert turn_at(v, 39, 5, 30, 3) is None and turn_at(v, 50, 12, 48, 5) is None


async def test_the_arrows_walk_and_end_and_escape_come_back() -> None:
    diagnoses = tuple(Diagnosis(ordinal=n, excess_ms=1.0, sentence=f"sentence {n}") for n in range(31))
    state = replace(judgement(30), diagnoses=diagnoses)
    async with running_dashboard(snapshot(judgement=state), size=(120, 30)) as dashboard:
        assert dashboard.app.view.cursor is None
        await dashboard.press("left")
        assert dashboard.app.view.cursor_index == 30
        await dashboard.press("left", "left")
        assert "turn 428: sentence 28" in dashboard.text() and "3t back" in dashboard.text()
        await dashboard.press("right")
        assert dashboard.app.view.cursor_index == 29
        await dashboard.press("end")
        assert dashboard.app.view.cursor is None and "t back" not in dashboard.text()
        await dashboard.press("shift+left")
        assert dashboard.app.view.cursor_index == 31 - 5
        await dashboard.press("shift+right")
        assert dashboard.app.view.cursor is None
        await dashboard.press("home")
        assert dashboard.app.view.cursor_index == 0
        await dashboard.press("left", "escape")
        assert dashboard.app.view.cursor is None


async def test_the_stage_rows_are_those_of_the_cursors_turn_also_while_frozen() -> None:
    async with running_dashboard(snapshot(), size=(120, 30)) as dashboard:
        await dashboard.press("space", "left", "left")
        shown = dashboard.app.view.turns[29]
        (row,) = [row for row in dashboard.rows() if row.startswith("LLM ")]
        assert duration(shown.stages["llm"]) in row
        assert "FROZEN" in dashboard.text()


async def test_a_mark_is_for_the_cursors_turn() -> None:
    async with running_dashboard(snapshot(judgement=replace(judgement(30), quality=()))) as dashboard:
        await dashboard.press("left", "left", "g")
        await dashboard.until(lambda: MarkTurn(29, "good") in dashboard.source.requests)
        await dashboard.press("end", "x")
        await dashboard.until(lambda: MarkTurn(30, "bad") in dashboard.source.requests)
        await dashboard.press("left", "left", "2", "1", "g")
        await dashboard.until(lambda: dashboard.source.requests[-1] == MarkTurn(29, "good"))


async def test_a_click_puts_the_cursor_there() -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        await dashboard.pilot.click(offset=(80 - 5 * 2, 6))
        await dashboard.pilot.pause()
        assert dashboard.app.view.cursor_index == 31 - 4


async def test_a_colour_is_the_themes_and_a_wide_character_does_not_break_the_last_column() -> None:
    wide = open_turn()
    wide = replace(wide, turn=replace(wide.turn, text="語" * 200))
    async with running_dashboard(snapshot(open_turn=wide), size=(81, 24)) as dashboard:
        assert all(len(strip) and strip.cell_length == 81 for strip in dashboard.strips())
        llm = dashboard.app.themes.palettes["timmy-dark"].styles["stage.llm"].color
        assert any(s.style is not None and llm in (s.style.color, s.style.bgcolor) for s in dashboard.segments())


def test_the_cursors_keys_are_in_the_table() -> None:
    keys = {command.id: command.keys for command in COMMANDS if "live" in command.screens}
    assert keys["cursor_back"] == "left" and keys["cursor_on"] == "right" and keys["now"] == "end"


@pytest.mark.parametrize("theme", ["timmy-dark", "ansi16"])
async def test_no_color_has_bands(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running_dashboard(snapshot(), start=Start(view=ViewSettings(theme=theme))) as dashboard:
        assert "3 largest stages" in dashboard.text()


# -- width of a turn


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_columns_become_narrower_in_whole_steps_and_never_wider_with_more_turns(width: int) -> None:
    """At each turn another width would be another picture at each turn."""
    cells_of = [window_of(view(bare(count)), width).cells for count in range(260)]
    steps = list(dict.fromkeys(cells_of))
    assert steps == list(WIDTHS) and sorted(cells_of, reverse=True) == cells_of


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("count", [0, 1, 3, 8, 20, 45, 76, 100, 400])
def test_every_cell_from_the_oldest_turn_to_the_edge_is_of_one_turn_in_their_order(count: int, width: int) -> None:
    window = window_of(view(bare(count)), width)
    found = [window.turn_index(column) for column in range(window.columns)]
    shown = found[window.offset : window.columns - window.flight]
    assert found[: window.offset] == [None] * window.offset and found[-window.flight :] == [None] * window.flight
    wanted = [index for index in range(window.first, count) for _ in range(window.width_of(index))]
    assert shown == wanted and window.flight <= max(window.cells, 1)
    assert all(window.turn_index(window.column_of(index)) == index for index in wanted)
    assert {window.width_of(index) for index in wanted} <= {int(window.cells), -int(-window.cells // 1)}


@pytest.mark.parametrize(("count", "width", "most"), [(20, 120, 0.1), (45, 120, 0.25), (45, 80, 0.1), (57, 120, 0.3)])
def test_few_turns_fill_the_panel(count: int, width: int, most: float) -> None:
    """With 45 turns, 60 % of 120 columns were empty."""
    window = window_of(view(bare(count)), width)
    assert window.offset <= most * window.columns


@pytest.mark.parametrize("changes", [{}, {"monochrome": True}, {"glyphs": ASCII}])
@pytest.mark.parametrize("count", [1, 8, 20, 45, 73])
def test_the_ticks_stand_directly_left_of_the_oldest_turn(count: int, changes: dict[str, Any]) -> None:
    v = view(bare(count), **changes)
    offset = window_of(v, 80).offset
    rows = plotted(v)[:8]
    assert not any(row[:offset].strip() for row in rows)
    assert all(row[offset : offset + GUTTER].strip() for row in (rows[0], rows[3]) if changes)
    assert changes or rows[7][offset : offset + GUTTER] == "   0s "
    assert rows[7][offset + GUTTER].strip(), "the oldest turn"


def test_wide_turns_have_a_gap_between_them_and_a_sign_once_in_their_middle() -> None:
    turns = (*steady(2), turn(2, state=TurnState.FAILED), *steady(1))
    v = view(bare(0, turns=turns, open_turn=open_turn()))
    rows = plotted(v)
    assert rows[7].endswith("░░░░░ ░░░░░   ✗   ░░░░░ ░░░░░"), "the last is in flight"
    assert rows[7][cell_of(v, 2)] == "✗"
    of_two = plotted(view(bare(30)))[7]
    assert "░" * 60 in of_two, "of two cells a gap would be half"


def test_a_wide_turn_that_is_cut_has_its_sign_on_the_ground_of_its_stage() -> None:
    long = replace(turn(2), stages={**turn(2).stages, "tts": 9000.0}, headline_ms=12_000.0)
    v = view(bare(0, turns=(*steady(9), long, *steady(2))))
    top = skyline_lines(v, 80, SEPARATE_RULER)[0]
    assert (" ▴  ", "skyline.cut over stage.tts") in top, "four cells of five: twelve turns in 74"
    assert plain(top)[cell_of(v, 9)] == "▴"


def test_a_new_turn_moves_the_others_and_changes_none_of_them() -> None:
    """Where the width stays, so that the eye follows."""
    before, after = (
        plotted(view(bare(0, turns=tuple(turn(2 + n % 3) for n in range(count)))), 120) for count in (9, 12)
    )
    for old, new in zip(before[:8], after[:8], strict=True):
        assert old[window_of(view(bare(9)), 120).offset + GUTTER :].rstrip() in new


async def test_the_cursor_walks_by_turns_and_not_by_cells() -> None:
    turns = steady(8)
    async with running_dashboard(bare(0, turns=turns), size=(120, 30)) as dashboard:
        places = []
        for _ in range(3):
            await dashboard.press("left")
            places.append(next(row.index("▴") for row in dashboard.rows() if "t back" in row))
        assert [a - b for a, b in zip(places, places[1:], strict=False)] == [6, 6]
        assert dashboard.app.view.cursor_index == 5


@pytest.mark.parametrize(("count", "said"), [(1, False), (45, False), (113, False), (114, True), (140, True)])
def test_older_turns_that_are_not_shown_are_told_and_nothing_is_where_there_are_none(count: int, said: bool) -> None:
    """120 columns have room for 113 turns."""
    rows = plotted(view(bare(count)), 120)
    assert rows[-3][GUTTER:].startswith("◂ older") is said and "oldest" not in "".join(rows)


# -- names


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (100, 30), (118, 40), (119, 40), (120, 30), (200, 50)])
def test_a_stage_has_one_name_on_a_screen(size: tuple[int, int]) -> None:
    """The legend said ``rag`` above a row that said ``retrieval``."""
    v = view(snapshot(judgement=None))
    legend = next(row for row in live_lines(v, *size) if plain(row).lstrip().startswith("░ "))
    swatches = [at for at, (sign, role) in enumerate(legend) if role.startswith("stage.")]
    names = {legend[at + 1][0].strip() for at in swatches}
    rows = {row_name(key, label(key), columns_for(size[0]).name) for key in CRITICAL}
    shown = {name for name in rows if any(plain(row).startswith(name) for row in ledger_lines(v, size[0], 40))}
    assert len(names) >= 3 and names <= shown | {"gap", "unnamed gap"}


def test_a_large_stage_is_named_ahead_of_the_signs() -> None:
    """At 60 columns the purple of STORE was nowhere explained, beside ``t typed``."""
    states = (TurnState.FAILED, TurnState.ABORTED, TurnState.COMPLETE)
    ends = tuple(replace(turn(40 + at), state=state, typed=at == 2) for at, state in enumerate(states))
    for size in ((60, 15), (80, 24)):
        rows = [plain(row) for row in live_lines(view(bare(0, turns=(*steady(40), *ends))), *size)]
        legend = next(row for row in rows if row.lstrip().startswith("░ "))
        assert all(name in legend for name in ("ENDPT", "STORE", "LLM", "TTS")), legend


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 30), (200, 50)])
@pytest.mark.parametrize("gap_ms", [12.0, 60.0, 90.0, 120.0, 200.0])
def test_unnamed_time_is_in_the_legend_wherever_it_is_drawn(size: tuple[int, int], gap_ms: float) -> None:
    """It is the loudest colour, and was among the ``+6 small`` ones."""
    small = dict.fromkeys(("stt_final", "hop_in", "classify", "retrieve", "prompt", "reply", "hop_out"), 150.0)
    one = replace(steady(1)[0], gaps=())
    one = replace(one, stages={**one.stages, **small}, unattributed_ms=0.0)
    longer = replace(one, unattributed_ms=gap_ms, gaps=(Gap("llm", "reply", gap_ms),))
    turns = tuple(replace(one, ordinal=n, number=400 + n, request_id=f"{n:08x}") for n in range(50))
    turns = (*turns, replace(longer, ordinal=50, number=450, request_id="00000032"))
    lines = live_lines(view(bare(0, turns=turns)), *size)
    legend = next(row for row in lines if plain(row).lstrip().startswith("░ "))
    drawn = any(f"stage.{GAP_KEY}" in role for row in lines[: lines.index(legend)] for _, role in row)
    assert drawn or gap_ms < 200
    assert drawn == ("gap" in plain(legend)), plain(legend)
