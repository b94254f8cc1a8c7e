"""The flags of one installation and their values by journal and files, for everything that judges its turns."""

from collections.abc import Callable

from timmy_tui.control.flags.written import WrittenFlags
from timmy_tui.control.systems import flag_files
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.sources.timmy import Timmy


def flag_source(timmy: Timmy) -> Callable[[], KnownFlags]:
    """A function that returns what is known now. It only reads; call it from one thread."""
    return WrittenFlags(flag_files(timmy), timmy.control_path).look
