"""What a session ran under, and what moved: from turns, from what was written before it began, or not at all."""

from typing import Any

import pytest
from msgspec.structs import replace

from timmy_tui.analysis.stats.epochs import EpochTracker, epochs_of
from timmy_tui.analysis.stats.flag_changes import FlagTracker, touched_stages, v34_time
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS, KnownFlags, WrittenValue
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.turn import Epoch, FlagChange, FlagValue, Turn, TurnState

START = 1000.0
EACH = 10
"""Turns of a session, one a second."""


def sessions(count: int, **facts: Any) -> list[Turn]:
    """``count`` sessions of ten turns, one a second; a fact may be a value or a list with one a session."""
    turns = []
    for number in range(count * EACH):
        session = number // EACH
        told = {name: value[session] if isinstance(value, list) else value for name, value in facts.items()}
        started = START + number
        turns.append(
            Turn(ordinal=number, session=session + 1, state=TurnState.COMPLETE, started=started, logs="latency", **told)
        )
    return turns


def wrote(at: float, flag: str, value: FlagValue | None, before: FlagValue | None = None) -> WrittenValue:
    return WrittenValue(at=at, flag=flag, value=value, before=before)


def epochs(turns: list[Turn], *written: WrittenValue) -> tuple[Epoch, ...]:
    return epochs_of(turns, KnownFlags(written=written)).epochs


def words(found: tuple[Epoch, ...]) -> list[tuple[int, str]]:
    return [(epoch.first, epoch_words(epoch)) for epoch in found]


# -- from the turns


def test_every_flag_that_a_turn_shows_begins_an_epoch_with_a_typed_change() -> None:
    turns = sessions(2, raw=[True, False], num_ctx=[8000, 4096], model=["a", "b"], chunks=[5, None],
                     stages=[{"retrieve": 50.0}, {"retrieve": 0.1}], tail_mode=[False, True])  # fmt: skip
    _, flipped = epochs(turns)
    assert flipped.restarted
    assert flipped.changes == (
        FlagChange(flag="tail-mode", label="tail mode", before=True, after=False),
        FlagChange(flag="raw", label="raw", before=True, after=False),
        FlagChange(flag="retrieval", label="retrieval", before=True, after=False),
        FlagChange(flag="context-size", label="context size", before=8000, after=4096),
        FlagChange(flag="model", label="model", before="a", after="b"),
    )
    assert flipped.flags == {
        "tail-mode": False, "raw": False, "retrieval": False, "context-size": 4096, "model": "b",
    }  # fmt: skip


def test_a_flag_that_shows_itself_late_moved_with_the_restart() -> None:
    """The flags are read once, when v34 starts: what the fifth turn shows held from the first one on."""
    turns = sessions(2)
    turns[3] = replace(turns[3], raw=True)
    turns[14] = replace(turns[14], raw=False)
    tracker = EpochTracker()
    for turn in turns[:14]:
        tracker.add(turn)
    assert words(tracker.epochs) == [(0, "first turn"), (10, "restart")]
    for turn in turns[14:]:
        tracker.add(turn)
    assert words(tracker.epochs) == [(0, "first turn"), (10, "restart, raw on→off")]
    assert [epoch.turns for epoch in tracker.epochs] == [10, 10]


def test_a_flag_that_moves_within_a_session_is_a_restart_that_no_log_told_of() -> None:
    turns = [replace(turn, num_ctx=8000 if turn.ordinal < 6 else 4096) for turn in sessions(1)]
    assert words(epochs(turns)) == [(0, "first turn"), (6, "context size 8000→4096")]
    assert [epoch.restarted for epoch in epochs(turns)] == [False, False]


def test_there_and_back_again() -> None:
    turns = sessions(3, raw=[True, False, True])
    assert [epoch_words(epoch) for epoch in epochs(turns)] == [
        "first turn",
        "restart, raw on→off",
        "restart, raw off→on",
    ]


def test_a_session_that_shows_nothing_between_two_others_hides_no_change() -> None:
    turns = sessions(3, raw=[True, None, False])
    assert [epoch_words(epoch) for epoch in epochs(turns)] == ["first turn", "restart", "restart, raw on→off"]
    assert "raw" not in epochs(turns)[1].flags


def test_where_nothing_tells_no_epoch_begins() -> None:
    turns = sessions(2)
    assert words(epochs(turns)) == [(0, "first turn"), (10, "restart")]
    assert [dict(epoch.flags) for epoch in epochs(turns)] == [{}, {}]


# -- from journal and files


