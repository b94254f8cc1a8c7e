"""Stamps are seconds in a float, and whole microseconds in a ledger: each is rounded to the nearest one.

The events stand a second behind the beginning of time, where a float still tells a hundredth of a microsecond apart.
"""

import pytest

from tests.turns.events import read_one
from timmy_tui.model.turn import Event

NEAR = [(0.46, 0), (0.54, 1), (0.04, 0), (0.96, 1)]
"""A part of a microsecond, and what it is rounded to."""


def event(name: str, us: float, **metadata: object) -> Event:
    return Event((1_000_000 + us) / 1e6, "aaaaaaaa", name, name.partition("_")[0], dict(metadata))


@pytest.mark.parametrize(("part", "rounded"), NEAR)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("stt_pause_detected", "stt_transcript_finalized"), ("stt_transcript_finalized", "stt_sending_to_v34"),
        ("v34_something_new", "v34_ollama_sent"), ("stt_http_request_start", "stt_something_new"),
    ],
)  # fmt: skip
def test_the_first_and_the_last_stamp(first: str, second: str, part: float, rounded: int) -> None:
    turn = read_one([event(first, 10 + part), event(second, 5000)])
    assert (turn.started, turn.ended) == ((1_000_010 + rounded) / 1e6, 1.005)
    turn = read_one([event(second, 10), event(first, 5000 + part)] if first != "stt_pause_detected" else
                    [event(first, 10), event(second, 5000 + part)])  # fmt: skip
    assert (turn.started, turn.ended) == (1.00001, (1_005_000 + rounded) / 1e6)


@pytest.mark.parametrize(("part", "rounded"), NEAR)
def test_each_end_of_a_query(part: float, rounded: int) -> None:
    opened = read_one([event("v34_retrieval_query_start", 10 + part), event("v34_retrieval_query_complete", 5010)])
    closed = read_one([event("v34_retrieval_query_start", 10), event("v34_retrieval_query_complete", 5010 + part)])
    assert opened.stages["query"] == (5000 - rounded) / 1000
    assert closed.stages["query"] == (5000 + rounded) / 1000


@pytest.mark.parametrize(("part", "rounded"), NEAR)
def test_the_threshold_of_a_pause(part: float, rounded: int) -> None:
    threshold = (500_000 + part) / 1e6
    turn = read_one([event("stt_pause_detected", 0, pause_threshold=threshold), event("stt_transcript_finalized", 9)])
    assert turn.stages["endpointing"] == (500_000 + rounded) / 1000
