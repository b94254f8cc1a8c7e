"""The one table of the logs that tell of turns. A new format is a parser module with its row, and a line here.

It stands in ``parse`` because that is the lowest room that sees every parser. Whoever reads, follows, replays or checks
logs is above it and takes the rows from here; ``sources`` must not import it, and is handed the rows. It reads no file
and knows no setting: the beginning of a file comes in as bytes, the places of an installation as attributes.

Ollama's server log is not in it: it names no turn, and is read by what asks Ollama (``sources/services/poller.py``).
"""

from pathlib import Path

from timmy_tui.model.log_format import LogFormat, LogKind, LogPlaces
from timmy_tui.parse import latency_log, v34_log

FORMATS: dict[LogKind, LogFormat] = {row.kind: row for row in (latency_log.FORMAT, v34_log.FORMAT)}

UNRECOGNIZED = v34_log.FORMAT.kind
"""v34's log holds whatever a model and its libraries print: what no format recognizes is taken for it."""


def watch_only(row: LogFormat) -> None:
    """The log of another system takes the place of v34's; before any log is opened."""
    FORMATS.clear()
    FORMATS[row.kind] = row


def in_order() -> list[LogFormat]:
    """All formats, in the order in which their logs are read."""
    return sorted(FORMATS.values(), key=lambda row: row.order)


def detect(start: bytes, name: str) -> LogFormat:
    """The format of a file by the bytes at its beginning; its name decides where no format recognizes a line.

    The first line that is recognized decides: further down a user's words can be a line of another log.
    """
    rows = in_order()
    by_name = (row for row in rows if row.file_name.removesuffix(".log") in name)
    return _by_content(start) or next(by_name, None) or FORMATS.get(UNRECOGNIZED) or rows[0]


def recognizes(start: bytes) -> bool:
    """A format of the table recognizes the beginning of a file by a line that no other log has."""
    return _by_content(start) is not None


def _by_content(start: bytes) -> LogFormat | None:
    rows = in_order()
    lines = start.replace(b"\0", b"").split(b"\n")
    return next((row for line in lines for row in rows if row.recognizes(line)), None)


def log_files(places: LogPlaces) -> list[tuple[Path, LogFormat]]:
    """Every log of an installation, in reading order; the files need not exist."""
    return [(row.place(places), row) for row in in_order()]
