"""The files that hold the flags of a system: what everything that is not about one kind of file needs of them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from timmy_tui.control.flags.readings import FlagReading, flag_states, read_flags
from timmy_tui.control.flags.user_flags import by_literal, flag_table
from timmy_tui.core.settings import Settings
from timmy_tui.model.change import FlagState
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.turn import FlagValue, Turn


class FlagFiles(Protocol):
    """One per system. It only reads."""

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Those that may be read."""

    def path_of(self, flag: Flag) -> str:
        """The real path of the file that holds it; it need not exist. Empty: none holds it."""

    def flag_at(self, path: str, name: str) -> Flag | None:
        """The flag whose literal has this name in the file with this real path, as the journal has both."""

    def read(self) -> Iterable[FlagReading]:
        """Every flag with the value in its file, or the reason why there is none."""

    def states(self, turns: Sequence[Turn], known: Mapping[str, FlagValue]) -> tuple[FlagState, ...]:
        """Every flag for the screen and the shell. ``turns``: those that show what runs; ``known``: the flags of the
        newest turn's epoch. Values from the files are foreign text: sanitize them."""


class PythonFlags:
    """Little Timmy's, which are literals of Python files."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings, self._root = settings, root
        self.flags = tuple(flag for flag in flag_table(root, settings) if not flag.unread)
        self._by_literal = by_literal(root, self.flags)

    def path_of(self, flag: Flag) -> str:
        return os.path.realpath(self._root / flag.file)

    def flag_at(self, path: str, name: str) -> Flag | None:
        return self._by_literal.get((path, name))

    def read(self) -> Iterable[FlagReading]:
        return (reading for reading in read_flags(self._root, self._settings) if not reading.flag.unread)

    def states(self, turns: Sequence[Turn], known: Mapping[str, FlagValue]) -> tuple[FlagState, ...]:
        return flag_states(self._root, self._settings, turns)
