"""Lines of the logs as the log screen shows them: both logs in one order, page by page from the newest back."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.model.turn import Event


class LogEntry(Struct, frozen=True, eq=False):
    """One line of a log."""

    source: str
    """Name of its log, as the screen calls it."""
    offset: int
    """Byte at which it begins; with ``source`` it names the line."""
    text: str
    """As it stands in the file, decoded, at most ``LONGEST_TEXT`` characters; not sanitized."""
    at: float | None = None
    """Seconds since 1970 on the writer's clock; None: the line has no stamp."""
    service: str = ""
    event: str = ""
    """Empty for a line that is no event."""
    request_id: str = ""
    """The turn it belongs to; empty: of no turn, or of one without an id."""
    metadata: Mapping[str, Any] = {}
    delta_ms: float | None = None
    """Time since the event before it in its turn; None for the first one, and for what is no event."""
    across_clocks: bool = False
    """The event before was stamped by another clock: ``delta_ms`` holds the difference of the two."""
    failed: bool = False
    """It tells of a failure, or cannot be read."""
    pauses: int = 0
    """It stands for so many pauses that no text followed, itself the last; 0: it is no such pause."""
    asked: int = 0
    """It stands for so many requests of a dashboard for v34's statistics, itself the last; 0: it is none."""

    @property
    def is_quiet(self) -> bool:
        """It stands for lines that say nothing has happened."""
        return bool(self.pauses or self.asked)


def counting_row(rows: Sequence[LogEntry], entry: LogEntry) -> int | None:
    """Index of the row that goes on with a quiet ``entry`` behind it; None where it is a row of its own.

    The last row of its kind, if nothing that is not quiet stands behind that.
    """
    end = len(rows) - 1
    if end < 0 or not rows[end].is_quiet:
        return None
    two = end > 0 and rows[end - 1].is_quiet and not _is_same_kind(rows[end], rows[end - 1])
    return next((at for at in range(end, end - 1 - two, -1) if _is_same_kind(rows[at], entry)), None)


def counted_together(earlier: LogEntry, later: LogEntry) -> LogEntry:
    """The later of two quiet rows, with the lines of both."""
    return replace(later, pauses=earlier.pauses + later.pauses, asked=earlier.asked + later.asked)


def _is_same_kind(one: LogEntry, other: LogEntry) -> bool:
    """Both stand for pauses without text, or both for a dashboard's requests."""
    return bool(one.pauses and other.pauses) or bool(one.asked and other.asked)


LONGEST_TEXT = 4096
"""Characters of a line that an entry holds; the whole line is read from the file when it is asked for."""


class LogCursor(Struct, frozen=True):
    """A place between two lines of the merged logs: everything before these bytes is above it."""

    events: int = 0
    """Bytes of the stamped logs."""
    facts: int = 0
    """Bytes of the logs without stamps."""
    newest: bool = False
    """The end of both logs, when it was asked for."""

    @property
    def at_start(self) -> bool:
        """There is nothing above it."""
        return self.events <= 0 and self.facts <= 0


class LogFilter(Struct, frozen=True):
    """Which lines are wanted; an empty one wants all."""

    service: str = ""
    """``stt``, ``v34`` or ``tts``; v34's debug log is v34's. ``events``: of all, and nothing of v34's debug log."""
    failures: bool = False
    """Only what tells of a failure."""

    @property
    def is_narrow(self) -> bool:
        """Few lines may pass."""
        return bool(self.service or self.failures)


ALL_LINES = LogFilter()


class TurnLines(Struct, frozen=True):
    """The lines of one turn, or of one of its stages."""

    request_id: str
    text: str = ""
    """What was said: finds a typed turn, which has no id."""
    begins: tuple[str, ...] = ()
    """Events of which the first one seen begins the wanted lines; empty: they begin with the turn."""
    ends: tuple[str, ...] = ()
    """Events of which the last one seen ends them; empty: they end with the turn."""
    events: tuple[Event, ...] = ()
    """Of the turn, in a log that need not name its turns: their lines are found by what they say."""
    since: float | None = None
    """Its first and its last stamp, where its events are not known any more."""
    until: float | None = None


class LogPage(Struct, frozen=True, eq=False):
    """Some lines, oldest first, and the cursor to the page above them."""

    entries: tuple[LogEntry, ...]
    before: LogCursor
    """The page above begins here."""
    lines: int = 0
    """Lines that were looked at for it; more than ``entries`` where a filter left some out."""
    problem: str = ""
    """Why the lines of a turn, or of its stage, are not here."""
