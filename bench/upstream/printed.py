"""What upstream's two scripts print, as values: from their own output, or from the reading in ``upstream_reading``."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

UNITS = {"μs": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
RULE = re.compile(r"[=\-]{20,}")


class Shown(NamedTuple):
    """A number as printed, and half of its last digit; seconds where it is a time."""

    value: float
    half: float = 0.0

    def equals(self, exact: float) -> bool:
        """Within what printing rounds away, and the noise of binary fractions of seconds since 1970."""
        return abs(self.value - exact) <= self.half + 2e-6


@dataclass
class Request:
    """One request of analyze_latency.py."""

    start: str = ""
    processing: Shown | None = None
    playback: Shown | None = None
    total: Shown | None = None
    timeline: list[tuple[Shown, str, str]] = field(default_factory=list)
    """Time since the first event, service, event."""
    steps: dict[str, Shown] = field(default_factory=dict)
    """By ``event → next event``, cut where the script cuts it."""


@dataclass
class Summary:
    """Its last part; average, minimum and maximum of each time."""

    requests: int = 0
    processing: list[Shown] = field(default_factory=list)
    playback: list[Shown] = field(default_factory=list)
    total: list[Shown] = field(default_factory=list)
    steps: dict[str, Shown] = field(default_factory=dict)


class Row(NamedTuple):
    """One request in a table of analyze_sessions.py."""

    total: Shown | None
    ollama: Shown | None
    prompt: int
    kv: bool
    evaluated: int | None
    tail: bool


@dataclass
class Group:
    """One of its groups."""

    requests: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    ollama: list[Shown] = field(default_factory=list)
    """First, last, average, minimum, maximum; the first alone where there is one."""
    prompt: list[Shown] = field(default_factory=list)
    """First, last, average."""
    impact: list[Shown] = field(default_factory=list)
    """First, average of the others, first over that."""


class NotInTable(Exception):
    """The script prints a line that no row of the table of figures accounts for."""


STEP_CUT, SUMMARY_STEP_CUT = 58, 60
"""Characters that are printed of a step's name."""
_TIME = r"(-?[\d.]+)\s*(μs|µs|ms|s)"


def seconds(number: str, unit: str) -> Shown:
    """``652``, ``ms`` → 0.652 ± 0.0005. A clock that stepped makes negative ones."""
    decimals = len(number.partition(".")[2])
    return Shown(float(number) * UNITS[unit], 0.5 * 10**-decimals * UNITS[unit])


def read_latency_output(text: str) -> tuple[dict[str, Request], Summary | None]:
    """Everything that analyze_latency.py printed. Raises NotInTable."""
    requests: dict[str, Request] = {}
    summary: Summary | None = None
    now, part = Request(), ""
    for line in _lines(text):
        if line == "SUMMARY STATISTICS":
            summary = Summary()
        elif summary is not None:
            part = _add_to_summary(summary, part, line)
        elif match := re.fullmatch(r"Request ID: (.*)", line):
            now = requests[match[1]] = Request()
        else:
            _add_to_request(now, line)
    return requests, summary


def _add_to_request(request: Request, line: str) -> None:
    if match := re.fullmatch(r"Start Time: (\S+)", line):
        request.start = match[1]
    elif match := re.fullmatch(rf"Processing Time:\s*{_TIME}\s*\(excluding audio playback\)", line):
        request.processing = seconds(*match.groups())
    elif match := re.fullmatch(rf"Audio Playback:\s*{_TIME}\s*\(speech duration\)", line):
        request.playback = seconds(*match.groups())
    elif match := re.fullmatch(rf"Total Duration:\s*{_TIME}", line):
        request.total = seconds(*match.groups())
    elif match := re.fullmatch(rf"TOTAL\s*\|\s*{_TIME}", line):
        if request.total != seconds(*match.groups()):
            raise NotInTable(f"TOTAL is another one than Total Duration: {line}")
    elif match := re.fullmatch(rf"{_TIME}\s*\| (\S+)\s+\| (\S+)", line):
        request.timeline.append((seconds(match[1], match[2]), match[3], match[4]))
    elif match := re.fullmatch(rf"{_TIME}\s*\| (.* →.*)", line):
        request.steps[match[3].strip()] = seconds(match[1], match[2])
    elif not re.fullmatch(r"TIMELINE:|DELTAS .*|(Time|Duration)\s*\|.*", line):
        raise NotInTable(line)


