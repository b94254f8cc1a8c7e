"""A JSON document on several lines, of which not all have come; one line can be torn."""

import re
from typing import Any

from timmy_tui.core.foreign.decode import decode_json

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
"""A text in JSON, which is on one line."""

OPENS, _CLOSES = (b"{", b"["), (b"}", b"]")


class BegunDocument:
    """Lines of a document whose end has not come.

    A torn one must not take those behind it with it: a line with an object or a list of its own cannot go on where no
    value can stand. All lines together are decoded only where brackets say that it is whole: each is looked at once.
    """

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.size = 0
        self._depth = 0
        self._last = b""
        """What the newest line ends with; a quotation mark where it ends within a text."""

    def add(self, line: bytes) -> None:
        """One more."""
        self.lines.append(line)
        self.size += len(line)
        bare = _TEXT.sub(b"text", line).rstrip()
        self._depth += bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")
        self._last = b'"' if b'"' in bare else bare[-1:] or self._last

    def goes_on_with(self, line: bytes) -> bool:
        """The line can belong to it: it begins no document, or a value can stand here."""
        return not line.startswith(OPENS) or self._last in (b",", b"[", b":")

    @property
    def is_closed(self) -> bool:
        """Each bracket that was opened is closed; more lines cannot make it a document."""
        return self._depth <= 0 and self._last in _CLOSES


def document_of(text: bytes) -> Any:
    """The object or list that a text is; None for any other one."""
    if not text.rstrip().endswith(_CLOSES):
        return None
    value = decode_json(text)
    return value if isinstance(value, dict | list) else None
