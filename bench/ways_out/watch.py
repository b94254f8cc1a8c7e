"""``python -m bench watch [MINUTES] [TURNS_A_SECOND]``: ``timmy-tui watch`` without a terminal, a day in some minutes.

For the first two thirds one watcher records while the latency log is renamed, cleared and cut, v34 restarts and typed
turns fail; its memory is looked at from when it has read the logs. In the last third watchers are killed and ended in
turn, each time with another that takes over, or with none for a while. What was written is then compared with the
history by plain SQL: time of the first event, headline and state of each turn.
"""

import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.commands.day_of_turns import DayOfTurns, difference
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from tests.commands.watchers import Watching

DAY_S = 86_400.0
SETTLED_S = 60.0
"""Longest wait until everything that was written is stored."""
TROUBLE_S = 5.0
KILL_S = 10.0
SETTINGS = "[services]\npoll = false\n[history]\ndays = 0\n"


class Run:
    """One day."""

    def __init__(self, base: Path, minutes: float, rate: float) -> None:
        self.folder: TimmyFolder = make_timmy(base, turns=1)
        self.folder.settings.write_text(SETTINGS)
        (self.folder.root / "shared/latency.log").unlink()
        self.seconds = 60 * minutes
        self.rate = rate
        step_s = DAY_S / (self.seconds * rate)
        self.day = DayOfTurns(self.folder.root, time.time() - DAY_S, step_s)
        self.chosen = random.Random(1)
        self.troubles = 0
        self.watchers = [self.start()]

    def start(self) -> Watching:
        one = Watching(self.folder.base, self.folder.root, "--no-services", "--json")
        one.wait_for("watching")
        return one

    def difference(self) -> dict[str, list[object]]:
        found = difference(self.folder.state / "history.db", self.day, self.folder.root)
        return {name: list(some) for name, some in found.items()}

    def settle(self) -> bool:
        """Whether all that was written is stored, by the end of the longest wait."""
        until = time.monotonic() + SETTLED_S
        while self.difference():
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def write(self, seconds: float) -> None:
        """Turns at the rate, for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.day.some(1)
            time.sleep(1 / self.rate)

    def trouble(self) -> None:
        """One, after which a log begins again. What can lose lines waits until they are stored."""
        self.troubles += 1
        what = self.chosen.choice(["rotate", "clear", "truncate", "restart_v34", "mid-turn"])
        if what == "mid-turn":
            middle = self.day.round()
            next(middle)
            self.day.rotate()
            next(middle, None)
            return
        if what != "rotate":
            self.settle()
        getattr(self.day, what)()

    def one_watcher(self) -> list[float]:
        """Its memory in MiB, each second from when it has read the logs."""
        watching, until = self.watchers[0], time.monotonic() + 2 / 3 * self.seconds
        watching.wait_for("ready")
        memory = []
        while time.monotonic() < until:
            self.write(TROUBLE_S)
            self.trouble()
            memory.append(rss_mib(watching.process.pid))
        return memory

    def many(self) -> tuple[int, int]:
        """(killed, ended) watchers."""
        until, kills, ends = time.monotonic() + self.seconds / 3, 0, 0
        for number in itertools.count():
            if time.monotonic() > until:
                return kills, ends
            alone = number % 3 == 2
            if not alone:
                self.watchers.append(self.start())
            self.write(KILL_S / 2)
            how = self.chosen.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            kills, ends = kills + (how == signal.SIGKILL), ends + (how == signal.SIGTERM)
            self.watchers.pop(0).end(how)
            self.write(KILL_S / 2)
            if alone:
                self.watchers.append(self.start())
            self.trouble_after_a_look()
        raise AssertionError

    def trouble_after_a_look(self) -> None:
        """Nobody may have read the newest lines when nobody watched."""
        if self.settle():
            self.trouble()


def rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main(arguments: Sequence[str]) -> None:
    """Run it and print its table."""
    minutes = float(arguments[0]) if arguments else 6.0
    rate = float(arguments[1]) if len(arguments) > 1 else 5.0
    # Kept, so that a difference can be looked into.
    base = Path(tempfile.mkdtemp(prefix="timmy-watch-"))
    run = Run(base, minutes, rate)
    loads = [os.getloadavg()[0]]
    memory = run.one_watcher()
    of_one = len(run.day.written)
    whole = run.settle()
    loads.append(os.getloadavg()[0])
    began = time.monotonic()
    code = run.watchers[0].end(signal.SIGTERM)
    ended_s = time.monotonic() - began
    run.watchers = [run.start()]
    kills, ends = run.many()
    whole &= run.settle()
    loads.append(os.getloadavg()[0])
    for one in run.watchers:
        one.end(signal.SIGTERM)
    left = run.difference()
    middle = memory[len(memory) // 2]
    print(f"folder: {base}; load at start, middle and end: {', '.join(f'{load:.1f}' for load in loads)}\n")
    print("| turns | of one watcher | logs begun again | killed | ended | missing | too many |")
    print("|---|---|---|---|---|---|---|")
    missing, too_many = (len(left.get(name, ())) for name in ("missing", "too many"))
    print(f"| {len(run.day.written)} | {of_one} | {run.troubles} | {kills} | {ends} | {missing} | {too_many} |\n")
    print("| memory of one watcher, MiB: start | middle | end | SIGTERM → exit, s (code) |")
    print("|---|---|---|---|")
    print(f"| {memory[0]:.1f} | {middle:.1f} | {memory[-1]:.1f} | {ended_s:.2f} ({code}) |")
    if not whole or left:
        print(left)
        sys.exit(1)
