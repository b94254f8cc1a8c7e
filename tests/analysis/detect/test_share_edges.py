"""The share of turns that have a stage: from how many turns on it is judged, what it is set against, what is new."""

from collections.abc import Sequence

import pytest

from timmy_tui.analysis.detect.share import Counts, Excursion, Share
from timmy_tui.analysis.stats.tuning import TUNING

LEAST, SETTLED, MOST = (
    TUNING.occurrence.least_values, TUNING.reference.settled_values, TUNING.reference.most_values,
)  # fmt: skip


def fed(share: Share, turns: Sequence[bool], first: int = 0) -> Excursion | None:
    """The excursion at the first of these turns that has one."""
    for at, had in enumerate(turns, first):
        share.add(had, (at, f"{at:08x}"))
        if (found := share.excursion()) is not None:
            return found
    return None


@pytest.mark.parametrize(("usual", "ignored"), [(LEAST - 1, 1), (LEAST, 0), (LEAST + 1, 0)])
def test_the_first_twenty_turns_are_what_is_usual_whatever_they_have(usual: int, ignored: int) -> None:
    found = fed(Share(), [True] * usual + [False] * 12)
    assert found is not None
    assert found.since[0] == usual + ignored
    assert found.before == Counts(usual, usual + ignored)
    assert found.after == Counts(0, found.after.n)


@pytest.mark.parametrize(("taken", "ignored"), [(SETTLED - 1, 1), (SETTLED, 0), (SETTLED + 1, 0)])
def test_behind_a_move_six_turns_are_enough(taken: int, ignored: int) -> None:
    share = Share()
    turns = [True] * LEAST + [False] * taken
    for at, had in enumerate(turns):
        share.add(had, (at, ""))
    share.move(taken)
    assert share.excursion() is None
    found = fed(share, [True] * 20, len(turns))
    assert found is not None
    assert (found.since[0], found.before) == (len(turns) + ignored, Counts(ignored, taken + ignored))
    assert found.after.had == found.after.n


@pytest.mark.parametrize("older", [0, 1, 7])
def test_what_is_usual_is_of_the_newest_two_hundred_turns(older: int) -> None:
    """The older ones had the stage, every other one of those that count had not."""
    share = Share()
    turns = [True] * older + [True, False] * (MOST // 2)
    for at, had in enumerate(turns):
        share.add(had, (at, ""))
    found = fed(share, [True] * 40, len(turns))
    assert found is not None
    assert found.before.n <= MOST
    assert found.before.had == pytest.approx(found.before.n / 2, abs=1)


def test_a_share_that_moves_by_less_than_a_quarter_is_none() -> None:
    share = Share()
    fed(share, [at % 2 == 0 for at in range(100)])
    assert fed(share, [at % 10 < 6 for at in range(200)], 100) is None


def test_what_was_forgotten_is_not_usual_any_more() -> None:
    share = Share()
    fed(share, [True] * 60)
    share.restart()
    assert fed(share, [False] * 60, 60) is None
    found = fed(share, [True] * 20, 120)
    assert found is not None and found.before == Counts(0, 60) and found.since[0] == 120
