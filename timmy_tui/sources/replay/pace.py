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
"""A longer silence is shortened to this: a night between two conversations, or a clock that was set."""
STEP_BACK_S = 2.0
"""A stamp further than this before the newest one means that a clock was set back; less is skew between clocks."""
TURN_LINES = 5000
"""Most lines of one turn in a log without stamps: so many lines without an end are released without waiting for it."""

_SLICE = 1 << 18


class StampedLine(NamedTuple):
    """A line of a stamped log, and what decides when it is due."""

    stamp: float | None
    """Seconds since the epoch, on its writer's clock; None for a line without a usable stamp."""
    line: bytes
    request_id: str
    event: str


class TurnLines(NamedTuple):
    """One turn of a log without stamps, with everything that was printed between it and the turn before."""

    request_id: str
    """Empty for a typed turn, and in versions before November 2025."""
    lines: list[tuple[float, bytes]]
    """(seconds since the first line of the log, line), as far as access lines and durations tell the time."""


class LogClock:
    """Turns stamps of several clocks into one time that only goes forward."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since the first stamp."""
        self._newest: float | None = None

    def advance(self, stamp: float) -> float:
        """The log time of a line with this stamp."""
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
    """Each line with its stamp. A torn line can hold several events: the last one counts."""
    for line in lines:
        events = parser.feed((line,))
        if not events:
            yield StampedLine(None, line, "", "")
            continue
        event = events[-1]
        is_time = 0 < event.timestamp < LATEST
        yield StampedLine(event.timestamp if is_time else None, line, event.request_id, event.event)


def unstamped_turns(lines: Iterable[bytes], parser: FactParser, clock: LogClock) -> Iterator[TurnLines]:
    """The turns of a log without stamps, each up to its ``total`` and the access line after that."""
    for entries in _split_turns(lines, parser):
        ids = (fact.request_id for _, facts in entries for fact in facts if fact.request_id)
        yield TurnLines(next(ids, ""), _line_times(entries, clock))


Entry = tuple[bytes, list[DebugFact]]
"""A line, and the facts that the parser returned for it."""


def _split_turns(lines: Iterable[bytes], parser: FactParser) -> Iterator[list[Entry]]:
    """The entries of each turn."""
    entries: list[Entry] = []
    ended = False
    for line in lines:
        facts = parser.feed((line,))
        begin = next((index for index, fact in enumerate(facts) if fact.kind == "begin"), None)
        if begin and entries:
            # In old versions the parser knows a total only with the next line, which may begin the next turn.
            entries[-1][1].extend(facts[:begin])
            facts = facts[begin:]
            ended = ended or _has(entries[-1], "total")
        if (ended and begin is not None) or len(entries) >= TURN_LINES:
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


def _line_times(entries: list[Entry], clock: LogClock) -> list[tuple[float, bytes]]:
    """(log time, line) for each line of a turn that ends at its access line's stamp, or takes as long as it says."""
    facts = [fact for _, line_facts in entries for fact in line_facts]
    steps_s = sum(_seconds(fact) for fact in facts if fact.kind == "step")
    total_s = max([_seconds(fact) for fact in facts if fact.kind == "total"] + [steps_s])
    stamp = next((_stamp(fact) for fact in entries[-1][1] if fact.kind == "access"), None)
    before = clock.now
    if stamp is not None:
        clock.advance(stamp)
    # Stamps have whole seconds, and there is none before the first turn: a turn takes at least as long as it says.
    clock.now = max(clock.now, before + total_s)
    now = clock.now - total_s
    timed = []
    for line, line_facts in entries:
        for fact in line_facts:
            if fact.kind == "step":
                now += _seconds(fact)
            elif fact.kind == "total":
                now = clock.now
        timed.append((min(now, clock.now), line))
    return timed


def _seconds(fact: DebugFact) -> float:
    """The duration that a step or a total prints; 0 when there is none."""
    ms = fact.values.get("ms")
    return min(ms / 1000, LONGEST_PAUSE_S) if isinstance(ms, float) else 0.0


def _stamp(fact: DebugFact) -> float | None:
    """The access line's wall time as if it were UTC (only differences are used); None when it cannot be read."""
    try:
        return calendar.timegm(time.strptime(fact.values["stamp"], "%d/%b/%Y %H:%M:%S"))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
