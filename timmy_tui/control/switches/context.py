"""What every change of switches works with: the file, the unit, and what the newest snapshot showed."""

import time
from collections.abc import Callable

from timmy_tui.control.change.surroundings import AddMarker, Notify, Surroundings
from timmy_tui.control.progress import LiveState
from timmy_tui.control.service.unit import Unit
from timmy_tui.control.switches.flags import SwitchFlags, UnitLook
from timmy_tui.model.stages.system import System
from timmy_tui.sources.timmy import Timmy

UNIT_S = 120.0
"""Seconds between two questions to systemd (40 ms) while nothing is changed here."""


class SwitchContext(Surroundings):
    """The surroundings of changes to a system of a profile."""

    def __init__(
        self,
        timmy: Timmy,
        system: System,
        live_state: Callable[[], LiveState],
        notify: Notify,
        add_marker: AddMarker,
    ) -> None:
        """Raises OSError when the control folder cannot be made."""
        super().__init__(timmy.control_folder, notify, add_marker)
        self.live_state = live_state
        self.healthy_limit_s = timmy.settings.control.healthy_limit_s
        self.title, file = system.title, system.switch_file
        self.unit = Unit(file.unit, self.folder / "command.log") if file is not None and file.unit else None
        """None where the profile names none."""
        self.flags = SwitchFlags(system, timmy.settings)
        self._unit_look = UnitLook()
        self._looked_at = float("-inf")

    def unit_look(self) -> UnitLook:
        """What is known of the unit, at most two minutes old; nothing where no switch needs it."""
        now = time.monotonic()
        if self.unit is not None and self.flags.need_restart and now - self._looked_at >= UNIT_S:
            state = self.unit.state()
            pid = f", pid {state.pid}" if state.pid is not None else ""
            words = f"{self.unit.name}: {state.word}{pid}" if state.loaded else f"{self.unit.name}: not on this machine"
            self._unit_look = UnitLook(words, state.started_at, self.unit.refusal())
            self._looked_at = now
        return self._unit_look

    def expire_unit(self) -> None:
        """It may have been restarted: the next look asks again."""
        self._looked_at = float("-inf")
