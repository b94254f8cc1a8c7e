"""Every awkward file has one right outcome: exactly these bytes, or a refusal that says why and where."""

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.control.edit.corpus.cases import CASES, EDITED, REFUSED, Case
from timmy_tui.control.edit import literal
from timmy_tui.control.edit.atomic_replace import read_file
from timmy_tui.control.edit.literal import Constant, find_literal, literal_value, patch, selector_of
from timmy_tui.control.edit.places import Value
from timmy_tui.control.edit.python_source import parse
from timmy_tui.control.edit.transaction import Edit, apply
from timmy_tui.control.errors import Refused


def named(cases: tuple[Case, ...]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases]


@pytest.mark.parametrize("case", named(EDITED))
def test_c3_only_the_bytes_of_the_literal_change(case: Case) -> None:
    old = find_literal(case.before, case.selector)
    after = patch(case.before, case.selector, case.value)
    assert after == case.after
    new = find_literal(after, case.selector)
    assert after[: old.start] == case.before[: old.start]
    assert after[new.end :] == case.before[old.end :]
    assert new.value == case.value and type(new.value) is old.type


@pytest.mark.parametrize("case", named(EDITED))
def test_putting_the_old_literal_back_gives_a_file_with_the_old_meaning(case: Case) -> None:
    old = find_literal(case.before, case.selector)
    back = patch(patch(case.before, case.selector, case.value), case.selector, old.value)
    assert find_literal(back, case.selector).value == old.value
    assert ast.dump(parse(back)) == ast.dump(parse(case.before))


@pytest.mark.parametrize("text", ["+5", "+ 5", "+\t5"])
def test_a_plus_sign_goes_with_the_old_number(text: str) -> None:
    source = f"X = {text}\n".encode()
    assert find_literal(source, Constant("X")).value == 5
    assert patch(source, Constant("X"), 8) == b"X = 8\n"


@pytest.mark.parametrize("case", named(REFUSED))
def test_c1_c2_what_is_not_certain_is_refused_with_reason_and_lines(case: Case) -> None:
    with pytest.raises(Refused) as refused:
        patch(case.before, case.selector, case.value)
    assert case.reason in refused.value.reason
    if case.lines and case.lines != (0,):
        assert refused.value.lines == case.lines
        assert str(case.lines[0]) in refused.value.message


@pytest.mark.parametrize("text", ["False; Y = 1", "(False)", "0", "True", "not True", "False)"])
def test_a_patch_that_does_not_prove_right_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(literal, "literal_text", lambda *_: text)
    with pytest.raises(Refused):
        patch(b"X = True\n", Constant("X"), False)


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 100


@pytest.mark.parametrize("case", named(REFUSED))
def test_c1_a_refused_file_is_untouched(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "config.py"
    path.write_bytes(case.before)
    info = path.stat()
    with pytest.raises(Refused):
        apply([Edit(path, case.selector, case.value)], tmp_path / "backups")
    assert path.read_bytes() == case.before
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (info.st_ino, info.st_mtime_ns)
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.py"]


def test_c2_nothing_of_the_file_is_run_or_imported(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    path = tmp_path / "config.py"
    path.write_text(f"open({str(canary)!r}, 'w').close()\nX = True\n")
    before = set(sys.modules)
    apply([Edit(path, Constant("X"), False)], tmp_path / "backups")
    assert read_file(path).data.endswith(b"X = False\n")
    assert not canary.exists()
    assert not {"config", str(path)} & (set(sys.modules) - before)


WORDS = st.sampled_from(
    [
        "X = True",
        "X = 5",
        "X = 'a'",
        "X = 0.5",
        "X: int = 5",
        "Y = 1",
        "# X = 1",
        "X",
        "=",
        "True",
        "if Y:",
        "    X = 2",
    ]
    + [
        "def f():",
        "    global X",
        "    return X",
        '"""',
        "'",
        "(",
        ")",
        ",",
        "\\",
        "é😀",
        "\u2028",
        "\x0c",
        "\x0b",
        "-",
    ]
    + ["from a import *", "X += 1", "for X in y: pass", "# coding: latin-1", "\x85", ";", " ", "r'", "\t", "[X := 1]"]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n", ""])
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(),
    st.text(max_size=8),
    st.text("'\"\\\n\r\u2028é", max_size=5),
)


@st.composite
def sources(draw: st.DrawFn) -> bytes:
    parts = [word + end for word, end in draw(st.lists(st.tuples(WORDS, ENDS), min_size=1, max_size=8))]
    text = "".join(parts)
    data = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "latin-1", "utf-8-sig"])), errors="replace")
    return data[:-1] if draw(st.booleans()) and draw(st.booleans()) else data


@given(sources(), VALUES)
def test_only_the_bytes_of_the_literal_differ_or_nothing_is_returned(source: bytes, value: Value) -> None:
    try:
        old = find_literal(source, Constant("X"))
        after = patch(source, Constant("X"), value)
    except Refused:
        return
    new = find_literal(after, Constant("X"))
    assert after == source[: old.start] + after[new.start : new.end] + source[old.end :]
    assert new.start == old.start
    assert new.value == value and type(new.value) is type(value) is old.type
    namespace: dict[str, object] = {}
    try:
        exec(compile(after, "<generated>", "exec"), {"a": 1, "Y": 1, "y": ()}, namespace)
    except (NameError, TypeError, ImportError, SyntaxError, AttributeError):
        return
    assert namespace["X"] == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    try:
        literal = find_literal(source, Constant("X"))
    except Refused:
        return
    assert source[literal.start : literal.end]


@given(VALUES)
def test_a_literal_reads_back_from_the_text_that_is_kept_of_it(value: Value) -> None:
    assume(value == value and abs(value) != float("inf") if isinstance(value, float) else True)
    source = f"X = {'True' if value is not True else 'False'}" if isinstance(value, bool) else f"X = {type(value)()!r}"
    literal = find_literal(patch(source.encode(), Constant("X"), value), Constant("X"))
    assert literal_value(literal.text) == value


@pytest.mark.parametrize("case", named(EDITED[:1] + EDITED[-1:]))
def test_a_selector_reads_back_from_its_text(case: Case) -> None:
    assert selector_of(str(case.selector)) == case.selector
