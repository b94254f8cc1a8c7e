"""Figures of one stage: what the screen, the reports and the status line say of it."""

from msgspec import Struct


class StageStat(Struct, frozen=True, eq=False):
    """One stage over the window."""

    key: str
    last: float | None = None
    """ms in the newest complete turn; None if not measured or skipped."""
    skipped: bool = False
    """The newest complete turn did without this stage."""
    p50: float | None = None
    p95: float | None = None
    max: float | None = None
    n: int = 0
    """Measured values in the window."""
    delta: float | None = None
    """last − p50 of the values before it, ms; None below n = 3."""
    spark: tuple[float | None, ...] = ()
    """One value a turn, newest last; None is a turn without this stage."""
