"""The charts over turns: which turns, levels, brackets, signs, the turn at the cursor, and what a size has room for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.style import Style

from tests.ui.snapshots import NOW, TICK, finding, judgement, snapshot, turn
from timmy_tui.model.judgement import RATIO_KEYS, Comparison, Finding, StageRatios, StageVerdict, TurnRatios
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.trend_history import Bucket, TimeBuckets
from timmy_tui.model.turn import Epoch, FlagChange, Span, Turn, TurnState
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE
from timmy_tui.ui.paint.lines import Line, cells, plain
from timmy_tui.ui.paint.wording import clock_time
from timmy_tui.ui.panels.against_usual import moved_level
from timmy_tui.ui.panels.skyline.panel import SEPARATE_RULER, skyline_lines
from timmy_tui.ui.panels.skyline.window import GUTTER, window_of
from timmy_tui.ui.panels.trends.levels import Level, levels_of
from timmy_tui.ui.panels.trends.plot import Series, axis_line, plot_lines, series_of
from timmy_tui.ui.panels.trends.plot import Style as Drawing
from timmy_tui.ui.panels.trends.screen import KINDS, LEAST, Options, draw_charts, ruler_notes, share_rows, trend_lines
from timmy_tui.ui.panels.trends.series import (
    brackets_of,
    companions,
    series_keys,
    series_name,
    series_role,
)
from timmy_tui.ui.panels.trends.stack import stack_lines
from timmy_tui.ui.panels.trends.window import TrendWindow, trend_window
from timmy_tui.ui.view import View

WIDTH = 120


def with_stages(number: int, **stages: float | None) -> Turn:
    """A turn of 2 s, of which some stages are given."""
    names = {"ordinal": number, "number": 400 + number, "request_id": f"{number:08x}"}
    one = replace(turn(2), started=NOW - 3000 + 20 * number, **names)
    ms = 2000.0 + (stages.get("llm") or 700.0) - 700.0
    return replace(one, stages={**one.stages, **stages}, headline_ms=ms, v2v_ms=ms)


def slower_since(at: int, count: int = 60, ms: float = 500.0) -> tuple[Turn, ...]:
    """Turns with an LLM of 700 ms, and of ``ms`` more from the turn of this index on."""
    return tuple(with_stages(number, llm=700.0 + (ms if number >= at else 0.0)) for number in range(count))


def view(turns: tuple[Turn, ...], *findings: Finding, epochs: tuple[Epoch, ...] = (), **changes: Any) -> View:
    state = replace(judgement(len(turns) - 1, *findings), verdict=None)
    return replace(View(bare(turns, judgement=state, epochs=epochs), now=NOW, tick=TICK), **changes)


def bare(turns: tuple[Turn, ...], **changes: Any) -> Snapshot:
    rows = snapshot(31).stages
    return snapshot(0, **{"turns": turns, "epochs": (), "marks": (), "stages": rows, **changes})


def slower(since: int, **changes: Any) -> Finding:
    """The LLM takes 500 ms more from a turn on."""
    known: dict[str, Any] = {"key": f"llm:{since}", "since": since, "before_ms": 700.0, "after_ms": 1200.0, "n": 10}
    return finding(**{**known, **changes})


def epoch(first: int, number: int = 1) -> Epoch:
    moved = (FlagChange(flag="tail-mode", label="tail mode", before=False, after=True),)
    return Epoch(number=number, session_id="b", started=NOW, first=first, turns=10, changes=moved, restarted=True)


def texts(lines: list[Line]) -> list[str]:
    return [plain(row) for row in lines]


# -- which turns, in which columns


def test_a_turn_has_the_column_that_it_has_in_the_skyline() -> None:
    v = view(slower_since(99, 113))
    skyline, trends = window_of(v, WIDTH), trend_window(v, WIDTH, 120)
    assert [trends.column_of(index) for index in range(113)] == [skyline.column_of(index) for index in range(113)]


@given(st.integers(1, 600), st.integers(30, 480), st.integers(40, 200), st.integers(0, 600))
@settings(max_examples=60, deadline=None)
def test_every_turn_that_is_shown_has_dots_and_a_column_that_finds_it(
    count: int, most: int, width: int, back: int
) -> None:
    v = view(tuple(with_stages(0) for _ in range(1)) * count)
    window = trend_window(v, width, most)
    assert window.count == min(count, most) and window.first + window.count == count
    room = (window.columns - 1) * 2
    for index in range(window.first, count):
        assert 0 <= window.dot_of(index) < room
    newest = window.turn_index(window.column_of(count - 1))
    assert newest == count - 1
    assert window.turn_index(window.columns - 1) is None or window.dots < 1


def test_the_window_goes_with_a_cursor_that_leaves_it() -> None:
    v = view(slower_since(999, 200)).with_cursor(10)
    window = trend_window(v, WIDTH, 60)
    assert window.first == 10 and window.column_of(10) >= 0


# -- one span in one chart


def test_turns_of_another_span_are_not_among_the_headlines_and_have_a_chart_of_their_own() -> None:
    turns = list(slower_since(99, 20))
    turns[5] = replace(turns[5], span=Span.V34, headline_ms=900.0)
    turns[6] = replace(turns[6], typed=True, request_id="")
    v = view(tuple(turns))
    window = trend_window(v, WIDTH, 120)
    headline = series_of(v, window, "headline")
    assert headline.values[5] is None and headline.values[6] is None and headline.values[4] == 2000.0
    assert [sign[0] for sign in headline.signs if sign is not None] == ["?", "t"]
    assert series_keys(v)[0] == "headline" and series_keys(v)[-1] == "span:v34"
    assert series_name(v, "span:v34") == "v34"
    assert [ms for ms in series_of(v, window, "span:v34").values if ms is not None] == [900.0]


def test_turns_that_failed_or_are_not_known_are_signs_on_the_axis_and_never_zero() -> None:
    turns = list(slower_since(99, 20))
    turns[3] = replace(turns[3], state=TurnState.FAILED)
    turns[7] = replace(turns[7], state=TurnState.ABORTED)
    turns[9] = replace(turns[9], headline_ms=None, v2v_ms=None)
    turns[11] = with_stages(11, llm=None)
    v = view(tuple(turns))
    window = trend_window(v, WIDTH, 120)
    headline, llm = series_of(v, window, "headline"), series_of(v, window, "llm")
    axis = plain(axis_line(v, headline))[GUTTER:]
    assert [axis[window.column_of(at)] for at in (3, 7, 9)] == ["✗", "○", "?"]
    assert plain(axis_line(v, llm))[GUTTER + window.column_of(11)] == "?"
    assert [headline.values[at] for at in (3, 7, 9)] == [None, None, None]
    plot = texts(plot_lines(v, headline, Drawing(8)))[1:]
    for at in (3, 9):
        assert {row[GUTTER + window.column_of(at) + 1] for row in plot} <= {" ", "⠒", "⠉", "⣀", "⠤"}
        column = [row[GUTTER + window.column_of(at)] for row in plot]
        assert column[-1] == " "


def test_a_stage_that_a_turn_left_out_has_no_sign() -> None:
    v = view(tuple(turn(number) for number in range(20)))
    store = series_of(v, trend_window(v, WIDTH, 120), "store")
    assert store.values[1] is None and store.signs[1] is None


# -- levels


def test_a_level_begins_with_an_epoch_and_with_a_finding() -> None:
    v = view(slower_since(40), slower(40), epochs=(epoch(20),))
    levels, _ = levels_of(v, trend_window(v, WIDTH, 120), "llm")
    assert [(level.start, level.end, level.p50) for level in levels] == [
        (0, 20, 700.0), (20, 40, 700.0), (40, 60, 1200.0),
    ]  # fmt: skip
    assert [level.role for level in levels] == ["value", "value", "spark.slower"]


def test_a_level_has_p5_and_p95_of_its_turns() -> None:
    turns = tuple(with_stages(number, llm=float(100 + number)) for number in range(21))
    v = view(turns)
    (level,), _ = levels_of(v, trend_window(v, WIDTH, 120), "llm")
    assert (level.figures.p5, level.p50, level.figures.p95, level.figures.n) == (101.0, 110.0, 119.0, 21)


def restart(first: int) -> Epoch:
    return replace(epoch(first), changes=())


@pytest.mark.parametrize("ms", [0.0, 500.0])
def test_a_restart_begins_a_level_only_where_it_is_another(ms: float) -> None:
    """One that changed nothing looked like a step."""
    v = view(slower_since(20, ms=ms), epochs=(restart(20),))
    series = series_of(v, trend_window(v, WIDTH, 120), "llm")
    starts = [level.start for level in series.levels]
    assert starts == ([0, 20] if ms else [0]) and series.levels[-1].figures.n == (40 if ms else 60)
    # Its sign under the chart points at a line in both.
    column = GUTTER + series.window.column_of(20)
    assert any(row[column] == "┊" for row in texts(plot_lines(v, series, Drawing(8)))[1:])


def test_a_flip_and_a_finding_of_the_series_begin_a_level_however_small() -> None:
    v = view(slower_since(40, ms=20.0), slower(40, after_ms=720.0), epochs=(epoch(20),))
    assert [level.start for level in levels_of(v, trend_window(v, WIDTH, 120), "llm")[0]] == [0, 20, 40]


def test_the_whole_has_one_level_over_a_finding_that_it_does_not_show() -> None:
    """Its line stepped down by chance under a bracket that says slower."""
    turns = tuple(
        replace(one, headline_ms=1980.0 if at >= 40 else 2000.0) for at, one in enumerate(slower_since(40, ms=30.0))
    )
    v = view(turns, slower(40, after_ms=730.0))
    window = trend_window(v, WIDTH, 120)
    assert [level.start for level in levels_of(v, window, "headline")[0]] == [0]
    assert [level.start for level in levels_of(v, window, "llm")[0]] == [0, 40]


@pytest.mark.parametrize(("last", "levels"), [(2, 1), (3, 2)])
def test_three_turns_make_a_level(last: int, levels: int) -> None:
    v = view(slower_since(20, 20 + last), epochs=(epoch(20),))
    assert len(levels_of(v, trend_window(v, WIDTH, 120), "llm")[0]) == levels


def test_a_change_of_one_stage_that_is_lost_in_the_whole_does_not_colour_it() -> None:
    turns = tuple(
        replace(one, headline_ms=1900.0 if at >= 40 else 2000.0) for at, one in enumerate(slower_since(40, ms=30.0))
    )
    v = view(turns, slower(40, after_ms=730.0))
    window = trend_window(v, WIDTH, 120)
    assert {level.role for level in levels_of(v, window, "headline")[0]} == {"value"}
    assert levels_of(v, window, "llm")[0][-1].role.startswith("spark.slower")


def test_an_acknowledged_change_has_no_colour() -> None:
    v = view(slower_since(40), slower(40, acknowledged=True))
    assert {level.role for level in levels_of(v, trend_window(v, WIDTH, 120), "llm")[0]} == {"value"}


# -- brackets


def test_a_finding_is_bracketed_from_its_first_turn_on_and_named() -> None:
    v = view(slower_since(40), slower(40))
    window = trend_window(v, WIDTH, 120)
    for key in ("headline", "llm"):
        (bracket,) = brackets_of(v, window, key)
        assert (bracket.start, bracket.end) == (window.column_of(40), window.columns)
        assert bracket.words[0].startswith("LLM ▲+500ms ×1.38 since ") and bracket.words[0].endswith("700ms → 1.20s")
        assert f"{60 - 40}t" in bracket.words[0]
    assert brackets_of(v, window, "tts") == []


def test_one_that_is_over_ends_where_it_ended() -> None:
    v = view(slower_since(40), slower(20, ended="back to usual", lasted=10))
    window = trend_window(v, WIDTH, 120)
    (bracket,) = brackets_of(v, window, "llm")
    assert (bracket.start, bracket.end) == (window.column_of(20), window.column_of(30) - 1)
    assert bracket.role == "muted" and "for 10t, over" in bracket.words[0]


def test_one_that_began_before_the_first_turn_is_open_to_the_left() -> None:
    v = view(slower_since(40, 200), slower(40))
    window = trend_window(v, WIDTH, 60)
    assert window.first == 140
    (bracket,) = brackets_of(v, window, "llm")
    assert bracket.start == -1 and "160t" in bracket.words[0]


def test_the_stage_that_moved_stands_under_the_headline_in_the_order_of_a_turn() -> None:
    v = view(slower_since(40), slower(40, key="retrieve:40", stage="retrieve", before_ms=30.0, after_ms=70.0))
    shown = companions(v, "headline", 2)
    assert "retrieve" in shown and len(shown) == 2 and shown.index("retrieve") == 0
    assert companions(v, "llm", 2)[0] == "headline"
    assert "llm" not in companions(v, "llm", 7) and "endpointing" not in companions(v, "headline", 7)


# -- on the screen


def test_a_flip_stands_under_the_plot_with_its_verdict_in_words() -> None:
    state = judgement(30)
    v = View(snapshot(31, judgement=state), now=NOW, tick=TICK)
    text = "\n".join(texts(draw_charts(v, Options(), None, WIDTH, 28)))
    assert "┃tail mode off→on LLM ×0.41" in text


def test_ticks_stand_on_rows_of_the_plot_and_have_units() -> None:
    v = view(slower_since(99))
    rows = texts(plot_lines(v, series_of(v, trend_window(v, WIDTH, 120), "headline"), Drawing(10)))[1:]
    assert [row[:GUTTER].strip() for row in rows if row[:GUTTER].strip()] == ["2.0s", "1.5s", "1.0s", "500ms", "0"]
    tick = next(row for row in rows if row.startswith(" 2.0s"))
    assert "⣤" in tick or "⠶" in tick


def test_the_own_range_is_said_and_does_not_begin_at_zero() -> None:
    v = view(slower_since(99))
    from_zero, own = (texts(draw_charts(v, Options(from_zero=zero), None, WIDTH, 28)) for zero in (True, False))
    assert from_zero[0].endswith("60 turns  from zero") and own[0].endswith("60 turns  not from zero")
    assert any(row.startswith("    0 ") for row in from_zero)
    assert not any(row.startswith("    0 ") for row in own[:10])


def test_the_heading_says_the_level_now_and_before() -> None:
    heading = texts(draw_charts(view(slower_since(40), slower(40)), Options("llm"), None, WIDTH, 28))[0]
    assert heading.startswith("LLM  p50 1.20s  before 700ms  p5–p95 1.20s–1.20s  n 20")
    empty = texts(draw_charts(view(()), Options("llm"), None, WIDTH, 28))
    assert empty[0].startswith("LLM  not measured in these turns") and "no turn is over yet" in "".join(empty)


def test_the_heading_says_the_level_before_a_flip_that_no_verdict_tells_of() -> None:
    """The whole was 2.07 s, and nothing but the line said what it had been."""
    heading = trend_lines(view(slower_since(40), epochs=(epoch(40),)), Options("llm"), None, WIDTH, 30)[0]
    assert plain(heading).startswith("LLM  p50 1.20s  before 700ms  p5–p95")
    assert ("1.20s", "value") in heading, "a colour is a judgement"


def test_the_turn_at_the_cursor_is_under_the_charts_with_its_stages() -> None:
    v = view(slower_since(40), slower(40)).with_cursor(50)
    turn_line, bar, labels = texts(stack_lines(v, v.shown_turn, WIDTH))
    assert turn_line.startswith("turn 450  V2V ≥2.50s") and "10t back" in turn_line
    assert cells(((bar, ""),)) == WIDTH and "LLM 1.20s" in labels and "TTS " in labels
    newest = texts(stack_lines(v.with_cursor(None), v.turns[-1], WIDTH))[0]
    assert newest.startswith("turn 459 ") and newest.rstrip().endswith("the newest")


def test_a_turn_that_failed_says_why_and_shows_how_far_it_came() -> None:
    failed = replace(with_stages(0), state=TurnState.FAILED, reason="LLM answered 500", headline_ms=None)
    line, bar, _ = texts(stack_lines(view((failed,)), failed, WIDTH))
    assert "✗ failed LLM answered 500" in line and bar.strip()


def test_a_turn_that_was_broken_off_has_the_sign_that_it_has_in_the_skyline() -> None:
    aborted = replace(with_stages(0), state=TurnState.ABORTED, reason="another began", headline_ms=None)
    spans = stack_lines(view((aborted,)), aborted, WIDTH)[0]
    assert ("○ aborted", "muted") in spans


def test_a_low_pane_has_the_keys_and_no_row_of_signs_without_words() -> None:
    low = texts(trend_lines(view(slower_since(40), keys={"trends": "3"}), Options(), None, 40, 10))
    assert low[-1].startswith("[3 Trends] 1-6 screens")
    few = texts(trend_lines(view(slower_since(40)), Options(), None, 60, 15))
    assert "thick: a turn" in few[1]
    assert not any(row.strip() and not row.strip(" ┊") for row in few)


def test_without_colours_neighbours_of_the_bar_differ() -> None:
    v = view(slower_since(40), monochrome=True)
    bar = texts(stack_lines(v, v.turns[-1], WIDTH))[1].strip()
    assert len(set(bar)) >= 4


def test_with_ascii_there_is_no_braille() -> None:
    rows = texts(trend_lines(view(slower_since(40), slower(40), glyphs=ASCII), Options(), None, 80, 24))
    assert not any("⠀" <= char <= "⣿" for row in rows for char in row)
    assert any("#" in row or "+" in row for row in rows[10:])


@given(st.integers(1, 210), st.integers(1, 60), st.sampled_from(["over time", "before and after", "prompt tokens"]))
@settings(max_examples=60, deadline=None)
def test_every_size_is_filled_and_none_is_left(width: int, height: int, kind: Any) -> None:
    v = view(slower_since(40), slower(40), epochs=(epoch(20),)).with_cursor(30)
    lines = trend_lines(v, Options(kind=kind), None, width, height)
    assert len(lines) == height and all(cells(row) == width for row in lines)


@pytest.mark.parametrize(
    ("size", "plot", "strips", "stack"),
    [((40, 10), True, 0, 0), ((60, 15), True, 1, 1), ((80, 24), True, 2, 3), ((120, 30), True, 3, 3)],
)
def test_what_a_size_has_room_for(size: tuple[int, int], plot: bool, strips: int, stack: int) -> None:
    height = size[1]
    rows = share_rows(height - (2 if height >= 12 else 1), 7)
    assert (rows.plot >= 4) is plot and len(rows.strips) == strips and rows.stack == stack


@given(st.integers(7, 80), st.integers(0, 9))
def test_the_rows_are_shared_out_to_the_last(body: int, wanted: int) -> None:
    rows = share_rows(body, wanted)
    assert 2 + rows.plot + rows.ruler + rows.notes + sum(rows.strips) + rows.stack == body
    assert rows.plot >= 1 and all(strip >= 4 for strip in rows.strips) and len(rows.strips) <= wanted


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (120, 30)])
def test_that_the_view_is_frozen_is_said_at_every_size(size: tuple[int, int]) -> None:
    v = view(slower_since(40))
    frozen = replace(v, live_snapshot=v.snapshot)
    assert "FROZEN" in texts(trend_lines(frozen, Options(), None, *size))[-1]
    assert not any("FROZEN" in row for row in texts(trend_lines(v, Options(), None, *size)))


def test_below_the_least_size_there_is_the_status_line() -> None:
    v = view(slower_since(40))
    for size in ((LEAST[0] - 1, 30), (120, LEAST[1] - 1)):
        assert "V2V" in texts(trend_lines(v, Options(), None, *size))[0]
    assert "from zero" in texts(trend_lines(v, Options(), None, *LEAST))[0]


def test_the_charts_are_drawn_again_when_a_turn_ends_and_not_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def count(*args: Any) -> list[Line]:
        drawn.append(1)
        return draw_charts(*args)

    monkeypatch.setattr("timmy_tui.ui.panels.trends.screen.draw_charts", count)
    v, chosen, other = view(slower_since(40), epochs=(epoch(20),)), Options(), Options(from_zero=False)
    for tick in range(5):
        again = replace(v.snapshot, taken=NOW + tick, epochs=(*v.snapshot.epochs,))
        trend_lines(replace(v, snapshot=again, now=NOW + tick, tick=TICK + tick), chosen, None, WIDTH, 30)
    assert len(drawn) == 1
    trend_lines(v, other, None, WIDTH, 30)
    longer = replace(v, snapshot=replace(v.snapshot, turns=slower_since(40, 61)))
    trend_lines(longer, other, None, WIDTH, 30)
    assert len(drawn) == 3


def test_a_window_without_turns_has_no_turn_in_any_column() -> None:
    window = TrendWindow(0, 0, 0, 20, 2.0)
    assert {window.turn_index(column) for column in range(20)} == {None}


# -- columns and colours


@pytest.mark.parametrize(("turns", "width"), [(90, 120), (99, 80), (66, 60), (40, 120), (200, 80)])
def test_turns_fill_the_chart_however_many_there_are(turns: int, width: int) -> None:
    """In whole dots a fifth of the chart was empty with 90 turns, and 40 % of 60 columns with 66."""
    window = trend_window(view(slower_since(200, turns)), width, 240)
    assert window.dot_of(window.first) == 0
    assert window.dot_of(turns - 1) + window.dots_of(turns - 1) == (window.columns - 1) * 2
    if window.dots >= 1:
        assert all(window.dot_of(at) + window.dots_of(at) == window.dot_of(at + 1) for at in range(turns - 1))


def test_a_few_turns_are_not_stretched() -> None:
    window = trend_window(view(slower_since(200, 10)), WIDTH, 240)
    assert {window.dots_of(at) for at in range(10)} == {8}


@pytest.mark.parametrize("style", [Drawing(8), Drawing(8, filled=True)])
@pytest.mark.parametrize("key", ["llm", "headline"])
def test_a_chart_has_one_colour_up_to_a_change_and_one_since(key: str, style: Drawing) -> None:
    """Level and turns in two colours mixed at random: a cell has one, and neighbours share it."""
    v = view(slower_since(20), slower(20))
    window = trend_window(v, WIDTH, 120)
    series = series_of(v, window, key)
    begin = GUTTER + window.column_of(20)
    ahead, since = set[str](), set[str]()
    for row in plot_lines(v, series, style)[1:]:
        at = 0
        for text, role in row:
            for char in text:
                # The column of the change itself can have a dot of the turn before.
                if "\u2800" < char < "\u2900" and at != begin:
                    (ahead if at < begin else since).add(role.partition(" over ")[0])
                at += 1
    assert ahead == {series.role} and since == {"spark.slower"}


@pytest.mark.parametrize("look", ["ground", "without colours", "ascii", "no ground in the theme"])
def test_what_stands_for_p5_to_p95_is_said_as_it_is_drawn(look: str) -> None:
    band = Style.parse("#333333 on #333333") if look != "no ground in the theme" else Style.parse("#333333")
    glyphs = ASCII if look == "ascii" else UNICODE
    v = view(slower_since(99, 30), styles={"band": band}, monochrome=look == "without colours", glyphs=glyphs)
    empty = TimeBuckets((Bucket(0.0, 3600.0),), Span.V2V, 0)
    drawn = [texts(draw_charts(v, Options(), None, WIDTH, 28))[1]]
    drawn.append(texts(draw_charts(v, Options(range="hours"), empty, WIDTH, 28))[1])
    changed = replace(v, snapshot=replace(v.snapshot, epochs=(epoch(15),)))
    drawn.append(texts(draw_charts(changed, Options(kind="before and after"), None, WIDTH, 28))[-1])
    for key in drawn:
        assert ("band: p5–p95" in key) is (look == "ground") and ("dots: p5–p95" in key) is (look != "ground")


@pytest.mark.parametrize(("measured", "said"), [(430.0, True), (290.0, False), (190.0, True), (287.0, False)])
def test_levels_at_equal_work_say_so_where_the_chart_shows_others(measured: float, said: bool) -> None:
    """Of a flip that made the answers shorter: 767 ms → 624 ms stood over dots at 287 ms."""
    turns = tuple(with_stages(number, llm=700.0 if number < 20 else measured) for number in range(40))
    stage = StageVerdict(
        stage="llm", ratio=0.41, low=0.36, high=0.47, raw_ratio=0.4, n_a=20, n_b=20, verdict="faster",
        before_ms=700.0, after_ms=measured,
    )  # fmt: skip
    verdict = Comparison(a="epoch:0", b="epoch:1", n_a=20, n_b=20, stages=(stage,), sentence="LLM faster")
    v = view(turns, epochs=(epoch(20),))
    state = v.snapshot.judgement
    assert state is not None
    v = replace(v, snapshot=replace(v.snapshot, judgement=replace(state, verdict=verdict)))
    words = "\n".join(texts(plot_lines(v, series_of(v, trend_window(v, WIDTH, 120), "llm"), Drawing(6))))
    assert "▼−413ms ×0.41" in words and ("at equal work" in words) is said


def test_a_tick_at_a_turn_without_a_time_has_about_that_of_its_neighbours() -> None:
    """Each tenth turn was a typed one, and none of the ticks had a time."""
    turns = list(slower_since(99, 60))
    for at in (30, 40, 50):
        turns[at] = replace(turns[at], started=None)
    turns[41:45] = [replace(one, started=None) for one in turns[41:45]]
    turns[51:] = [replace(one, started=(one.started or 0.0) + 7200) for one in turns[51:]]
    v = view(tuple(turns))
    words = {note.words[0] for note in ruler_notes(v, trend_window(v, WIDTH, 120))}
    assert f"−30 ~{clock_time(slower_since(99, 60)[30].started)[:5]}" in words
    # Four turns in a row have none, and two hours lie around the other.
    assert {"−20", "−10"} < words


def test_the_cursors_words_move_no_tick_but_the_one_beside_them() -> None:
    """All of them had their words at the right, and with a cursor at the left."""
    v = view(slower_since(99, 90))
    rows = [texts(draw_charts(one, Options(), None, WIDTH, 28)) for one in (v, v.with_cursor(85))]
    without, beside = (next(row for row in drawn if "╵−80" in row or "╵" in row) for drawn in rows)
    assert "turn " in beside and "turn " not in without
    begin = beside.index("turn ") - 20
    assert without[:begin].count("╵−") >= 2 and without[:begin] == beside[:begin]


def test_a_heading_has_the_whole_name() -> None:
    """``prefil`` is what the gutter has room for."""
    v = view(tuple(with_stages(at, prefill=100.0) for at in range(20)))
    for kind in KINDS[:2]:
        heading = texts(draw_charts(v, Options("prefill", kind), None, WIDTH, 28))[0]
        assert heading.startswith("prefill ")


@pytest.mark.parametrize("ms", [0.0, 500.0])
def test_what_chance_does_at_a_restart_is_called_so(ms: float) -> None:
    v = view(slower_since(20, ms=ms), epochs=(restart(20),))
    heading = texts(draw_charts(v, Options("llm", "before and after"), None, WIDTH, 28))[0]
    assert "restart" in heading and ("may be chance" in heading) is (ms == 0)


@pytest.mark.parametrize(("few", "said"), [(7, False), (8, True)])
def test_p5_and_p95_are_said_from_as_many_turns_on_as_they_are_drawn(few: int, said: bool) -> None:
    v = view(slower_since(20, 20 + few), epochs=(epoch(20),))
    heading = texts(draw_charts(v, Options("llm"), None, WIDTH, 28))[0]
    assert f"n {few}" in heading and ("p5–p95" in heading) is said


def test_the_range_of_a_drift_goes_with_its_line() -> None:
    """One of p5 to p95 of all its turns was a step up under a line that climbs."""
    wild = tuple(with_stages(at, llm=(one.stages["llm"] or 0) + 60 * (-1) ** at) for at, one in enumerate(drifting()))
    v = view(wild, slower(20, steps=2))
    series = series_of(v, trend_window(v, WIDTH, 120), "llm")
    low, high = series.levels[-1].off
    assert -75 < low < -45 and 45 < high < 75
    plain_band = replace(v, styles={"band": Style.parse("#333333 on #333333")})
    rows = plot_lines(plain_band, series, Drawing(10))[1:]
    foot = [max(at for at, row in enumerate(rows) if "band" in role_at(row, column)) for column in (60, 110)]
    assert foot[1] < foot[0] - 2, "it climbs"


def role_at(row: Line, column: int) -> str:
    return [role for text, role in row for _ in text][column]


def test_turns_on_the_line_and_beside_each_other_can_be_counted() -> None:
    """All of them at one height, the line's: they were one line with it."""
    v = view(slower_since(99, 30))
    series = series_of(v, trend_window(v, WIDTH, 120), "headline")
    (row,) = (row[GUTTER:] for row in texts(plot_lines(v, series, Drawing(8)))[1:] if "\u28ff" > max(row) > "\u2800")
    heights = [sum(bool(ord(char) - 0x2800 & bit) for bit in bits) for char in row if char != " " for bits in SIDES]
    assert set(heights) == {1, 2}
    thick = "".join("#" if height == 2 else " " for height in heights).split()
    assert len(thick) == 30


