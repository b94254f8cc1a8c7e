"""Time in which this process did not run: the machine slept, or the process was stopped; and steps of its clock.

Three clocks tell them apart. CLOCK_BOOTTIME counts the sleep of the machine and CLOCK_MONOTONIC does not, so what the
first gains over the second is sleep, and nothing else is. Both count the time in which a process is stopped: it shows
as a long time between two looks. A clock that somebody sets changes neither; only the wall clock moves against them.

A virtual machine (WSL) that its host puts to sleep is no sleep to its own kernel: all its clocks stand still, and later
the wall clock is set forward. That cannot be told from a clock that was set, and is reported as one.
"""

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

LEAST_S = 5.0
"""A shorter sleep or step is not reported: no figure and no service depends on it."""
LONGEST_LOOK_S = 10.0
"""So long without a look is a process that was stopped, where a look comes each second."""
SETTLED_S = 20.0
"""Time after an interruption in which a service that does not answer is not reported as down: the network comes back
within seconds, a service that was stopped too within its own."""


class Kind(StrEnum):
    """What happened, as the screen says it."""

    ASLEEP = "asleep"
    STOPPED = "stopped"
    CLOCK = "clock"
    """The wall clock was set, or the virtual machine slept."""


class Interruption(NamedTuple):
    """One of them, over now."""

    kind: Kind
    seconds: float
    """How long; of a clock, how far it was set, negative when it was set back."""

    @property
    def words(self) -> str:
        """``asleep 7h 12m``."""
        if self.kind is not Kind.CLOCK:
            return f"{self.kind} {span_words(self.seconds)}"
        direction = "forward" if self.seconds > 0 else "back"
        return f"clock set {direction} {span_words(abs(self.seconds))}"


class Clocks(NamedTuple):
    """Seconds on each clock at one moment."""

    wall: float
    awake: float
    """CLOCK_MONOTONIC."""
    elapsed: float
    """CLOCK_BOOTTIME; where there is none, CLOCK_MONOTONIC, and no sleep is seen."""


def elapsed() -> float:
    """Seconds on a clock that nobody sets and that counts the sleep of the machine: by it a line has its age."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def read_clocks() -> Clocks:
    """All clocks now."""
    return Clocks(time.time(), time.monotonic(), elapsed())


def span_words(seconds: float) -> str:
    """``7h 12m``, ``3d 4h``, ``42s``: the two largest units, the second one only where it is not zero."""
    whole = round(seconds)
    parts = [(whole // 86_400, "d"), (whole % 86_400 // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number}{unit}" for number, unit in parts[first : first + 2] if number) or "0s"


class InterruptionWatch:
    """Compares the clocks at each look with those of the look before. May be shared by threads."""

    def __init__(self, clocks: Callable[[], Clocks] = read_clocks, longest_look_s: float = LONGEST_LOOK_S) -> None:
        """``longest_look_s``: longest time between two looks of a process that runs."""
        self._clocks = clocks
        self._longest_look_s = longest_look_s
        self._lock = threading.Lock()
        self._last = clocks()
        self._over_at = float("-inf")

    def look(self) -> Interruption | None:
        """What happened since the last look; the longest where it is more than one thing."""
        with self._lock:
            now, last = self._clocks(), self._last
            self._last = now
            awake, ran = now.awake - last.awake, now.elapsed - last.elapsed
            found = Interruption(Kind.ASLEEP, ran - awake)
            if found.seconds < LEAST_S:
                found = Interruption(Kind.STOPPED, awake)
                if awake < self._longest_look_s:
                    found = Interruption(Kind.CLOCK, now.wall - last.wall - ran)
                    return found if abs(found.seconds) >= LEAST_S else None
            self._over_at = now.awake
            return found

    def is_settling(self, within_s: float = SETTLED_S) -> bool:
        """A sleep or stop was over less than so many seconds ago. Looks."""
        self.look()
        with self._lock:
            return self._last.awake - self._over_at < within_s
