"""Whatever a log contains, the result of clean() is literal and printable."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.core.foreign.sanitize import LIMIT, clean, clean_lines

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eabc\u2066\x7f\u2028\ufeff\U000e0041[@click=app.quit]x[/foo]"


def test_control_and_bidi_characters_become_glyphs() -> None:
    assert clean(EVIL) == "␛]0;owned␇␛[2J�31m�abc�␡��[@click=app.quit]x[/foo]"


def test_plain_text_is_untouched_and_tabs_are_spaces() -> None:
    assert clean("LLM 812ms · 日本 é") == "LLM 812ms · 日本 é"
    assert clean("a\tb") == "a    b"


PERSIAN, HINDI, EMOJI = "\u0645\u06cc\u200c\u062e", "\u0915\u094d\u200d\u0937", "\U0001f469\u200d\U0001f4bb"
GERMAN = "Auf\u200clage"


@pytest.mark.parametrize("word", [PERSIAN, HINDI, EMOJI, GERMAN, "\u0d28\u0d4d\u200d"])
def test_joiners_that_letters_and_emoji_need_stay(word: str) -> None:
    assert clean(word) == word


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u200e", "\u200f", "\u202e", "\u2066", "\u061c", "\u2060", "\u180e", "\ufeff"]
)
def test_their_neighbours_do_not(hidden: str) -> None:
    assert clean(f"a{hidden}b") == "a\ufffdb"


def test_a_long_line_is_cut_and_says_so() -> None:
    cut = clean("x" * (LIMIT + 1))
    assert len(cut) == LIMIT
    assert cut.endswith("…")


@pytest.mark.parametrize("text", ["\t" * 3, "a\tbcdefgh", "abcdefghi\t", "\t\U000e0041" * 4, "\x1b\t\t"])
def test_a_text_with_tabs_keeps_to_the_limit_as_well(text: str) -> None:
    for limit in (9, 10, 11):
        assert len(clean(text, limit)) <= limit
    assert clean("ab\tcdefgh", 10) == "ab    cde…"
    assert clean("ab\tcdef", 10) == "ab    cdef"


def test_lines_are_split_at_line_ends_only() -> None:
    assert clean_lines("a\r\nb\rc\u2028d\n") == ["a", "b", "c�d", ""]


@given(st.text())
def test_no_control_bidi_or_surrogate_character_ever_passes(text: str) -> None:
    for character in clean(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "RLO",
            "LRO",
            "RLE",
            "LRE",
            "PDF",
            "RLI",
            "LRI",
            "FSI",
            "PDI",
        }


@pytest.mark.parametrize("bad", ["\udc80", "\ud800"])
def test_surrogates_from_file_names_can_be_printed(bad: str) -> None:
    assert clean(bad).encode() == "�".encode()