def _add_to_summary(summary: Summary, part: str, line: str) -> str:
    """Returns the heading that the next lines belong to."""
    headings = {
        "Processing Time (excluding audio playback):": "processing",
        "Audio Playback Time (speech duration):": "playback",
        "End-to-End Total:": "total",
        "Average Processing Step Times (excluding audio playback):": "steps",
    }
    if line in headings:
        return headings[line]
    if match := re.fullmatch(r"Total Requests Analyzed: (\d+)", line):
        summary.requests = int(match[1])
    elif match := re.fullmatch(rf"(?:Average|Minimum|Maximum):\s*{_TIME}", line):
        getattr(summary, part).append(seconds(*match.groups()))
    elif part == "steps" and (match := re.fullmatch(rf"{_TIME}\s*\| (.*)", line)):
        summary.steps[match[3].strip()] = seconds(match[1], match[2])
    else:
        raise NotInTable(line)
    return part


_ROW = re.compile(
    rf"\d+ \| (\S+)\s*\|\s*(?:{_TIME}|N/A) \|\s*(?:{_TIME}|N/A) \|\s*(\d+)t \|\s*(YES|NO) \|\s*(\d+|N/A) \|\s*(Yes|No)"
)


def read_sessions_output(text: str) -> tuple[int, dict[str, Group]]:
    """Number of groups, and everything that analyze_sessions.py printed of each. Raises NotInTable."""
    groups: dict[str, Group] = {}
    found, now, part = 0, Group(), ""
    for line in _lines(text):
        if match := re.fullmatch(r"Total Sessions Found: (\d+)", line):
            found = int(match[1])
        elif match := re.fullmatch(r"SESSION: (.*)", line):
            now, part = groups.setdefault(match[1], Group()), ""
        elif line.startswith("💡") or part == "end":
            part = "end"
        else:
            part = _add_to_group(now, part, line)
    return found, groups


def _add_to_group(group: Group, part: str, line: str) -> str:
    headings = {"Ollama Processing Times:": "ollama", "Prompt Sizes:": "prompt", "KV Cache Impact:": "impact"}
    if line in headings:
        return headings[line]
    if match := re.fullmatch(r"Total Requests: (\d+)", line):
        group.requests = int(match[1])
    elif match := _ROW.fullmatch(line):
        total, ollama = (seconds(match[at], match[at + 1]) if match[at] else None for at in (2, 4))
        evaluated = None if match[8] == "N/A" else int(match[8])
        group.rows[match[1]] = Row(total, ollama, int(match[6]), match[7] == "YES", evaluated, match[9] == "Yes")
    elif part and (match := re.fullmatch(rf"(?:First|Last|Avg|Average|Min|Max)[^:]*:\s*{_TIME}", line)):
        getattr(group, part).append(seconds(*match.groups()))
    elif part and (match := re.fullmatch(r"(?:First|Last|Average)[^:]*:\s*(\d+) tokens \(est\)", line)):
        getattr(group, part).append(Shown(float(match[1])))
    elif part == "impact" and (match := re.fullmatch(r"Speedup factor:\s*([\d.]+)x", line)):
        group.impact.append(Shown(float(match[1]), 0.005))
    elif not re.fullmatch(r"Req# \|.*|SESSION ANALYSIS:|ANALYSIS COMPLETE|LITTLE TIMMY - .*", line):
        raise NotInTable(line)
    return part


def _lines(text: str) -> Iterator[str]:
    """Without rules and empty lines."""
    stripped: Iterable[str] = (line.strip() for line in text.splitlines())
    return (line for line in stripped if line and not RULE.fullmatch(line))
