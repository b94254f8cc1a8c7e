"""The latency log on both sides of each limit: stamps, ids, names, and where a torn line is taken up."""

import json
from typing import Any

import pytest

from timmy_tui.core.foreign.decode import TOO_DEEP
from timmy_tui.parse.latency_log import LatencyParser

FIELDS: dict[str, Any] = {
    "timestamp": 1764350000.5, "request_id": "aaaaaaaa", "service": "v34", "event": "e", "metadata": {"a": 1},
}  # fmt: skip


def feed(*lines: bytes) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    parser = LatencyParser()
    events = parser.feed(lines)
    told = [(one.timestamp, one.request_id, one.event, one.service, one.metadata) for one in events]
    return told, dict(parser.unparsed)


def line(**changes: Any) -> bytes:
    return json.dumps({**FIELDS, **changes}).encode()


@pytest.mark.parametrize("loose", [False, True], ids=["strict", "loose"])
@pytest.mark.parametrize(
    ("stamp", "told"), [(0, False), (1e-6, True), (1, True), (99_999_999_999.9, True), (1e11, False), (-1e-6, False)]
)
def test_stamps_between_nothing_and_the_year_5138(stamp: float, told: bool, loose: bool) -> None:
    """The fast decoder and the one that mends a line must agree; metadata of a wrong kind sends it to the second."""
    events, unparsed = feed(line(timestamp=stamp, metadata=[] if loose else {}))
    assert [one[0] for one in events] == ([stamp] if told else [])
    assert unparsed == (
        {"metadata is not an object": 1} if loose and told else {} if told else {"timestamp out of range": 1}
    )


@pytest.mark.parametrize("field", ["request_id", "event"])
@pytest.mark.parametrize("value", ["", 7, None, ["a"]])
def test_an_event_has_an_id_and_a_name(field: str, value: object) -> None:
    assert feed(line(**{field: value})) == ([], {"no request_id or event": 1})


@pytest.mark.parametrize(("service", "told"), [("tts", "tts"), (7, ""), (None, ""), ("", "")])
def test_a_service_that_is_no_word_is_not_known(service: object, told: str) -> None:
    events, unparsed = feed(line(service=service))
    assert events == [(1764350000.5, "aaaaaaaa", "e", told, {"a": 1})]
    assert unparsed == {}


def test_a_whole_number_of_seconds_is_a_time() -> None:
    """Also where the line has to be mended."""
    events, _ = feed(line(timestamp=5), line(timestamp=5, service=7))
    assert [(one[0], type(one[0])) for one in events] == [(5.0, float)] * 2


def test_a_line_that_is_mended_keeps_all_that_is_good() -> None:
    events, unparsed = feed(line(metadata=7, service="stt"))
    assert events == [(1764350000.5, "aaaaaaaa", "e", "stt", {})]
    assert unparsed == {"metadata is not an object": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"timestamp": 5, "event": ', "torn line"),
        (b'"event": "x", "service": "v34"}', "torn line"),
        (b'{"tim', "torn line"),
        (b'{"ti', "not JSON"),
        (b"some words", "not JSON"),
        (b"[" * 200, "not JSON"),
        (b"[" * 5000, TOO_DEEP),
        (b'{"timestamp": ' + b"[" * 5000, TOO_DEEP),
        (b"[1]", "not an object"),
        (b"\0\0\0", "empty or NUL"),
        (b" \t ", "empty or NUL"),
        (b"{}", "timestamp is not a number"),
    ],
)
def test_why_a_line_is_no_event(text: bytes, reason: str) -> None:
    assert feed(text) == ([], {reason: 1})


def test_an_empty_line_is_nothing_at_all() -> None:
    assert feed(b"") == ([], {})


@pytest.mark.parametrize("metadata", [{}, []])
def test_nuls_within_a_line_are_passed_over(metadata: object) -> None:
    text = line(metadata=metadata)
    (event,), _ = feed(text[:20] + b"\0" * 100 + text[20:])
    assert event[:4] == (1764350000.5, "aaaaaaaa", "e", "v34")


def test_a_head_and_two_whole_events_on_one_line() -> None:
    text = line()
    events, unparsed = feed(text[:40] + text + line(request_id="bbbbbbbb"))
    assert [one[1] for one in events] == ["aaaaaaaa", "bbbbbbbb"]
    assert unparsed == {"torn line": 1}


def test_an_event_that_quotes_the_mark_is_one_event() -> None:
    """Cut only where the line is not whole JSON."""
    events, unparsed = feed(line(metadata=[], event='{"timestamp"'))
    assert [one[2] for one in events] == ['{"timestamp"']
    assert unparsed == {"metadata is not an object": 1}


def test_lines_are_counted_over_all_portions() -> None:
    parser = LatencyParser()
    parser.feed([line(), b"x"])
    parser.feed([line()])
    assert (parser.lines, dict(parser.unparsed)) == (3, {"not JSON": 1})
    assert [event.request_id for event in parser.feed([])] == []


def test_a_portion_of_bad_lines_alone() -> None:
    events, unparsed = feed(b"x", line(), b"y", b"z", line(request_id="b"))
    assert [one[1] for one in events] == ["aaaaaaaa", "b"]
    assert unparsed == {"not JSON": 3}


def test_an_event_that_holds_another_one_is_one_event() -> None:
    events, unparsed = feed(line(metadata=[FIELDS], request_id="bbbbbbbb"))
    assert events == [(1764350000.5, "bbbbbbbb", "e", "v34", {})]
    assert unparsed == {"metadata is not an object": 1}


@pytest.mark.parametrize("torn", [False, True])
def test_bytes_that_are_no_text_cost_their_letter_and_not_the_event(torn: bool) -> None:
    text = line(event="ab", metadata=[]).replace(b"ab", b"a\xff")
    events, unparsed = feed(b'{"timestamp": 17' + text if torn else text)
    assert events == [(1764350000.5, "aaaaaaaa", "a\ufffd", "v34", {})]
    assert unparsed == {"metadata is not an object": 1, **({"torn line": 1} if torn else {})}
