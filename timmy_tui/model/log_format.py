"""What a log format is: one row that says how to recognize the log, where it stands, when it is read, who parses it.

The rows stand beside their parsers in ``parse/``, and ``parse/table.py`` lists them. The types stand here because
``sources/`` plays saved logs by them, and ``sources`` and ``parse`` do not import each other.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from timmy_tui.model.turn import Event

LogKind = str
"""Key of a log format: ``latency``, ``v34`` …"""


class DebugFact(Struct, frozen=True):
    """What one line of a log without stamps says of the turn that is being written there."""

    kind: str
    """``begin``, ``message``, ``step``, ``total``, ``access`` …: the first column of the pattern table."""
    values: dict[str, Any] = {}
    request_id: str = ""


class EventParser(Protocol):
    """The parser of a log whose lines are stamped."""

    @property
    def unparsed(self) -> Counter[str]:
        """Lines that could not be read, by reason."""

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        """Events of whole lines, in file order. Never raises, whatever the bytes."""


class FactParser(Protocol):
    """The parser of a log whose lines have no stamps."""

    @property
    def unparsed(self) -> Counter[str]:
        """Lines that could not be read, by reason."""

    def feed(self, lines: Sequence[bytes]) -> list[DebugFact]:
        """Facts of whole lines, in file order. Never raises, whatever the bytes."""


@runtime_checkable
class ReadsReplies(Protocol):
    """A fact parser whose log holds answers of the model, which can hold anything, also a forged end of themselves."""

    def use_reply_lengths(self, reply_length_of: Callable[[str], int | float | None]) -> None:
        """Take a function that returns the characters of the answer of the turn with this id; None: not known."""

    def finish(self) -> list[DebugFact]:
        """At the end of the log: facts of lines that were held back, because later ones could show whose they are."""


class LogPlaces(Protocol):
    """Where an installation has its files; the settings have been applied."""

    @property
    def root(self) -> Path:
        """The folder that holds v34/ and shared/."""

    @property
    def latency_log(self) -> Path:
        """The latency tracker's log."""

    @property
    def v34_log(self) -> Path:
        """v34's captured output."""

    @property
    def v34_logs(self) -> tuple[Path, ...]:
        """Every place where it can be."""


@dataclass(frozen=True, kw_only=True)
class _Row:
    kind: LogKind
    """Unique."""
    file_name: str
    """What the screen calls it. A file whose content says nothing is of this kind when its name has this stem."""
    order: int
    """Logs that are read one after the other are read in ascending order."""
    recognizes: Callable[[bytes], bool]
    """Whether a line can stand in no other kind of log. The first line that a format recognizes decides for a file."""
    place: Callable[[LogPlaces], Path]
    """Where an installation has it. A path that users can set needs a field in the settings as well."""
    places: Callable[[LogPlaces], tuple[Path, ...]] = lambda places: ()
    """Where else it can be, ``place`` among them: the dashboard follows the one that is written. Empty: only there."""
    is_document: bool = False
    """It is one JSON text: read from its beginning on, and its last line may have no end."""


@dataclass(frozen=True, kw_only=True)
class EventLog(_Row):
    """A log whose lines are stamped. A replay plays it at the pace of its stamps."""

    parser: Callable[[], EventParser]
    """A new parser, for one reading of one log."""


@dataclass(frozen=True, kw_only=True)
class FactLog(_Row):
    """A log without stamps. A replay plays each turn when a stamped log has passed it; alone, by its durations."""

    parser: Callable[[], FactParser]
    """A new parser, for one reading of one log."""


LogFormat = EventLog | FactLog
