"""When each line of a saved log is due: the log's own time as seconds since its first line."""

import calendar
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from timmy_tui.model.log_format import DebugFact, EventParser, FactParser
from timmy_tui.model.turn import LATEST
from timmy_tui.sources.files.lines import LineSplitter

LONGEST_PAUSE_S = 600.0
"""A longer silence is shortened to this: a night between two talks, or a clock that jumped."""
STEP_BACK_S = 2.0
"""A stamp this far before the newest one is a clock that was set back; less is another clock's skew."""
BLOCK_LINES = 5000
"""A turn of a log without stamps is never longer; more lines without an end are let go as they are."""

_SLICE = 1 << 18


class StampedLine(NamedTuple):
    """A line of a stamped log and what pacing needs to know of it."""

    stamp: float | None
    """Seconds since the epoch, on its writer's clock; None for a line without a usable stamp."""
    line: bytes
    request_id: str
    event: str


class Block(NamedTuple):
    """A turn of a log without stamps, with what was printed before it since the last one."""

    request_id: str
    """Empty for a typed turn and in old logs."""
    lines: list[tuple[float, bytes]]
    """Each with its log time, as far as access lines and durations tell."""


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


def stamped_lines(lines: Iterable[bytes], parser: EventParser) -> Iterator[StampedLine]:
    """Lines of a stamped log; of two events in one line, which a torn line may hold, the last counts."""
    for line in lines:
        events = parser.feed((line,))
        if not events:
            yield StampedLine(None, line, "", "")
            continue
        event = events[-1]
        usable = 0 < event.timestamp < LATEST
        yield StampedLine(event.timestamp if usable else None, line, event.request_id, event.event)


def blocks(lines: Iterable[bytes], parser: FactParser, clock: LogClock) -> Iterator[Block]:
    """The turns of a log without stamps, each up to its ``total`` and the access line after it."""
    for entries in _split(lines, parser):
        ids = (fact.request_id for _, facts in entries for fact in facts if fact.request_id)
        yield Block(next(ids, ""), _timed(entries, clock))


Entry = tuple[bytes, list[DebugFact]]
"""A line, and the facts that were known once it was read."""


def _split(lines: Iterable[bytes], parser: FactParser) -> Iterator[list[Entry]]:
    """The entries of one turn after the other."""
    entries: list[Entry] = []
    ended = False
    for line in lines:
        facts = parser.feed((line,))
        begin = next((at for at, fact in enumerate(facts) if fact.kind == "begin"), None)
        if begin and entries:
            # The total of an old version is known only with the line after it, which may begin the next turn.
            entries[-1][1].extend(facts[:begin])
            facts = facts[begin:]
            ended = ended or _has(entries[-1], "total")
        if (ended and begin is not None) or len(entries) >= BLOCK_LINES:
            yield entries
            entries, ended = [], False
        entries.append((line, facts))
        ended = ended or _has(entries[-1], "total")
        if ended and _has(entries[-1], "access"):
            yield entries
            entries, ended = [], False
    if entries:
        yield entries


def _has(entry: Entry, kind: str) -> bool:
    return any(fact.kind == kind for fact in entry[1])


def _timed(entries: list[Entry], clock: LogClock) -> list[tuple[float, bytes]]:
    """Spread a turn over its durations, so that it ends at its access line's stamp, or takes as long as it says."""
    facts = [fact for _, facts in entries for fact in facts]
    steps = sum(_seconds(fact) for fact in facts if fact.kind == "step")
    total = max([_seconds(fact) for fact in facts if fact.kind == "total"] + [steps])
    stamp = next((_stamp(fact) for fact in entries[-1][1] if fact.kind == "access"), None)
    before = clock.now
    if stamp is not None:
        clock.advance(stamp)
    # Stamps have whole seconds only, and the first has nothing before it: no turn is shorter than it says.
    clock.now = max(clock.now, before + total)
    at = clock.now - total
    timed = []
    for line, told in entries:
        for fact in told:
            if fact.kind == "step":
                at += _seconds(fact)
            elif fact.kind == "total":
                at = clock.now
        timed.append((min(at, clock.now), line))
    return timed


def _seconds(fact: DebugFact) -> float:
    ms = fact.values.get("ms")
    return min(ms / 1000, LONGEST_PAUSE_S) if isinstance(ms, float) else 0.0


def _stamp(fact: DebugFact) -> float | None:
    """The access line's wall time, as if it were UTC: only distances count."""
    try:
        return calendar.timegm(time.strptime(fact.values["stamp"], "%d/%b/%Y %H:%M:%S"))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
