"""Columns of a stage row: exact heights and colours."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from timmy_tui.ui.charts.ratio_row import (
    DEAD_MS,
    Moved,
    Point,
    column_roles,
    height_of,
    moved_role,
    ratio_text,
    row_line,
)
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE, Glyphs
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.paint.wording import BRIGHT_MS


def at(ratio: float, usual_ms: float = 1000.0) -> Point:
    """A judged turn that took ``ratio`` times its usual."""
    return Point(math.log(ratio), usual_ms * (ratio - 1))


def unjudged(ratio: float) -> Point:
    return at(ratio)._replace(judged=False)


@pytest.mark.parametrize(
    ("ratio", "height"),
    [(1.0, 3), (1.1, 4), (1.21, 5), (1.331, 6), (1.47, 7), (3.0, 7), (1 / 1.1, 2), (1 / 1.21, 1), (0.75, 0), (0.1, 0)],
)
def test_half_height_is_the_usual_and_a_step_is_ten_percent(ratio: float, height: int) -> None:
    assert height_of(at(ratio)) == height


def test_known_ratios_give_these_cells() -> None:
    points = [at(ratio) for ratio in (0.5, 0.83, 0.91, 1.0, 1.0, 1.1, 1.25, 1.33, 3.0)]
    assert ratio_text(points, 9, UNICODE) == "▁▂▃▄▄▅▆▇█"
    assert ratio_text([None, *points], 10, UNICODE) == "·▁▂▃▄▄▅▆▇█"
    assert ratio_text(points, 2, UNICODE) == "▇█" and ratio_text(points, 0, UNICODE) == ""


@pytest.mark.parametrize(
    ("log", "lost", "judged", "marked"),
    [(1.26, 300.0, True, True), (1.24, 300.0, True, False), (1.26, 299.0, True, False), (1.3, 900.0, False, False)],
)
def test_a_turn_far_above_the_scale_has_a_sign_on_its_column(
    log: float, lost: float, judged: bool, marked: bool
) -> None:
    """A single slow turn looked like any that took half as long again."""
    points: list[Point | None] = [Point(0.0, 0.0)] * 8
    points[4] = Point(log, lost, judged)
    text = ratio_text(points, 8, UNICODE)
    assert text == ("▄▄▄▄▴▄▄▄" if marked else "▄▄▄▄█▄▄▄")
    wide = ratio_text(points, 24, UNICODE)
    assert wide.count("▴") == marked and wide[12:15] == ("█▴█" if marked else "███")
    spans = row_line(points, text, UNICODE)
    assert (("▴", "skyline.cut over spark") in spans) == marked
    assert plain(row_line(points, text, replace(UNICODE, grounds=False))) == text


def test_half_a_step_is_where_the_height_changes() -> None:
    assert height_of(at(1.10**0.49)) == 3 and height_of(at(1.10**0.51)) == 4
    assert height_of(at(1.10**-0.49)) == 3 and height_of(at(1.10**-0.51)) == 2


def test_a_few_ms_are_drawn_as_usual_whatever_their_ratio() -> None:
    """A stage of 5 ms that doubles is not as high as one of 400 ms."""
    assert height_of(Point(math.log(2), DEAD_MS - 0.01)) == 3
    assert height_of(Point(math.log(2), DEAD_MS)) == 7
    assert height_of(Point(math.log(0.5), -DEAD_MS + 0.01)) == 3
    assert height_of(Point(math.log(0.5), -DEAD_MS)) == 0


def test_brightness_is_by_ms_and_not_by_ratio() -> None:
    assert moved_role(BRIGHT_MS) == "spark.slower" and moved_role(BRIGHT_MS - 1) == "spark.slower.slightly"
    assert moved_role(-BRIGHT_MS) == "spark.faster" and moved_role(1 - BRIGHT_MS) == "spark.faster.slightly"


def test_an_outlier_alone_has_no_colour_and_a_step_keeps_its_place() -> None:
    alone = [at(1.0)] * 5 + [at(3.0)] + [at(1.0)] * 5
    assert set(column_roles(alone)) == {"spark"}
    step = [at(1.0)] * 8 + [at(1.5)] * 8
    assert column_roles(step) == ["spark"] * 8 + ["spark.slower"] * 8
    assert column_roles([at(0.5), *step[:0]] * 6) == ["spark.faster"] * 6


def test_a_turn_of_a_slow_run_that_was_quick_itself_is_not_coloured() -> None:
    run = [at(1.5)] * 4 + [at(0.9)] + [at(1.5)] * 4
    assert column_roles(run)[4] == "spark"


def test_neighbours_are_the_nearest_turns_with_the_stage() -> None:
    """Memory is stored in every second turn."""
    every_second = [point for _ in range(6) for point in (None, at(1.0))] + [None, at(2.5)]
    assert set(column_roles(every_second)) == {"spark.gap", "spark"}


def test_what_was_not_judged_claims_nothing() -> None:
    points = [unjudged(2.0)] * 4 + [at(1.0)] * 4
    assert column_roles(points) == ["spark.unjudged"] * 4 + ["spark"] * 4


def roles(line: tuple[tuple[str, str], ...]) -> list[str]:
    return [role for text, role in line for _ in text]


def test_a_moved_level_is_coloured_from_its_first_turn_which_is_marked_without_colours() -> None:
    points = [at(1.0)] * 8 + [at(1.1)] * 4
    text = ratio_text(points, 12, UNICODE)
    line = row_line(points, text, UNICODE, Moved(lost_ms=100.0, turns=4, start=8))
    assert plain(line) == text
    assert roles(line) == ["spark"] * 8 + ["spark.slower.began"] + ["spark.slower"] * 3
    faster = row_line(points, text, UNICODE, Moved(lost_ms=-50.0, turns=4, start=8))
    assert roles(faster)[8:] == ["spark.faster.slightly.began", *["spark.faster.slightly"] * 3]


def test_a_start_ahead_of_the_window_is_said_at_the_left_edge() -> None:
    points = [at(1.2)] * 20
    line = row_line(points, ratio_text(points, 20, UNICODE), UNICODE, Moved(lost_ms=200.0, turns=25, start=None))
    assert plain(line) == "◂25t " + "▆" * 15 and set(roles(line)) == {"slower", "spark.slower"}
    short = row_line(points, ratio_text(points, 15, UNICODE), UNICODE, Moved(lost_ms=200.0, turns=25, start=None))
    assert plain(short) == "▆" * 15 and set(roles(short)) == {"spark.slower"}


def test_what_the_user_has_seen_is_not_coloured_as_moved() -> None:
    points = [at(1.0)] * 8
    line = row_line(points, ratio_text(points, 8, UNICODE), UNICODE, Moved(200.0, 4, 4, seen=True))
    assert set(roles(line)) == {"spark"}


POINTS = st.lists(st.none() | st.builds(Point, st.floats(-9, 9), st.floats(-1e6, 1e6), st.booleans()), max_size=90)
MOVED = st.none() | st.builds(Moved, st.floats(-1e5, 1e5), st.integers(0, 999), st.none() | st.integers(0, 80))


@given(POINTS, st.integers(0, 90), st.sampled_from([UNICODE, ASCII]), MOVED)
def test_a_row_is_as_wide_as_asked(points: list[Point | None], width: int, glyphs: Glyphs, moved: Moved | None) -> None:
    text = ratio_text(points, width, glyphs)
    line = row_line(points, text, glyphs, moved)
    assert cells(line) == width
    assert glyphs is UNICODE or plain(line).isascii()


@pytest.mark.parametrize("width", [20, 40])
def test_the_turns_ahead_of_a_level_do_not_have_its_colour(width: int) -> None:
    """Two slow turns stand ahead of it; with the new ones as neighbours they were coloured as these."""
    points = [at(1.0)] * 10 + [at(1.3)] * 2 + [at(1.5)] * 8
    assert column_roles(points)[10:12] == ["spark.slower"] * 2
    line = row_line(points, ratio_text(points, width, UNICODE), UNICODE, Moved(500.0, 8, 12), reverse=False)
    assert roles(line) == ["spark"] * (width - width * 8 // 20) + ["spark.slower"] * (width * 8 // 20)


def test_a_drift_becomes_brighter_with_what_it_costs() -> None:
    """All of it in one colour from its first turn on looked like a step."""
    points = [at(1.0)] * 10 + [at(1.0 + 0.02 * turn, 400.0) for turn in range(1, 31)]
    text = ratio_text(points, 40, UNICODE)
    drawn = roles(row_line(points, text, UNICODE, Moved(150.0, 30, 10, drifts=True), reverse=False))
    assert drawn[:10] == ["spark"] * 10
    bright = drawn.index("spark.slower")
    assert drawn[10:] == ["spark.slower.slightly"] * (bright - 10) + ["spark.slower"] * (40 - bright) and bright > 15
    step = roles(row_line(points, text, UNICODE, Moved(150.0, 30, 10), reverse=False))
    assert step[10:] == ["spark.slower"] * 30


def test_a_dip_of_a_drift_does_not_take_the_other_colour() -> None:
    points = [at(1.0)] * 10 + [at(1.2)] * 8 + [at(0.8)] * 8 + [at(1.4)] * 8
    drawn = roles(row_line(points, ratio_text(points, 34, UNICODE), UNICODE, Moved(150.0, 24, 10, drifts=True)))
    assert not any("faster" in role for role in drawn[10:])


@pytest.mark.parametrize("width", [12, 20, 33])
def test_few_turns_are_drawn_wide_and_keep_their_order(width: int) -> None:
    points = [at(ratio) for ratio in (0.5, 0.83, 0.91, 1.0, 1.1, 1.25, 1.33, 3.0)]
    text = ratio_text(points, width, UNICODE)
    assert len(text) == width and sorted(text) == [*text] and {*text} == {*"▁▂▃▄▅▆▇█"}
