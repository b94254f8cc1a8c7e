"""Turns summed up by stretches of time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.model.stages.watched import UNATTRIBUTED
from timmy_tui.model.trend_history import HEADLINE, Figures
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.report.trend_buckets import buckets_of, figures_of

EDGES = (0.0, 100.0, 200.0)


def turn(at: float | None, ms: float = 1000.0, **fields: Any) -> Turn:
    known: dict[str, Any] = {
        "started": at, "span": Span.V2V, "headline_ms": ms, "stages": {"llm": ms / 2}, "unattributed_ms": ms / 4,
    }  # fmt: skip
    return complete_turn(0, **{**known, **fields})


@pytest.mark.parametrize(("at", "place"), [(0.0, 0), (99.9, 0), (100.0, 1), (199.9, 1), (200.0, None), (-0.1, None)])
def test_a_turn_is_in_the_stretch_in_which_it_began(at: float, place: int | None) -> None:
    found = buckets_of([turn(at)], EDGES)
    assert [bucket.turns for bucket in found.buckets] == [int(place == 0), int(place == 1)]
    assert found.turns == int(place is not None)


def test_a_turn_without_a_time_is_in_none() -> None:
    assert buckets_of([turn(None)], EDGES).turns == 0


def test_each_series_has_its_median_and_its_ends() -> None:
    found = buckets_of([turn(float(at), 1000.0 + at) for at in range(21)], EDGES)
    figures = found.buckets[0].figures
    assert figures[HEADLINE] == Figures(21, 1001.0, 1010.0, 1019.0)
    assert (figures["llm"].p50, figures[UNATTRIBUTED].p50) == (505.0, 252.5)
    assert found.buckets[1].figures == {} and (found.buckets[1].start, found.buckets[1].end) == (100.0, 200.0)


def test_what_failed_is_counted_and_is_no_figure() -> None:
    states = (TurnState.FAILED, TurnState.TIMED_OUT, TurnState.ABORTED)
    found = buckets_of([turn(1.0), *(turn(2.0, state=state) for state in states)], EDGES).buckets[0]
    assert (found.turns, found.failed, found.figures[HEADLINE].n, found.figures["llm"].n) == (4, 2, 1, 1)


def test_only_turns_of_one_span_are_in_the_headlines_figures() -> None:
    others = [turn(1.0, 300.0, span=Span.V34), turn(2.0, 400.0, typed=True), turn(3.0, 500.0, span=Span.V34)]
    found = buckets_of([turn(4.0), turn(5.0), turn(6.0), *others], EDGES)
    assert found.span is Span.V2V and found.buckets[0].figures[HEADLINE].n == 3
    assert found.buckets[0].figures["llm"].n == 6


def test_no_values_have_no_figures_and_one_is_all_of_them() -> None:
    assert figures_of([]) is None
    assert figures_of([7.0]) == Figures(1, 7.0, 7.0, 7.0)


def test_a_session_that_begins_behind_another_one_is_a_restart_where_it_began() -> None:
    """Whatever the order in which the turns come; one that names no session says nothing."""
    sessions = [(5.0, "a"), (120.0, "b"), (20.0, "a"), (130.0, None), (140.0, "b"), (150.0, "c")]
    found = buckets_of([turn(at, session_id=name) for at, name in sessions], EDGES)
    assert [bucket.restarts for bucket in found.buckets] == [0, 2]
