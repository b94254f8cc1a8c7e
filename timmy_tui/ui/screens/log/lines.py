"""The newest lines of a snapshot in place of the files: where there is no reader, as in a screenshot."""

from collections.abc import Callable

from timmy_tui.model.log_entry import ALL_LINES, LogCursor, LogEntry, LogFilter, LogPage, TurnLines
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.panels.log.events import newest_entries
from timmy_tui.ui.view import View

MOST = 2000
"""Entries."""


class SnapshotLines:
    """A reader of what the snapshot holds, a page of all of it."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        """``snapshot``: the one that is shown."""
        self._snapshot = snapshot

    def newest(self) -> LogCursor:
        """A new place for each new snapshot."""
        return LogCursor(1, id(self._snapshot()), newest=True)

    def before(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES, least: int = 1) -> LogPage:
        """All that are wanted."""
        entries = newest_entries(self._snapshot(), MOST)
        every = wanted.service in ("", "events")
        shown = [
            one for one in entries if (every or one.service == wanted.service) and (one.failed or not wanted.failures)
        ]
        return LogPage(tuple(shown), LogCursor(), len(entries))

    def between(self, above: LogCursor, below: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """None: the lines of a snapshot are read as a whole."""
        return None

    def quiet_behind(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """None: the lines of a snapshot are read as a whole."""
        return None

    def of_turn(self, turn: TurnLines) -> LogPage:
        """The lines that name the turn."""
        entries = tuple(e for e in self.before(LogCursor()).entries if turn.request_id and turn.request_id in e.text)
        return LogPage(entries, LogCursor(), len(entries))

    def whole_line(self, entry: LogEntry) -> str:
        """As the snapshot has it."""
        return entry.text


def lines_read(view: View) -> int | None:
    """Lines of both logs that were read so far; None while older ones still come in, which are not new."""
    snapshot = view.live_snapshot or view.snapshot
    return None if snapshot.preview else sum(source.lines for source in snapshot.sources)
