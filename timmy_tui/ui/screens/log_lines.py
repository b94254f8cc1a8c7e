"""The newest lines of a snapshot in place of the files: where there is no reader, as in a screenshot."""

from collections.abc import Callable

from timmy_tui.model.log_entry import ALL_LINES, LogCursor, LogEntry, LogFilter, LogPage, TurnLines
from timmy_tui.ui.view import View


class SnapshotLines:
    """A reader of what the snapshot holds: lines without times, a page of all of them."""

    def __init__(self, tail: Callable[[], tuple[tuple[str, str], ...]]) -> None:
        """``tail``: (source, line) of the newest lines, oldest first."""
        self._tail = tail

    def newest(self) -> LogCursor:
        """A new place for each new tail."""
        tail = self._tail()
        return LogCursor(len(tail), id(tail), newest=True)

    def before(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES, least: int = 1) -> LogPage:
        """All lines."""
        entries = tuple(
            LogEntry(source, at, text, service="v34" if source.startswith("v34") else "")
            for at, (source, text) in enumerate(self._tail())
        )
        return LogPage(entries, LogCursor(), len(entries))

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
