"""Epochs of flags that a process looks up at each use: the newest of log, journal and file counts, turn by turn."""

from collections.abc import Sequence

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.stats.epochs import EpochTracker, epochs_of
from timmy_tui.model.flags.switches import switch_flags
from timmy_tui.model.flags.table import KnownFlags, WrittenValue
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.stages.system import Switch, SwitchFile, System, Taken
from timmy_tui.model.stages.v34 import TABLE
from timmy_tui.model.turn import FlagValue, Turn

AT = 1_000_000.0


def flags(taken: Taken = "live") -> KnownFlags:
    switch = Switch(key="muted", label="muted", type=bool, stored="tts_muted", default=False, taken=taken)
    file = SwitchFile(path="/x.json", unit="x.service")
    return KnownFlags(
        flags=switch_flags(System(name="x", title="X", stages=TABLE, switches=(switch,), switch_file=file))
    )


def turn(number: int, at: float, session: int = 1, said: tuple[bool, float] | None = None) -> Turn:
    """``said``: what the newest line of the log had of it, and when."""
    more: dict[str, object] = (
        {} if said is None else {"switches": {"muted": said[0]}, "switches_at": {"muted": said[1]}}
    )
    return complete_turn(number, started=AT + at, session=session, session_id=f"s{session}", **more)


def written(at: float, value: bool, before: bool | None = None) -> WrittenValue:
    return WrittenValue(at=AT + at, flag="muted", value=value, before=before)


def told(
    turns: Sequence[Turn], *values: WrittenValue, taken: Taken = "live"
) -> list[tuple[str, int, FlagValue | None]]:
    """Each epoch: why it began, its turns, the value."""
    known = flags(taken)
    epochs = epochs_of(turns, KnownFlags(flags=known.flags, written=values)).epochs
    return [(epoch_words(one), one.turns, one.flags.get("muted")) for one in epochs]


@pytest.mark.parametrize(("flip", "turns"), [(9.999, (1, 2)), (10.0, (1, 2)), (10.001, (2, 1))])
def test_a_flip_within_a_session_counts_from_the_first_turn_that_began_behind_it(
    flip: float, turns: tuple[int, int]
) -> None:
    three = [turn(0, 0), turn(1, 10), turn(2, 20)]
    first, second = turns
    assert told(three, written(flip, True, False)) == [
        ("first turn", first, False), ("muted off→on", second, True),
    ]  # fmt: skip


def test_a_flip_and_its_way_back_are_two_epochs() -> None:
    four = [turn(number, 10 * number) for number in range(4)]
    values = (written(5, True, False), written(25, False, True))
    assert told(four, *values) == [("first turn", 1, False), ("muted off→on", 2, True), ("muted on→off", 1, False)]


def test_a_file_whose_state_before_is_not_known_begins_no_epoch() -> None:
    assert told([turn(0, 0), turn(1, 10)], written(5, True)) == [("first turn", 2, True)]


def test_a_look_at_the_file_behind_a_flip_does_not_hide_what_was_before_it() -> None:
    values = (written(5, True, False), written(5.01, True))
    assert told([turn(0, 0), turn(1, 10)], *values) == [("first turn", 1, False), ("muted off→on", 1, True)]


def test_two_looks_at_the_file_make_one() -> None:
    values = (written(-5, False), written(5, True))
    assert told([turn(0, 0), turn(1, 10)], *values) == [("first turn", 1, False), ("muted off→on", 1, True)]


def test_a_line_of_the_log_that_is_newer_than_the_journal_counts() -> None:
    """Flipped here on, then off in the system's own panel."""
    turns = [turn(0, 0), turn(1, 10), turn(2, 20, said=(False, AT + 15))]
    assert told(turns, written(5, True, False)) == [
        ("first turn", 1, False), ("muted off→on", 1, True), ("muted on→off", 1, False),
    ]  # fmt: skip


def test_a_journal_that_is_newer_than_the_line_of_the_log_counts() -> None:
    """The log goes on to say what its panel did last."""
    said = (True, AT - 5)
    turns = [turn(0, 0, said=said), turn(1, 10, said=said), turn(2, 20, said=said)]
    assert told(turns, written(15, False, True)) == [("first turn", 2, True), ("muted on→off", 1, False)]


@pytest.mark.parametrize(("said_at", "value"), [(14.0, True), (15.3, True), (15.4, False)])
def test_within_one_second_the_files_time_is_the_finer(said_at: float, value: bool) -> None:
    turns = [turn(0, 0), turn(1, 20, said=(False, AT + said_at))]
    assert told(turns, written(15.3, True, True))[-1][2] is value


def test_a_line_without_a_stamp_counts_as_before() -> None:
    unstamped = complete_turn(1, started=AT + 10, session=1, session_id="s1", switches={"muted": True})
    assert told([turn(0, 0), unstamped], written(-5, False))[-1] == ("muted off→on", 1, True)


def test_what_is_taken_over_at_the_start_counts_from_the_next_session_on() -> None:
    turns = [turn(0, 0), turn(1, 10), turn(2, 20, session=2), turn(3, 30, session=2)]
    flip = written(5, True, False)
    assert told(turns, flip, taken="start") == [("first turn", 2, False), ("restart, muted off→on", 2, True)]
    assert told(turns, flip) == [("first turn", 1, False), ("muted off→on", 1, True), ("restart", 2, True)]


def test_a_start_behind_an_old_line_of_the_log_has_what_was_written_since() -> None:
    """The log still says what was flipped in the session before."""
    said = (True, AT - 50)
    turns = [turn(0, 0, said=said), turn(1, 20, session=2, said=said)]
    assert told(turns, written(10, False, True), taken="start")[-1] == ("restart, muted on→off", 1, False)


def test_values_that_come_to_be_known_count_for_the_next_turn() -> None:
    known = flags()
    tracker = EpochTracker(known)
    tracker.add(turn(0, 0))
    tracker.update_written((written(5, True, False),))
    tracker.add(turn(1, 10))
    assert [(epoch_words(one), one.flags) for one in tracker.epochs] == [
        ("first turn", {"muted": False}), ("muted off→on", {"muted": True}),
    ]  # fmt: skip


def test_a_turn_whose_time_is_not_known_has_what_the_log_says() -> None:
    lost = complete_turn(1, started=None, session=1, session_id="s1", switches={"muted": False})
    assert told([turn(0, 0), lost], written(-5, True, False))[-1] == ("muted on→off", 1, False)
