"""A machine that sleeps, is set to another time, or stops a process, as the kernel's clocks tell it."""

import time

import pytest


class Machine:
    """Every clock of this process, moved on at once. What waits really (threads, events) does not wait longer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._slept = self._set = 0.0
        wall, clock = time.time, time.clock_gettime
        boot = time.CLOCK_BOOTTIME
        monkeypatch.setattr(time, "time", lambda: wall() + self._slept + self._set)
        monkeypatch.setattr(time, "clock_gettime", lambda which: clock(which) + (self._slept if which == boot else 0.0))

    def sleep(self, seconds: float) -> None:
        """As a laptop with its lid closed: all clocks go on but CLOCK_MONOTONIC."""
        self._slept += seconds

    def set_clock(self, seconds: float) -> None:
        """As ``date -s``: the wall clock alone."""
        self._set += seconds
