"""One soak: dashboards in a terminal, the writers, and all troubles at once, each at random times of its own."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.soak.ledger import AT_WORK_S, RECORD
from bench.soak.runs import KINDS, Dashboards
from bench.soak.troubles import Changer, LockHolder, change_moods, start_services, stored_turns
from bench.soak.writers import Conversation
from timmy_tui.demo.start import write_installation

KEYS = tuple(
    key.encode()
    for key in ["1", "2", "3", "4", "5", "6", "g", "x", "e", "\x1b", "i", "\x1b", "l", "f", "+", "-", "?", "\x1b"]
)
"""They change nothing of Timmy's, and do not quit."""
SETTLE_S = 20.0
"""With nothing wrong any more, what is left to be read and written is by then: the history tries again every 5 s."""

NOTED_S = 6.0
"""By then the dashboard has noted down the end: a snapshot comes every 5 s at least, its figures every second."""
NOBODYS_PORT = 9
NOBODY = f"http://127.0.0.1:{NOBODYS_PORT}"
START_S = 60.0
"""Longest wait for the dashboard's first lines, on a machine with other work."""


@dataclass
class SoakOptions:
    """How long, how fast, and where."""

    seconds: float
    speed: float = 20.0
    """Seconds of the conversation in a second."""
    seed: int = 1
    notify: bool = True
    """The dashboard uses the events of the file system."""
    restart_s: float = 10.0
    """Seconds between two ends of a dashboard, on average."""
    restarts: float = 0.25
    """Share of the soak in which there are any; growth is judged in the run of the last dashboard."""


@dataclass
class Done:
    """What the world did to the dashboard."""

    counts: Counter[str] = field(default_factory=Counter)
    stops: list[tuple[float, float]] = field(default_factory=list)
    """time.time() of the beginning and end of each sleep of the dashboard."""
    ended: str = ""
    """A dashboard ended before it was told to, or did not end when it was: what it had drawn last."""


