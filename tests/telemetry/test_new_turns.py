"""Which turns of the snapshots are told, when, and whether they are of now."""

import time
from typing import Any

import pytest
from msgspec.structs import replace

from tests.telemetry.turns import new_turns, reuse_of, snapshot_of
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.telemetry.new_turns import BEGINNING_S, MOST_WAITING, OLD_S, SETTLE_S, NewTurns


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ordinals(turns: NewTurns) -> list[int]:
    return [one.turn.ordinal for one in turns.take()]


def test_a_turn_is_told_once_when_nothing_new_has_come_of_it_for_two_seconds(clock: Clock) -> None:
    turns, told = new_turns(2), NewTurns(clock=clock)
    assert told.observe(snapshot_of(turns[:1]))
    clock.now += SETTLE_S - 0.1
    assert ordinals(told) == []
    told.observe(snapshot_of(turns))
    clock.now += 0.1
    assert ordinals(told) == [0]
    clock.now += SETTLE_S
    assert ordinals(told) == [1]
    told.observe(snapshot_of(turns))
    clock.now += SETTLE_S
    assert ordinals(told) == []


def test_a_revision_starts_the_wait_again_and_is_told_as_one_behind_the_first(clock: Clock) -> None:
    (turn,), told = new_turns(1), NewTurns(clock=clock)
    told.observe(snapshot_of([turn]))
    clock.now += SETTLE_S - 0.1
    told.observe(snapshot_of([replace(turn, prompt_tokens=1)]))
    clock.now += 0.2
    assert ordinals(told) == []
    clock.now += SETTLE_S
    (first,) = told.take()
    told.observe(snapshot_of([replace(turn, prompt_tokens=2)]))
    clock.now += SETTLE_S
    (second,) = told.take()
    assert [(one.turn.prompt_tokens, one.is_revision) for one in (first, second)] == [(1, False), (2, True)]


def test_a_number_of_the_history_and_old_events_are_no_revision(clock: Clock) -> None:
    (turn,), told = new_turns(1), NewTurns(clock=clock)
    told.observe(snapshot_of([turn]))
    clock.now += SETTLE_S
    assert ordinals(told) == [0]
    assert not told.observe(snapshot_of([replace(turn, number=9, events=())]))


def test_a_preview_is_never_told(clock: Clock) -> None:
    told = NewTurns(clock=clock)
    assert not told.observe(snapshot_of(new_turns(3), preview=True))
    clock.now += SETTLE_S
    assert ordinals(told) == []


@pytest.mark.parametrize(
    ("ended_before_s", "later_s", "is_old"),
    [
        (OLD_S + 1, 0.0, True),
        (OLD_S - 10, 0.0, False),
        (OLD_S + 1, BEGINNING_S - 0.1, True),
        (OLD_S + 1, BEGINNING_S, False),
    ],
)
def test_what_was_over_before_the_start_is_not_of_now(
    clock: Clock, ended_before_s: float, later_s: float, is_old: bool
) -> None:
    """Clocks may be minutes apart, and one that is hours away must not make a turn of today an old one for good."""
    told, now = NewTurns(clock=clock), time.time()
    (turn,) = new_turns(1, started=now - ended_before_s - 9, ended=None, answered=now - ended_before_s)
    told.observe(snapshot_of(new_turns(1, first=5)))
    clock.now += later_s
    told.observe(snapshot_of([*new_turns(1, first=5), turn]))
    clock.now += SETTLE_S
    by_ordinal = {one.turn.ordinal: one.is_old for one in told.take()}
    assert by_ordinal == {0: is_old, 5: False}


@pytest.mark.parametrize("preview", [True, False])
def test_what_a_long_reading_brings_was_all_there_before_and_what_comes_later_was_not(
    clock: Clock, preview: bool
) -> None:
    """The full reading takes the place of the preview at once, when no log says any more that it is read."""
    told = NewTurns(clock=clock)
    past: dict[str, Any] = {"started": 1.0, "ended": 2.0, "answered": 2.0}
    reading = (SourceState("latency.log", SourceCondition.OK if preview else SourceCondition.READING, lines=5),)
    told.observe(snapshot_of(new_turns(2, **past), sources=reading, preview=preview))
    clock.now += BEGINNING_S + 1.0
    told.observe(snapshot_of(new_turns(2, **past)))
    clock.now += BEGINNING_S
    told.observe(snapshot_of(new_turns(3, **past)))
    clock.now += SETTLE_S
    by_ordinal = {one.turn.ordinal: one.is_old for one in told.take()}
    assert by_ordinal == {0: True, 1: True, 2: False}


