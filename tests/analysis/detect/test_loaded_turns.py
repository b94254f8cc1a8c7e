"""Turns that had to load the model: their whole says nothing of a level, however many there are."""

from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Turn


def turn(ordinal: int, load_ms: float | None = 90.0, slower_ms: float = 0.0) -> Turn:
    """A second, of which nothing but the classification is known; ``slower_ms``: in the unattributed time."""
    chance = ordinal * 7 % 5
    stages: dict[str, Any] = {"classify": 100.0 + chance}
    headline_ms = 1000.0 + chance + slower_ms
    return complete_turn(
        ordinal, session=1, stages=stages, load_ms=load_ms, unattributed_ms=900.0, headline_ms=headline_ms
    )


def findings(*turns: Turn) -> list[Finding]:
    detector = RegressionDetector()
    return [found for one in turns for found in detector.add(one)]


@pytest.mark.parametrize(("load_ms", "found"), [(90.0, True), (500.0, True), (500.1, False), (9000.0, False)])
def test_a_whole_that_waited_for_the_model_is_no_new_level(load_ms: float, found: bool) -> None:
    """Twenty in a row, each four seconds longer; half a second of loading is a load."""
    usual = [turn(number, load_ms=400.0) for number in range(60)]
    slow = [turn(number, load_ms, 4000.0) for number in range(60, 80)]
    assert ({one.stage for one in findings(*usual, *slow)} == {"V2V"}) is found
