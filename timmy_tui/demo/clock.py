"""Clocks of the stand-ins: the real one of live processes, or a virtual one that writes an hour of logs at once."""

import time
from typing import Protocol

LLM_CALL, SYNTHESIS = "llm call", "synthesis"
"""Places in a turn at which a clock may step."""


class Clock(Protocol):
    """What the stand-ins need of a clock."""

    def now(self) -> float:
        """Seconds since 1970."""

    def work(self, ms: float, stage: str = "") -> None:
        """Let ``ms`` milliseconds of a stage pass. The real cost of ``stage`` (see OWN_COST_MS) is part of them."""

    def idle(self, ms: float) -> None:
        """Let ``ms`` milliseconds of a pause or of playback pass, which are no latency."""


OWN_COST_MS = {"hop": 2.0, "prompt": 1.2, "reply": 0.4}
"""Real cost of a request over loopback, of building and writing a prompt, and of logging a reply. If it came on top,
the live turns of a demo would be slower than its generated history, and the dashboard would report that."""


class WallClock:
    """Real time. ``idle_speed`` shortens pauses and playback alone; ``work_speed`` shortens the stages.

    Timestamps are always true, so with ``work_speed`` above 1 the logged durations of stages shrink by that factor.
    """

    def __init__(self, idle_speed: float = 1.0, work_speed: float = 1.0) -> None:
        self.idle_speed = idle_speed
        self.work_speed = work_speed

    def now(self) -> float:
        return time.time()

    def work(self, ms: float, stage: str = "") -> None:
        _sleep(ms / self.work_speed - OWN_COST_MS.get(stage, 0.0))

    def idle(self, ms: float) -> None:
        _sleep(ms / self.idle_speed)


class VirtualClock:
    """Time that passes only in ``work`` and ``idle``."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def work(self, ms: float, stage: str = "") -> None:
        self._now += ms / 1000

    def idle(self, ms: float) -> None:
        self._now += ms / 1000

    def move_to(self, moment: float) -> None:
        """Go on at another moment, earlier or later: one clock serves processes that run at the same time."""
        self._now = moment


class KernelClock:
    """The clock of one kernel: another clock with an offset, which may step in the middle of a turn.

    STT and TTS share one (Windows), v34 has another (WSL).
    """

    def __init__(self, hardware: Clock, offset_s: float = 0.0) -> None:
        self.hardware = hardware
        """The clock that never steps."""
        self.offset_s = offset_s
        self._planned: dict[str, float] = {}

    def now(self) -> float:
        return self.hardware.now() + self.offset_s

    def work(self, ms: float, stage: str = "") -> None:
        self.hardware.work(ms, stage)

    def idle(self, ms: float) -> None:
        self.hardware.idle(ms)

    def plan_step(self, place: str, seconds: float) -> None:
        """Step by ``seconds`` when the work next reaches ``place`` (LLM_CALL or SYNTHESIS)."""
        self._planned[place] = self._planned.get(place, 0.0) + seconds

    def reach(self, place: str) -> None:
        """The work is at ``place``: take the step that was planned for it, if any."""
        self.offset_s += self._planned.pop(place, 0.0)


def _sleep(ms: float) -> None:
    if ms > 0:
        time.sleep(ms / 1000)
