"""Formats figures in the same way for the screen, the reports and the status line."""

import time

MISSING = "—"
"""Shown for a value that is not known."""


def duration(ms: float | None, prefix: str = "") -> str:
    """``412ms`` below one second, ``1.83s`` above, ``—`` for None. ``prefix`` (``~``) comes before a known value."""
    if ms is None:
        return MISSING
    if abs(ms) < 0.9995:
        return f"{prefix}{ms:.1f}ms"
    if abs(ms) < 999.5:
        return f"{prefix}{ms:.0f}ms"
    if abs(ms) < 99_995:
        return f"{prefix}{ms / 1000:.2f}s"
    return f"{prefix}{ms / 1000:.0f}s"


def signed_duration(ms: float) -> str:
    """``+412ms``, ``−1.83s``: a difference."""
    return ("+" if ms >= 0 else "−") + duration(abs(ms))


def local_time(stamp: float | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """``2025-11-28 14:30:00`` for seconds since 1970; ``—`` for None, and for what is in no calendar (1e300)."""
    if stamp is None:
        return MISSING
    try:
        return time.strftime(form, time.localtime(stamp))
    except (ValueError, OverflowError, OSError):
        return MISSING


def moment(stamp: float | None, now: float, names_yesterday: bool = False) -> str:
    """``09:12`` of the day of ``now``, ``2026-11-20 09:12`` of another one; ``09:12 yesterday`` where that is named."""
    day = "%Y-%m-%d"
    if stamp is None or local_time(stamp, day) == local_time(now, day):
        return local_time(stamp, "%H:%M")
    if names_yesterday:
        noon = time.mktime((*time.localtime(now)[:3], 12, 0, 0, 0, 0, -1))  # A day of 23 hours has its noon too.
        if local_time(stamp, day) == local_time(noon - 86_400, day):
            return f"{local_time(stamp, '%H:%M')} yesterday"
    return local_time(stamp, "%Y-%m-%d %H:%M")


def percent(value: float | None) -> str:
    """``73%`` for a fraction of 0.73; ``—`` for None."""
    return MISSING if value is None else f"{value * 100:.0f}%"


def count(value: int | None) -> str:
    """A whole number; ``—`` for None."""
    return MISSING if value is None else str(value)


def plural(number: int, word: str) -> str:
    """``1 turn``, ``2 turns``, ``0 turns``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def on_off(value: bool | None) -> str:
    """``on``, ``off``, or ``—`` for None."""
    return MISSING if value is None else "on" if value else "off"


def ago(seconds: float) -> str:
    """``12s``, ``3m``, ``7h12m``, ``2d``: time passed, in at most six cells; a clock ahead of ours reads ``0s``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d"
