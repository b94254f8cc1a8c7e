"""Why v34 died, from the last lines of its log."""

import re
from collections.abc import Sequence

_ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b.*")


def last_words(log: Sequence[str]) -> str:
    """``: NameError: …`` when the log ends in a traceback; cleaned text in, cleaned text out."""
    found = next((line for line in reversed(log[-40:]) if _ERROR.match(line)), "")
    return f": {found}" if found else ""
