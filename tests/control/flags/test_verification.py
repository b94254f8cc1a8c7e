"""Which turns may prove a change, and how many of them it takes."""

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.control.flags.evidence import Evidence, evidence
from timmy_tui.control.flags.verification import Verification, newest_session
from timmy_tui.control.progress import LiveState
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import Turn, TurnState

TAIL, RAW, SIZE, CHUNKS = (
    next(flag for flag in FLAGS if flag.key == key) for key in ("tail-mode", "raw", "context-size", "retrieved-chunks")
)


def turns(*sessions: int, started: float | None = None) -> list[Turn]:
    return [complete_turn(n, session=session, started=started) for n, session in enumerate(sessions)]


def counted(verification: Verification, *shown: Turn) -> list[int]:
    """Ordinals of the turns that count."""
    return [turn.ordinal for turn in verification.turns(shown)]


@pytest.mark.parametrize(
    ("sessions", "count"),
    [
        ((), []),
        ((3,), []),
        ((4,), []),
        ((5,), [0]),
        ((4, 5, 5), [1, 2]),
        ((4, 5, 6), [2]),
        ((5, 4), []),
    ],
)
def test_only_the_newest_session_counts_and_only_if_it_began_after_the_change(
    sessions: tuple[int, ...], count: list[int]
) -> None:
    assert counted(Verification((), 4), *turns(*sessions)) == count


@pytest.mark.parametrize("session", [0, 1, 2])
def test_the_first_session_of_all_is_one_after_the_change(session: int) -> None:
    assert counted(Verification((), -1), *turns(session)) == [0]
    # Taken up by another run of the program, whose sessions are numbered anew.
    assert counted(Verification((), 9, resumed_at=100.0), *turns(session, started=100.0)) == [0]


@pytest.mark.parametrize(("started", "counts"), [(99.9, False), (100.0, True), (100.1, True), (None, True)])
def test_a_change_that_was_taken_up_counts_by_time_and_not_by_number(started: float | None, counts: bool) -> None:
    """A session with a turn from before the change is the old one; of a turn without a time nothing is known."""
    verification = Verification((), 9, resumed_at=100.0)
    first = complete_turn(0, session=1, started=started)
    assert counted(verification, first, complete_turn(1, session=1, started=150.0)) == ([0, 1] if counts else [])
    assert counted(verification, first, complete_turn(1, session=2, started=150.0)) == [1]


def test_a_session_before_the_newest_old_one_proves_nothing() -> None:
    old = [complete_turn(n, session=session, started=50.0) for n, session in enumerate((2, 1))]
    verification = Verification((), -1, resumed_at=100.0)
    assert counted(verification, *old, complete_turn(2, session=2, started=150.0)) == []
    assert counted(verification, *old, complete_turn(2, session=3, started=150.0)) == [2]


def weighed(requested: list[tuple[Flag, bool | int]], *shown: Turn) -> tuple[int, str]:
    return Verification(tuple(requested), 0).weigh(shown)


def complete(number: int, **fields: object) -> Turn:
    return complete_turn(number, session=1, **fields)


@pytest.mark.parametrize(("count", "proof"), [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_two_turns_are_proof_and_no_more_is_asked(count: int, proof: int) -> None:
    shown = [complete(n, num_ctx=4096) for n in range(count)]
    assert weighed([(SIZE, 4096)], *shown) == (proof, "")


def test_the_flag_that_fewest_turns_show_decides() -> None:
    shown = [complete(0, num_ctx=4096), complete(1, num_ctx=4096, raw=False)]
    assert weighed([(SIZE, 4096), (RAW, False)], *shown) == (1, "")
    assert weighed([(RAW, False), (SIZE, 4096)], *shown) == (1, "")


def test_a_flag_that_turns_never_show_is_proved_by_turns_that_came_to_their_end() -> None:
    failed = complete_turn(0, session=1)
    open_turn = Turn(ordinal=0, session=1, state=TurnState.FAILED)
    assert weighed([(CHUNKS, 3)], failed) == (1, "")
    assert weighed([(CHUNKS, 3)], open_turn) == (0, "")
    assert weighed([(CHUNKS, 3)], open_turn, complete(1), complete(2)) == (2, "")
    assert weighed([], open_turn, complete(1)) == (1, "")


def test_the_first_flag_that_turns_contradict_is_named() -> None:
    shown = [complete(0, num_ctx=8000, raw=True), complete(1, num_ctx=8000, raw=True)]
    assert weighed([(SIZE, 4096), (RAW, False)], *shown) == (0, "context size")
    assert weighed([(RAW, True), (SIZE, 4096)], *shown) == (0, "context size")
    assert weighed([(RAW, True), (SIZE, 8000)], *shown) == (2, "")


def test_the_first_turn_of_a_session_proves_neither_tail_mode() -> None:
    """It always takes the whole prompt; the next ones tell."""
    first = complete(0, tail_mode=False)
    for full in (False, True):
        assert weighed([(TAIL, full)], first) == (0, "")
        assert weighed([(TAIL, full)], first, complete(1, tail_mode=not full)) == (1, "")
        assert weighed([(TAIL, full)], first, *[complete(n, tail_mode=not full) for n in (1, 2)]) == (2, "")
        assert weighed([(TAIL, full)], first, complete(1, tail_mode=full)) == (0, "tail mode")


def test_why_the_first_turn_proves_nothing_is_said_while_it_is_the_only_one() -> None:
    first, second = complete(0, tail_mode=False), complete(1, tail_mode=True)
    tail, size = Verification(((TAIL, False),), -1), Verification(((SIZE, 4096),), -1)
    assert tail.unproven([first]) == "the first turn of a session proves nothing for tail mode"
    assert tail.unproven([]) == tail.unproven([first, second]) == size.unproven([first]) == ""


@pytest.mark.parametrize(
    ("session", "shown", "newest"), [(-1, (), -1), (3, (), 3), (3, (2, 3), 3), (-1, (2, 5), 5), (4, (5, 2), 5)]
)
def test_the_newest_session_is_that_of_any_turn_also_of_one_in_flight(
    session: int, shown: tuple[int, ...], newest: int
) -> None:
    assert newest_session(LiveState(turns=tuple(turns(*shown)), session=session)) == newest


def test_of_a_flag_that_turns_never_show_there_is_no_evidence() -> None:
    assert evidence(CHUNKS, 3, [complete(0), complete(1)]) == Evidence(0, 2, contradicts=False, possible=False)
    assert evidence(SIZE, 3, []) == Evidence(0, 2, contradicts=False, possible=True)
