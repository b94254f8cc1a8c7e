"""Upstream's own analyze_latency.py and analyze_sessions.py, from a checkout, against ``timmy-tui report``.

Run by ``python -m bench upstream PATH``, on the golden logs and on one generated log for each scenario of the demo. The
reading with which the tests compare the report (``upstream_reading``) is held against the scripts here as well.
"""

import contextlib
import io
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.upstream.compare import Comparison, Ours, Outcome
from bench.upstream.figures import FIGURES, REASONS
from bench.upstream.loop import load
from bench.upstream.printed import (
    Group,
    NotInTable,
    Request,
    Row,
    Shown,
    Summary,
    read_latency_output,
    read_sessions_output,
)
from bench.upstream.reading import Events, Reading, events_by_id
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs
from timmy_tui.demo.scenarios import SCENARIOS

GOLDEN = Path(__file__).parents[2] / "tests" / "data"
TURNS = 24
"""Of a generated log: more than the longest round of incidents."""


class Checkout:
    """What the two scripts print of one log."""

    def __init__(self, checkout: Path, log: Path, folder: Path) -> None:
        """``folder``: an empty one, for what the scripts read. Raises FileNotFoundError."""
        self._latency = load("analyze_latency", checkout / "shared" / "analyze_latency.py")
        self._sessions = load("analyze_sessions", checkout / "shared" / "analyze_sessions.py")
        self._log, self._folder = log, folder

    def stops_with(self) -> str:
        """The error with which analyze_latency.py ends on this log; empty where it prints everything."""
        try:
            self._run(self._latency, self._log.read_bytes())
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            return repr(error)
        return ""

    def requests(self) -> Mapping[str, Request]:
        """Of every id with more than one event: at any other the script stops."""
        log = self._log.read_bytes()
        names = {name for name, events in self._events(log).items() if len(events) > 1}
        kept = [
            line for line in log.splitlines(True) if any(f'"{name}"'.encode() in line for name in _ids(line, names))
        ]
        return read_latency_output(self._run(self._latency, b"".join(kept)))[0]

    def one(self, name: str) -> Request:
        """As ``--request`` prints it."""
        return read_latency_output(self._run(self._latency, self._log.read_bytes(), "--request", name))[0][name]

    def summary(self, ids: Collection[str]) -> Summary:
        """As print_summary has it, for these requests."""
        events = self._parse(self._latency)
        found = {name: self._latency.analyze_request(events[name]) for name in ids}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self._latency.print_summary(found)
        return read_latency_output(printed.getvalue())[1] or Summary()

    def groups(self) -> Mapping[str, Group]:
        """As analyze_sessions.py prints the whole log."""
        return read_sessions_output(self._run(self._sessions, self._log.read_bytes()))[1]

    def group(self, ids: Collection[str]) -> Group:
        """As analyze_session has it, for all events of these requests."""
        events = self._parse(self._latency)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self._sessions.analyze_session("these", {name: events[name] for name in ids})
        return read_sessions_output(printed.getvalue())[1]["these"]

    def _parse(self, script: Any) -> Any:
        return script.parse_log(self._log)

    def _events(self, log: bytes) -> Events:
        return events_by_id(log.decode("utf-8").splitlines())

    def _run(self, script: types.ModuleType, log: bytes, *arguments: str) -> str:
        (self._folder / "latency.log").write_bytes(log)
        # The scripts read the log that stands beside them.
        vars(script)["__file__"] = str(self._folder / "script.py")
        before, sys.argv = sys.argv, ["script.py", *arguments]
        try:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                vars(script)["main"]()
        finally:
            sys.argv = before
        return printed.getvalue()


def _ids(line: bytes, names: Collection[str]) -> Iterator[str]:
    event = events_by_id([line.decode("utf-8")])
    return (name for name in event if name in names)