SIDES = ((1, 2, 4, 64), (8, 16, 32, 128))
"""Bits of the dots of a cell, left and right."""


@pytest.mark.parametrize("filled", [True, False])
def test_a_turn_outside_of_the_scale_has_its_sign_in_its_middle_and_no_mark_beside_it(filled: bool) -> None:
    """It said that the turn lies at the edge. A filled one reaches it."""
    turns = list(slower_since(99, 30))
    turns[10] = with_stages(10, llm=9000.0)
    v = view(tuple(turns))
    series = series_of(v, trend_window(v, WIDTH, 120), "llm")
    top = plain(plot_lines(v, series, Drawing(6, filled=filled))[1])[GUTTER:]
    at = top.index("▴")
    beside = {top[at - 1], top[at + 1]}
    first = series.window.column_of(10)
    # In the middle of its turn.
    assert first < at <= first + 3 and beside == ({"⣿"} if filled else {" "})


@pytest.mark.parametrize(("measured", "said"), [(1000.0, True), (1200.0, False)])
def test_a_finding_at_equal_work_says_so_where_the_p50_beside_it_is_another(measured: float, said: bool) -> None:
    """``p50 87ms`` stood beside ``51ms → 98ms``."""
    v = view(slower_since(40, ms=measured - 700.0), slower(40))
    (bracket,) = brackets_of(v, trend_window(v, WIDTH, 120), "llm")
    assert bracket.words[0].endswith("700ms → 1.20s at equal work" if said else "700ms → 1.20s")


