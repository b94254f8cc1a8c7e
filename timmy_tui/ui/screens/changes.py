"""Screen 5: the flags, the running change, and what was changed."""

from collections.abc import Callable, Mapping, Sequence

from timmy_tui.model.change import FlagState
from timmy_tui.model.user_requests import Flip, Restore, RestoreLatest, Undo
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.messages import BeginFlagTest, EnterValue, Noticed, Requested, ScreenRequest
from timmy_tui.ui.paint.lines import Row, plain
from timmy_tui.ui.panels.changes.screen import CHANGE_HEADINGS, change_rows
from timmy_tui.ui.screens.scroll_page import ScrollScreen
from timmy_tui.ui.view import Notice

REQUESTS: Mapping[str, Callable[[str], ScreenRequest]] = {
    "op": Undo, "point": Restore, "latest": lambda key: RestoreLatest(),
}  # fmt: skip
"""Kind of a row other than a flag → the request that enter makes."""


class ChangesScreen(ScrollScreen):
    """Enter acts on the row under the cursor; the plan is shown and confirmed first."""

    BINDINGS = [*screen_bindings("changes")]
    MOST_CHOSEN = 40
    """At 40×10 the whole meaning of a flag left room for no other row."""

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name, "changes", change_rows)

    def says_change(self, shown: Sequence[Row]) -> bool:
        """Its heading and the line with its state are in view."""
        return any(plain(row).startswith(CHANGE_HEADINGS) for row, _ in shown[:-1])

    def action_act(self) -> None:
        """Flip the flag, undo the operation or restore the point under the cursor."""
        target = self.current()
        if not isinstance(target, tuple):
            return
        kind, key = target
        request = REQUESTS[kind](key) if kind in REQUESTS else self._flip(key)
        if request is not None:
            self.post_message(Requested(request))

    def action_test_flag(self) -> None:
        """Begin a guided test of the flag under the cursor; on another row, ask for the row of a flag."""
        target = self.current()
        if isinstance(target, tuple) and target[0] == "flag":
            self.post_message(Requested(BeginFlagTest(target[1])))
        else:
            self.post_message(Noticed(Notice(self.view.now, "choose the row of a flag first", "warn")))

    def _flip(self, key: str) -> ScreenRequest | None:
        control = self.view.control
        flag = next((flag for flag in control.flags if flag.key == key), None) if control is not None else None
        if flag is None:
            return None
        return EnterValue(key) if flag.editable and not flag.choices else Flip(((key, next_value(flag)),))


def next_value(flag: FlagState) -> str:
    """The choice after the file's value, the first after the last; empty without choices."""
    if flag.file_value in flag.choices:
        return flag.choices[(flag.choices.index(flag.file_value) + 1) % len(flag.choices)]
    return flag.choices[0] if flag.choices else ""
