"""Every flag that changes gets a verdict, by the same words and rules: flipped from here, by hand, or seen in turns."""

import pytest

from tests.storage.test_trial_of_any_flag import OWN, SHOWN, VALUES, WAYS, flag_of, known, sessions
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.flags.table import FLAGS, KnownFlags, WrittenValue
from timmy_tui.model.flags.words import changes_words, word
from timmy_tui.model.judgement import Comparison


def verdict(key: str, flags: KnownFlags) -> Comparison | None:
    judge = Judge(flags)
    for side in sessions(key):
        for turn in side:
            judge.add(turn)
    return judge.state().verdict


@pytest.mark.parametrize(("key", "way"), WAYS)
def test_a_flag_that_changed_is_judged_however_it_was_changed(key: str, way: str) -> None:
    told = verdict(key, known(key, way))
    assert told is not None
    old, new = (word(flag_of(key), value) for value in VALUES[key])
    assert changes_words(told.changes) == f"{flag_of(key).label} {old}→{new}"
    assert told.outcome == "helped" and told.sentence.startswith("helped: ")


@pytest.mark.parametrize("key", sorted(VALUES.keys() - {"raw"}))
def test_the_words_are_the_same_however_it_was_changed(key: str) -> None:
    """Raw is shown by turns alone: its keyword in the file does not decide."""
    ways = ["flip", "by hand", *(["turns"] if key in SHOWN else [])]
    said = {told.sentence for way in ways if (told := verdict(key, known(key, way))) is not None}
    assert len(said) == 1


def test_a_restart_alone_is_no_change() -> None:
    assert verdict("retrieved-chunks", KnownFlags((*FLAGS, OWN))) is None


def test_a_value_whose_old_one_nobody_knows_is_no_change() -> None:
    """The file was edited by hand, and nothing had read it before."""
    at = (sessions("top-k")[1][0].started or 0.0) - 1
    assert verdict("top-k", KnownFlags((*FLAGS, OWN), (WrittenValue(at, "top-k", 10),))) is None


def test_an_edit_that_v34_has_not_read_is_no_change_yet() -> None:
    """It was made after the newest session had begun: that one runs under the old value."""
    after = (sessions("top-k")[1][-1].started or 0.0) + 1
    written = (WrittenValue(1.0, "top-k", 40), WrittenValue(after, "top-k", 10))
    assert verdict("top-k", KnownFlags((*FLAGS, OWN), written)) is None