# -- a move


def in_turn(levels: Sequence[Level]) -> list[str]:
    return [level.role for level in levels]


def uneven(count: int = 60) -> tuple[Turn, ...]:
    """The LLM takes 500 ms more from turn 30 on; from turn 45 on the whole is shorter than ever."""
    turns = slower_since(30, count)
    return tuple(replace(one, headline_ms=1900.0 if at >= 45 else one.headline_ms) for at, one in enumerate(turns))


@pytest.mark.parametrize("key", ["headline", "llm"])
@pytest.mark.parametrize("restart", [40, 50, 58])
def test_a_move_has_one_colour_to_its_end_whatever_begins_in_it(key: str, restart: int) -> None:
    """The whole changed its colour at each restart while its stage was red throughout; two turns alone had none."""
    v = view(slower_since(30), slower(30), epochs=(epoch(restart),))
    series = series_of(v, trend_window(v, WIDTH, 120), key)
    assert in_turn([level for level in series.levels if level.start >= 30]) != []
    assert {level.role for level in series.levels if level.start >= 30} == {"spark.slower"}
    assert {level.role for level in series.levels if level.start < 30} == {"value"}
    drawn = colours(v, series)
    assert {drawn[at] for at in range(30, 60)} == {"spark.slower"} and "spark.slower" not in {*drawn[:30]}


