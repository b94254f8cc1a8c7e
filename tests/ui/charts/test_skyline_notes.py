"""Signs under the columns, and the words beside them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from timmy_tui.ui.charts.skyline_notes import Note, place_notes
from timmy_tui.ui.paint.lines import cells, plain


def note(column: int, *words: str, rank: int = 1, sign: str = "┊", weak: bool = False) -> Note:
    return Note(column, rank, (sign, "info"), words, "muted", weak)


def shown(width: int, *notes: Note) -> str:
    return plain(place_notes(notes, width))


def test_words_stand_at_the_right_of_their_sign_as_far_as_they_fit() -> None:
    assert shown(20, note(3, "tail mode on", "tail")) == "   ┊tail mode on    "
    assert shown(12, note(3, "tail mode on", "tail")) == "   ┊tail    "


def test_words_at_the_right_edge_stand_at_the_left_of_their_sign() -> None:
    assert shown(12, note(10, "restart")) == "   restart┊ "
    assert shown(12, note(10, " restart")) == "  restart ┊ "


def test_a_blank_is_between_words_and_the_next_sign() -> None:
    assert shown(12, note(0, "abcd", "abc"), note(5, "x", rank=2)) == "┊abc ┊x     "


def test_without_room_the_sign_stands_alone() -> None:
    assert shown(3, note(1, "restart")) == " ┊ "


def test_words_of_the_cursor_stand_apart_where_there_is_no_room_beside_it() -> None:
    crowded = [note(20, "x", rank=2), note(22, "y", rank=2), note(21, "turn 4", rank=0)]
    assert "turn" not in shown(24, *crowded)
    crowded[-1] = replace(crowded[-1], anywhere=True)
    row = shown(24, *crowded)
    assert row[20:23] == "┊┊┊" and "┊turn 4 " in row[:20], "behind its sign once more, nearest to its column"
    assert shown(8, note(5, "x"), note(7, "y"), replace(crowded[-1], column=6))[5:] == "┊┊┊", "or not at all"


def test_the_newest_flip_has_its_words_from_the_first_turn_on_whatever_signs_stand_beside_it() -> None:
    flip = replace(note(18, "tail mode off→on", "tail mode", sign="┃"), leader="─")
    assert shown(20, flip) == " tail mode off→on┃  "[-20:].replace(" tail", "  tail", 1)[:20] or shown(20, flip)
    assert shown(30, replace(flip, column=28), note(27, "restart", rank=3)) == "          tail mode off→on ┊┃ "
    apart = (replace(flip, column=28), note(27, "restart", rank=3), note(24, "restart", rank=3))
    assert shown(30, *apart) == "       tail mode off→on ┊──┊┃ "
    assert shown(14, replace(flip, column=12), note(11, "restart", rank=3)) == " tail mode ┊┃ "


def test_the_lower_rank_has_its_words_first() -> None:
    row = shown(14, note(4, "restart", rank=3), note(6, "tail mode", "on", rank=1))
    assert row == "    ┊ ┊on     " or "on" in row
    assert shown(16, note(2, "restart", rank=3), note(4, "tail mode", rank=1)) == "  ┊ ┊tail mode  "


def test_two_on_one_column_share_its_words_or_are_counted() -> None:
    assert shown(20, note(0, "LLM", rank=2), note(0, "flip", rank=1)) == "┊flip · LLM         "
    many = (note(0, "LLM", rank=2), note(0, "TTS", rank=2), note(0, "flip", rank=1))
    assert shown(20, *many) == "┊flip and 2 more    "
    assert shown(9, *many) == "┊flip    ", "a count without its word would be a riddle"
    assert shown(4, *many) == "┊   "


def test_the_ruler_gives_way_to_everything_its_tick_too() -> None:
    assert shown(12, note(3, "restart"), note(6, "−20", weak=True, sign="╵")) == "   ┊restart "
    assert shown(16, note(3, "restart"), note(12, "−20", weak=True, sign="╵")) == "   ┊restart ╵−20"


def test_what_is_not_on_the_line_is_not_drawn() -> None:
    assert shown(5, note(-1, "a"), note(5, "b"), note(9, "c", weak=True)) == "     "


@given(
    st.lists(
        st.builds(note, st.integers(-3, 70), st.text("abc ", max_size=12), rank=st.integers(0, 6), weak=st.booleans()),
        max_size=12,
    ),
    st.integers(1, 60),
)
def test_every_sign_that_is_not_weak_is_at_its_column(notes: list[Note], width: int) -> None:
    line = place_notes(notes, width)
    assert cells(line) == width
    assert all(plain(line)[one.column] == "┊" for one in notes if 0 <= one.column < width and not one.weak)
