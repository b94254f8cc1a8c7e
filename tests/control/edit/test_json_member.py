"""One value of a JSON file is changed, and no byte outside of it; what is not certain is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.control.edit.json_member import Member, member_of, value_text
from timmy_tui.control.edit.places import Value
from timmy_tui.control.edit.selectors import place_of
from timmy_tui.control.errors import Refused

MUTED = Member("tts_muted")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.one_of(
    st.booleans(), st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False), TEXTS
)
ANY = st.recursive(
    st.one_of(PLAIN, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
STYLES = st.sampled_from(
    [{"indent": 2}, {"indent": 2, "ensure_ascii": False}, {"indent": "\t"}, {}, {"separators": (",", ":")},
     {"indent": 1, "separators": (" ,", " : ")}]
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types: True is no 1."""
    return json.dumps(a) == json.dumps(b)


@given(st.dictionaries(TEXTS, ANY, max_size=5), TEXTS, PLAIN, PLAIN, STYLES)
def test_one_value_changes_and_every_byte_outside_of_it_stays(
    others: dict[str, Any], name: str, old: Value, new: Value, style: dict[str, Any]
) -> None:
    held = {**others, name: old}
    data = json.dumps(held, **style).encode()
    changed = Member(name).put(data, new)
    assert same(json.loads(changed), {**held, name: new})
    assert Member(name).look(changed).value == new
    text = Member(name).look(data).text.encode()
    at = next(at for at in range(len(data)) if changed == data[:at] + value_text(new).encode() + data[at + len(text) :])
    assert data[at : at + len(text)] == text


@given(st.dictionaries(TEXTS, ANY, max_size=4), TEXTS, PLAIN, STYLES)
def test_a_new_value_comes_last_and_goes_away_again_without_a_trace(
    others: dict[str, Any], name: str, new: Value, style: dict[str, Any]
) -> None:
    others.pop(name, None)
    data = json.dumps(others, **style).encode()
    changed = Member(name).put(data, new)
    assert list(json.loads(changed)) == [*others, name]
    assert same(json.loads(changed), {**others, name: new})
    assert Member(name).put(changed, None) == data


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  "a": 1,\n  "tts_muted": false,\n  "z": 2\n}', '{\n  "a": 1,\n  "tts_muted": true,\n  "z": 2\n}'),
        ('{"z":{"tts_muted":false},"tts_muted":false}', '{"z":{"tts_muted":false},"tts_muted":true}'),
        ('{\r\n\t"tts_muted" :\tfalse\r\n}\r\n', '{\r\n\t"tts_muted" :\ttrue\r\n}\r\n'),
        ('{"é\\u2028": "\\"{", "tts_muted": false}\n', '{"é\\u2028": "\\"{", "tts_muted": true}\n'),
        ('{"tts_\\u006duted": false}', '{"tts_\\u006duted": true}'),
        ('{"x": NaN, "tts_muted": false}', '{"x": NaN, "tts_muted": true}'),
        # It is not there yet.
        ("{}", '{\n  "tts_muted": true\n}'),
        ('{"a": 1}', '{"a": 1, "tts_muted": true}'),
        ('{"a":1}', '{"a":1,"tts_muted":true}'),
        ('{\n    "a" : [1,\n 2]\n}\n', '{\n    "a" : [1,\n 2],\n    "tts_muted" : true\n}\n'),
        ('{\r\n "a": 1,\r\n "b": 2}', '{\r\n "a": 1,\r\n "b": 2,\r\n "tts_muted": true}'),
    ],
)
def test_the_style_of_the_file_stays(before: str, after: str) -> None:
    assert MUTED.put(before.encode(), True).decode() == after


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"tts_muted": 1, "tts_muted": 2}', r"more than once. \(line 1, 1\)"),
        ('{"tts_muted": 1,\n "tts_\\u006duted": 2}', r"more than once. \(line 1, 2\)"),
        ('{"tts_muted": null}', "not a plain value"),
        ('{"tts_muted": [true]}', "not a plain value"),
        ('{"tts_muted": NaN}', "not a plain value"),
        ('\ufeff{"tts_muted": true}', "byte order mark"),
        ('{"tts_muted": true', "is not JSON"),
        ("", "is not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 300 + "]" * 300, "nested more than"),
    ],
)
def test_what_is_not_certain_is_refused(text: str, why: str) -> None:
    for act in (lambda data: MUTED.look(data), lambda data: MUTED.put(data, True)):
        with pytest.raises(Refused, match=why):
            act(text.encode())


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(Refused, match=r"not UTF-8. \(line 2\)"):
        MUTED.look(b'{"a": 1,\n"b": "\xff"}')


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(value: float) -> None:
    with pytest.raises(Refused, match="finite"):
        MUTED.put(b'{"tts_muted": 1.0}', value)


def test_a_look_says_what_stands_where() -> None:
    seen = Member("b").look(b'{\n "a": {"b": 1},\n "b": 0.50\n}')
    assert (seen.value, seen.text, seen.line, seen.shown) == (0.5, "0.50", 3, '"b": 0.50')
    missing = Member("c").look(b'{\n "a": {"b": 1},\n "b": 0.50\n}')
    assert (missing.value, missing.text, missing.line, missing.shown) == (None, "", 3, "")


@given(TEXTS)
def test_the_journal_names_a_member_so_that_it_is_found_again(name: str) -> None:
    assert place_of(str(Member(name))) == Member(name) == member_of(json.dumps(name))


def test_a_value_is_read_from_the_journal() -> None:
    assert [MUTED.read(text) for text in ("true", "3", "3.0", '"pi"', "")] == [True, 3, 3.0, "pi", None]
    with pytest.raises(Refused):
        MUTED.read("{}")
