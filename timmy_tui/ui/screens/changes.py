"""Screen 5: what can be flipped, what is running, what was changed."""

from typing import Any

from timmy_tui.model.change import FlagState
from timmy_tui.ui.commands import screen_bindings
from timmy_tui.ui.messages import Asked
from timmy_tui.ui.panels.changes import change_rows
from timmy_tui.ui.screens.scroll_page import ScrollScreen


class ChangesScreen(ScrollScreen):
    """Enter acts on the row under the cursor; the plan is shown first."""

    BINDINGS = [*screen_bindings("changes")]

    def __init__(self, name: str) -> None:
        """``name`` is the mode's."""
        super().__init__(name, "changes", change_rows)

    def action_act(self) -> None:
        """Flip the flag, take the operation back, restore the point."""
        target = self.current()
        if not isinstance(target, tuple) or self.view.control is None:
            return
        kind, key = target
        if kind == "op":
            self._ask("undo", op=key)
        elif kind == "point":
            self._ask("restore", name=key)
        elif kind == "latest":
            self._ask("latest")
        else:
            flag = next((flag for flag in self.view.control.flags if flag.key == key), None)
            if flag is not None and flag.editable and not flag.choices:
                self.post_message(Asked("value", key=key))
            elif flag is not None:
                self._ask("flip", key=key, value=next_value(flag))

    def _ask(self, kind: str, **values: Any) -> None:
        self.post_message(Asked("change", kind=kind, values=values))


def next_value(flag: FlagState) -> str:
    """The choice after the file's value; the planner refuses what it cannot do."""
    if flag.file_value in flag.choices:
        return flag.choices[(flag.choices.index(flag.file_value) + 1) % len(flag.choices)]
    return flag.choices[0] if flag.choices else ""
