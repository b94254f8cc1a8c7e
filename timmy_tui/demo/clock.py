"""Time for the stand-ins: the wall clock of the processes, or a virtual one that writes an hour of logs in a blink."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the stand-ins ask of time."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def work(self, ms: float, doing: str = "") -> None:
        """Let a stage take this long, whatever of it is really done, by its name in REAL_MS, included."""

    def rest(self, ms: float) -> None:
        """Let a pause or playback, which is nobody's latency, take this long."""


REAL_MS = {"hop": 2.0, "prompt": 1.2, "reply": 0.4}
"""What a request over loopback, a prompt that is built and written, and a reply that is logged cost by themselves.
Without it the live turns of a demo would be that much slower than the history in front of them, and be called so."""


class WallClock:
    """Real time. ``rest_speed`` shortens pauses and playback alone; ``work_speed`` shortens the stages too.

    Stamps are always the true time, so with ``work_speed`` above 1 the logged stage durations shrink by it.
    """

    def __init__(self, rest_speed: float = 1.0, work_speed: float = 1.0) -> None:
        self.rest_speed = rest_speed
        self.work_speed = work_speed

    def now(self) -> float:
        return time.time()

    def work(self, ms: float, doing: str = "") -> None:
        _sleep(ms / self.work_speed - REAL_MS.get(doing, 0.0))

    def rest(self, ms: float) -> None:
        _sleep(ms / self.rest_speed)


class VirtualClock:
    """Time that passes only when it is told to."""

    def __init__(self, start: float) -> None:
        self.at = start

    def now(self) -> float:
        return self.at

    def work(self, ms: float, doing: str = "") -> None:
        self.at += ms / 1000

    def rest(self, ms: float) -> None:
        self.at += ms / 1000


def _sleep(ms: float) -> None:
    if ms > 0:
        time.sleep(ms / 1000)