def colours(v: View, series: Series) -> list[str]:
    """The colour of each turn's column at the foot of a filled chart."""
    foot = [role for text, role in plot_lines(v, series, Drawing(4, filled=True))[-1] for _ in text]
    return [foot[GUTTER + series.window.column_of(index)] for index in range(len(series.values))]


def test_the_whole_is_asked_once_whether_it_moved_too() -> None:
    v = view(uneven(), slower(30), epochs=(epoch(45),))
    series = series_of(v, trend_window(v, WIDTH, 120), "headline")
    assert len({*in_turn([level for level in series.levels if level.start >= 30])}) == 1


def test_the_heading_is_in_the_colour_of_a_move_only_while_the_level_is_on_its_side() -> None:
    turns = slower_since(20)
    back = tuple(replace(one, headline_ms=1700.0 if at >= 48 else one.headline_ms) for at, one in enumerate(turns))
    for shown, role in ((turns, "slower"), (back, "value")):
        v = view(shown, slower(20), epochs=(epoch(48),))
        heading = trend_lines(v, Options(), None, WIDTH, 30)[0]
        assert next(part[1] for part in heading[2:] if part[0].strip().endswith("s")) == role


def drifting(count: int = 60, since: int = 20) -> tuple[Turn, ...]:
    return tuple(with_stages(at, llm=700.0 + 20.0 * max(at - since, 0)) for at in range(count))


