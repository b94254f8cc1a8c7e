"""The laptop slept: one mark, no alarm, and what was in flight before is over."""

import time

import pytest

from bench.reading.logs import turn_lines
from tests.pipeline.conftest import Watch, following
from tests.pipeline.test_pipeline import append, timmy
from tests.sleeping import Machine
from timmy_tui.core.installation import Installation
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.terminal.bell import was_interrupted

__all__ = ["timmy"]

NIGHT = 7 * 3600 + 12 * 60.0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def has_slept(snapshot: Snapshot) -> bool:
    return bool(snapshot.marks)


def test_a_turn_that_a_sleep_cut_is_over_and_was_never_seven_hours_in_flight(
    watch: Watch, timmy: Installation, machine: Machine
) -> None:
    watcher = watch(following(timmy))
    append(timmy.latency_log, "".join(turn_lines(1, time.time())))
    append(timmy.latency_log, "".join(turn_lines(2, time.time())[:18]))
    before = watcher.wait(lambda snapshot: snapshot.open_turn is not None and len(snapshot.turns) == 1)
    machine.sleep(NIGHT)
    after = watcher.wait(lambda snapshot: snapshot.counts.timed_out == 1)
    assert [(mark.kind, mark.label) for mark in after.marks] == [("gap", "asleep 7h 12m")]
    assert [turn.state for turn in after.turns] == [TurnState.COMPLETE, TurnState.TIMED_OUT]
    assert after.open_turn is None
    assert [was_interrupted(turn, after.marks) for turn in after.turns] == [False, True]
    # From the first snapshot behind the sleep on.
    first = next(at for at, one in enumerate(watcher.all) if one.marks)
    assert watcher.all.index(before) < first
    assert all(one.open_turn is None for one in watcher.all[first:])
    assert after.judgement is None or not after.judgement.findings


def test_a_turn_that_goes_on_after_the_sleep_is_one_turn(watch: Watch, timmy: Installation, machine: Machine) -> None:
    """Its last lines are in the file when the machine wakes: they are read before it is called over."""
    watcher = watch(following(timmy))
    lines = turn_lines(1, time.time())
    append(timmy.latency_log, "".join(lines[:18]))
    watcher.wait(lambda snapshot: snapshot.open_turn is not None)
    machine.sleep(NIGHT)
    append(timmy.latency_log, "".join(lines[18:]))
    after = watcher.wait(lambda snapshot: has_slept(snapshot) and len(snapshot.turns) == 1)
    assert after.turns[0].state is TurnState.COMPLETE
    assert all(one.counts.timed_out == 0 for one in watcher.all)


def test_a_short_sleep_does_not_end_a_turn(watch: Watch, timmy: Installation, machine: Machine) -> None:
    """Half of the time-out: it is in flight again as soon as the files have been looked at."""
    watcher = watch(following(timmy))
    append(timmy.latency_log, "".join(turn_lines(1, time.time())[:18]))
    watcher.wait(lambda snapshot: snapshot.open_turn is not None)
    machine.sleep(30.0)
    watcher.wait(lambda snapshot: has_slept(snapshot) and snapshot.open_turn is None)
    again = watcher.wait(lambda snapshot: has_slept(snapshot) and snapshot.open_turn is not None)
    assert [mark.label for mark in again.marks] == ["asleep 30s"]
    assert again.counts.timed_out == 0


def test_a_set_clock_is_no_sleep(watch: Watch, timmy: Installation, machine: Machine) -> None:
    watcher = watch(following(timmy))
    append(timmy.latency_log, "".join(turn_lines(1, time.time())[:18]))
    watcher.wait(lambda snapshot: snapshot.open_turn is not None)
    machine.set_clock(NIGHT)
    after = watcher.wait(has_slept)
    assert [mark.label for mark in after.marks] == ["clock set forward 7h 12m"]
    assert after.open_turn is not None and after.counts.timed_out == 0


def test_what_was_heard_before_the_sleep_is_not_listening_now(
    watch: Watch, timmy: Installation, machine: Machine
) -> None:
    from tests.pipeline.test_quiet import pauses
    from timmy_tui.core.running.interruptions import elapsed

    watcher = watch(following(timmy))
    append(timmy.latency_log, pauses(0, 20, time.time()))
    heard = watcher.wait(lambda snapshot: snapshot.listening.pauses == 20)
    machine.sleep(NIGHT)
    assert heard.listening.arrived is not None and elapsed() - heard.listening.arrived >= NIGHT
