"""Numbers of v34's runs, asked of the table itself: by an id, without one, and moved from one to another."""

import pytest

from timmy_tui.turns.debug_record import DebugRecord
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.v34_sessions import V34Sessions


def served(sessions: V34Sessions, ordinal: int, session_id: object, **more: float) -> Draft:
    """A closed turn."""
    draft = Draft(ordinal, "", session=sessions.current, **more)  # type: ignore[arg-type]
    sessions.assign(draft, session_id)
    sessions.count_turn(draft)
    return draft


def counts(sessions: V34Sessions) -> list[tuple[int, str | None, int, int, int]]:
    return [(one.number, one.session_id, one.turns, one.first, one.last) for one in sessions.sessions]


def test_an_id_that_a_statistic_tells_first_begins_a_run_and_is_then_known() -> None:
    sessions = V34Sessions()
    assert sessions.current == 0
    assert (sessions.number_of("one"), sessions.current) == (1, 1)
    assert (sessions.number_of("two"), sessions.current) == (2, 2)
    # Of a run that is known it says nothing of which one serves now.
    assert (sessions.number_of("one"), sessions.current) == (1, 2)
    assert [sessions.id_of(number) for number in (0, 1, 2)] == [None, "one", "two"]
    assert served(sessions, 0, "one").session == 1


def test_a_run_that_only_a_restart_told_of_gets_the_next_id_that_is_new() -> None:
    sessions = V34Sessions()
    sessions.begin_without_id()
    assert (sessions.current, sessions.id_of(1)) == (1, None)
    assert (sessions.number_of("one"), sessions.current, sessions.id_of(1)) == (1, 1, "one")
    sessions.begin_without_id()
    assert (sessions.number_of("one"), sessions.current) == (1, 2)
    assert (sessions.number_of("two"), sessions.id_of(2)) == (2, "two")
    sessions.begin_without_id()
    assert served(sessions, 0, "three").session == 3
    assert (sessions.id_of(3), sessions.number_of("three")) == ("three", 3)


@pytest.mark.parametrize("name", ["", None, 7, b"one"])
def test_what_is_no_id_leaves_a_turn_where_it_is(name: object) -> None:
    sessions = V34Sessions()
    served(sessions, 0, "one")
    draft = served(sessions, 1, name)
    assert (draft.session, draft.session_id, counts(sessions)) == (1, None, [(1, "one", 2, 0, 1)])


def test_a_turn_is_counted_once_and_one_of_no_run_never() -> None:
    sessions = V34Sessions()
    sessions.count_turn(Draft(0, ""))
    first = served(sessions, 5, "one")
    sessions.count_turn(first)
    served(sessions, 4, "one")
    assert counts(sessions) == [(1, "one", 1, 5, 5)]
    served(sessions, 6, "one")
    assert counts(sessions) == [(1, "one", 2, 5, 6)]


@pytest.mark.parametrize(("ordinal", "first", "last"), [(3, 3, 7), (5, 5, 7), (9, 5, 9)])
def test_a_turn_that_is_moved_is_counted_where_it_came_and_no_longer_where_it_was(
    ordinal: int, first: int, last: int
) -> None:
    sessions = V34Sessions()
    draft = served(sessions, ordinal, "one")
    served(sessions, 20, "one")
    for number in (5, 7):
        if number != ordinal:
            served(sessions, number, "two")
    sessions.move(draft, 2)
    assert (draft.session, draft.session_id) == (2, "two")
    assert counts(sessions) == [
        (1, "one", 1, ordinal, 20), (2, "two", 2 if ordinal == 5 else 3, first, last)
    ]  # fmt: skip


def test_a_turn_can_be_moved_to_a_run_without_turns_and_from_and_to_none() -> None:
    sessions = V34Sessions()
    draft = served(sessions, 8, "one")
    sessions.begin_without_id()
    sessions.move(draft, 2)
    assert (draft.session, draft.session_id, counts(sessions)) == (2, None, [(2, None, 1, 8, 8)])
    sessions.move(draft, 0)
    assert (draft.session, counts(sessions)) == (0, [])
    sessions.move(draft, 1)
    assert counts(sessions) == [(1, "one", 1, 8, 8)]


def test_a_run_began_with_its_first_turn_as_far_as_a_time_is_known() -> None:
    sessions = V34Sessions()
    served(sessions, 0, "one", first_stamp=7.0)
    served(sessions, 1, "one", first_stamp=9.0)
    for at, started in enumerate((5.0, None), 2):
        sessions.begin_without_id()
        record = DebugRecord()
        record.started = started
        draft = Draft(at, "", session=sessions.current, debug=record)
        sessions.count_turn(draft)
    served(sessions, 4, "four")
    assert [one.started for one in sessions.sessions] == [7.0, 5.0, None]
    served(sessions, 5, "five")
    assert [one.started for one in sessions.sessions] == [7.0, 5.0, None, None]


def test_of_a_reading_that_goes_on_the_oldest_runs_are_forgotten_and_their_numbers_not_given_again() -> None:
    sessions, whole = V34Sessions(most=3), V34Sessions()
    for number in range(1, 7):
        served(sessions, number, f"id{number}")
        sessions.with_tts_events.add(number)
    assert [one.number for one in sessions.sessions] == [1, 2, 3, 4, 5, 6]
    assert served(sessions, 7, "id7").session == served(sessions, 8, "id7").session == 7
    assert [one.number for one in sessions.sessions] == [5, 6, 7]
    assert [sessions.id_of(number) for number in (0, 4, 5, 7)] == [None, None, "id5", "id7"]
    assert sessions.with_tts_events == {5, 6}
    assert sessions.number_of("id5") == 5
    sessions.move(Draft(3, "", session=3), 7)
    assert counts(sessions)[-1] == (7, "id7", 3, 3, 8)
    for number in range(1, 1001):
        served(whole, number, f"id{number}")
    assert len(whole.sessions) == 1000, "a log that is read once is reported whole"
