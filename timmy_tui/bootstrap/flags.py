"""The flags of one Timmy and what its journal and files tell of them, for whoever judges its turns."""

from collections.abc import Callable
from pathlib import Path

from timmy_tui.control.flags.written import WrittenFlags
from timmy_tui.control.journal.lock import control_path
from timmy_tui.core.settings import Settings, state_path
from timmy_tui.model.flags import KnownFlags


def flag_source(settings: Settings, root: Path, state: Path | None = None) -> Callable[[], KnownFlags]:
    """Says what is known by now, each time it is called; reads only, from one thread.

    ``state``: folder of the journal, the user's unless said.
    """
    return WrittenFlags(settings, root, control_path(root, state or state_path())).look
