"""The latency log: any bytes in, events out, everything else counted by its reason."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timmy_tui.parse.latency_log import LatencyParser

GOOD = (
    b'{"timestamp": 1764350000.5, "iso_time": "x", "request_id": "aaaaaaaa", "service": "v34", "event": "e", '
    b'"metadata": {"a": 1}}'
)


def feed(*lines: bytes) -> tuple[list[str], dict[str, int]]:
    parser = LatencyParser()
    events = parser.feed(lines)
    return [event.request_id for event in events], dict(parser.unparsed)


def test_a_line_is_an_event() -> None:
    parser = LatencyParser()
    (event,) = parser.feed([GOOD])
    assert (event.timestamp, event.request_id, event.service, event.event) == (1764350000.5, "aaaaaaaa", "v34", "e")
    assert event.metadata == {"a": 1}
    assert parser.unparsed == {}


def torn(head: int) -> bytes:
    return GOOD[:head] + GOOD.replace(b"aaaaaaaa", b"bbbbbbbb")


@pytest.mark.parametrize("head", range(1, len(GOOD), 7))
def test_a_torn_line_is_taken_up_at_the_next_mark(head: int) -> None:
    """T6."""
    ids, unparsed = feed(torn(head))
    assert ids[-1] == "bbbbbbbb"
    assert sum(unparsed.values()) == 1


def test_two_whole_events_on_one_line_are_two_events() -> None:
    """T6: the line end was overwritten."""
    assert feed(GOOD + GOOD.replace(b"aaaaaaaa", b"bbbbbbbb")) == (["aaaaaaaa", "bbbbbbbb"], {})


def test_nuls_bad_utf8_and_carriage_returns() -> None:
    """T7."""
    assert feed(b"\0" * 4096 + GOOD)[0] == ["aaaaaaaa"]
    assert feed(GOOD + b"\r")[0] == ["aaaaaaaa"]
    assert feed(GOOD.replace(b'"e"', b'"\xff\xfe"'))[0] == ["aaaaaaaa"]
    assert feed(b"\0" * 64) == ([], {"empty or NUL": 1})
    assert feed(b"")[0] == []


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (b'"1764350000.5"', "timestamp is not a number"),
        (b"true", "timestamp is not a number"),
        (b"null", "timestamp is not a number"),
        (b"-5", "timestamp out of range"),
        (b"0", "timestamp out of range"),
        (b"1e12", "timestamp out of range"),
        (b"1e309", "timestamp is not a number"),
        (b"9" * 309, "timestamp is not a number"),
        (b"9" * 308, "timestamp out of range"),
        (b"NaN", "timestamp is not a number"),
        (b'"\\ud800"', "timestamp is not a number"),
    ],
)
def test_stamps_that_are_no_time(stamp: bytes, reason: str) -> None:
    ids, unparsed = feed(GOOD.replace(b"1764350000.5", stamp))
    assert ids == []
    assert unparsed == {reason: 1}


@pytest.mark.parametrize("metadata", [b"[1, 2]", b'"text"', b"7", b"null"])
def test_metadata_that_is_no_object_keeps_the_event(metadata: bytes) -> None:
    ids, unparsed = feed(GOOD.replace(b'{"a": 1}', metadata))
    assert ids == ["aaaaaaaa"]
    assert unparsed == {"metadata is not an object": 1}


@pytest.mark.parametrize("field", ["timestamp", "request_id", "event"])
def test_a_field_that_is_missing_is_a_reason(field: str) -> None:
    fields = {key: value for key, value in json.loads(GOOD).items() if key != field}
    ids, unparsed = feed(json.dumps(fields).encode())
    assert ids == []
    assert sum(unparsed.values()) == 1


def test_service_and_metadata_may_be_missing() -> None:
    assert feed(b'{"timestamp": 1.0, "request_id": "a", "event": "e"}') == (["a"], {})


def test_other_json_and_plain_text_are_counted() -> None:
    assert feed(b"[1]", b"hello", b'"x"') == ([], {"not an object": 2, "not JSON": 1})


def test_bad_lines_leave_the_order_of_the_others() -> None:
    good = [GOOD.replace(b"aaaaaaaa", b"%08d" % number) for number in range(9)]
    lines = [good[0], b"{", good[1], good[2], b"", b"[1]", torn(90), *good[3:6], b'{"timestamp": -1}', *good[6:]]
    ids, unparsed = feed(*lines)
    assert ids == ["00000000", "00000001", "00000002", "bbbbbbbb", *(f"{number:08d}" for number in range(3, 9))]
    assert sum(unparsed.values()) == 4


@given(st.lists(st.binary(max_size=200), max_size=20))
@example([b'{"timestamp"' * 50])
@example([b"[" * 5000])
@example([b'{"timestamp": 1, "metadata": ' + b"[" * 3000])
def test_any_bytes_between_good_lines_cost_nothing_but_a_count(lines: list[bytes]) -> None:
    parser = LatencyParser()
    clean = [line for line in lines if b"\n" not in line]
    fed = [part for line in clean for part in (line, GOOD)]
    events = parser.feed(fed)
    assert sum(event.request_id == "aaaaaaaa" for event in events) >= len(clean)
    assert parser.lines == len(fed)