def test_a_drift_is_drawn_as_a_line_from_what_it_was_to_what_it_is() -> None:
    """Its p50 was one level from epoch to epoch, as that of a step is."""
    v = view(drifting(), slower(20, steps=2), epochs=(epoch(40),))
    window = trend_window(v, WIDTH, 120)
    for key in ("llm", "headline"):
        *_, level = series_of(v, window, key).levels
        assert (level.start, level.end) == (20, 60) and level.ramp is not None
        begin, end = level.ramp
        assert end - begin == pytest.approx(800, rel=0.1)
    assert all(words.startswith("LLM drift") for words in brackets_of(v, window, "llm")[0].words)
    # That it still rises is said of many steps too.
    flat = series_of(view(drifting(), slower(20, goes_on=True), epochs=(epoch(40),)), window, "llm").levels[-1]
    assert flat.ramp is None and flat.start == 40, "of a step each stretch has its level"


def test_the_line_of_a_drift_begins_where_it_leaves_the_level_before() -> None:
    """It is noticed when it is half way: there was a step from the level to the line, and it was read as one."""
    v = view(drifting(), slower(35, steps=2), epochs=(restart(10),))
    before, drift = series_of(v, trend_window(v, WIDTH, 120), "llm").levels
    assert drift.start == 35 and drift.ramp is not None
    assert 15 <= drift.start - drift.lead <= 25 and before.end == drift.start - drift.lead
    turn = (drift.ramp[1] - drift.ramp[0]) / (drift.end - before.end - 1)
    assert abs(drift.ramp[0] - before.p50) <= turn


