"""The bank of CUSUMs and the reference behind it: shifts between those it listens for, few values, two sessions."""

import math

import numpy as np
import pytest

from bench.judgement.scenarios import young_logs
from bench.judgement.score import count_false, detect
from timmy_tui.analysis.detect.cusum import Bank
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.stats.rank_shift import shift_between
from timmy_tui.analysis.stats.tuning import TUNING

ALARM = TUNING.detector.alarm


@pytest.mark.parametrize("shift", [0.4, 0.45, 0.9, 1.2, -0.45, -0.9])
def test_a_steady_stage_is_heard_at_once_wherever_it_moves_to(shift: float) -> None:
    """Nothing moves to exactly one of the shifts that are listened for."""
    bank = Bank()
    turns = 0
    while bank.strongest()[0] < ALARM:
        bank.add(shift, 0.03, 0.02)
        turns += 1
        assert turns <= 7
    assert bank.direction == (1 if shift > 0 else -1)


def test_one_bank_serves_scales_that_change() -> None:
    there, fresh = Bank(), Bank()
    there.add(0.3, 0.2, 0.02)
    there.reset()
    for bank in (there, fresh):
        bank.add(0.3, 0.05, 0.02)
    assert there.evidence == fresh.evidence


def test_the_first_turns_of_a_log_raise_no_more_alarms_than_later_ones() -> None:
    """2 800 turns in forty logs: eight alarms where few values are believed, less than one is asked for a thousand."""
    assert count_false(detect, young_logs(40, 980_000)).alarms <= 2


def test_few_values_are_believed_less() -> None:
    """The same spread, seen ten and a hundred times."""
    scales = []
    for times in (3, 40):
        level = JudgedLevel("classify", least=5)
        for number in range(times):
            for value in (3.3, 3.4, 3.5, 3.6, 3.4):
                level.learn(value, (), (number, ""))
        scales.append(level.scale)
    assert scales[0] > 1.3 * scales[1]


def test_a_difference_holds_the_chance_of_both_sessions() -> None:
    a, b = np.full(40, 3.0), np.full(40, 3.1)
    found = shift_between(a, b, 0.02)
    assert found.shift == pytest.approx(0.1)
    assert found.high - found.shift == pytest.approx(1.96 * 0.02 * math.sqrt(2), rel=0.01)
    assert found.error == 0.0
    assert 0.0004 < found.p < 0.001, "0.1 against 0.028: 3.5 standard errors"