def test_a_turn_without_any_time_is_of_now_unless_it_came_in_the_beginning(clock: Clock) -> None:
    told = NewTurns(clock=clock)
    untimed = new_turns(2, started=None, ended=None, answered=None)
    told.observe(snapshot_of(untimed[:1]))
    clock.now += BEGINNING_S
    told.observe(snapshot_of(untimed))
    clock.now += SETTLE_S
    assert [one.is_old for one in told.take()] == [True, False]


def test_more_than_may_wait_costs_the_oldest_and_is_counted(clock: Clock) -> None:
    told = NewTurns(clock=clock)
    turns = new_turns(MOST_WAITING + 3)
    for first in range(0, len(turns), 500):
        told.observe(snapshot_of(turns[first : first + 500]))
    assert (told.waiting, told.dropped) == (MOST_WAITING, 3)
    clock.now += SETTLE_S
    assert ordinals(told)[0] == 3


def test_what_the_logs_have_at_the_start_waits_however_much_it_is(clock: Clock) -> None:
    """Most of it was told by an earlier run: nothing of it is lost, and nothing is said to be."""
    told = NewTurns(clock=clock)
    told.observe(snapshot_of(new_turns(MOST_WAITING + 3)))
    assert (told.waiting, told.dropped) == (MOST_WAITING + 3, 0)


def test_what_is_put_back_comes_again_unless_it_was_revised_meanwhile(clock: Clock) -> None:
    turns, told = new_turns(2), NewTurns(clock=clock)
    told.observe(snapshot_of(turns))
    clock.now += SETTLE_S
    taken = told.take()
    revised = replace(turns[1], prompt_tokens=1)
    told.observe(snapshot_of([turns[0], revised]))
    told.put_back(taken)
    clock.now += SETTLE_S
    assert sorted((one.turn.ordinal, one.turn.prompt_tokens) for one in told.take()) == [
        (0, turns[0].prompt_tokens), (1, 1),
    ]  # fmt: skip


def test_a_turn_comes_with_what_is_known_of_its_prompt_when_it_is_told(clock: Clock) -> None:
    (turn,), told = new_turns(1), NewTurns(clock=clock)
    told.observe(snapshot_of([turn]))
    told.observe(snapshot_of([turn], [reuse_of(turn)]))
    clock.now += SETTLE_S
    assert told.take()[0].reuse == reuse_of(turn)


def test_what_is_known_of_a_prompt_waits_with_its_turn(clock: Clock) -> None:
    """A snapshot has that of the newest turns alone, and a collector may be away for longer."""
    first, second = new_turns(2)
    told = NewTurns(clock=clock)
    told.observe(snapshot_of([first], [reuse_of(first)]))
    clock.now += SETTLE_S
    told.put_back(told.take())
    told.observe(snapshot_of([first, second], [reuse_of(second)]))
    assert told.take()[0].reuse == reuse_of(first)


def test_what_is_known_of_a_prompt_by_now_takes_the_place_of_what_was(clock: Clock) -> None:
    (turn,), told = new_turns(1), NewTurns(clock=clock)
    newer = reuse_of(turn, reused=1)
    told.observe(snapshot_of([turn], [reuse_of(turn)]))
    clock.now += SETTLE_S
    taken = told.take()
    told.put_back(taken)
    told.observe(snapshot_of([turn], [newer]))
    assert told.take()[0].reuse == newer


def test_a_turn_that_was_revised_before_it_could_be_told_is_no_revision(clock: Clock) -> None:
    (turn,), told = new_turns(1), NewTurns(clock=clock)
    told.observe(snapshot_of([turn]))
    clock.now += SETTLE_S
    taken = told.take()
    told.observe(snapshot_of([replace(turn, prompt_tokens=1)]))
    told.put_back(taken)
    clock.now += SETTLE_S
    again = told.take()
    assert [(one.turn.prompt_tokens, one.is_revision) for one in again] == [(1, False)]
    told.put_back(again)
    told.observe(snapshot_of([replace(turn, prompt_tokens=2)]))
    clock.now += SETTLE_S
    assert [(one.turn.prompt_tokens, one.is_revision) for one in told.take()] == [(2, False)]


def test_at_the_end_those_that_have_not_settled_are_told_too_and_known_as_such(clock: Clock) -> None:
    told, turns = NewTurns(clock=clock), new_turns(2)
    told.observe(snapshot_of(turns[:1]))
    clock.now += SETTLE_S
    told.observe(snapshot_of(turns))
    assert [(one.turn.ordinal, one.is_settled) for one in told.take(unsettled=True)] == [(0, True), (1, False)]
