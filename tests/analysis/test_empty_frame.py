"""The frame of no turns: every column with its dtype, as that of many has them."""

from tests.turn_makers import complete_turn
from timmy_tui.analysis.frame import COLUMNS, TurnFrame


def test_a_frame_of_no_turns_has_all_columns_with_their_dtypes() -> None:
    empty, one = TurnFrame(), TurnFrame()
    one.put(complete_turn(0))
    assert len(empty.data()) == 0
    assert len(one.data()) == 1
    told = [(column.name, column.dtype.partition("[")[0]) for column in COLUMNS]
    for frame in (empty, one):
        assert [(name, str(dtype).partition("[")[0]) for name, dtype in frame.data().dtypes.items()] == told


def test_a_frame_that_was_empty_takes_turns() -> None:
    frame = TurnFrame()
    assert len(frame.data()) == 0
    frame.put(complete_turn(3))
    assert list(frame.data()["ordinal"]) == [3]
