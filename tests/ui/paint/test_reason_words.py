"""Why a figure is unknown, in the cells that there are."""

import pytest

from timmy_tui.model.turn import Reason
from timmy_tui.ui.paint.wording import reason_words


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_for_every_width_of_its_column(reason: Reason) -> None:
    assert reason_words(reason, 60) == str(reason)
    for width in (6, 14, 21):
        words = reason_words(reason, width)
        # Whole words, and not the same for two reasons.
        assert 0 < len(words) <= width and not words.endswith(" ")
        assert [other for other in Reason if reason_words(other, width) == words] == [reason]


def test_the_longest_words_that_fit() -> None:
    assert [reason_words(Reason.STEPPED, width) for width in (15, 14, 10, 9)] == [
        "a clock stepped", "clock step", "clock step", "step",
    ]  # fmt: skip


def test_a_reason_of_another_version_is_cut() -> None:
    assert reason_words("something else", 9) == "something"
