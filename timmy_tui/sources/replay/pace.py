"""When each line of a saved log is due: the log's own time as seconds since its first line."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from timmy_tui.sources.files.lines import LineSplitter

LONGEST_PAUSE_S = 600.0
"""A longer silence is shortened to this: a night between two talks, or a clock that jumped."""
STEP_BACK_S = 2.0
"""A stamp this far before the newest one is a clock that was set back; less is another clock's skew."""
BLOCK_LINES = 5000
"""A turn of the debug log is never longer; more lines without an end are let go as they are."""

_SLICE = 1 << 18
_STAMP = re.compile(rb'"timestamp":\s*([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*[,}]')
_ID = re.compile(rb'"request_id":\s*"([^"]*)"')
_EVENT = re.compile(rb'"event":\s*"([^"]*)"')
_BLOCK_ID = re.compile(rb"\[request_id=([^\]\s]+)\]")
_TOOK = re.compile(rb"^--- (Step|Total) .*took: ([0-9.]+)s")
_ACCESS = re.compile(rb'\[(\d\d)/(\w{3})/(\d{4}) (\d\d):(\d\d):(\d\d)\] "POST /api/webhook')
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_BEGIN = re.compile(rb"\*{10,}BEGIN\*{10}")


class DueLine(NamedTuple):
    """A line of the latency log and what pacing needs to know of it."""

    due: float
    """Seconds of log time, never less than the line before."""
    line: bytes
    request_id: bytes
    event: bytes


class Block(NamedTuple):
    """A turn of the debug log, with what was printed before it since the last one."""

    request_id: bytes
    """Empty for a typed turn and in old logs."""
    lines: list[tuple[float, bytes]]
    """Each with its log time, as far as stamps and durations tell."""


class LogClock:
    """Turns stamps of several clocks into one time that only goes forward."""

    def __init__(self) -> None:
        self.now = 0.0
        self._newest: float | None = None

    def advance(self, stamp: float) -> float:
        """Log time of a line that is stamped so."""
        if self._newest is None or stamp < self._newest - STEP_BACK_S:
            self._newest = stamp
        elif stamp > self._newest:
            self.now += min(stamp - self._newest, LONGEST_PAUSE_S)
            self._newest = stamp
        return self.now


def read_lines(path: Path, line_limit: int) -> Iterator[bytes]:
    """The lines of a file, in constant memory. Raises OSError."""
    splitter = LineSplitter(line_limit)
    with path.open("rb") as file:
        while data := file.read(_SLICE):
            yield from splitter.feed(data)
    yield from splitter.flush()


def latency_lines(lines: Iterable[bytes], clock: LogClock) -> Iterator[DueLine]:
    """Lines of the latency log; one without a usable stamp is due with its neighbour."""
    for line in lines:
        found = _STAMP.search(line)
        # 1e309 reads as infinity, and no clock of ours shows the year 5138.
        stamp = float(found[1]) if found is not None and len(found[1]) < 40 else 1e12
        due = clock.advance(stamp) if stamp < 1e11 else clock.now
        request = _ID.search(line)
        event = _EVENT.search(line)
        yield DueLine(due, line, request[1] if request else b"", event[1] if event else b"")


def blocks(lines: Iterable[bytes], clock: LogClock) -> Iterator[Block]:
    """The turns of a debug log, each up to its ``Total process_user_message took`` and the access line after it."""
    for held, stamp in _split(lines):
        ids = [found[1] for line in held if (found := _BLOCK_ID.search(line))]
        yield Block(ids[0] if ids else b"", _timed(held, stamp, clock))


def _split(lines: Iterable[bytes]) -> Iterator[tuple[list[bytes], float | None]]:
    """Lines of one turn and the stamp of its access line."""
    held: list[bytes] = []
    ended = False
    for line in lines:
        access = _access_stamp(line) if ended else None
        if access is not None:
            yield [*held, line], access
            held, ended = [], False
            continue
        if (ended and _BEGIN.match(line)) or len(held) >= BLOCK_LINES:
            yield held, None
            held, ended = [], False
        held.append(line)
        ended = ended or line.startswith(b"--- Total ")
    if held:
        yield held, None


def _access_stamp(line: bytes) -> float | None:
    found = _ACCESS.search(line)
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS[found[2]], day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _timed(lines: list[bytes], stamp: float | None, clock: LogClock) -> list[tuple[float, bytes]]:
    """Spread a turn over its durations, so that it ends at its stamp, or takes as long as it says."""
    took = [(found[1], _seconds(found[2])) for line in lines if (found := _TOOK.match(line))]
    steps = sum(seconds for word, seconds in took if word == b"Step")
    total = max([seconds for word, seconds in took if word == b"Total"] + [steps])
    before = clock.now
    if stamp is not None:
        clock.advance(stamp)
    # Stamps have whole seconds only, and the first has nothing before it: no turn is shorter than it says.
    clock.now = max(clock.now, before + total)
    at = clock.now - total
    timed = []
    for line in lines:
        found = _TOOK.match(line)
        if found and found[1] == b"Step":
            at += _seconds(found[2])
        elif found:
            at = clock.now
        timed.append((min(at, clock.now), line))
    return timed


def _seconds(text: bytes) -> float:
    try:
        return min(float(text), LONGEST_PAUSE_S)
    except ValueError:
        return 0.0
