"""From what a dashboard noted down and what was written: the figures of a soak, and what of them is a finding."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.soak.ledger import FIGURES, SHOWN, Account, WrittenLog, compare_run, read_records
from bench.soak.runs import KINDS, Run
from bench.soak.troubles import stored_turns
from bench.soak.world import Done, World

STATISTICS = 2
"""Turns in what the stand-in for v34 says of its statistics, of which no log tells."""
AFTER_SLEEP_S = 2.0
"""A line written so long before or behind a sleep of the dashboard tells nothing of its latency."""
MOST_MIB_PER_1000_TURNS = 8.0
MOST_MORE = 3
"""Descriptors or threads: a request may be on its way when they are counted."""
SLOWER = 2.0
"""The last third's p95 above that of the first third, from which latency grows; below 50 ms it does not count."""

SHORTEST_S = 300.0
"""In a shorter soak nothing can be said of growth: what the program needs is loaded, and its queues fill up."""


@dataclass
class Period:
    """A part of the soak."""

    rss_mib: float
    files: int
    threads: int
    turns: int
    p50_ms: float
    p95_ms: float


class RunFigures:
    """What one run of the dashboard noted down, compared with what was written."""

    def __init__(self, run: Run, logs: Mapping[str, WrittenLog], is_last: bool) -> None:
        self.ended = float("inf") if is_last else run.ended
        self.notes = [json.loads(line) for line in _lines(run.folder / FIGURES)]
        self.shown = [json.loads(line) for line in _lines(run.folder / SHOWN)]
        self.latency, self.v34 = (
            compare_run(logs[kind], _records(run.records(kind)), run.first[kind], self.ended) for kind in KINDS
        )

    @property
    def accounts(self) -> tuple[tuple[str, Account], ...]:
        """Name of each log, and how it was read."""
        return ("latency.log", self.latency), ("v34.log", self.v34)

    def source(self, name: str) -> dict[str, int]:
        """What the dashboard said last of one log."""
        found: dict[str, int] = self.notes[-1].get("sources", {}).get(name, {}) if self.notes else {}
        return {key: int(found.get(key, 0)) for key in ("lines", "missed", "gaps", "dropped")}

    def strange(self, notify: bool) -> list[str]:
        """What is wrong with its reading, whenever it was ended."""
        found = []
        for name, account in self.accounts:
            said = self.source(name)
            if account.strange:
                found.append(f"{name}: {account.strange} lines came out of order, twice or from nowhere")
            truncated = sum(how.startswith("truncate") for how in account.cut)
            gone = len(account.cut) - truncated
            if notify and (gone > said["missed"] or truncated > said["gaps"]):
                known = f"{said['missed']} missed files and {said['gaps']} gaps are counted"
                found.append(f"{name}: {len(account.cut)} contents were not read whole ({account.lost} lines), {known}")
        return found