class World:
    """Opens everything in ``folder``, soaks, and closes everything."""

    def __init__(self, folder: Path, options: SoakOptions) -> None:
        self.options = options
        self.done = Done()
        self.folder = folder
        self._rng = random.Random(options.seed)
        self.root = (folder / "timmy").resolve()
        self._services = start_services()
        write_installation(self.root, dict.fromkeys(self._services, NOBODYS_PORT))
        self._write_settings("dashboard", {name: service.url for name, service in self._services.items()})
        # Who changes a flag finds no v34 that serves, so that its next start would read the file.
        self._write_settings("changes", {"v34": NOBODY})
        self.database = folder / "state/timmy_tui/history.db"
        self._holder = LockHolder(self.database)
        self.dashboards = Dashboards(self.root, folder)
        self.changer = Changer(self.root, {**self.dashboards.environ, "XDG_CONFIG_HOME": f"{folder}/changes"})
        started = time.time() - options.speed * options.seconds
        self.conversation = Conversation(self.root, started, options.seed)
        self._quiet_until = self._restarts_until = 0.0
        self._resumes_at: float | None = None
        self._due: dict[str, float] = {}

    def _write_settings(self, whose: str, urls: Mapping[str, str]) -> None:
        settings = self.folder / whose / "timmy_tui/settings.toml"
        settings.parent.mkdir(parents=True)
        lines = ["[services]", *(f'{name} = "{url}"' for name, url in urls.items()), f'panel = "{NOBODY}"']
        lines += ["[tail]", f"notify = {str(self.options.notify).lower()}"]
        settings.write_text("\n".join(lines) + "\n")
        settings.chmod(0o600)

    def run(self) -> Done:
        """Soak, and wait until the dashboard had time for what is left."""
        self.conversation.burst(10)
        self._start()
        try:
            self._wait_until_read()
            self._soak()
            self._settle()
        finally:
            self._resume()
            self._holder.release()
            self._end(kill=False)
        return self.done

    def _start(self) -> None:
        logs = self.conversation.logs
        self.dashboards.start({kind: len(logs[kind].contents) - 1 for kind in KINDS})

    def _wait_until_read(self) -> None:
        """The first lines: what is gone before it was ever opened was never followed."""
        end = time.monotonic() + START_S
        while not self.dashboards.newest.has_read():
            if time.monotonic() > end or not self.dashboards.is_running():
                self._note_end("ended, or read nothing")
                return
            time.sleep(0.05)

    def _end(self, kill: bool) -> None:
        if not self.dashboards.end(kill):
            self._note_end("did not end when it was told to, or had ended before")

    def _note_end(self, how: str) -> None:
        self.done.ended = self.done.ended or f"{how}: {self.dashboards.output!r}"

    def _restart(self, kill: bool) -> bool:
        """End the dashboard and start the next one. False: it has just begun, or could not write into its history."""
        free = not self._holder.holding and time.monotonic() - self._holder.released > AT_WORK_S
        if not free or not self.dashboards.newest.has_read():
            return False
        self._resume()
        self._end(kill)
        self._start()
        return True

    def _soak(self) -> None:
        self._restarts_until = time.monotonic() + self.options.restarts * self.options.seconds
        end = time.monotonic() + self.options.seconds
        next_line = time.monotonic()
        while (now := time.monotonic()) < end and not self.done.ended:
            self._trouble(now)
            if now < next_line:
                time.sleep(min(next_line - now, 0.02))
                continue
            if now < self._quiet_until:
                self.conversation.pause_alone()
                next_line = now + 0.7 / self.options.speed
            else:
                next_line = max(next_line + self.conversation.next_step() / self.options.speed, now - 1.0)
            if not self.dashboards.is_running():
                self._note_end("ended by itself")

    def _settle(self) -> None:
        """Nothing is wrong any more, and the conversation is over."""
        self._wait_until_read()
        self._resume()
        self._holder.release()
        self.changer.look(wait=True)
        for service in self._services.values():
            service.mode = "answers"
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end and not self._is_all_there():
            time.sleep(0.2)
        time.sleep(NOTED_S)

    def _is_all_there(self) -> bool:
        run = self.dashboards.newest
        for kind, log in self.conversation.logs.items():
            lines = sum(len(one.lines) for one in log.contents[run.first[kind] :])
            if run.records(kind).stat().st_size < RECORD.size * lines:
                return False
        return self.conversation.turns.keys() <= stored_turns(self.database).ids.keys()

    def _trouble(self, now: float) -> None:
        """Whatever is due."""
        self._holder.release(now)
        self.changer.look()
        if self._resumes_at is not None and now >= self._resumes_at:
            self._resume()
        for name, (every_s, act) in self._troubles().items():
            due = self._due.get(name)
            if due is not None and now >= due:
                happened = act() is not False
                self.done.counts.update([name] if happened else [])
            if due is None or now >= due:
                self._due[name] = now + self._rng.expovariate(1 / every_s)

    def _troubles(self) -> dict[str, tuple[float, Callable[[], object]]]:
        """Name → seconds between two, on average, and what happens; False: it did not."""
        rng, conversation = self._rng, self.conversation
        latency, v34 = conversation.latency, conversation.v34
        restarts = {
            name: (2 * self.options.restart_s, partial(self._restart, kill))
            for name, kill in (("dashboards killed", True), ("dashboards closed", False))
        }
        return {
            **(restarts if time.monotonic() < self._restarts_until else {}),
            "changes of a flag": (45.0, lambda: self.changer.begin(rng)),
            "rotations by rename": (9.0, lambda: latency.rename(rng)),
            "rotations by deletion": (11.0, lambda: latency.delete(rng)),
            "two rotations at once": (17.0, self._rotate_twice),
            "truncations": (40.0, lambda: latency.truncate(rng)),
            "restarts of v34": (30.0, lambda: v34.delete(rng)),
            "bad lines": (0.7, lambda: latency.append_bad(rng)),
            "lines that are too long": (25.0, latency.append_too_long),
            "bursts": (15.0, lambda: conversation.burst(rng.randint(50, 1500))),
            "quiet rooms": (20.0, self._be_quiet),
            "services that die or come back": (5.0, lambda: change_moods(self._services, rng)),
            "resizes": (2.0, lambda: self.dashboards.screen.resize(rng.randint(20, 200), rng.randint(5, 60))),
            "keys": (0.5, lambda: self.dashboards.screen.send(rng.choice(KEYS))),
            "sleeps": (25.0, self._sleep),
            "stopped lock holders": (30.0, lambda: self._holder.hold(rng.uniform(2, 20))),
        }

    def _rotate_twice(self) -> None:
        for way in self._rng.sample((self.conversation.latency.rename, self.conversation.latency.delete), 2):
            way(self._rng)
            self.conversation.burst(self._rng.randint(1, 40))
            time.sleep(self._rng.uniform(0.03, 0.3))

    def _be_quiet(self) -> None:
        self._quiet_until = time.monotonic() + self._rng.uniform(2, 8)

    def _sleep(self) -> None:
        if self._resumes_at is None:
            os.kill(self.dashboards.screen.pid, signal.SIGSTOP)
            self.done.stops.append((time.time(), float("inf")))
            self._resumes_at = time.monotonic() + self._rng.uniform(0.3, 4.0)

    def _resume(self) -> None:
        if self._resumes_at is not None:
            self._resumes_at = None
            self.done.stops[-1] = (self.done.stops[-1][0], time.time())
            os.kill(self.dashboards.screen.pid, signal.SIGCONT)
