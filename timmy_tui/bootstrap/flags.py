"""The flags of one installation and their values by journal and files, for everything that judges its turns."""

from collections.abc import Callable
from pathlib import Path

from timmy_tui.control.flags.written import WrittenFlags
from timmy_tui.control.journal.lock import control_path
from timmy_tui.core.settings import Settings, state_path
from timmy_tui.model.flags import KnownFlags


def flag_source(settings: Settings, root: Path, state: Path | None = None) -> Callable[[], KnownFlags]:
    """A function that returns what is known now. It only reads; call it from one thread.

    ``state``: the state folder, by default the user's.
    """
    return WrittenFlags(settings, root, control_path(root, state or state_path())).look
