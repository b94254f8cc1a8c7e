"""What every change works with, of whatever system: journal, backups, and two callbacks."""

from collections.abc import Callable
from pathlib import Path

from timmy_tui.control.journal.write_ahead import Journal

Notify = Callable[[str, str], None]
"""Called with (message, role), for the status line."""
AddMarker = Callable[[str, str], None]
"""Called with (kind, label), for a marker on the charts."""


class Surroundings:
    """One per controller; its changes, planner and status share it."""

    def __init__(self, folder: Path, notify: Notify, add_marker: AddMarker) -> None:
        """``folder``: the control folder, which exists. The callbacks are called from other threads."""
        self.folder, self.notify, self.add_marker = folder, notify, add_marker
        self.journal = Journal(folder / "journal.jsonl")
        self.backups = folder / "backups"
