"""There and back again: baselines that differ in either direction, and a side of which too little is known."""

import pytest

from tests.analysis.compare.test_slow_comparison import lognormal, side, verdict
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.setting_gain import PAUSE_THRESHOLD, with_changes
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import FlagChange, Turn


def stretches(*means: float, counts: tuple[int, int, int] = (20, 20, 20)) -> tuple[list[Turn], list[Turn], list[Turn]]:
    first, second, third = (
        side(lognormal(n, count, mean, 0.02), 100 * n)
        for n, (mean, count) in enumerate(zip(means, counts, strict=True))
    )
    return first, second, third


@pytest.mark.parametrize("means", [(60.0, 30.0, 30.0), (60.0, 60.0, 30.0), (60.0, 40.0, 30.0), (30.0, 60.0, 45.0)])
def test_a_baseline_that_got_faster_drifted_as_one_that_got_slower(means: tuple[float, float, float]) -> None:
    assert verdict(compare_crossover(stretches(*means))).verdict == "drifted"


@pytest.mark.parametrize(
    ("means", "word"),
    [((30.0, 60.0, 30.0), "slower"), ((60.0, 30.0, 60.0), "faster"), ((30.0, 30.0, 30.0), "unchanged")],
)
@pytest.mark.parametrize("counts", [(2, 20, 20), (20, 20, 2)])
def test_with_too_little_of_one_baseline_both_together_decide(
    means: tuple[float, float, float], word: str, counts: tuple[int, int, int]
) -> None:
    """Nothing is known of the way there, or of the way back."""
    told = compare_crossover(stretches(*means, counts=counts))
    assert verdict(told).verdict == word
    assert "baselines differ" not in told.sentence


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (0.5, 0.3, f"the wait before a turn is shorter by 0 to {duration(400.0)}, which is not measured"),
        (0.3, 0.5, f"the wait before a turn is longer by 0 to {duration(400.0)}, which is not measured"),
    ],
)
def test_what_another_threshold_gains_is_a_range(before: float, after: float, says: str) -> None:
    plain = Comparison(a="x", b="y", n_a=1, n_b=1, stages=(), sentence="as ever")
    change = FlagChange(flag=PAUSE_THRESHOLD, label="pause threshold", before=before, after=after)
    other = FlagChange(flag="raw", label="raw", before=True, after=False)
    told = with_changes(plain, [other, change])
    assert told.sentence == f"as ever; {says}"
    assert told.changes == (other, change)
    assert with_changes(plain, [other]).sentence == "as ever"
    assert with_changes(plain, []).sentence == "as ever"
