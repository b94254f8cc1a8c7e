"""Lines are measured in cells, and what is cut says so."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from timmy_tui.ui.paint.lines import (
    Line,
    cells,
    changed_stretches,
    cut,
    fit,
    foreign,
    join,
    join_fitting,
    left,
    line,
    plain,
    right,
    spread,
    whole_parts,
    wrap,
    wrap_text,
)

TEXT = st.text(st.characters(exclude_categories=["C", "M"]), max_size=30)


@given(st.lists(TEXT, max_size=6), st.integers(0, 60))
def test_fit_gives_exactly_the_width(texts: list[str], width: int) -> None:
    assert cells(fit(line(*texts), width)) == width


def test_what_is_cut_ends_in_an_ellipsis_and_blanks_do_not() -> None:
    assert plain(fit(line("voice to voice"), 8)) == "voice…  "
    assert plain(fit(line("voice", "        "), 7)) == "voice  "
    assert plain(fit(line("voice", " to voice"), 7)) == "voice… "
    assert plain(fit(line("ab", "cd"), 4)) == "abcd"


def test_wide_characters_count_two_cells() -> None:
    assert cut("日本語です", 6) == "日本…"
    assert cells(fit(line("日本語"), 5)) == 5
    assert left("日本", 6) == "日本  " and right("日本", 6) == "  日本"


def test_foreign_text_is_cleaned_before_it_is_cut() -> None:
    assert foreign("\x1b]0;owned\x07", 40) == "␛]0;owned␇"


def test_the_right_end_stays_when_the_start_is_cut() -> None:
    assert plain(spread(line("a long heading"), line("12s ago"), 18)) == "a long…    12s ago"
    assert plain(spread(line("heading"), line("a very long end"), 10)) == "heading   "


def test_parts_are_left_out_whole() -> None:
    parts = [line("one"), line("two"), line("three")]
    assert plain(join_fitting(parts, 9)) == "one  two"
    assert [plain(row) for row in wrap(parts, 9)] == ["one  two", "three"]


def test_columns_are_joined_row_by_row() -> None:
    rows = join([([line("a")], 3), ([line("b"), line("c")], 2)], 2)
    assert [plain(row) for row in rows] == ["a    b ", "     c "]


@pytest.mark.parametrize(
    ("now", "stretches"),
    [
        (line("same", ("new", "text"), "at the end"), [(4, 7)]),
        (line("same", ("old", "bad"), "at the end"), [(4, 7)]),
        (line("same", ("old", "text"), "at the end"), []),
        (line("sameol", "dat the end"), []),
        (line("Same", ("old", "text"), "at the enD"), [(0, 1), (16, 17)]),
        (line("sAmEoldat the end"), [(1, 4)]),
        (line("short"), [(0, 17)]),
        (line("sameoldat the 日n"), [(0, 17)]),
    ],
    ids=["text", "role", "nothing", "the spans alone", "two", "two side by side", "another width", "a wide character"],
)
def test_what_changed_of_a_line_is_said_cell_by_cell(now: Line, stretches: list[tuple[int, int]]) -> None:
    before = line("same", ("old", "text"), "at the end")
    assert changed_stretches(before, now, 17) == stretches


ROLES = st.sampled_from(("text", "bad"))


@given(st.lists(st.tuples(TEXT, ROLES), max_size=4), st.lists(st.tuples(TEXT, ROLES), max_size=4), st.integers(0, 40))
def test_outside_of_what_changed_two_lines_are_alike(
    old: list[tuple[str, str]], new: list[tuple[str, str]], width: int
) -> None:
    before, after = fit(tuple(old), width), fit(tuple(new), width)
    stretches = changed_stretches(before, after, width)
    if cells(before) == cells(after) == width and plain(before + after).isascii():
        was, now = ([(char, role) for text, role in one for char in text] for one in (before, after))
        for start, end in stretches:
            was[start:end] = now[start:end]
        assert was == now
        assert all(end <= start for (_, end), (start, _) in pairwise(stretches))


@pytest.mark.parametrize(
    "text", ["", "one", "ab cd ef gh", "x" * 30, "語語語 語語語語語語語語語語語語語 末", "a – b " * 9, "  led"]
)
@pytest.mark.parametrize("width", [4, 8, 11, 80])
def test_wrapped_text_is_all_there_and_fits(text: str, width: int) -> None:
    rows = wrap_text(text, width)
    assert rows and all(cell_len(row) <= width for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())


def test_text_is_divided_between_words() -> None:
    assert wrap_text("Timmy hears – nobody", 12) == ["Timmy hears", "  – nobody"]
    assert wrap_text("Timmy hears nobody", 12) == ["Timmy hears", "  nobody"]


@pytest.mark.parametrize(
    ("spans", "width", "shown"),
    [
        ((("helped: [0.…", "info"), ("  u", "key"), (" undo", "text")), 14, "helped: [0.…"),
        ((("helped: [0.…", "info"), ("  u", "key"), (" undo", "text")), 16, "helped: [0.…  u…"),
        ((("helped: [0.…", "info"), (" and more", "text")), 11, "helped:…"),
        ((("one …two", "text"),), 6, "one…"),
        ((("one … two", "text"),), 7, "one…"),
        ((("…………", "text"),), 3, "…"),
    ],
)
def test_what_was_cut_before_is_cut_once(spans: Line, width: int, shown: str) -> None:
    got = fit(spans, width)
    assert plain(got).rstrip() == shown and cells(got) == width
    assert plain((("", "text"), *got)).count("…") <= 1 or "…  " in plain(got)


@pytest.mark.parametrize("text", ["and … so on", "and… so on", "and …… so on"])
def test_a_text_with_an_ellipsis_is_cut_with_one(text: str) -> None:
    assert cut(text, 6) == "and…"


def test_a_line_of_parts_is_shortened_by_whole_parts() -> None:
    """``of 8 000`` was cut to ``of 8…``, which is another figure."""
    parts = [line("cache ~74%"), line(("ctx ", "muted"), "33%", (" of 8 000", "muted")), line("≈78 turns left")]
    whole = join_fitting(parts, 80)
    shown = [plain(whole_parts(whole, width)) for width in (44, 43, 28, 27, 10)]
    two = "cache ~74%  ctx 33% of 8 000"
    assert shown == [plain(whole), two, two, "cache ~74%", "cache ~74%"]
    assert plain(whole_parts(whole, 9)) == plain(whole), "left to be cut with …"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("v34/config.py is not a Python file", 30, "v34/config.py is not a Python…"),
        ("prefill ×0.21 [0.20, 0.23], wait", 22, "prefill ×0.21 [0.20…"),
        ("context 14 % of 8 000 tokens", 19, "context 14 % of…"),  # ``of 8…`` would be another window.
        (
            "decoding alone takes about 9 ms per token",
            30,
            "decoding alone takes about…",
        ),  # Of ``9…`` nobody knows what.
        ("0 of 14 turns, median 1178 tok, 41%", 28, "0 of 14 turns, median…"),
        ("epoch 2 begins", 9, "epoch 2…"),
        ("llama3.2:3b-instruct-q4_K_M", 14, "llama3.2:3b-i…"),
        ("a http://127.0.0.1:40393/api/webhook", 20, "a http://127.0.0.1:…"),
        ("whole words", 6, "whole…"),
    ],
)
def test_what_is_cut_ends_behind_a_word_where_little_goes_with_it(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert plain(fit(line(text), width)) == shown.ljust(width)


def test_of_a_word_that_begins_a_span_no_piece_is_left() -> None:
    """``off→on: h…`` stood where ``helped`` did not fit."""
    spans: Line = (("tail mode off→on: ", "muted"), ("helped: LLM ×0.81", "good"))
    for width in (19, 20, 23):
        assert plain(fit(spans, width)).rstrip() == "tail mode off→on: …"
    assert plain(fit(spans, 26)) == "tail mode off→on: helped:…"
    assert plain(fit((("/var/log/v34.log", "text"),), 8)) == "/var/lo…", "of one word a piece is all there is"


def test_a_cell_that_is_whole_does_not_look_cut() -> None:
    """``0.5…`` stood for 0.5, where what the column behind it says did not fit."""
    assert plain(fit((("0.5       ", "value"), ("STT reads it", "muted")), 10)) == "0.5      …"
    cut_before = (("model ", "label"), ("llama3.2… ", "value"), ("as Ollama names it", "muted"))
    assert plain(fit(cut_before, 16)) == "model llama3.2… ", "it is there, and has its sign"
