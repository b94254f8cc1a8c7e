"""Which turn an event belongs to, when turns end, and how: by key, by order, and where neither tells."""

from collections.abc import Sequence

import pytest

from tests.profiles.worlds import AT, BY_ORDER, events_of_box, line, profile, states, turns_of, whole_turn
from timmy_tui.model.turn import TurnState
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.spec import Profile


def test_turns_that_overlap_are_told_apart_by_their_key() -> None:
    a, b = whole_turn(AT, "a"), whole_turn(AT + 0.1, "b")
    mixed = [a[0], b[0], a[1], b[1], b[2], b[3], a[2], a[3]]
    turns = turns_of(profile(), mixed)
    assert [(turn.request_id, turn.headline_ms, turn.stages) for turn in turns] == [
        (key, 1500.0, {"listen": 200.0, "think": 1000.0, "speak": 300.0}) for key in "ab"
    ]
    assert states(turns) == ["complete", "complete"]


def test_by_order_an_opening_event_begins_the_next_turn() -> None:
    turns = turns_of(BY_ORDER, [*whole_turn(AT, ""), *whole_turn(AT + 20, "", (0.1, 0.2, 0.3))])
    assert [turn.headline_ms for turn in turns] == [1500.0, 600.0]
    assert len({turn.request_id for turn in turns}) == 2


def test_by_order_a_turn_without_its_end_is_broken_off_by_the_next_one_that_ends() -> None:
    turns = turns_of(BY_ORDER, [*whole_turn(AT, "")[:2], *whole_turn(AT + 20, "")])
    assert states(turns) == ["aborted", "complete"]
    assert turns[0].reason == "a new turn began before it ended"


@pytest.mark.parametrize(("late", "prompt"), [(4.9, 7), (5.1, None)])
def test_an_event_behind_the_end_belongs_to_the_turn_for_a_while(late: float, prompt: int | None) -> None:
    rule = profile(
        turn={"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"], "late_s": 5.0},
        counts={"prompt": "asked.prompt"},
    )
    heard, _, answered, sound = whole_turn(AT, "")
    turns = turns_of(rule, [heard, answered, sound, line(AT + 1.5 + late, "", "asked", prompt=7)])
    assert [turn.prompt_tokens for turn in turns] == [prompt]


def test_what_comes_late_belongs_to_the_turn_that_ended_and_not_to_the_one_that_it_broke_off() -> None:
    rule = profile(
        turn={"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"]}, counts={"prompt": "asked.prompt"}
    )
    heard, _, answered, sound = whole_turn(AT + 3, "")
    lines = [whole_turn(AT, "")[0], heard, answered, sound, line(AT + 5, "", "asked", prompt=7)]
    assert [turn.prompt_tokens for turn in turns_of(rule, lines)] == [None, 7]


@pytest.mark.parametrize(("latest", "listen", "prompt"), [(False, 200.0, 1), (True, 700.0, 2)])
def test_of_an_event_that_comes_twice_the_first_counts_or_the_last(latest: bool, listen: float, prompt: int) -> None:
    asked = {"name": "asked", "latest": latest, "take": {"prompt": {"path": "prompt", "unit": "count"}}}
    others = [event for event in events_of_box() if event["name"] != "asked"]
    rule = profile(event=[asked, *others], counts={"prompt": "asked.prompt"})
    heard, _, answered, sound = whole_turn(AT, "a")
    twice = [line(AT + at, "a", "asked", prompt=count) for at, count in ((0.2, 1), (0.7, 2))]
    (turn,) = turns_of(rule, [heard, *twice, answered, sound])
    assert (turn.stages["listen"], turn.prompt_tokens) == (listen, prompt)


def test_a_turn_that_failed_says_why() -> None:
    heard, asked, _, sound = whole_turn(AT, "a")
    lines = [heard, asked, line(AT + 1, "a", "error", what="no model"), sound]
    (turn,) = turns_of(profile(), lines)
    assert (turn.state, turn.reason, turn.errors) == (TurnState.FAILED, "it reported an error", ("no model",))
    (hidden,) = turns_of(profile(private=["error.what"]), lines)
    assert (hidden.state, hidden.reason, hidden.errors) == (turn.state, turn.reason, ())
    assert "no model" not in repr(hidden)


def test_what_a_turn_that_went_well_says_of_errors_is_no_reason() -> None:
    rule = profile(turn={"failed": []})
    heard, asked, answered, sound = whole_turn(AT, "a")
    (turn,) = turns_of(rule, [heard, asked, line(AT + 1, "a", "error", what="retried"), answered, sound])
    assert (turn.state, turn.reason, turn.errors) == (TurnState.COMPLETE, "", ())


