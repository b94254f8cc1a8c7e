"""The same record fetched twice is one turn, whatever names it; one that says something else now is that turn's."""

import json
from typing import Any

from tests.profiles.worlds import profile, whole_turn
from timmy_tui.model.turn import Turn
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.spec import Profile

STAGE = {"key": "think", "label": "THINK", "meaning": "thinking", "owner": "service", "critical": True}
BY_RECORD: dict[str, Any] = {
    "source": {"kind": "poll", "url": "http://127.0.0.1:1/", "event": "", "items": "items"},
    "event": [{"name": "turn", "take": {"all": {"path": "all"}, "think": {"path": "think"}}}],
    "stage": [{**STAGE, "lasts": ["turn.think"]}],
    "headline": [{"span": "V2V", "lasts": ["turn.all"]}],
}


def by_record(key: str = "") -> Profile:
    turn = {"by": "record", "key": key, "complete": ["turn"], "failed": [], "reason": ""}
    return profile(**BY_RECORD, turn=turn, figures={})


def fetched(reading: ProfileReading, *items: dict[str, Any]) -> list[Turn]:
    return reading.feed("", [b"\x1e" + json.dumps({"items": items}).encode()])


def test_by_record_without_a_key_its_content_is_its_name() -> None:
    reading = ProfileReading(by_record(), 60.0)
    first, second, third = ({"t": 1_789_000_000 + at, "all": 900 + at, "think": 500} for at in range(3))
    turns = fetched(reading, first, second)
    assert [turn.headline_ms for turn in turns] == [900, 901]
    assert fetched(reading, first, second) == []
    (new,) = fetched(reading, second, third)
    assert (new.ordinal, new.headline_ms) == (2, 902)
    later = ProfileReading(by_record(), 60.0)
    (again,) = fetched(later, third)
    assert again.request_id == new.request_id  # The history knows it by this.
    assert len({turn.request_id for turn in (*turns, new)}) == 3


def test_records_without_a_time_and_without_a_key_have_names_of_their_own() -> None:
    reading = ProfileReading(by_record(), 60.0)
    turns = fetched(reading, {"all": 900, "think": 500}, {"all": 901, "think": 500})
    assert len({turn.request_id for turn in turns}) == 2
    (later,) = fetched(ProfileReading(by_record(), 60.0), {"all": 901, "think": 500})
    assert later.request_id == turns[1].request_id


def test_by_record_with_a_key_the_newer_one_takes_the_place_of_the_older() -> None:
    reading = ProfileReading(by_record("id"), 60.0)
    (first,) = fetched(reading, {"t": 1_789_000_000, "id": "a", "all": 900, "think": 500})
    (second,) = fetched(reading, {"t": 1_789_000_000, "id": "a", "all": 1200, "think": 700})
    assert (second.ordinal, second.request_id) == (first.ordinal, "a")
    assert (second.headline_ms, second.stages["think"], second.unattributed_ms) == (1200, 700, 500)
    assert len(second.events) == 1


def test_by_key_a_run_that_is_fetched_midway_and_later_is_one_turn() -> None:
    """What is added up and what is paired counts once, however often it is fetched."""
    events = [
        {"t": 1_789_000_000.0, "id": "a", "event": "heard"},
        {"t": 1_789_000_000.2, "id": "a", "event": "asked", "prompt": 5},
        {"t": 1_789_000_001.2, "id": "a", "event": "answered", "took": 20},
        {"t": 1_789_000_001.5, "id": "a", "event": "sound"},
    ]
    rules = [
        {"name": "heard"}, {"name": "sound"}, {"name": "error", "take": {"what": {"path": "what", "unit": "text"}}},
        {"name": "asked", "take": {"prompt": {"path": "prompt", "unit": "count"}}, "add": ["prompt"]},
        {"name": "answered", "take": {"took": {"path": "took"}}},
    ]  # fmt: skip
    read_by = profile(
        source={"kind": "poll", "url": "http://127.0.0.1:1/", "items": "items"},
        event=rules,
        counts={"prompt": "asked.prompt"},
    )
    reading = ProfileReading(read_by, 60.0)
    for number in range(1, 5):
        turns = fetched(reading, *events[:number])
        turns += fetched(reading, *events[:number])
    (turn,) = turns
    assert (turn.headline_ms, turn.prompt_tokens, len(turn.events)) == (1500, 5, 4)
    assert fetched(reading, *events) == []


def test_a_run_that_is_fetched_midway_and_long_after_it_is_whole() -> None:
    """Between the two the clock that ticks has given it up."""
    events = [json.loads(one) for one in whole_turn(1_789_000_000.0, "a")]
    reading = ProfileReading(profile(source={"kind": "poll", "url": "http://127.0.0.1:1/", "items": "items"}), 60.0)
    reading.feed("", [b"\x1e" + json.dumps({"items": events[:2]}).encode()], arrived=10.0)
    (early,) = reading.assembler.tick(71.0)
    assert str(early.state) == "timed_out"
    (turn,) = reading.feed("", [b"\x1e" + json.dumps({"items": events}).encode()], arrived=80.0)
    assert (turn.ordinal, str(turn.state), turn.reason, turn.headline_ms) == (early.ordinal, "complete", "", 1500.0)