@pytest.mark.parametrize(
    ("at", "session"),
    [(START + 9.5, 1), (START + 10.0, 1), (START + 10.001, 2), (START + 20.0, 2), (START + 20.001, None)],
)
def test_what_is_written_counts_from_the_next_session_on(at: float, session: int | None) -> None:
    """A session begins with its first turn; what was written at that very moment is in its start."""
    found = epochs(sessions(3), wrote(at, "retrieved-chunks", 3, 5))
    moved = [place for place, epoch in enumerate(found) if epoch.changes]
    assert moved == ([] if session is None else [session])
    if session is not None:
        assert epoch_words(found[session]) == "restart, retrieved chunks 5→3"
        assert [epoch.flags.get("retrieved-chunks") for epoch in found] == [
            None if place < session - 1 else 5 if place < session else 3 for place in range(3)
        ]


def test_what_was_written_before_the_first_session_is_no_change() -> None:
    found = epochs(sessions(2), wrote(START - 5, "retrieval", False, True))
    assert words(found) == [(0, "first turn"), (10, "restart")]
    assert [epoch.flags["retrieval"] for epoch in found] == [False, False]


def test_a_value_without_the_one_before_begins_an_epoch_only_where_that_is_known() -> None:
    """A file that was read tells what it holds, not what it held."""
    assert words(epochs(sessions(2), wrote(START + 9.5, "recency-weight", 0.5)))[1] == (10, "restart")
    known = wrote(START - 100, "recency-weight", 0.75)
    found = epochs(sessions(2), known, wrote(START + 9.5, "recency-weight", 0.5))
    assert words(found)[1] == (10, "restart, recency weight 0.75→0.5")


def test_a_change_that_was_taken_back_before_a_session_began_is_none() -> None:
    there, back = wrote(START + 9.2, "retrieval", False, True), wrote(START + 9.6, "retrieval", True, False)
    found = epochs(sessions(2), there, back)
    assert words(found)[1] == (10, "restart")
    assert [epoch.flags["retrieval"] for epoch in found] == [True, True]


def test_two_changes_between_two_sessions_are_one_from_end_to_end() -> None:
    found = epochs(
        sessions(2), wrote(START + 9.2, "retrieved-chunks", 3, 5), wrote(START + 9.6, "retrieved-chunks", 9, 3)
    )
    assert words(found)[1] == (10, "restart, retrieved chunks 5→9")


def test_a_value_that_is_not_known_any_more_is_forgotten_and_splits_nothing() -> None:
    """A restore point put whole files back."""
    found = epochs(sessions(3), wrote(START - 1, "retrieved-chunks", 3), wrote(START + 9.5, "retrieved-chunks", None))
    assert [epoch.flags.get("retrieved-chunks") for epoch in found] == [3, None, None]
    assert not any(epoch.changes for epoch in found)


def test_turns_are_believed_before_the_files() -> None:
    """The v34 that serves has not read the file, or something overrides it."""
    turns = sessions(2, num_ctx=8000)
    found = epochs(turns, wrote(START + 9.5, "context-size", 4096, 8000))
    assert words(found) == [(0, "first turn"), (10, "restart")]
    assert found[1].flags["context-size"] == 8000


def test_a_file_that_turns_have_contradicted_is_not_believed_for_the_next_session() -> None:
    turns = sessions(3, num_ctx=[8000, 8000, None])
    found = epochs(turns, wrote(START + 9.5, "context-size", 4096, 8000))
    assert [epoch.flags.get("context-size") for epoch in found] == [8000, 8000, None]
    assert not any(epoch.changes for epoch in found)


def test_the_file_tells_at_the_first_turn_what_a_tail_turn_confirms() -> None:
    turns = [replace(turn, tail_mode=turn.ordinal > 10) for turn in sessions(2)]
    known = KnownFlags(written=(wrote(START + 9.5, "tail-mode", False, True),))
    assert epoch_words(epochs_of(turns[:11], known).epochs[1]) == "restart, tail mode off→on"
    assert epoch_words(epochs_of(turns, known).epochs[1]) == "restart, tail mode off→on"


def test_a_tail_turn_that_never_comes_takes_the_files_word_back() -> None:
    turns = sessions(2, tail_mode=False)
    known = KnownFlags(written=(wrote(START + 9.5, "tail-mode", False, True),))
    assert epoch_words(epochs_of(turns[:11], known).epochs[1]) == "restart, tail mode off→on"
    assert epoch_words(epochs_of(turns, known).epochs[1]) == "restart"


