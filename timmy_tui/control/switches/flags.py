"""The switches of another system as flags: which its profile names, and what its file says of them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.control.edit.atomic_replace import FileImage, read_file
from timmy_tui.control.edit.json_member import Member
from timmy_tui.control.edit.masking import SECRET
from timmy_tui.control.edit.transaction import Edit
from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.readings import FlagReading, flag_state, of_type
from timmy_tui.control.journal.write_ahead import Operation
from timmy_tui.core.settings import Settings
from timmy_tui.model.change import FlagState
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.switches import switch_flags
from timmy_tui.model.stages.system import System
from timmy_tui.model.turn import FlagValue, Turn

NOT_THERE = "(the default: not in the file)"


class UnitLook(NamedTuple):
    """What is known of the unit that runs the system."""

    words: str = ""
    """A line for the screen; empty where nothing was asked."""
    started_at: float | None = None
    """When its process began, in seconds since the epoch; None: not known."""
    no_restart: str = ""
    """Why it cannot be restarted from here; empty when it can, or nothing needs it."""


class SwitchFlags:
    """``FlagFiles`` (flags/flag_files.py) of a system that a profile reads."""

    def __init__(self, system: System, settings: Settings) -> None:
        """A file of the user's settings takes the place of the profile's."""
        self._title, file = system.title, system.switch_file
        self.path: Path | None = None
        """The file; None where the profile names none."""
        if file is not None:
            self.path = Path(settings.system.control_file or file.path).expanduser()
        stored = {switch.key for switch in system.switches if switch.stored}
        self.flags = tuple(flag for flag in switch_flags(system) if not SECRET.search(flag.constant))
        self._stored = frozenset(stored)

    def path_of(self, flag: Flag) -> str:
        return os.path.realpath(self.path) if self.path is not None and flag.key in self._stored else ""

    def flag_at(self, path: str, name: str) -> Flag | None:
        if self.path is None or path != os.path.realpath(self.path):
            return None
        return next((flag for flag in self.flags if flag.key in self._stored and flag.constant == name), None)

    def read(self) -> Iterable[FlagReading]:
        try:
            image: FileImage | Refused = self.image()
        except Refused as refused:
            image = refused
        return [self._reading(flag, image) for flag in self.flags]

    def states(self, turns: Sequence[Turn], known: Mapping[str, FlagValue]) -> tuple[FlagState, ...]:
        return self.states_beside(UnitLook(), known)

    def states_beside(self, unit: UnitLook, known: Mapping[str, FlagValue]) -> tuple[FlagState, ...]:
        """What is looked up at each use runs as the file says it. A switch that is taken over at the start runs so
        where the process is younger than the file; of others the turns' own epoch, ``known``, tells."""
        written = written_at(self.path)
        young = unit.started_at is not None and written is not None and unit.started_at > written
        states = []
        for one in self.read():
            as_written = not one.reason and (one.flag.live or young)
            state = flag_state(one, one.value if as_written else known.get(one.flag.key))
            if state.editable and not one.flag.live and unit.no_restart:
                state = replace(state, editable=False, override=f"taken over at the start, and {unit.no_restart}")
            states.append(state)
        return tuple(states)

    @property
    def need_restart(self) -> bool:
        """A switch that may be changed is taken over when the system starts."""
        return any(not flag.live and not flag.read_only for flag in self.flags)

    def image(self) -> FileImage:
        """The file. Raises Refused with what is wrong with it."""
        if self.path is None:
            raise Refused(f"{self._title} is only read.")
        if self.path.is_symlink():
            raise Refused(f"{self.path} is a symbolic link; the file itself is to be named.")
        if not os.path.lexists(self.path):
            raise Refused(f"{self.path} does not exist: {self._title} makes it when it stores a switch itself.")
        return read_file(self.path)

    def edit(self, flag: Flag, value: FlagValue) -> Edit:
        """The edit that gives the flag this value. Raises Refused where it cannot be made."""
        if flag.read_only:
            raise Refused(f"{flag.label} is shown, not changed: {flag.read_only}.")
        reading = self._reading(flag, self.image())
        if reading.reason:
            raise Refused(reading.reason, reading.lines)
        assert self.path is not None  # else there would be no image
        return Edit(self.path, Member(flag.constant), value, flag.constant)

    def values_of(self, operation: Operation, before: bool = False) -> tuple[tuple[Flag, FlagValue], ...]:
        """The switches that an operation of the journal changed, with the values that it wrote; or those ``before``."""
        found = [
            (flag, literal.old if before else literal.new)
            for file in operation.files
            for literal in file.literals
            if (flag := self.flag_at(file.path, literal.name)) is not None
        ]
        return tuple((flag, value) for flag, text in found if (value := _value(flag, text)) is not None)

    def _reading(self, flag: Flag, image: FileImage | Refused) -> FlagReading:
        if flag.key not in self._stored:
            return FlagReading(flag, None)
        if isinstance(image, Refused):
            return FlagReading(flag, None, image.reason, image.lines)
        try:
            seen = Member(flag.constant).look(image.data)
        except Refused as refused:
            return FlagReading(flag, None, refused.reason, refused.lines)
        if seen.value is None:
            return FlagReading(flag, flag.default, lines=(seen.line,), note=NOT_THERE)
        value = of_type(flag, seen.value)
        if value is None:
            held = type(seen.value).__name__
            reason = f"The file holds a value of type {held}, not {flag.type.__name__}."
            return FlagReading(flag, None, reason, (seen.line,))
        return FlagReading(flag, value, lines=(seen.line,))


def written_at(path: Path | None) -> float | None:
    """When it was written, in seconds since the epoch; None where there is none."""
    try:
        return path.stat().st_mtime if path is not None else None
    except OSError:
        return None


def _value(flag: Flag, text: str) -> FlagValue | None:
    """What runs where the file has this text for it; None for a text that is not valid."""
    try:
        value = Member(flag.constant).read(text)
    except Refused:
        return None
    return flag.default if value is None else of_type(flag, value)
