"""One line of the doctor's output."""

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class DoctorLine:
    """The result of one check."""

    subject: str
    """What was checked: ``settings``, ``ollama``, ``latency.log`` …"""
    level: str
    """``ok``, ``warn`` or ``fail``."""
    text: str
    hint: str = ""
    """What the user can do; empty when there is nothing to do."""