def test_what_is_open_when_the_system_starts_again_has_failed() -> None:
    rule = profile(turn={"restarts": ["start"]}, event=[*events_of_box(), {"name": "start"}])
    lines = [*whole_turn(AT, "a"), *whole_turn(AT + 9, "b")[:2], line(AT + 20, "", "start"), *whole_turn(AT + 30, "c")]
    turns = turns_of(rule, lines)
    assert [(str(turn.state), turn.session) for turn in turns] == [("complete", 0), ("failed", 0), ("complete", 1)]
    assert turns[1].reason == "it was restarted before the turn ended"


def test_silence_ends_a_turn() -> None:
    turns = turns_of(profile(), [*whole_turn(AT, "a")[:3], *whole_turn(AT + 61.3, "b")])
    assert states(turns) == ["timed_out", "complete"]
    assert turns[0].reason == "no further event"
    assert states(turns_of(profile(), [*whole_turn(AT, "a")[:3], *whole_turn(AT + 50, "b")])) == ["open", "complete"]


def test_the_same_record_twice_is_one_turn() -> None:
    lines = whole_turn(AT, "a")
    reading = ProfileReading(profile(), 60.0)
    first = reading.feed("", lines)
    again = reading.feed("", lines)
    assert [turn.ordinal for turn in (*first, *again)] == [0, 0]
    assert again[-1].stages == first[-1].stages
    assert again[-1].headline_ms == 1500.0


JOINED = """
spec = 1
[profile]
name = "box"
title = "Box"
[source]
kind = "jsonl"
event = "event"
[time]
field = "t"
format = "unix_s"
[turn]
by = "order"
opens = ["user"]
complete = ["perf"]
late_s = 60
[[turn.join]]
event = "perf"
same = ["perf.stt = user.stt"]
[[turn.join]]
event = "audio"
same = ["perf.lag + audio.over = audio.lag"]
needs = ["perf.lag"]
[[headline]]
span = "V2V"
lasts = ["audio.lag"]
[[headline]]
span = "speech→reply"
lasts = ["perf.lag"]
[[event]]
name = "user"
take.stt = {path = "stt"}
[[event]]
name = "perf"
take.stt = {path = "stt"}
take.lag = {path = "lag"}
[[event]]
name = "audio"
take.over = {path = "over"}
take.lag = {path = "lag"}
[[stage]]
key = "stt"
label = "STT"
meaning = "hearing"
owner = "service"
lasts = ["perf.stt"]
critical = true
"""


def joined() -> Profile:
    import tomllib

    from msgspec import convert

    return convert(tomllib.loads(JOINED), Profile)


USER, PERF, AUDIO = ("user", {"stt": 200}), ("perf", {"stt": 200, "lag": 900}), ("audio", {"over": 100, "lag": 1000})


@pytest.mark.parametrize("order", [(USER, PERF, AUDIO), (USER, AUDIO, PERF), (AUDIO, USER, PERF)])
def test_a_line_finds_its_turn_by_its_figures_wherever_it_stands(order: Sequence[tuple[str, dict[str, int]]]) -> None:
    lines = [line(AT + number, "", name, **more) for number, (name, more) in enumerate(order)]
    (turn,) = turns_of(joined(), lines)
    assert (turn.state, turn.v2v_ms, turn.stages["stt"]) == (TurnState.COMPLETE, 1000.0, 200.0)


def test_the_end_of_a_turn_behind_the_beginning_of_the_next() -> None:
    lines = [line(AT, "", "user", stt=200), line(AT + 1, "", "user", stt=310),
             line(AT + 2, "", "perf", stt=200, lag=900), line(AT + 3, "", "perf", stt=310, lag=700),
             line(AT + 4, "", "audio", over=50, lag=750), line(AT + 4, "", "audio", over=100, lag=1000)]  # fmt: skip
    turns = turns_of(joined(), lines)
    assert [(turn.stages["stt"], turn.v2v_ms) for turn in turns] == [(200.0, 1000.0), (310.0, 750.0)]


def test_an_event_that_fits_no_turn_is_counted() -> None:
    reading = ProfileReading(joined(), 60.0)
    reading.read_once([("", [line(AT, "", "user", stt=200), line(AT + 2, "", "perf", stt=200, lag=900),
                             line(AT + 3, "", "audio", over=5, lag=7000)])])  # fmt: skip
    assert reading.unparsed == {"event that fits no turn": 1}


@pytest.mark.parametrize(("over", "fits"), [(101.0, True), (101.1, False)])
def test_figures_that_are_rounded_may_differ_by_a_millisecond(over: float, fits: bool) -> None:
    lines = [line(AT, "", "user", stt=200), line(AT + 1, "", "perf", stt=200, lag=900),
             line(AT + 2, "", "audio", over=over, lag=1000)]  # fmt: skip
    (turn,) = turns_of(joined(), lines)
    assert (turn.v2v_ms == 1000.0) == fits
    assert turn.headline_ms == (1000.0 if fits else 900.0)
