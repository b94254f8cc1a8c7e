"""Statistics of one stage, as the dashboard, the reports and the status line show them."""

from msgspec import Struct


class StageStat(Struct, frozen=True, eq=False):
    """Statistics of one stage over the window of recent complete turns."""

    key: str
    last: float | None = None
    """ms in the newest complete turn; None if not measured or skipped."""
    skipped: bool = False
    """The newest complete turn had no such stage."""
    p50: float | None = None
    p95: float | None = None
    max: float | None = None
    n: int = 0
    """Number of measured values in the window."""
    delta: float | None = None
    """last − p50 of the values before it, ms; None below n = 3."""
    spark: tuple[float | None, ...] = ()
    """One value per turn, newest last; None: a turn without this stage."""
