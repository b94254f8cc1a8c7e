"""The newest session is that of the last turn: what runs is what its turns show, and no others."""

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.control.flags.evidence import of_running_process, running_value
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import Turn

TAIL = next(flag for flag in FLAGS if flag.key == "tail-mode")


def turns(*told: tuple[int, float | None]) -> list[Turn]:
    """Session of each turn, and when it was answered."""
    return [complete_turn(n, session=session, answered=at) for n, (session, at) in enumerate(told)]


@pytest.mark.parametrize(
    ("told", "running"),
    [
        ([(1, 5.0), (2, 20.0)], True),
        ([(1, 20.0), (2, 5.0)], False),
        ([(1, 20.0), (2, None)], False),
        ([(2, 20.0)], True),
        ([(2, 9.9)], False),
        ([(2, 10.0)], True),
        ([(2, 20.0), (2, None)], True),
        ([(2, 20.0), (2, 5.0)], True),
        ([(1, 20.0), (2, 5.0), (2, 6.0)], False),
        ([], False),
    ],
)
def test_turns_are_of_what_runs_where_it_answered_one_of_the_newest_session(
    told: list[tuple[int, float | None]], running: bool
) -> None:
    """It runs since second 10."""
    seen = turns(*told)
    assert of_running_process(seen, 10.0) == (seen if running else ())


def test_the_value_that_runs_is_of_the_last_turns_session_alone() -> None:
    old = [complete_turn(n, session=1, tail_mode=True) for n in range(3)]
    new = complete_turn(3, session=2, tail_mode=False)
    assert running_value(TAIL, old) == running_value(TAIL, [*old, complete_turn(4, session=1, tail_mode=True)])
    assert running_value(TAIL, [*old, new]) is None, "the first turn of a session is never a tail turn"
    assert running_value(TAIL, [*old, new, complete_turn(4, session=2, tail_mode=False)]) is True
