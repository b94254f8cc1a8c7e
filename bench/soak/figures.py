"""From what a dashboard noted down and what was written: the figures of a soak, and what of them is a finding."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.soak.ledger import FIGURES, SHOWN, Account, WrittenLog, compare, read_records
from bench.soak.troubles import stored_ids
from bench.soak.world import Done, World

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


class Soaked:
    """Everything that is known after a soak."""

    def __init__(self, world: World, done: Done) -> None:
        self.done = done
        self.notify = world.options.notify
        self.seconds = world.options.seconds
        folder = world.folder
        self.notes = [json.loads(line) for line in _lines(folder / FIGURES)]
        self.shown = [json.loads(line) for line in _lines(folder / SHOWN)]
        conversation = world.conversation
        self.turns = conversation.turns
        self.contents = conversation.contents
        self.latency = _account(folder / "latency.lines", conversation.latency.log)
        self.v34 = _account(folder / "v34.lines", conversation.v34.log)
        self.stored = stored_ids(world.database)

    @property
    def last(self) -> dict[str, Any]:
        """The last figures of the dashboard."""
        return self.notes[-1] if self.notes else {}

    @property
    def unparsed(self) -> int:
        """Lines that the dashboard counts as not readable."""
        return sum(map(int, self.last.get("unparsed", {}).values()))

    def source(self, name: str) -> dict[str, int]:
        """What the dashboard says of one log."""
        found: dict[str, int] = self.last.get("sources", {}).get(name, {})
        return {key: int(found.get(key, 0)) for key in ("lines", "missed", "gaps", "dropped")}

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
        for shown_at, request_id in self.shown:
            at = self.turns.get(request_id)
            if at is not None and not self._asleep(at, shown_at):
                found.append((at, shown_at - at))
        return found

    def _asleep(self, begin: float, end: float) -> bool:
        return any(begin < stop[1] + AFTER_SLEEP_S and end > stop[0] - AFTER_SLEEP_S for stop in self.done.stops)

    def findings(self) -> list[str]:
        """What is wrong; empty when nothing is."""
        return [
            *(["the dashboard ended by itself"] if self.done.ended else []),
            *self._of_log("latency.log", self.latency),
            *self._of_log("v34.log", self.v34),
            *self._of_history(),
            *self._of_growth(),
            *self._of_health(),
        ]

    def _of_log(self, name: str, account: Account) -> list[str]:
        said = self.source(name)
        found = []
        if account.strange:
            found.append(f"{name}: {account.strange} lines came out of order, twice or from nowhere")
        if said["lines"] != account.read:
            found.append(f"{name}: the screen says {said['lines']} lines, {account.read} were read")
        truncated = sum(how.startswith("truncate") for how in account.cut)
        gone = len(account.cut) - truncated
        if self.notify and (gone > said["missed"] or truncated > said["gaps"]):
            known = f"{said['missed']} missed files and {said['gaps']} gaps are counted"
            found.append(f"{name}: {len(account.cut)} contents were not read whole ({account.lost} lines), {known}")
        unparsed = self.unparsed if name == "latency.log" else 0
        for what, bounds, counted in (("too long", account.too_long, said["dropped"]), ("bad", account.bad, unparsed)):
            if not bounds[0] <= counted <= bounds[1]:
                found.append(f"{name}: {bounds[0]} to {bounds[1]} lines were {what}, {counted} are counted")
        return found

    def whole_turns(self) -> set[str]:
        """Ids of the turns that ended, and all of whose lines were read."""
        return {name for name in self.turns if self.contents[name] <= self.latency.whole}

    def _of_history(self) -> list[str]:
        whole = self.whole_turns()
        missing = whole - self.stored
        return [f"history: {len(missing)} of {len(whole)} turns are not in it"] if missing else []

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
        return [text for text in self.last.get("health", []) if not text.startswith("history: ")]


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _lines(path: Path) -> Iterable[str]:
    text = path.read_text() if path.exists() else ""
    return text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]


def _account(path: Path, log: WrittenLog) -> Account:
    return compare(log, list(read_records(path.read_bytes() if path.exists() else b"")))


def table(soaked: Soaked) -> list[str]:
    """The figures as lines of Markdown."""
    rows = [
        "| log | lines written | read | too long, counted | not read whole | lost | missed | gaps | out of order |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, account in (("latency.log", soaked.latency), ("v34.log", soaked.v34)):
        said = soaked.source(name)
        ways = Counter(how.partition(" ")[0] for how in account.cut)
        cut = ", ".join(f"{count} {how}" for how, count in sorted(ways.items())) or "none"
        cells = [account.written, account.read, said["dropped"], cut, account.lost, said["missed"], said["gaps"]]
        rows.append(f"| {name} | {' | '.join(map(str, cells))} | {account.strange} |")
    stored = len(soaked.turns.keys() & soaked.stored)
    rows += [
        "",
        f"Bad lines: {soaked.latency.bad[1]} written, {soaked.unparsed} counted. Turns: {len(soaked.turns)} written, "
        f"{len(soaked.whole_turns())} of them with all their lines read, {stored} in the history.",
        "",
        "| third | turns so far | memory MiB | descriptors | threads | turn → snapshot p50, p95 ms |",
        "|---|---|---|---|---|---|",
    ]
    for number, one in enumerate(soaked.periods(), 1):
        latency = f"{one.p50_ms:.0f}, {one.p95_ms:.0f}"
        rows.append(f"| {number} | {one.turns} | {one.rss_mib:.0f} | {one.files} | {one.threads} | {latency} |")
    happened = ", ".join(f"{count} {name}" for name, count in sorted(soaked.done.counts.items()))
    return [*rows, "", f"Meanwhile: {happened}."]