def test_the_line_of_a_drift_is_seen_over_what_is_filled() -> None:
    v = view(drifting(), slower(20, steps=2))
    series = series_of(v, trend_window(v, WIDTH, 120), "llm")
    rows = plot_lines(v, series, Drawing(6, filled=True))[1:]
    line = [column for column in range(60, 110, 5) if any(role_at(row, column) == "value" for row in rows)]
    assert len(line) == 10


def test_a_drift_that_the_whole_does_not_show_is_no_ramp_of_it() -> None:
    falls = tuple(
        replace(one, headline_ms=4000.0 - 20 * at if at >= 20 else 2000.0) for at, one in enumerate(drifting())
    )
    v = view(falls, slower(20, steps=2))
    *_, level = series_of(v, trend_window(v, WIDTH, 120), "headline").levels
    assert (level.role, level.ramp) == ("spark.slower", None), "it is longer than before, and becomes shorter"


def test_a_small_finding_has_a_bracket_without_a_colour_as_its_chart_has_none() -> None:
    v = view(slower_since(40), slower(40, notable=False))
    window = trend_window(v, WIDTH, 120)
    assert [one.role for one in brackets_of(v, window, "llm")] == ["muted"]
    assert {level.role for level in series_of(v, window, "llm").levels} == {"value"}