def logs(folder: Path, scenarios: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Name and file of each log: the golden ones, then one for each scenario."""
    for path in sorted(GOLDEN.glob("**/latency.log")):
        yield str(path.relative_to(GOLDEN.parent)), path
    for scenario in scenarios:
        path = folder / f"{scenario}.log"
        text = "".join(f"{line}\n" for line in generate_logs(ConversationPlan(TURNS, scenario, seed=7)).latency)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        yield scenario, path


def compare(checkout: Path, scenarios: Collection[str] = tuple(SCENARIOS)) -> tuple[list[str], list[str]]:
    """(lines of the table, differences that nothing explains). Raises FileNotFoundError for a wrong checkout."""
    outcomes: list[Outcome] = []
    failures: list[str] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, log in logs(folder, scenarios):
            text = log.read_bytes()
            try:
                events = events_by_id(text.decode("utf-8").splitlines())
            except UnicodeDecodeError:
                # As upstream's scripts end: nothing of the log can be compared.
                log.write_bytes(_readable(text))
                notes.append(f"{name}: lines that end upstream's scripts (not UTF-8, no JSON object) are left out")
                events = events_by_id(log.read_text("utf-8").splitlines())
            theirs, reading = Checkout(checkout, log, folder), Reading(events)
            try:
                found = Comparison(events, Ours.of(log), theirs).run()
                failures += [f"{name}: the reading: {what}" for what in _reading_differs(reading, theirs, events)]
            except NotInTable as line:
                failures.append(f"{name}: printed, and in no row of the table: {line}")
                continue
            outcomes += [*found, _one_request(theirs, events)]
            failures += [f"{name}: {one.key}, {one.where}" for one in outcomes[-len(found) - 1 :] if one.unexplained]
            notes += [f"{name}: analyze_latency.py stops with {stop}" for stop in [theirs.stops_with()] if stop]
    return [*_table(outcomes), "", *notes], failures


def _readable(text: bytes) -> bytes:
    """Without the lines that end upstream's scripts."""
    kept = []
    for line in text.splitlines(True):
        with contextlib.suppress(UnicodeDecodeError):
            if events_by_id([line.decode("utf-8")]):
                kept.append(line)
    return b"".join(kept)


def _one_request(theirs: Checkout, events: Events) -> Outcome:
    """``--request ID`` prints of the first turn what the script prints of it among all."""
    first = next(one for one, of in events.items() if len(of) > 1)
    return Outcome("one request", first, theirs.one(first) == theirs.requests()[first], frozenset())


def _reading_differs(reading: Reading, theirs: Checkout, events: Events) -> Iterator[str]:
    """Where the second reading is not what the scripts print."""
    printed = theirs.requests()
    for name, request in reading.requests().items():
        if not _alike(printed[name], request):
            yield f"request {name}"
    ids = list(events)
    if not _alike(theirs.summary(ids), reading.summary(ids)):
        yield "summary"
    groups = theirs.groups()
    for session, group in reading.groups().items():
        if not _alike(groups[session], group):
            yield f"group {session}"


def _alike(printed: object, read: object) -> bool:
    """The same structure, and each number the same within what printing rounds away."""
    if isinstance(printed, Shown) and isinstance(read, Shown):
        return printed.equals(read.value)
    if isinstance(printed, Row | tuple) and isinstance(read, Row | tuple):
        return len(printed) == len(read) and all(map(_alike, printed, read))
    if isinstance(printed, list) and isinstance(read, list):
        return len(printed) == len(read) and all(map(_alike, printed, read))
    if isinstance(printed, dict) and isinstance(read, dict):
        return printed.keys() == read.keys() and all(_alike(printed[key], read[key]) for key in printed)
    if isinstance(printed, Request | Summary | Group):
        return _alike(vars(printed), vars(read))
    return printed == read


def _table(outcomes: list[Outcome]) -> list[str]:
    lines = [
        "| figure of upstream's scripts | compared | equal | another one, for a named reason |",
        "|---|---|---|---|",
    ]
    for figure in FIGURES:
        own = [one for one in outcomes if one.key == figure.key]
        name = f"{figure.script.removesuffix('.py')}: {figure.theirs}"
        if not own:
            lines.append(f"| {name} | {'means something else' if figure.means_else else 'not on these logs'} | | |")
            continue
        reasons = Counter(reason for one in own for reason in one.reasons)
        named = ", ".join(f"{reason} {reasons[reason]}" for reason in REASONS if reasons[reason])
        apart = sum(not one.equal for one in own)
        lines.append(f"| {name} | {len(own)} | {len(own) - apart} | {f'{apart}: {named}' if apart else ''} |")
    return lines
