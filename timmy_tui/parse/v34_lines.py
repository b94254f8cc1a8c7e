"""The text of a line as v34 printed it, without what a terminal, a journal or a container put around it."""

import re

from timmy_tui.parse.v34_patterns import match_line

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? "
_SYSLOG = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d "
_PROCESS = r"[\w.@-]+ [\w./@-]+\[\d+\]: ?"
_PREFIX = re.compile(rf"[\w.-]+ +\| ?(?:{_ISO})?|(?:{_ISO}|{_SYSLOG})(?:{_PROCESS})?")
"""``Nov 19 01:34:47 box python[12]: `` (journal, syslog; also with an ISO stamp), ``v34-1  | `` (compose), a stamp.

The stamp is not used: it says when the line was captured, which is up to 8 KiB of output after it was printed.
"""


class LineReader:
    """Bytes in, text out. A prefix is removed from all lines once it has hidden a line that v34 prints."""

    def __init__(self) -> None:
        self._prefixed = False

    def raw(self, line: bytes) -> str:
        """The line without a prefix, but with every character that v34 printed: of an answer, all of them count."""
        text = line.decode("utf-8", "replace")
        match = _PREFIX.match(text) if self._prefixed else None
        return text if match is None else text[match.end() :]

    def text(self, line: bytes, foreign: bool) -> str:
        """The line's text. ``foreign``: it stands in an answer or another text, which cannot show a prefix."""
        # To look first is cheaper than to replace: hardly any line has one of these.
        text = line.decode("utf-8", "replace")
        if "\0" in text:
            text = text.replace("\0", "")
        if "\r" in text or "\n" in text:
            # A progress bar redraws its line with carriage returns: only the text after the last one is on the screen.
            text = text.rstrip("\r\n").rpartition("\r")[2]
        if "\x1b" in text:
            text = _COLOUR.sub("", text)
        match = _PREFIX.match(text) if self._prefixed or not (foreign or text[:1] in "*->[ ") else None
        if match is None:
            return text
        rest = text[match.end() :]
        if not self._prefixed:
            self._prefixed = match_line(text) is None and match_line(rest) is not None
        return rest if self._prefixed else text
