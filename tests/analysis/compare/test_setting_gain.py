"""A lower threshold gains something between nothing and twice its change, and nobody has measured it."""

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.setting_gain import with_changes
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import FlagChange

SAME = Comparison(a="a", b="b", n_a=9, n_b=9, stages=(), sentence="no significant difference")


def change(before: float, after: float, flag: str = "pause-threshold") -> FlagChange:
    return FlagChange(flag=flag, label="pause threshold", before=before, after=after)


@pytest.mark.parametrize(
    ("before", "after", "words"), [(0.5, 0.3, "shorter by 0 to 400ms"), (0.5, 1.0, "longer by 0 to 1.00s")]
)
def test_the_gain_is_a_range(before: float, after: float, words: str) -> None:
    told = with_changes(SAME, [change(before, after)])
    assert told.sentence == (f"no significant difference; the wait before a turn is {words}, which is not measured")
    assert told.changes == (change(before, after),)


def test_other_flags_are_measured() -> None:
    assert with_changes(SAME, [change(0.75, 0.5, "recency-weight")]).sentence == SAME.sentence
    assert with_changes(SAME, []) == SAME


def test_a_changed_threshold_begins_an_epoch_and_gets_a_verdict_that_does_not_subtract_it() -> None:
    """Nothing else is different: 40 turns at 0.5 s, then 40 at 0.3 s of the same session."""
    judge = Judge()
    for number in range(80):
        threshold_s = 0.5 if number < 40 else 0.3
        judge.add(complete_turn(number, session=1, pause_threshold=threshold_s, stages={"classify": 30.0 + number % 3}))
    assert [epoch_words(epoch) for epoch in judge.epochs] == ["first turn", "pause threshold 0.5→0.3"]
    assert not judge.epochs[1].restarted
    verdict = judge.state().verdict
    assert verdict is not None
    assert "the wait before a turn is shorter by 0 to 400ms, which is not measured" in verdict.sentence
    assert "−200ms" not in verdict.sentence
