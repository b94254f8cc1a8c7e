"""Why v34 died, from the last lines of its log."""

import re
from collections.abc import Sequence

_ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b.*")


def crash_reason(log: Sequence[str]) -> str:
    """``: NameError: …`` when one of the last 40 lines is an exception, else empty. The lines must be sanitized."""
    error = next((line for line in reversed(log[-40:]) if _ERROR.match(line)), "")
    return f": {error}" if error else ""
