"""Dots of a cell, scales with their ticks, brackets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timmy_tui.ui.charts.bracket import Bracket, bracket_line
from timmy_tui.ui.charts.dots import Dots, Ink
from timmy_tui.ui.charts.scale import LABEL, Scale, scale_of
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE, Glyphs
from timmy_tui.ui.paint.lines import cells, plain


def drawn(*dots: tuple[int, int], glyphs: Glyphs = UNICODE) -> list[str]:
    """Two columns and two rows with these dots."""
    canvas = Dots(2, 2)
    for x, y in dots:
        canvas.put(x, y, Ink("text"))
    return [plain(row) for row in canvas.lines(glyphs)]


@pytest.mark.parametrize(
    ("dot", "rows"),
    [((0, 0), ["  ", "⡀ "]), ((1, 0), ["  ", "⢀ "]), ((0, 3), ["  ", "⠁ "]), ((3, 3), ["  ", " ⠈"]),
     ((0, 4), ["⡀ ", "  "]), ((2, 6), [" ⠂", "  "]), ((3, 7), [" ⠈", "  "])],
)  # fmt: skip
def test_a_dot_is_one_of_eight_of_its_cell(dot: tuple[int, int], rows: list[str]) -> None:
    assert drawn(dot) == rows


def test_dots_of_one_cell_add_up_and_those_outside_are_none() -> None:
    assert drawn((0, 0), (1, 3)) == ["  ", "⡈ "]
    assert drawn((-1, 0), (4, 0), (0, 8), (0, -1)) == ["  ", "  "]


def test_without_braille_a_cell_has_three_heights_and_what_is_filled_differs() -> None:
    assert drawn((0, 0), glyphs=ASCII)[1] == ". "
    assert drawn((0, 2), (2, 3), glyphs=ASCII)[1] == "-'"
    assert drawn((0, 0), (0, 1), (0, 2), (0, 3), glyphs=ASCII)[1] == "# "


def test_the_higher_rank_has_the_colour_of_the_cell() -> None:
    for first, second in (("quiet", "loud"), ("loud", "quiet")):
        canvas = Dots(1, 1)
        for role in (first, second):
            canvas.put(0, 0, Ink(role, 1 if role == "loud" else 0))
        assert [role for _, role in canvas.lines(UNICODE)[0]] == ["loud"]


def test_a_ground_lies_behind_dots_and_blanks_and_a_line_upright_leaves_dots_alone() -> None:
    canvas = Dots(2, 2)
    canvas.put(0, 0, Ink("text"))
    canvas.shade(range(2), range(1), "band")
    canvas.upright(0, ("|", "info"))
    top, foot = canvas.lines(UNICODE)
    assert top == (("|", "info"), (" ", "text"))
    assert foot == (("⡀", "text over band"), (" ", "band"))


def test_a_line_between_two_dots_has_no_hole() -> None:
    canvas = Dots(4, 2)
    canvas.join((0, 0), (7, 7), Ink("text"))
    assert sum(char != " " for row in canvas.lines(UNICODE) for char in plain(row)) == 4


# -- scale


def test_a_scale_begins_at_zero_and_an_outlier_does_not_flatten_it() -> None:
    scale = scale_of([*[100.0] * 20, 5000.0], True, 8)
    assert (scale.low, scale.high) == (0.0, 125.0)
    assert scale.outside(5000.0) == 1 and scale.height(5000.0) == scale.dots - 1
    assert scale.height(0.0) == 0 and scale.outside(0.0) == 0


def test_the_newest_level_is_never_above_the_scale() -> None:
    few_slow = [*[100.0] * 40, *[300.0] * 3]
    assert scale_of(few_slow, True, 8).high == 125.0
    assert scale_of(few_slow, True, 8, least_top=300.0).high == 315.0


def test_the_datas_own_range_leaves_a_margin_and_blows_nothing_up() -> None:
    scale = scale_of([float(ms) for ms in range(1000, 1101)], False, 8)
    assert 990.0 < scale.low < 1005.0 and 1095.0 < scale.high < 1110.0
    assert scale.outside(500.0) == -1 and scale.height(500.0) == 0
    ticking = scale_of([1000.0, 1000.1, 1000.2], False, 8)
    assert ticking.high - ticking.low >= 0.02 * 1000


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40), st.booleans(), st.integers(1, 30))
def test_ticks_lie_where_their_value_does_and_have_a_unit(values: list[float], zero: bool, rows: int) -> None:
    scale = scale_of(values, zero, rows)
    ticks = scale.ticks()
    assert all(0 <= row < rows for row in ticks)
    for row, text in ticks.items():
        assert text == "0" or text.endswith("s")
        ms = 0.0 if text == "0" else float(text[:-2]) if text.endswith("ms") else 1000 * float(text[:-1])
        step = (scale.high - scale.low) / rows
        assert abs(scale.row(ms) - row) <= 1 + 0.06 * max(ms, 1.0) / step


@given(st.floats(1.0, 1e5), st.floats(0.05, 1.0), st.integers(2, 12))
@settings(max_examples=400)
def test_a_scale_has_two_ticks_where_it_has_room_for_two(low: float, more: float, rows: int) -> None:
    """``1.0s`` alone, beside three rows, told how much nothing was."""
    assert len(Scale(low, low * (1 + more), rows).ticks()) >= 2


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [(Scale(0.0, 4000.0, 8), {0: "0", 2: "1s", 4: "2s", 6: "3s"}),
     (Scale(0.0, 100.0, 4), {0: "0", 2: "50ms"}),
     (Scale(1000.0, 1400.0, 8), {0: "1.0s", 2: "1.1s", 4: "1.2s", 6: "1.3s"})],
)  # fmt: skip
def test_ticks_are_round(scale: Scale, ticks: dict[int, str]) -> None:
    assert scale.ticks() == ticks
    assert all(len(text) <= LABEL for text in ticks.values())


# -- brackets


def bracketed(*brackets: Bracket, width: int = 40, glyphs: Glyphs = UNICODE, heads: tuple[str, ...] = ()) -> str:
    return plain(bracket_line(brackets, width, glyphs, heads))


def test_a_bracket_goes_from_its_first_to_its_last_column_and_has_a_name() -> None:
    text = bracketed(Bracket(10, 29, ("RAG slower",), "bad"))
    assert text == " " * 10 + "┏━ RAG slower ━━━━━┓" + " " * 10


def test_one_that_lasts_has_no_end_and_one_that_began_before_has_no_beginning() -> None:
    assert bracketed(Bracket(20, 40, ("LLM",), "bad")).endswith("┏━ LLM ━━━━━━━━━━━━━")
    assert bracketed(Bracket(-1, 40, ("LLM",), "bad")).startswith("◂━ LLM ━")
    assert bracketed(Bracket(10, 39, ("LLM",), "bad"), glyphs=ASCII)[10:].startswith("[= LLM =")


def test_words_that_do_not_fit_in_stand_ahead_or_are_shortened() -> None:
    words = ("LLM +290ms since 14:31", "LLM +290ms", "LLM")
    assert bracketed(Bracket(30, 40, words, "bad")) == "       LLM +290ms since 14:31 ┏━━━━━━━━━"
    assert bracketed(Bracket(1, 14, words, "bad"), width=16) == " ┏ LLM +290ms ┓ "


def test_the_next_bracket_ends_the_one_before_and_both_have_their_names() -> None:
    text = bracketed(Bracket(0, 40, ("LLM",), "bad"), Bracket(20, 40, ("RAG",), "warn"))
    assert text.index("LLM") < 20 < text.index("RAG") and text[20] == "┏"
    assert "LLM · RAG" in bracketed(Bracket(0, 40, ("LLM",), "bad"), Bracket(0, 40, ("RAG",), "warn"))


def test_the_newest_bracket_has_its_name_also_where_the_one_before_reaches_up_to_it() -> None:
    text = bracketed(Bracket(2, 40, ("RAG +41ms",), "warn"), Bracket(36, 40, ("prompt cache +2.1s", "cache"), "bad"))
    assert text == "  ┏━ RAG +41ms ━ prompt cache +2.1s ┏━━━"


def test_of_the_heads_the_longest_that_fits_stands_there() -> None:
    heads = ("a dash: a turn · line: p50 of an epoch", "a dash: a turn", "dash")
    assert bracketed(width=40, heads=heads).startswith("a dash: a turn · line")
    assert bracketed(width=20, heads=heads).rstrip() == "a dash: a turn"


def test_the_head_gives_way_to_a_bracket() -> None:
    assert bracketed(Bracket(20, 40, ("A",), "bad"), heads=("p50 40ms",)).startswith("p50 40ms ")
    assert "p50" not in bracketed(Bracket(2, 40, ("A",), "bad"), heads=("p50 40ms",))


@given(st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=5), st.integers(1, 50))
def test_a_line_of_brackets_is_as_wide_as_asked(places: list[tuple[int, int]], width: int) -> None:
    brackets = [Bracket(start, end, ("a long name", "name"), "bad") for start, end in places]
    assert cells(bracket_line(brackets, width, UNICODE, ("head",))) == width