@pytest.mark.parametrize("climbs", [True, False])
def test_a_drift_that_was_found_in_one_step_is_told_by_the_turns_since(climbs: bool) -> None:
    """It is noticed when it is half way, and was drawn as a step."""
    turns = drifting() if climbs else slower_since(20)
    at = RATIO_KEYS.index("llm")
    logs = [math.log((one.stages["llm"] or 0.0) / 700.0) for one in turns]
    ratios = tuple(
        TurnRatios(one.ordinal, tuple(log if i == at else 0.0 for i in range(len(RATIO_KEYS))))
        for one, log in zip(turns, logs, strict=True)
    )
    v = view(turns, slower(20))
    assert v.snapshot.judgement is not None
    told = replace(v.snapshot.judgement, ratios=StageRatios(ratios, (0.0,) * len(RATIO_KEYS)))
    v = replace(v, snapshot=replace(v.snapshot, judgement=told))
    level = series_of(v, trend_window(v, WIDTH, 120), "llm").levels[-1]
    assert (level.ramp is not None) is climbs
    moved = moved_level(v, "llm", 44)
    assert moved is not None and moved.drifts is climbs
    under = "\n".join(plain(line) for line in skyline_lines(v, 200, SEPARATE_RULER))
    assert ("LLM drift" in under) is climbs and "LLM" in under


def test_the_network_has_the_colour_of_its_hops() -> None:
    """It had that of TTS in most themes."""
    assert series_role("network") == "stage.hop_in"
