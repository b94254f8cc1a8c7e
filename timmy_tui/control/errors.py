"""Why a change is not made: the errors of the control room that mean "nothing was touched"."""

from collections.abc import Sequence

from timmy_tui.core.errors import ControlError


class Refused(ControlError):
    """A file, a name or a value that is left alone because changing it is not certain to be right."""

    title = "Change refused"

    def __init__(self, reason: str, lines: Sequence[int] = (), hint: str = "") -> None:
        """``reason`` is one sentence; ``lines`` are the 1-based lines of the file that it speaks of."""
        self.reason = reason
        self.lines = tuple(lines)
        where = f" (line {', '.join(map(str, self.lines))})" if self.lines else ""
        super().__init__(f"{reason}{where}", hint)


class Conflict(Refused):
    """The file is not, or no longer, what was shown; someone else's bytes stay."""


class Unsafe(Refused):
    """The file cannot be replaced without losing something: its owner, a second name, its place on disk."""
