"""Which restores a return to the latest state takes back, where flags were changed between them."""

from pathlib import Path

from tests.control.harness import ControlHarness
from tests.control.timmy_files import aged
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import CreatePoint, Flip, Restore, RestoreLatest, Undo

LATER = b"# a later edit\n"


def after_a_restore_of_llm(harness: ControlHarness) -> Path:
    """A point, an edit of llm.py after it, which a restore takes out again; llm.py."""
    llm = harness.root / "v34/llm.py"
    harness.start(CreatePoint("old"))
    aged(llm, llm.read_bytes() + LATER)
    harness.start(Restore("old"))
    assert harness.until_over() is ChangeState.KEPT
    assert LATER not in llm.read_bytes()
    return llm


def flip_chunks(harness: ControlHarness, value: str) -> None:
    """Flip, and keep it without a turn."""
    harness.start(Flip((("retrieved-chunks", value),)))
    harness.until_choice("keep")
    assert harness.answer("keep") is ChangeState.KEPT


def test_a_restore_from_which_the_user_went_on_is_not_taken_back(harness: ControlHarness) -> None:
    llm = after_a_restore_of_llm(harness)
    flip_chunks(harness, "3")
    before = harness.contents(), llm.read_bytes()
    harness.start(Restore("old"))
    assert harness.until_over() is ChangeState.KEPT
    harness.start(RestoreLatest())
    assert harness.until_over() is ChangeState.KEPT
    assert (harness.contents(), llm.read_bytes()) == before


def test_a_flip_after_the_newest_restore_ends_nothing(harness: ControlHarness) -> None:
    llm = after_a_restore_of_llm(harness)
    flip_chunks(harness, "3")
    harness.start(RestoreLatest())
    assert harness.until_over() is ChangeState.KEPT
    assert LATER in llm.read_bytes() and b"NUM_RETRIEVED_CHUNKS = 3" in harness.config.read_bytes()


def test_a_flip_that_was_undone_ends_nothing(harness: ControlHarness) -> None:
    llm = after_a_restore_of_llm(harness)
    flip_chunks(harness, "3")
    harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK
    aged(harness.config, harness.config.read_bytes() + LATER)
    harness.start(Restore("old"))
    assert harness.until_over() is ChangeState.KEPT
    harness.start(RestoreLatest())
    assert harness.until_over() is ChangeState.KEPT
    assert LATER in llm.read_bytes() and LATER in harness.config.read_bytes()
