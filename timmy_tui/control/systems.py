"""Which way the watched system is changed, and where its flags are: Little Timmy's, or that of a profile."""

from collections.abc import Callable

from timmy_tui.control.change.controlled import ControlledSystem
from timmy_tui.control.change.surroundings import AddMarker, Notify
from timmy_tui.control.flags.flag_files import FlagFiles, PythonFlags
from timmy_tui.control.progress import LiveState
from timmy_tui.model.stages.system import watched
from timmy_tui.sources.timmy import Timmy


def flag_files(timmy: Timmy) -> FlagFiles:
    """The files that hold its flags."""
    system = watched()
    if system.is_built_in:
        return PythonFlags(timmy.settings, timmy.root)
    from timmy_tui.control.switches.flags import SwitchFlags

    return SwitchFlags(system, timmy.settings)


def controlled_system(
    timmy: Timmy, live_state: Callable[[], LiveState], notify: Notify, add_marker: AddMarker
) -> ControlledSystem:
    """The system, ready to be changed. Raises OSError when the control folder cannot be made."""
    system = watched()
    if system.is_built_in:
        from timmy_tui.control.change.v34_system import V34System

        return V34System(timmy, live_state, notify, add_marker)
    from timmy_tui.control.switches.context import SwitchContext
    from timmy_tui.control.switches.system import SwitchSystem

    return SwitchSystem(SwitchContext(timmy, system, live_state, notify, add_marker))
