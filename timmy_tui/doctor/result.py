"""One line of the doctor's page."""

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class DoctorLine:
    """What was looked at, how it is, and what to do."""

    subject: str
    level: str
    """``ok``, ``warn`` or ``fail``."""
    text: str
    hint: str = ""
    """Empty when there is nothing to do."""
