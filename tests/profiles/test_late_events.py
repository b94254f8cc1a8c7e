"""Events behind the end of their turn, or of another process, and readings that begin within a turn."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.profiles.worlds import AT, BY_ORDER, events_of_box, line, profile, states, turns_of, whole_turn
from timmy_tui.model.turn import TurnState
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.spec import Profile


def with_start(**turn: Any) -> Profile:
    return profile(turn={"restarts": ["start"], **turn}, event=[*events_of_box(), {"name": "start"}])


def test_a_process_that_starts_can_count_its_keys_anew() -> None:
    first = [one for number in range(3) for one in whole_turn(AT + 10 * number, str(number), (0.2, 1.0, 0.3))]
    cut = whole_turn(AT + 30, "3")[:2]
    second = [one for number in range(4) for one in whole_turn(AT + 36 + 10 * number, str(number), (0.1, 0.2, 0.3))]
    turns = turns_of(with_start(), [*first, *cut, line(AT + 35, "", "start"), *second])
    assert [(turn.request_id, turn.session, turn.headline_ms) for turn in turns] == [
        ("0", 0, 1500.0), ("1", 0, 1500.0), ("2", 0, 1500.0), ("3", 0, None),
        ("0", 1, 600.0), ("1", 1, 600.0), ("2", 1, 600.0), ("3", 1, 600.0),
    ]  # fmt: skip


@pytest.mark.parametrize("behind", [5.1, 4000.0])
def test_a_key_that_comes_again_long_behind_its_turn_is_another_turn(behind: float) -> None:
    again = whole_turn(AT + 1.5 + behind, "a", (0.1, 0.2, 0.3))
    assert [turn.headline_ms for turn in turns_of(profile(), [*whole_turn(AT, "a"), *again])] == [1500.0, 600.0]


@pytest.mark.parametrize(("behind", "count"), [(-1.0, 1), (4.9, 1), (5.0, 1), (5.1, 2)])
def test_a_late_event_with_the_key_of_a_turn_is_of_that_turn_for_a_while(behind: float, count: int) -> None:
    late = line(AT + 1.5 + behind, "a", "asked", prompt=7)
    turns = turns_of(profile(counts={"prompt": "asked.prompt"}), [*whole_turn(AT, "a"), late])
    assert [turn.prompt_tokens for turn in turns] == [7, None][: 1 if count == 1 else 0] + [None, 7][: 2 * (count == 2)]


def test_what_comes_late_does_not_put_off_the_end() -> None:
    """Each of them is 4 s behind the one before it, and the third one 12 s behind the end."""
    rule = profile(
        turn={"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"], "late_s": 5.0},
        event=[{"name": name} for name in ("heard", "answered", "sound")]
        + [{"name": "asked", "take": {"prompt": {"path": "prompt", "unit": "count"}}, "add": ["prompt"]},
           {"name": "error", "take": {"what": {"path": "what", "unit": "text"}}}],
        counts={"prompt": "asked.prompt"},
    )  # fmt: skip
    late = [line(AT + 1.5 + 4 * number, "", "asked", prompt=1) for number in (1, 2, 3)]
    (turn,) = turns_of(rule, [*whole_turn(AT, "")[:1], *whole_turn(AT, "")[2:], *late])
    assert turn.prompt_tokens == 1


@pytest.mark.parametrize("apart", [0, 1])
@pytest.mark.parametrize(("silence", "seen"), [(59.9, ["complete"]), (60.1, ["timed_out", "complete"])])
def test_a_log_has_the_same_turns_whether_read_at_once_or_as_it_grows(
    silence: float, seen: list[str], apart: int
) -> None:
    lines = [*whole_turn(AT, "")[:3], line(AT + 1.2 + silence, "", "sound")]
    reading = ProfileReading(BY_ORDER, 60.0)
    turns = {}
    for chunk in [[one] for one in lines] if apart else [lines]:
        turns.update({turn.ordinal: turn for turn in reading.feed("", chunk)})
    assert states([*turns.values()]) == seen
    # As the dashboard has it: lines arrive one by one, and a clock ticks in between.
    live = ProfileReading(BY_ORDER, 60.0)
    shown = {turn.ordinal: turn for one in lines[:3] for turn in live.feed("", [one], arrived=100.0)}
    shown.update({turn.ordinal: turn for turn in live.assembler.tick(100.0 + silence)})
    shown.update({turn.ordinal: turn for turn in live.feed("", lines[3:], arrived=100.0 + silence)})
    assert [(one.state, one.request_id) for one in shown.values()] == [
        (one.state, one.request_id) for one in turns.values()
    ]


def test_an_end_that_comes_behind_the_time_out_is_the_end() -> None:
    """By key it is sure whose it is."""
    heard, asked, answered, sound = whole_turn(AT, "a")
    reading = ProfileReading(profile(), 60.0)
    (early,) = [*reading.feed("", [heard, asked], arrived=100.0), *reading.assembler.tick(161.0)]
    assert (early.state, early.reason) == (TurnState.TIMED_OUT, "no further event")
    (half,) = reading.feed("", [answered], arrived=170.0)
    assert (half.ordinal, half.state) == (early.ordinal, TurnState.TIMED_OUT)
    (whole,) = reading.feed("", [sound], arrived=170.0)
    assert (whole.ordinal, whole.state, whole.reason) == (early.ordinal, TurnState.COMPLETE, "")
    assert whole.headline_ms == 1500.0


def test_an_error_that_comes_behind_the_time_out_is_why() -> None:
    reading = ProfileReading(profile(), 60.0)
    reading.feed("", whole_turn(AT, "a")[:2], arrived=100.0)
    reading.assembler.tick(161.0)
    (turn,) = reading.feed("", [line(AT + 3, "a", "error", what="no model")], arrived=170.0)
    assert (turn.state, turn.reason, turn.errors) == (TurnState.FAILED, "it reported an error", ("no model",))


@pytest.mark.parametrize(
    ("lists", "ends_well", "state"),
    [({"failed": ["error"]}, True, "failed"), ({"failed": ["error"]}, False, "failed"),
     ({"unanswered": ["error"]}, True, "complete"), ({"unanswered": ["error"]}, False, "failed")],
)  # fmt: skip
@pytest.mark.parametrize("rule", [BY_ORDER, profile()])
def test_an_error_line_of_another_part_fails_only_a_turn_that_has_no_answer(
    rule: Profile, lists: dict[str, list[str]], ends_well: bool, state: str
) -> None:
    lists = {"failed": [], **lists}
    rule = replace(rule, turn=replace(rule.turn, **{key: tuple(value) for key, value in lists.items()}))
    first, second = whole_turn(AT, "a"), whole_turn(AT + 90, "b")
    error = line(AT + 1, "a", "error", what="face grab failed")
    (one, _) = turns_of(rule, [*first[:2], error, *(first[2:] if ends_well else ()), *second])
    assert str(one.state) == state
    assert one.reason == ("it reported an error" if state == "failed" else "")


AFTER = profile(
    turn={"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"], "failed": [], "reason": "",
          "late_s": 20.0},
    event=[{"name": "heard"}, {"name": "asked"}, {"name": "sound"}, {"name": "answered", "after": ["asked"],
           "take": {"took": {"path": "took", "unit": "count"}}}],
    stage=[{"key": "listen", "label": "L", "meaning": "l", "owner": "service", "from": ["heard"], "to": ["asked"],
            "critical": True}],
    counts={"prompt": "answered.took"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("order", "counts"),
    [
        ("h0 a0 s0 u1 h0 a0 s0 u2", [1, 2]),
        ("h0 a0 s0 h0 u1 a0 s0 u2", [1, 2]),  # Of the first turn, behind the first line of the second.
        ("h0 a0 s0 h0 u1 a0 u2 s0", [1, 2]),
        ("h0 a0 h0 u1 a0 s0 u2", [1, 2]),  # The first one has no end yet.
        ("h0 a0 s0 h0 a0 u2 s0", [None, 2]),
    ],
)
def test_what_needs_an_event_before_it_goes_to_a_turn_that_has_had_it(order: str, counts: list[int | None]) -> None:
    names = {"h": "heard", "a": "asked", "s": "sound", "u": "answered"}
    lines = [line(AT + at, "", names[one[0]], took=int(one[1])) for at, one in enumerate(order.split())]
    assert [turn.prompt_tokens for turn in turns_of(AFTER, lines)] == counts


@pytest.mark.parametrize("skipped", range(5))
def test_a_stream_that_begins_within_a_turn_does_not_tell_of_that_one(skipped: int) -> None:
    """Under the id of another line it would be stored a second time."""
    lines = [*whole_turn(AT, ""), *whole_turn(AT + 20, "", (0.1, 0.2, 0.3))]
    whole = turns_of(BY_ORDER, lines)
    reading = ProfileReading(BY_ORDER, 60.0)
    reading.assembler.begin_midway()
    turns = reading.read_once([("", lines[skipped:])])
    assert [turn.request_id for turn in turns] == [turn.request_id for turn in whole[1 if skipped else 0 :]]
    assert reading.unparsed["event that fits no turn"] == (4 - skipped) % 4


def test_a_stream_that_begins_ahead_of_a_start_loses_nothing_behind_it() -> None:
    rule = with_start(by="order", key="", opens=["heard"], complete=["sound"])
    lines = [line(AT, "", "sound"), line(AT + 1, "", "start"), line(AT + 2, "", "sound")]
    reading = ProfileReading(rule, 60.0)
    reading.assembler.begin_midway()
    (turn,) = reading.read_once([("", lines)])
    assert (turn.started, turn.session) == (AT + 2, 1)


def test_sessions_count_each_turn_once_however_late_it_is_told_of() -> None:
    a, b = whole_turn(AT, "a"), whole_turn(AT + 0.2, "b")
    late = [line(AT + 2.5, "a", "asked", prompt=1), line(AT + 2.6, "b", "asked", prompt=1)]
    reading = ProfileReading(with_start(), 60.0)
    for one in [line(AT - 1, "", "start"), *b[:3], *a, b[3], *late]:
        reading.feed("", [one])
    (session,) = reading.sessions
    assert (session.turns, session.first, session.last) == (2, 0, 1)
