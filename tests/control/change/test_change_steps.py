"""Which step a change is in while it writes, and which of several open ones an answer is for."""

from collections.abc import Sequence
from types import ModuleType

import pytest

from tests.control.harness import ControlHarness
from timmy_tui.control.change import file_change, rollback
from timmy_tui.control.edit.literal import Constant, patch
from timmy_tui.control.edit.transaction import Applied, PlannedFile
from timmy_tui.control.errors import Refused
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState


def test_while_files_are_written_the_change_is_editing_and_has_five_seconds(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the change itself, and in the undo of it."""
    seen: list[tuple[str, ChangeState, float | None]] = []

    def watch(module: ModuleType, name: str) -> None:
        write = module.write

        def watched(planned: Sequence[PlannedFile]) -> Applied:
            seen.append((name, harness.state, harness.progress.limit))
            written: Applied = write(planned)
            return written

        monkeypatch.setattr(module, "write", watched)

    watch(file_change, "change")
    watch(rollback, "undo")
    harness.flip()
    harness.answer("undo")
    assert seen == [("change", ChangeState.EDITING, 5.0), ("undo", ChangeState.EDITING, 5.0)]


def test_of_two_open_changes_the_newest_is_kept_unless_one_is_named(harness: ControlHarness) -> None:
    harness.leave_open("first", ("retrieved-chunks", "3"))
    harness.leave_open("second", ("retrieval", "off"))
    assert harness.controller.keep().startswith("retrieval on→off: kept, not verified")
    assert [one.op for one in harness.journal.open_operations()] == ["first"]
    # The file is not what the first one left, so that there is nothing of it to keep.
    assert harness.controller.keep("first") == "retrieved chunks 5→3: changed by someone else"
    assert harness.journal.open_operations() == []


def test_half_of_a_change_is_not_kept(harness: ControlHarness) -> None:
    harness.leave_open("pair", ("tail-mode", "on"), files=1, only=False)
    with pytest.raises(ControlError) as error:
        harness.controller.keep()
    assert "tail mode off→on, raw on→off: only half of it is in place." in error.value.message
    assert error.value.hint == "timmy-tui undo"
    assert [one.op for one in harness.journal.open_operations()] == ["pair"]


@pytest.mark.parametrize(
    ("source", "later"),
    [
        (b"A = 1; from os import *\n", True), (b"A = 1\nfrom os import *\n", True),
        (b"from os import *\nA = 1\n", False), (b"A = 1\nfrom os import path, sep\n", False),
    ],
)  # fmt: skip
def test_an_import_of_everything_on_the_line_itself_is_a_later_one(source: bytes, later: bool) -> None:
    if later:
        with pytest.raises(Refused, match="A later import"):
            patch(source, Constant("A"), 2)
    else:
        assert patch(source, Constant("A"), 2) == source.replace(b"= 1", b"= 2")
