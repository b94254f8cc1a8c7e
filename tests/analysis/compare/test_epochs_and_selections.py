"""Runs of turns under the same flags, and how a user writes them."""

from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.selections import select
from timmy_tui.analysis.stats.epochs import EpochTracker, flag_changed
from timmy_tui.core.errors import NotFound
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS, KnownFlags, WrittenValue
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.turn import Turn


def turn(ordinal: int, session: int = 1, **fields: Any) -> Turn:
    return complete_turn(ordinal, session=session, session_id=f"abc{session}", **fields)


def tracked(*turns: Turn) -> EpochTracker:
    tracker = EpochTracker()
    for one in turns:
        tracker.add(one)
    return tracker


def spans(tracker: EpochTracker) -> list[tuple[int, int, str]]:
    return [(epoch.first, epoch.turns, epoch_words(epoch)) for epoch in tracker.epochs]


def test_one_session_without_flags_is_one_epoch() -> None:
    assert spans(tracked(*(turn(n) for n in range(5)))) == [(0, 5, "first turn")]


def test_the_first_turn_of_a_session_under_tail_mode_is_no_flip() -> None:
    turns = [turn(n, tail_mode=n not in (0, 5), session=1 + n // 5) for n in range(10)]
    tracker = tracked(*turns)
    assert [(first, count) for first, count, _ in spans(tracker)] == [(0, 5), (5, 5)]
    assert not any(flag_changed(epoch) for epoch in tracker.epochs)


def test_a_flip_with_a_restart_begins_one_epoch_that_names_it() -> None:
    turns = [turn(n, tail_mode=n > 4, session=1 if n < 4 else 2) for n in range(9)]
    tracker = tracked(*turns)
    (_, first_turns, _), (first, count, reason) = spans(tracker)
    assert (first_turns, first, count) == (4, 4, 5)
    assert reason == "restart, tail mode off→on"
    assert flag_changed(tracker.epochs[1])


def test_a_flag_that_moves_within_a_session_splits_it() -> None:
    tracker = tracked(*(turn(n, num_ctx=8000 if n < 3 else 4096) for n in range(6)))
    assert spans(tracker)[1] == (3, 3, "context size 8000→4096")
    assert tracker.epochs[1].flags["context-size"] == 4096


def test_what_is_not_known_splits_nothing() -> None:
    turns = [turn(n, raw=None if n % 2 else True, model="m" if n % 3 else None) for n in range(9)]
    assert len(tracked(*turns).epochs) == 1


def test_turns_that_come_again_are_counted_once() -> None:
    tracker = tracked(turn(0), turn(2), turn(2), turn(0))
    assert spans(tracker) == [(0, 2, "first turn")]
    assert tracker.members(1) == (0, 2)
    assert tracker.members(0) == tracker.members(9) == ()


TURNS = [turn(n, session=1 + n // 4, tail_mode=n >= 4, num_ctx=8000, started=1000.0 + n) for n in range(12)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("session:2", [4, 5, 6, 7]),
        ("session:abc3", [8, 9, 10, 11]),
        ("epoch:1", [0, 1, 2, 3]),
        ("turns:2-4", [1, 2, 3]),
        ("turns:11-400", [10, 11]),
        ("last:2", [10, 11]),
        ("last:400", list(range(12))),
        ("flag:tail_mode=off", [0, 1, 2, 3]),
        ("flag:tail-mode=true", list(range(4, 12))),
        ("flag:num_ctx=8000", list(range(12))),
        ("flag:context-size=8000", list(range(12))),
        ("flag:TAIL_MODE=ON", list(range(4, 12))),
        ("flag:USE_FULL_MEGA_PROMPT=on", list(range(4, 12))),
        ("days:0-1", list(range(12))),
    ],
)
def test_a_selection_names_its_turns(selection: str, expected: list[int]) -> None:
    assert [one.ordinal for one in select(TURNS, selection, now=2000.0)] == expected


@pytest.mark.parametrize(
    "selection",
    [
        "", "last", "last:", "last:0", "last:-3", "last:x", "epoch:99", "epoch:x", "turns:4", "turns:9-2", "turns:a-b",
        "session:nobody", "flag:tail_mode", "flag:tail_mode=", "flag:tail_mode=x", "flag:password=x", "flag:num_ctx=1",
        "flag:use-chat-endpoint=off", "flag:retrieved-chunks=5", "days:3-5", "color:red",
    ],
)  # fmt: skip
def test_a_selection_that_fits_nothing_is_an_error_with_a_hint(selection: str) -> None:
    with pytest.raises(NotFound) as caught:
        select(TURNS, selection, now=2000.0)
    assert str(caught.value)


def test_without_turns_no_selection_is_found() -> None:
    with pytest.raises(NotFound):
        select([], "last:5")


def test_the_first_turn_of_a_session_is_selected_with_those_behind_it() -> None:
    """It is never a tail turn, but it runs under tail mode."""
    turns = [turn(n, session=1 + n // 4, tail_mode=n > 4) for n in range(8)]
    assert [one.ordinal for one in select(turns, "flag:tail-mode=on")] == [4, 5, 6, 7]
    assert [one.ordinal for one in select(turns, "flag:tail-mode=off")] == [0, 1, 2, 3]


def test_turns_are_selected_by_a_flag_that_only_files_tell_of() -> None:
    own = Flag(key="store", label="store all", file="v34/config.py", constant="STORE_ALL", type=bool)
    weight = WrittenValue(at=1003.5, flag="recency-weight", value=0.5, before=0.75)
    known = KnownFlags(flags=(*FLAGS, own), written=(weight, WrittenValue(at=1007.5, flag="store", value=False)))
    assert [one.ordinal for one in select(TURNS, "flag:recency-weight=0.75", known=known)] == [0, 1, 2, 3]
    assert [one.ordinal for one in select(TURNS, "flag:recency_weight=0.5", known=known)] == list(range(4, 12))
    assert [one.ordinal for one in select(TURNS, "flag:store=false", known=known)] == [8, 9, 10, 11]
    assert [one.ordinal for one in select(TURNS, "epoch:2", known=known)] == [4, 5, 6, 7]


def test_of_epochs_without_turns_the_oldest_are_forgotten_and_their_numbers_not_given_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("timmy_tui.analysis.stats.epochs.MOST_EPOCHS", 3)
    turns = [turn(n, session=1 + n // 2, num_ctx=4096 + n // 2) for n in range(12)]
    tracker = tracked(*turns)
    assert [epoch.number for epoch in tracker.epochs] == [1, 2, 3, 4, 5, 6], "each has its turns"
    for n in range(5):
        tracker.forget(n)
    assert [epoch.number for epoch in tracker.epochs] == [3, 4, 5, 6], "the third has one yet"
    assert [tracker.members(n) for n in range(8)] == [(), (), (), (5,), (6, 7), (8, 9), (10, 11), ()]
    assert tracker.flags_of(turns[5])["context-size"] == 4098 and tracker.flags_of(turns[4]) == {}
    assert [(one.before, one.after) for one in tracker.differences(turns[5:6], turns[10:])] == [(4098, 4101)]
    tracker.forget(5)
    tracker.add(turn(12, session=7, num_ctx=9000))
    assert [epoch.number for epoch in tracker.epochs] == [4, 5, 6, 7]
    tracker.add(turn(5))
    assert tracker.epochs[-1].number == 8 and tracker.members(8) == (5,)


def test_without_forgetting_every_epoch_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.analysis.stats.epochs.MOST_EPOCHS", 3)
    assert len(tracked(*(turn(n, session=1 + n) for n in range(9))).epochs) == 9