def test_what_is_learned_later_changes_no_earlier_session() -> None:
    tracker = EpochTracker(KnownFlags(written=(wrote(START - 1, "retrieved-chunks", 5),)))
    turns = sessions(3)
    for turn in turns[:15]:
        tracker.add(turn)
    before = tracker.epochs
    tracker.update_written((wrote(START - 1, "retrieved-chunks", 5), wrote(START + 14.0, "retrieved-chunks", 9)))
    for turn in turns[15:20]:
        tracker.add(turn)
    assert [epoch.flags for epoch in tracker.epochs] == [epoch.flags for epoch in before]
    for turn in turns[20:]:
        tracker.add(turn)
    assert words(tracker.epochs)[2] == (20, "restart, retrieved chunks 5→9")


def test_a_flag_of_the_users_own_joins_at_run_time() -> None:
    own = Flag(key="store", label="store all", file="v34/config.py", constant="STORE_ALL", type=bool)
    known = KnownFlags(flags=(*FLAGS, own), written=(wrote(START + 9.5, "store", False, True),))
    assert epoch_words(epochs_of(sessions(2), known).epochs[1]) == "restart, store all on→off"
    assert not epochs(sessions(2), *known.written)[1].changes, "a flag that is in no table is none"


# -- the clocks


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((None, None), 100.0),
        ((-5.0, 5.0), 100.0),
        ((0.0, 0.0), 100.0),
        ((2000.0, 2010.0), 102.0),
        ((-60_010.0, -60_000.0), 40.0),
        ((2000.0, None), 102.0),
        ((None, -2000.0), 98.0),
        ((None, 2000.0), 100.0),
        ((-2000.0, None), 100.0),
    ],
)
def test_the_other_clocks_time_is_moved_only_where_the_hops_prove_it_wrong(
    bounds: tuple[float | None, float | None], expected: float
) -> None:
    """STT stamps on Windows, whose clock can be minutes away from v34's."""
    assert v34_time(Turn(ordinal=0, started=100.0, offset_bounds=bounds)) == pytest.approx(expected)
    assert v34_time(Turn(ordinal=0, offset_bounds=bounds)) is None


def test_a_session_on_a_clock_that_is_ahead_still_ran_under_what_was_written_after_it() -> None:
    """The flip is written 5 s before the third session; STT's clock is a minute ahead, so its stamps say 55 s after."""
    turns = sessions(3, offset_bounds=(-60_001.0, -59_999.0))
    flip = wrote(START + 15.0 - 60.0, "retrieval", False, True)
    assert [bool(epoch.changes) for epoch in epochs(turns, flip)] == [False, False, True]


def test_a_session_without_any_time_takes_nothing_from_the_files() -> None:
    turns = [replace(turn, started=None) for turn in sessions(2)]
    found = epochs(turns, wrote(START - 1, "retrieval", False), wrote(START + 9.5, "retrieval", True))
    assert [dict(epoch.flags) for epoch in found] == [{}, {}]


# -- what is touched_stages


def change(key: str) -> FlagChange:
    return FlagChange(flag=key, label=key, before=1, after=2)


def test_what_several_changes_touch_is_what_each_of_them_does() -> None:
    assert touched_stages([change("retrieval")], FLAGS) == ("retrieve", "prompt", "LLM")
    assert touched_stages([change("tail-mode"), change("retrieval")], FLAGS) == ("LLM", "prompt", "retrieve")
    assert touched_stages([], FLAGS) == ()


@pytest.mark.parametrize("keys", [("mine",), ("raw", "mine")])
def test_a_flag_of_which_nobody_knows_what_it_touches_touches_everything(keys: tuple[str, ...]) -> None:
    own = Flag(key="mine", label="mine", file="v34/config.py", constant="MINE", type=int)
    assert touched_stages([change(key) for key in keys], (*FLAGS, own)) is None
    assert touched_stages([change(key) for key in keys], FLAGS) is None


def test_a_step_says_what_is_news_once() -> None:
    tracker = FlagTracker()
    news = [step.new_changes for turn in sessions(2, raw=[True, False]) for step in [tracker.add(turn)]]
    assert [place for place, changes in enumerate(news) if changes] == [10]


def test_differences_of_two_sides_are_flags_that_each_side_holds_throughout() -> None:
    turns = sessions(4, raw=[True, True, False, None], num_ctx=[8000, 4096, 2048, 2048])
    tracker = epochs_of(turns)
    first, second, third, last = (turns[at : at + EACH] for at in range(0, 40, EACH))
    (raw, size) = tracker.differences(first, third)
    assert (raw.flag, raw.before, raw.after) == ("raw", True, False)
    assert (size.flag, size.before, size.after) == ("context-size", 8000, 2048)
    assert [one.flag for one in tracker.differences(first + second, third)] == ["raw"]
    assert [one.flag for one in tracker.differences(first, last)] == ["context-size"]
    assert tracker.differences(first, []) == tracker.differences([], first) == tracker.differences(first, first) == ()