class Soaked:
    """Everything that is known after a soak."""

    def __init__(self, world: World, done: Done) -> None:
        self.done = done
        self.notify = world.options.notify
        self.seconds = world.options.seconds
        conversation = world.conversation
        self.turns = conversation.turns
        self.contents = conversation.contents
        self.typed = conversation.typed + STATISTICS
        newest = world.dashboards.newest
        self.runs = [RunFigures(run, conversation.logs, run is newest) for run in world.dashboards.runs]
        self.notes, self.shown = self.runs[-1].notes, self.runs[-1].shown
        self.latency, self.v34 = self.runs[-1].latency, self.runs[-1].v34
        self.stored = stored_turns(world.database)
        self.undone, self.problems = world.changer.undone, world.changer.problems

    @property
    def last(self) -> dict[str, Any]:
        """The last figures of the dashboard."""
        return self.notes[-1] if self.notes else {}

    @property
    def unparsed(self) -> int:
        """Lines that the dashboard counts as not readable."""
        return sum(map(int, self.last.get("unparsed", {}).values()))

    def periods(self) -> list[Period]:
        """Thirds of the soak."""
        size = max(len(self.notes) // 3, 1)
        thirds = [self.notes[:size], self.notes[size : 2 * size], self.notes[2 * size :]]
        return [self._period(notes) for notes in thirds if notes]

    def _period(self, notes: Sequence[dict[str, Any]]) -> Period:
        begin, end = notes[0]["at"], notes[-1]["at"]
        waits = sorted(1000 * wait for at, wait in self.waits() if begin <= at <= end)
        half = notes[len(notes) // 2 :]
        return Period(
            rss_mib=sum(one["rss"] for one in half) / len(half) / (1 << 20),
            files=min(one["files"] for one in half),
            threads=min(one["threads"] for one in half),
            turns=notes[-1]["turns"],
            p50_ms=_quantile(waits, 0.5),
            p95_ms=_quantile(waits, 0.95),
        )

    def waits(self) -> list[tuple[float, float]]:
        """(time, s) from the last line of a turn until a snapshot has it, where the dashboard was awake."""
        found = []
        started = self.shown[0][0] if self.shown else 0.0
        for shown_at, request_id in self.shown:
            at = self.turns.get(request_id)
            if at is not None and at > started and not self._asleep(at, shown_at):
                found.append((at, shown_at - at))
        return found

    def _asleep(self, begin: float, end: float) -> bool:
        return any(begin < stop[1] + AFTER_SLEEP_S and end > stop[0] - AFTER_SLEEP_S for stop in self.done.stops)

    def findings(self) -> list[str]:
        """What is wrong; empty when nothing is."""
        strange = [[f"run {at}: {text}" for text in run.strange(self.notify)] for at, run in enumerate(self.runs, 1)]
        return [
            *([f"a dashboard {self.done.ended}"] if self.done.ended else []),
            *(text for run in strange for text in run),
            *(text for name, account in self.runs[-1].accounts for text in self._of_log(name, account)),
            *self._of_history(),
            *(f"changes of a flag: {problem}" for problem in self.problems),
            *self._of_growth(),
            *self._of_health(),
        ]

    def _of_log(self, name: str, account: Account) -> list[str]:
        """What the last dashboard counts, which has read all that there was."""
        said = self.runs[-1].source(name)
        found = []
        if said["lines"] != account.read:
            found.append(f"{name}: the screen says {said['lines']} lines, {account.read} were read")
        unparsed = self.unparsed if name == "latency.log" else 0
        for what, bounds, counted in (("too long", account.too_long, said["dropped"]), ("bad", account.bad, unparsed)):
            if not bounds[0] <= counted <= bounds[1]:
                found.append(f"{name}: {bounds[0]} to {bounds[1]} lines were {what}, {counted} are counted")
        return found

    def whole_turns(self) -> set[str]:
        """Ids of the turns that must be stored: one dashboard has read all their lines, and had time to store them."""
        return {name for run in self.runs for name in self.turns if self.contents[name] <= run.latency.whole}

    def _of_history(self) -> list[str]:
        found = []
        whole = self.whole_turns()
        if missing := whole - self.stored.ids.keys():
            found.append(f"history: {len(missing)} of {len(whole)} turns are not in it")
        if twice := [name for name, count in self.stored.ids.items() if count > 1]:
            found.append(f"history: {len(twice)} turns are in it more than once")
        if strange := self.stored.ids.keys() - self.contents.keys():
            found.append(f"history: {len(strange)} turns in it were never written")
        if self.stored.typed > self.typed:
            found.append(f"history: {self.stored.typed} typed turns are in it, {self.typed} were written")
        return found

    def _of_growth(self) -> list[str]:
        periods = self.periods()
        if self.seconds < SHORTEST_S:
            return []
        if len(periods) < 3:
            return ["there are no figures"]
        _, middle, last = periods
        turns = max(last.turns - middle.turns, 1)
        found = []
        grown = (last.rss_mib - middle.rss_mib) * 1000 / turns
        if grown > MOST_MIB_PER_1000_TURNS and last.rss_mib - middle.rss_mib > MOST_MIB_PER_1000_TURNS:
            found.append(f"memory grows by {grown:.1f} MiB in 1,000 turns")
        for name, before, after in (
            ("descriptors", middle.files, last.files),
            ("threads", middle.threads, last.threads),
        ):
            if after > before + MOST_MORE:
                found.append(f"{name} grow from {before} to {after}")
        if last.p95_ms > max(SLOWER * middle.p95_ms, 50.0):
            found.append(f"latency grows: p95 {middle.p95_ms:.0f} → {last.p95_ms:.0f} ms")
        return found

    def _of_health(self) -> list[str]:
        """Failures inside the dashboard; a locked history says so, which is no failure."""
        every = {text for run in self.runs if run.notes for text in run.notes[-1]["health"]}
        return sorted(text for text in every if not text.startswith("history: "))


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _lines(path: Path) -> Iterable[str]:
    text = path.read_text() if path.exists() else ""
    return text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]


def _records(path: Path) -> list[tuple[int, float]]:
    return list(read_records(path.read_bytes() if path.exists() else b""))


def table(soaked: Soaked) -> list[str]:
    """The figures as lines of Markdown."""
    rows = [
        "| log | lines written | read | too long, counted | not read whole | lost | missed | gaps | out of order |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, account in soaked.runs[-1].accounts:
        said = soaked.runs[-1].source(name)
        ways = Counter(how.partition(" ")[0] for how in account.cut)
        cut = ", ".join(f"{count} {how}" for how, count in sorted(ways.items())) or "none"
        cells = [account.written, account.read, said["dropped"], cut, account.lost, said["missed"], said["gaps"]]
        rows.append(f"| {name} | {' | '.join(map(str, cells))} | {account.strange} |")
    stored = len(soaked.turns.keys() & soaked.stored.ids.keys())
    twice = sum(count > 1 for count in soaked.stored.ids.values())
    rows += [
        "",
        f"Bad lines: {soaked.latency.bad[1]} written, {soaked.unparsed} counted. Turns, of all dashboards: "
        f"{len(soaked.turns)} written, {len(soaked.whole_turns())} of them with all their lines read, {stored} in the "
        f"history, {twice} more than once. Typed turns: {soaked.typed} "
        f"written, {soaked.stored.typed} in the history. Changes of a flag made and taken back: {soaked.undone}.",
        "",
        "| third | turns so far | memory MiB | descriptors | threads | turn → snapshot p50, p95 ms |",
        "|---|---|---|---|---|---|",
    ]
    for number, one in enumerate(soaked.periods(), 1):
        latency = f"{one.p50_ms:.0f}, {one.p95_ms:.0f}"
        rows.append(f"| {number} | {one.turns} | {one.rss_mib:.0f} | {one.files} | {one.threads} | {latency} |")
    happened = ", ".join(f"{count} {name}" for name, count in sorted(soaked.done.counts.items()))
    return [*rows, "", f"Meanwhile: {happened}."]
