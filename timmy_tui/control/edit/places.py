"""One value in a file that can be changed alone: what every kind of file must offer for that."""

from typing import NamedTuple, Protocol

Value = bool | int | float | str


class Seen(NamedTuple):
    """What stands at one place of a file."""

    value: Value | None
    """None: the file has no such place, and can get one."""
    text: str
    """As it is written; empty where it is not there."""
    line: int
    """1-based; of a place that is not there, where it would be."""
    shown: str
    """What a preview shows of it; empty where it is not there."""


class Place(Protocol):
    """Where a value stands. ``str`` gives the text by which the journal names it; selectors.py reads it back."""

    def look(self, data: bytes) -> Seen:
        """What stands there in a file of these bytes. Raises Refused with the reason unless it is certain."""

    def put(self, data: bytes, value: Value | None) -> bytes:
        """The file with another value there and every other byte as it was; None takes it out. Raises Refused."""

    def read(self, text: str) -> Value | None:
        """A value from its text; None of an empty text, where that means that it is not there. Raises Refused."""
