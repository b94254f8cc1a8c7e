"""The one way in for JSON, TOML and numbers: nothing raises, an odd value is unknown, a bad text has its reason."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.core.foreign.decode import (
    MAX_FIGURE,
    MOST_LEVELS,
    NOT_JSON,
    SHORTEST_ODD_LINE,
    TOO_DEEP,
    WRONG_SHAPE,
    Unreadable,
    decimal_number,
    decode_as,
    decode_json,
    decode_lines,
    decode_toml,
    is_odd,
    number,
    whole_number,
)


class Row(msgspec.Struct):
    name: str = ""
    size: float | None = None
    inner: dict[str, Any] = {}


def reason(value: object) -> str:
    assert isinstance(value, Unreadable)
    return value.reason


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + closing * levels


@pytest.mark.parametrize(
    "odd",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"-1e400",
        b"9" * 309,
        b"-" + b"9" * 308,
        b'"\\ud800"',
        b'"\\uDC00x"',
    ],
    ids=lambda odd: odd[:9].decode(),
)
@pytest.mark.parametrize("as_text", [False, True])
def test_an_odd_value_is_unknown_and_the_rest_is_read(odd: bytes, as_text: bool) -> None:
    text = b'{"a": [1, ' + odd + b'], "b": {"c": ' + odd + b'}, "d": "x"}'
    assert decode_json(text.decode() if as_text else text) == {"a": [1, None], "b": {"c": None}, "d": "x"}


def test_what_only_just_is_a_number_is_kept() -> None:
    assert decode_json(b"[" + b"9" * 308 + b", 9e307, -9e307, 1e-400]") == [10**308 - 1, 9e307, -9e307, 0.0]


def test_a_pair_of_surrogates_is_a_letter_and_half_of_one_in_a_name_is_replaced() -> None:
    assert decode_json(rb'["\ud83d\ude00"]') == ["\U0001f600"]
    assert decode_json(rb'{"\ud800": 1, "b": 2}') == {"?": 1, "b": 2}


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_levels_are_counted_exactly(opening: bytes, closing: bytes) -> None:
    middle = b"" if opening == b"[" else b"1"
    assert not isinstance(decode_json(opening * MOST_LEVELS + middle + closing * MOST_LEVELS), Unreadable)
    assert reason(decode_json(opening * (MOST_LEVELS + 1) + middle + closing * (MOST_LEVELS + 1))) == TOO_DEEP
    assert reason(decode_json(opening * 100_000 + middle + closing * 100_000)) == TOO_DEEP


def test_a_wide_text_is_not_deep() -> None:
    assert decode_json(b"[" + b",".join([b"[]"] * 5000) + b"]") == [[]] * 5000


@pytest.mark.parametrize("text", [b"", b"{", b"hello", b"{'a': 1}", b"[1] 2", b"\0", b"01", b"\xff\xfe\xff", b"nan"])
def test_what_is_no_json_says_so(text: bytes) -> None:
    assert reason(decode_json(text)) == NOT_JSON


def test_a_mark_of_the_byte_order_and_bad_bytes_cost_nothing() -> None:
    assert decode_json(b'\xef\xbb\xbf{"a": "\xff"}') == {"a": "\ufffd"}
    assert decode_json('{"a": "\u00e4"}'.encode("utf-16")) == {"a": "\u00e4"}


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_nothing_raises(text: bytes | str) -> None:
    decode_json(text)
    decode_as(text, Row)
    number(text)


FIGURES = st.integers() | st.floats(min_value=-1e300, max_value=1e300)
VALUES = st.recursive(
    st.none() | st.booleans() | FIGURES | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_python_writes_is_read_unchanged(value: object) -> None:
    assert decode_json(json.dumps(value)) == value


def test_a_typed_value_keeps_what_is_good() -> None:
    assert decode_as(b'{"name": "a", "size": 2.5}', Row) == Row("a", 2.5)
    for odd in (b"NaN", b"1e400", b"9" * 400):
        assert decode_as(b'{"name": "a", "size": ' + odd + b"}", Row) == Row("a", None)
    assert reason(decode_as(b'{"name": NaN}', Row)).startswith(WRONG_SHAPE)
    assert reason(decode_as(b"[1]", Row)).startswith(WRONG_SHAPE)
    assert reason(decode_as(b'{"inner": {"a": ' + nested(MOST_LEVELS) + b"}}", Row)) == TOO_DEEP
    assert reason(decode_as(b"{", Row)) == NOT_JSON


def test_lines_are_values_in_their_order_and_others_go_elsewhere() -> None:
    good = [b'{"name": "%d"}' % at for at in range(6)]
    deep = b'{"inner": {"a": ' + nested(300) + b"}}"
    long = b'{"size": ' + b"9" * 400 + b"}"
    elsewhere: list[bytes] = []

    def otherwise(line: bytes) -> list[Row]:
        elsewhere.append(line)
        return [Row("other")]

    lines = [good[0], b"{", good[1], deep, long, good[2], good[3], b"[1]", b'{"size": NaN}']
    assert [row.name for row in decode_lines(lines, Row, otherwise)] == [
        "0", "other", "1", "other", "other", "2", "3", "other", "other",
    ]  # fmt: skip
    assert elsewhere == [b"{", deep, long, b"[1]", b'{"size": NaN}']
    assert decode_lines([], Row, otherwise) == []


@pytest.mark.parametrize("filled", [0, 1, 49, 50, 51, 1000])
def test_a_number_too_long_is_seen_wherever_it_stands(filled: int) -> None:
    head = b'{"a": "' + b"x" * filled + b'", "b": '
    assert is_odd(head + b"9" * 309 + b"}" + b" " * SHORTEST_ODD_LINE)
    assert not is_odd(head + b"9" * 308 + b"}" + b" " * SHORTEST_ODD_LINE)


def test_a_line_that_has_room_for_nothing_odd_is_not_looked_at() -> None:
    """The shortest event with a number of 309 digits, or with 201 levels, is longer than that."""
    head, tail = b'{"timestamp":1,"request_id":"a","event":"e","metadata":{"":', b"}}"
    assert len(head + b"9" * 309 + tail) >= SHORTEST_ODD_LINE
    assert len(head + nested(MOST_LEVELS - 1) + tail) >= SHORTEST_ODD_LINE


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (-2.5, -2.5), (0, 0.0), (True, None), (None, None), ("3", None), (10**309, None), (float("nan"), None),
     (float("inf"), None), ([], None)],
)  # fmt: skip
def test_a_number_of_json(value: object, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("read", [whole_number, decimal_number])
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_in_a_text(read: Callable[[str], float | None], sign: str) -> None:
    below = str(int(MAX_FIGURE) - 1)
    assert read(sign + below) == float(sign + below)
    for above in (str(int(MAX_FIGURE)), "9" * 309, "9" * 5000):
        assert read(sign + above) is None
    with pytest.raises(ValueError, match="x"):
        read(sign + "x")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"a = ", "is not valid TOML"),
        (b"a = \xff", "is not valid TOML"),
        (b"[view]\nturns = nan", "sets view.turns to a number"),
        (b"[view]\nturns = inf", "sets view.turns to a number"),
        (b"[view]\nturns = 9007199254740993", "sets view.turns to a number"),
        (b"a = [1, [1e400]]", "sets a to a number"),
        (b"a = " + b"9" * 5000, "is not valid TOML"),
        (b"a = " + nested(3000), f"is {TOO_DEEP}"),
    ],
)
def test_a_bad_toml_says_where(text: bytes, word: str) -> None:
    assert word in reason(decode_toml(text))


def test_a_good_toml_is_a_table() -> None:
    assert decode_toml(b"a = 9007199254740992\n[b]\nc = [1.5, true]") == {"a": 1 << 53, "b": {"c": [1.5, True]}}
