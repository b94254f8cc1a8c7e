"""What a source is made of: lines, a journal's lines, JSON lines, documents; and what is none of it."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from timmy_tui.profiles.records import reader as records_module
from timmy_tui.profiles.records.begun_document import document_of
from timmy_tui.profiles.records.reader import (
    MOST_SLOW,
    MOST_SLOW_EVER,
    NO_DOCUMENT,
    NOT_A_RECORD,
    Pattern,
    Record,
    RecordReader,
    getter,
    line_to_show,
)
from timmy_tui.profiles.spec import SourceRule


def records(rule: SourceRule, lines: Sequence[bytes]) -> list[Record]:
    reader = RecordReader(rule)
    found = [*reader.feed(lines)]
    reader.finish()
    return found


LINES = SourceRule(kind="lines", line=r"^(?P<time>\S+) \[(?P<logger>[^\]]+)\] (?P<text>.*)$")


def test_a_line_with_its_surroundings() -> None:
    (one,) = records(LINES, [b"15:04:05 [timmy] hello \xff"])
    assert one.fields == {"time": "15:04:05", "logger": "timmy", "text": "hello �"}
    assert one.text == "hello �"


def test_a_line_of_another_form_is_its_own_text() -> None:
    (one,) = records(LINES, [b"\xef\xbb\xbfTraceback (most recent call last):\r"])
    assert (one.fields, one.text) == ({}, "Traceback (most recent call last):")


def journal(message: Any, stamp: Any = "1795495751200200") -> bytes:
    return json.dumps({"MESSAGE": message, "__REALTIME_TIMESTAMP": stamp}).encode()


@pytest.mark.parametrize(
    ("message", "text"),
    [("15:04:05 [timmy] hi", "hi"), ([49, 53, 32, 91, 116, 93, 32, 255], "�"), (None, ""), (7, "")],
)
def test_a_line_of_a_journal_has_the_time_of_the_journal(message: Any, text: str) -> None:
    (one,) = records(LINES, [journal(message)])
    assert one.carrier_us == 1795495751200200
    assert one.text == text


@pytest.mark.parametrize("stamp", [None, "", "soon", 5, "-5", "1" * 30, "１７"])
def test_a_journal_without_a_usable_time(stamp: Any) -> None:
    (one,) = records(LINES, [journal("15:04:05 [timmy] hi", stamp)])
    assert one.carrier_us is None


def test_lines_of_json_and_what_is_none() -> None:
    reader = RecordReader(SourceRule(kind="jsonl"))
    found = [*reader.feed([b'{"a": 1}', b"[1]", b"{torn", b"", b'\x00{"a": 2}\x00', b'{"a": NaN}'])]
    assert [one.fields for one in found] == [{"a": 1}, {"a": 2}, {"a": None}]
    assert reader.unparsed[NOT_A_RECORD] == 2
    assert sum(reader.unparsed.values()) == 3


DOCUMENT = SourceRule(kind="document", items="run.events", group="run.id")
RUN: dict[str, Any] = {"run": {"id": "01ABC", "events": [{"type": "a"}, {"type": "b"}]}}


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_document_on_one_line_or_many(indent: int | None) -> None:
    found = records(DOCUMENT, json.dumps(RUN, indent=indent).encode().splitlines())
    assert [(one.fields["type"], one.document) for one in found] == [("a", "01ABC"), ("b", "01ABC")]


def test_several_documents_behind_each_other_and_a_list_of_them() -> None:
    other = {"run": {"id": "02", "events": [{"type": "c"}]}}
    behind = [*json.dumps(RUN, indent=1).encode().splitlines(), b"", json.dumps(other).encode()]
    listed = json.dumps([RUN, other], indent=2).encode().splitlines()
    for lines in (behind, listed):
        assert [one.document for one in records(DOCUMENT, lines)] == ["01ABC", "01ABC", "02"]


def test_a_document_comes_when_its_last_line_does() -> None:
    reader = RecordReader(DOCUMENT)
    *first, last = json.dumps(RUN, indent=1).encode().splitlines()
    assert [*reader.feed(first)] == []
    assert len([*reader.feed([last])]) == 2


def test_a_document_without_an_end_is_counted() -> None:
    reader = RecordReader(DOCUMENT)
    assert [*reader.feed([b'{"run": {', b'"id": "x"'])] == []
    reader.finish()
    assert reader.unparsed[NO_DOCUMENT] == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [("a", 1), ("b.c", 2), ("b.d.e", 3), ("l.0", 4), ("l.-1.x", 5), ("l.7", None), ("a.b", None), ("z", None),
     ("b.c.d", None), ("l.x", None)],
)  # fmt: skip
def test_a_path_through_a_record(path: str, value: object) -> None:
    assert getter(path)({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "l": [4, {"x": 5}]}) == value


def test_a_path_through_what_is_no_record() -> None:
    for path in ("a", "a.b", "a.b.c"):
        values: list[object] = [None, 5, "text", []]
        assert [getter(path)(value) for value in values] == [None] * 4


GROUPED = SourceRule(kind="document", items="runs", group="whose")


def document(*runs: dict[str, Any], whose: str = "me") -> bytes:
    return json.dumps({"whose": whose, "runs": runs}).encode()


def test_a_document_that_is_read_again_gives_only_what_is_new() -> None:
    reader = RecordReader(GROUPED)
    first, second, third = {"t": 1, "a": 1}, {"t": 2}, {"t": 3}
    assert [one.fields for one in reader.feed([document(first, second)])] == [first, second]
    assert [*reader.feed([document({"a": 1, "t": 1}, second)])] == []
    assert [one.fields for one in reader.feed([document(second, third)])] == [third]


def test_two_equal_records_of_one_document_are_two_also_when_it_is_read_again() -> None:
    reader = RecordReader(GROUPED)
    assert len([*reader.feed([document({"t": 1}, {"t": 1})])]) == 2
    assert len([*reader.feed([document({"t": 1}, {"t": 1}, {"t": 1})])]) == 1
    assert [*reader.feed([document({"t": 1})])] == []


def test_the_same_record_of_another_group_is_another_one() -> None:
    reader = RecordReader(GROUPED)
    found = [*reader.feed([document({"t": 1}), document({"t": 1}, whose="you")])]
    assert [one.document for one in found] == ["me", "you"]
    assert len({one.identity for one in found}) == 2


def test_the_identity_of_a_record_is_its_content() -> None:
    one, two = ([*RecordReader(GROUPED).feed([document(*runs)])] for runs in ([{"t": 1}], [{"t": 0}, {"t": 1}]))
    assert one[0].identity == two[1].identity != two[0].identity


def test_a_document_that_begins_gives_up_the_one_before_it() -> None:
    reader = RecordReader(GROUPED)
    half = document({"t": 1}, {"t": 2})[:-9]
    assert [*reader.feed([b"\x1e" + half])] == []
    (one,) = reader.feed([b"\x1e" + document({"t": 3})])
    assert one.fields == {"t": 3}
    assert reader.unparsed[NO_DOCUMENT] == 1


def test_lines_of_json_in_a_journal() -> None:
    (one, two) = records(SourceRule(kind="jsonl"), [journal('{"a": 1}'), journal("Started."), journal('{"a": 2}')])
    assert (one.fields, two.fields) == ({"a": 1}, {"a": 2})
    assert one.carrier_us == 1795495751200200


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (journal("15:04:05 [timmy] hi"), b"15:04:05 [timmy] hi"),
        (journal([104, 105]), b"hi"),
        (journal(None), journal(None)),
        (b'{"MESSAGE": "hi"}', b'{"MESSAGE": "hi"}'),
        (b'\x1e{"a": 1}', b'{"a": 1}'),
        (b"plain", b"plain"),
    ],
)
def test_what_the_log_screen_shows_of_a_line(line: bytes, shown: bytes) -> None:
    assert line_to_show(line) == shown


def test_a_pattern_is_tried_again_while_it_still_matches_in_between() -> None:
    """Five slow lines of a talk of days are no reason to read nothing more."""
    counts: Counter[str] = Counter()
    pattern = Pattern("^(a|aa)+$|fine", "event", counts)
    slow = "a" * 60 + "!"
    for _ in range(MOST_SLOW + 2):
        assert pattern.search(slow) is None
        assert pattern.search("other") is None
        assert pattern.search("fine") is not None
    for _ in range(MOST_SLOW):
        assert pattern.search(slow) is None
    assert pattern.search("fine") is None, "five in a row, and it is not tried any more"
    assert counts == {"pattern given up: event": 2 * MOST_SLOW + 2}
    pattern.search(slow)
    assert counts.total() == 2 * MOST_SLOW + 2


def test_a_pattern_that_is_slow_on_every_other_line_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "PATTERN_LIMIT_S", 0.001)
    counts: Counter[str] = Counter()
    pattern = Pattern("^(a|aa)+$|fine", "event", counts)
    for _ in range(MOST_SLOW_EVER + 10):
        pattern.search("a" * 60 + "!")
        pattern.search("fine")
    assert counts.total() == MOST_SLOW_EVER


def run(key: str, count: int = 2) -> bytes:
    """A document on one line."""
    return json.dumps({"run": {"id": key, "events": [{"type": f"{key}{n}"} for n in range(count)]}}).encode()


def ids(lines: Sequence[bytes]) -> tuple[list[str], int]:
    """Whose records came, and how many lines were none."""
    reader = RecordReader(DOCUMENT)
    found = [*reader.feed(lines), *reader.finish()]
    return [*dict.fromkeys(one.document for one in found)], reader.unparsed[NO_DOCUMENT]


@pytest.mark.parametrize("cut", range(1, len(run("a")), 3))
def test_a_torn_document_takes_no_other_one_with_it(cut: int) -> None:
    assert ids([run("x"), run("a")[:cut], run("b"), run("c")]) == (["x", "b", "c"], 1)
    assert ids([run("a")[:cut], *json.dumps(RUN, indent=1).encode().splitlines(), run("c")])[0][-1] == "c"


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_torn_document_of_many_lines_takes_no_other_one_with_it(missing: int) -> None:
    whole = json.dumps({"run": {"id": "a", "events": [{"type": "a"}]}}, indent=2).encode().splitlines()
    found, lost = ids([*whole[:-missing], run("b"), *whole, run("c")])
    assert (found, lost) == (["b", "a", "c"], len(whole) - missing)


@pytest.mark.parametrize("form", ["[\n{0},\n{1}\n]", "[{0},\n{1}]", "[{0}\n,{1}]", "[\n{0}\n,\n{1}\n]"])
def test_a_list_with_a_document_a_line_is_one_list(form: str) -> None:
    assert ids(form.format(run("a").decode(), run("b").decode()).encode().splitlines()) == (["a", "b"], 0)


def test_brackets_in_texts_are_no_brackets() -> None:
    tricky = {"run": {"id": 'a"]}\\', "events": [{"type": "}{"}, {"type": '\\"['}]}}
    for indent in (None, 0, 1):
        lines = json.dumps(tricky, indent=indent).encode().splitlines()
        assert ids([*lines, run("b")]) == (['a"]}\\', "b"], 0)


def test_lines_of_text_ahead_of_a_document() -> None:
    assert ids([b"Started.", b"[info] so it goes", run("b"), run("c"), b"}"]) == (["b", "c"], 3)


def test_a_document_behind_a_torn_one_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that waits was decoded anew for each line: 4000 lines took seconds, and 40,000 minutes."""
    sizes: list[int] = []

    def decode(text: bytes) -> Any:
        sizes.append(len(text))
        return document_of(text)

    monkeypatch.setattr("timmy_tui.profiles.records.reader.document_of", decode)
    lines = [run("a")[:-9], *(run(f"k{number}") for number in range(200))]
    assert len(ids(lines)[0]) == 200
    assert sum(sizes) <= 2 * sum(map(len, lines))
