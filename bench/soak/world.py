"""One soak: a dashboard in a terminal, the writers, and all troubles at once, each at random times of its own."""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import make_root
from bench.screen import Screen
from bench.soak.ledger import RECORD
from bench.soak.troubles import LockHolder, change_moods, start_services, stored_ids
from bench.soak.writers import Conversation
from timmy_tui.core.threads import start_thread

KEYS = tuple(
    key.encode()
    for key in ["1", "2", "3", "4", "5", "6", "g", "x", "e", "\x1b", "i", "\x1b", "l", "f", "+", "-", "?", "\x1b"]
)
"""They change nothing of Timmy's, and do not quit."""
SETTLE_S = 20.0
"""With nothing wrong any more, what is left to be read and written is by then: the history tries again every 5 s."""

NOTED_S = 6.0
"""By then the dashboard has noted down the end: a snapshot comes every 5 s at least, its figures every second."""
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


@dataclass
class Done:
    """What the world did to the dashboard."""

    counts: Counter[str] = field(default_factory=Counter)
    stops: list[tuple[float, float]] = field(default_factory=list)
    """time.time() of the beginning and end of each sleep of the dashboard."""
    ended: bool = False
    """The dashboard ended before it was told to."""


class World:
    """Opens everything in ``folder``, soaks, and closes everything."""

    def __init__(self, folder: Path, options: SoakOptions) -> None:
        self.options = options
        self.done = Done()
        self.folder = folder
        self._rng = random.Random(options.seed)
        self.root = make_root(folder / "timmy").resolve()
        self._services = start_services()
        self._write_settings()
        self.database = folder / "state/timmy_tui/history.db"
        self._holder = LockHolder(self.database)
        started = time.time() - options.speed * options.seconds
        self.conversation = Conversation(self.root, started, options.seed)
        self._quiet_until = 0.0
        self._resumes_at: float | None = None
        self._due: dict[str, float] = {}

    def _write_settings(self) -> None:
        settings = self.folder / "config/timmy_tui/settings.toml"
        settings.parent.mkdir(parents=True)
        lines = ["[services]", *(f'{name} = "{service.url}"' for name, service in self._services.items())]
        lines += ['panel = "http://127.0.0.1:9"', "[tail]", f"notify = {str(self.options.notify).lower()}"]
        settings.write_text("\n".join(lines) + "\n")
        settings.chmod(0o600)

    def run(self) -> Done:
        """Soak, and wait until the dashboard had time for what is left."""
        environ = {"XDG_STATE_HOME": f"{self.folder}/state", "XDG_CONFIG_HOME": f"{self.folder}/config"}
        argv = [sys.executable, "-m", "bench.soak.dashboard", str(self.root), str(self.folder)]
        with Screen(argv, environ=environ) as screen:
            self._screen = screen
            start_thread("terminal", self._drain)
            try:
                self._begin()
                self._soak()
                self._settle()
            finally:
                self._resume()
                self._holder.release()
                self._screen = None  # type: ignore[assignment]
            screen.send(b"\x1b1q")
        return self.done

    def _begin(self) -> None:
        """The first lines, and what was read of them: what is gone before it was ever opened was never followed."""
        self.conversation.burst(10)
        end = time.monotonic() + START_S
        read = [self.folder / f"{kind}.lines" for kind in ("latency", "v34")]
        while not all(path.exists() and path.stat().st_size for path in read):
            if time.monotonic() > end or not self._is_running():
                self.done.ended = True
                return
            time.sleep(0.05)

    def _drain(self) -> None:
        while (screen := self._screen) is not None:
            screen.read(0.2)

    def _soak(self) -> None:
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
            if not self._is_running():
                self.done.ended = True

    def _is_running(self) -> bool:
        try:
            fields = Path(f"/proc/{self._screen.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        return fields[0] != "Z"

    def _settle(self) -> None:
        """Nothing is wrong any more, and the conversation is over."""
        self._resume()
        self._holder.release()
        for service in self._services.values():
            service.mode = "answers"
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end and not self._is_all_there():
            time.sleep(0.2)
        time.sleep(NOTED_S)

    def _is_all_there(self) -> bool:
        logs = {"latency": self.conversation.latency.log, "v34": self.conversation.v34.log}
        sizes = {kind: (self.folder / f"{kind}.lines").stat().st_size for kind in logs}
        read = all(
            sizes[kind] >= RECORD.size * (log.count - sum(one.too_long for one in log.contents))
            for kind, log in logs.items()
        )
        return read and self.conversation.turns.keys() <= stored_ids(self.database)

    def _trouble(self, now: float) -> None:
        """Whatever is due."""
        self._holder.release(now)
        if self._resumes_at is not None and now >= self._resumes_at:
            self._resume()
        for name, (every_s, act) in self._troubles().items():
            due = self._due.get(name)
            if due is not None and now >= due:
                act()
                self.done.counts[name] += 1
            if due is None or now >= due:
                self._due[name] = now + self._rng.expovariate(1 / every_s)

    def _troubles(self) -> dict[str, tuple[float, Callable[[], object]]]:
        """Name → seconds between two, on average, and what happens."""
        rng, conversation = self._rng, self.conversation
        latency, v34 = conversation.latency, conversation.v34
        return {
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
            "resizes": (2.0, lambda: self._screen.resize(rng.randint(20, 200), rng.randint(5, 60))),
            "keys": (0.5, lambda: self._screen.send(rng.choice(KEYS))),
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
            os.kill(self._screen.pid, signal.SIGSTOP)
            self.done.stops.append((time.time(), float("inf")))
            self._resumes_at = time.monotonic() + self._rng.uniform(0.3, 4.0)

    def _resume(self) -> None:
        if self._resumes_at is not None:
            self._resumes_at = None
            self.done.stops[-1] = (self.done.stops[-1][0], time.time())
            os.kill(self._screen.pid, signal.SIGCONT)
