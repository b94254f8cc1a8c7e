"""The frame of no turns has all columns with their dtypes, and a row is replaced wherever it stands."""

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.columns import COLUMNS, REUSE_COLUMNS
from timmy_tui.analysis.frame import TurnFrame, with_reuse
from timmy_tui.model.llm import Certainty, Reuse


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


@pytest.mark.parametrize("read_at", [(), (2,), (2, 3), (0, 1, 2, 3, 4)])
@pytest.mark.parametrize("again", range(5))
def test_a_row_is_replaced_wherever_it_stands(read_at: tuple[int, ...], again: int) -> None:
    """The table is read after some of five turns, and one of them is told again: the first, the last, one between."""
    frame = TurnFrame()
    for number in range(5):
        frame.put(complete_turn(number, stages={"llm": float(number)}))
        if number in read_at:
            frame.data()
    frame.put(complete_turn(again, stages={"llm": 99.0}, logs="both"))
    data = frame.data()
    assert len(frame) == 5
    assert list(data["ordinal"]) == list(data.index) == [0, 1, 2, 3, 4]
    assert list(data["llm_ms"]) == [99.0 if number == again else float(number) for number in range(5)]
    # One that was read apart has other values: the column stays one of few kinds.
    assert str(data["logs"].dtype) == "category" and data["logs"].iloc[again] == "both"


def test_what_is_concluded_stands_behind_each_turn() -> None:
    frame = TurnFrame()
    for number in range(2):
        frame.put(complete_turn(number))
    known = Reuse(
        ordinal=0, prompt_tokens=1000, reused=250, share=0.25, certainty=Certainty.MEASURED, reason="the server log"
    )
    unknown = Reuse(
        ordinal=1, prompt_tokens=None, reused=None, share=None, certainty=Certainty.UNKNOWN, reason="no figures"
    )
    data = with_reuse(frame.data(), [known, unknown])
    assert list(data.columns) == [column.name for column in (*COLUMNS, *REUSE_COLUMNS)]
    assert (data["reuse_share"].iloc[0], data["reuse_share"].isna().iloc[1]) == (0.25, True)
    assert list(data["reuse_certainty"]) == ["measured", "unknown"]
    assert list(data["reuse_reason"]) == ["the server log", "no figures"]
    assert [str(data[column.name].dtype) for column in REUSE_COLUMNS] == ["float64", "category", "string"]
