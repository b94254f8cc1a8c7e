"""What a collector said to a batch."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What is to be done with a batch."""

    TAKEN = "taken"
    LATER = "later"
    """Nobody there, or too busy: send it again."""
    REFUSED = "refused"
    """It would be refused again."""


class Answer(NamedTuple):
    """One answer, or none."""

    verdict: Verdict
    words: str = ""
    """``415 Unsupported Media Type``, ``cannot be reached``; this program's own words."""
    retry_after_s: float | None = None
    """When the server wants to be asked again."""
    rejected: int = 0
    """Of what was taken: spans that were not."""
