"""Time for the stand-ins: the wall clock of the processes, or a virtual one that writes an hour of logs in a blink."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the stand-ins ask of time."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def work(self, ms: float) -> None:
        """Let a stage take this long."""

    def rest(self, ms: float) -> None:
        """Let a pause or playback, which is nobody's latency, take this long."""


class WallClock:
    """Real time. ``rest_speed`` shortens pauses and playback alone; ``work_speed`` shortens the stages too.

    Stamps are always the true time, so with ``work_speed`` above 1 the logged stage durations shrink by it.
    """

    def __init__(self, rest_speed: float = 1.0, work_speed: float = 1.0) -> None:
        self.rest_speed = rest_speed
        self.work_speed = work_speed

    def now(self) -> float:
        return time.time()

    def work(self, ms: float) -> None:
        _sleep(ms / self.work_speed)

    def rest(self, ms: float) -> None:
        _sleep(ms / self.rest_speed)


class VirtualClock:
    """Time that passes only when it is told to."""

    def __init__(self, start: float) -> None:
        self.at = start

    def now(self) -> float:
        return self.at

    def work(self, ms: float) -> None:
        self.at += ms / 1000

    def rest(self, ms: float) -> None:
        self.at += ms / 1000


def _sleep(ms: float) -> None:
    if ms > 0:
        time.sleep(ms / 1000)
