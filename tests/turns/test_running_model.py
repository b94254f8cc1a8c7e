"""Which model v34 uses now: the newest Model= of the newest session."""

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.turns.running_model import running_model


@pytest.mark.parametrize(
    ("rows", "model"),
    [
        ([], None),
        ([(1, "a")], "a"),
        ([(1, "a"), (1, "b")], "b"),
        ([(1, "a"), (1, None)], "a"),
        ([(1, "a"), (2, None)], None),
        ([(1, "a"), (2, "b"), (2, None)], "b"),
        ([(0, None), (0, None)], None),
    ],
)
def test_the_newest_of_the_newest_session(rows: list[tuple[int, str | None]], model: str | None) -> None:
    turns = [complete_turn(ordinal, session=session, model=name) for ordinal, (session, name) in enumerate(rows)]
    assert running_model(turns, restarted=False) == model
    assert running_model(turns, restarted=True) is None
