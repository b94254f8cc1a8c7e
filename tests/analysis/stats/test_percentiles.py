"""The figures on the screen agree with pandas on the same turns."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turn_makers import complete_turn
from timmy_tui.analysis.columns import COLUMNS
from timmy_tui.analysis.frame import TurnFrame
from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.percentiles import headline_stat, percentile, stage_stats, summarize
from timmy_tui.core.formatting import duration
from timmy_tui.model.stages.watched import KEYS
from timmy_tui.model.turn import Span, Turn, TurnState


def turn(ordinal: int, llm_ms: float | None, **fields: Any) -> Turn:
    """One whose LLM stage is all of it."""
    stages = {**dict.fromkeys(KEYS), "llm": llm_ms}
    measured = {"stages": stages, "span": Span.V2V, "headline_ms": llm_ms, "started": 1.7e9 + ordinal}
    return complete_turn(ordinal, **measured, **fields)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_a_percentile_is_the_one_of_numpy(values: list[float], share: float) -> None:
    assert percentile(sorted(values), share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-9)


def test_nothing_measured_is_none_not_zero() -> None:
    row = summarize("llm", [None, None])
    assert (row.last, row.p50, row.p95, row.max, row.n, row.delta) == (None, None, None, None, 0, None)


def test_delta_is_against_the_turns_before() -> None:
    assert summarize("llm", [100.0, 200.0]).delta is None
    assert summarize("llm", [100.0, 200.0, 450.0]).delta == 300.0
    assert summarize("llm", [100.0, 200.0, None]).delta is None


def test_only_complete_turns_of_the_window_count() -> None:
    turns = [turn(0, 9.0), turn(1, 1.0), turn(2, 500.0, state=TurnState.FAILED), turn(3, 3.0)]
    rows = {row.key: row for row in stage_stats(turns, window=2)}
    assert (rows["llm"].p50, rows["llm"].n, rows["llm"].max) == (2.0, 2, 3.0)
    headline = headline_stat(turns, window=2)
    assert headline is not None
    assert (headline.key, headline.last) == ("V2V", 3.0)


def test_rows_agree_with_the_frame() -> None:
    turns = [turn(number, 100.0 + 7 * number % 13) for number in range(40)]
    frame = TurnFrame()
    for one in turns:
        frame.put(one)
    column = frame.data()["llm_ms"]
    row = next(row for row in stage_stats(turns, window=40) if row.key == "llm")
    assert row.p50 == pytest.approx(column.quantile(0.5))
    assert row.p95 == pytest.approx(column.quantile(0.95))


def test_clock_bounds_narrow_and_contradictions_are_a_step() -> None:
    def bounded(low: float | None, high: float | None) -> Turn:
        return Turn(ordinal=0, offset_bounds=(low, high))

    assert offset_over([bounded(None, None)]) is None
    both = offset_over([bounded(-5.0, 3.0), bounded(-2.0, 9.0)])
    assert both is not None
    assert (both.low_ms, both.high_ms, both.skewed, both.stepped) == (-2.0, 3.0, False, False)
    apart = offset_over([bounded(4800.0, 5100.0)])
    assert apart is not None
    assert apart.skewed
    jumped = offset_over([bounded(-5.0, 3.0), bounded(990.0, 1003.0)])
    assert jumped is not None
    assert jumped.stepped


def test_frame_keeps_ids_text_and_missing_missing() -> None:
    frame = TurnFrame()
    for number, name in enumerate(["00123456", "1e234567"]):
        frame.put(Turn(ordinal=number, request_id=name, started=None if number else 1.7e9, tail_mode=None))
    data = frame.data()
    assert list(data.columns) == [column.name for column in COLUMNS]
    assert list(data["request_id"]) == ["00123456", "1e234567"]
    assert data["tail_mode"].isna().all()
    assert data["llm_ms"].isna().all()
    assert str(data["started"].iloc[0]) == "2023-11-14 22:13:20+00:00"
    for column in COLUMNS:
        assert str(data[column.name].dtype) == column.dtype


def test_a_later_log_replaces_the_row_even_when_it_is_old() -> None:
    frame = TurnFrame()
    for number in range(5000):
        frame.put(turn(number, float(number)))
    first = frame.data()
    frame.put(turn(3, 42.0, state=TurnState.FAILED))
    frame.put(turn(4999, 43.0))
    frame.put(turn(5000, 44.0))
    data = frame.data()
    assert len(first) == 5000
    assert (len(data), len(frame)) == (5001, 5001)
    assert list(data["llm_ms"].iloc[[2, 3, 4, 4999, 5000]]) == [2.0, 42.0, 4.0, 43.0, 44.0]
    assert data["state"].iloc[3] == "failed"


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (None, "—"),
        (0.0, "0.0ms"),
        (0.44, "0.4ms"),
        (412.4, "412ms"),
        (999.4, "999ms"),
        (999.6, "1.00s"),
        (1834, "1.83s"),
        (-3.2, "-3ms"),
        (123456, "123s"),
    ],
)
def test_durations_are_written_one_way(ms: float | None, shown: str) -> None:
    assert duration(ms) == shown
