"""The one door from the program to standard output and standard error.

A line for people is cleaned here (core/foreign/sanitize.py), JSON is escaped; what the stream's encoding lacks is
replaced. A stream that takes nothing (closed, a full disk) is one error, OutputLost, and never a traceback.

``status`` imports this on every call of tmux: nothing heavy.
"""

import codecs
import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from timmy_tui.core.errors import TimmyError
from timmy_tui.core.foreign.sanitize import clean

HANDLER = "timmy_tui.replace"
"""Name of the codec error handler."""

_PLAIN = {
    "●": "*", "○": "o", "◐": "o", "▲": "^", "▼": "v", "✗": "x", "×": "x", "→": "->", "≥": ">=", "≤": "<=", "…": "...",
    "—": "-", "–": "-", "−": "-", "·": ".", "Δ": "d", "±": "+-", "’": "'", "“": '"', "”": '"', "\u00a0": " ",
}  # fmt: skip
"""What stands for the program's own signs where the encoding has not got them; ``?`` stands for any other."""


class OutputLost(TimmyError):
    """Standard output takes nothing: it is closed, or its disk is full."""

    title = "Output"


class _Closed(io.TextIOBase):
    """Stands for a standard output that was closed when the program began (``>&-``)."""

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def prepare_streams() -> None:
    """Make the three streams usable, whatever the caller passed. Call it once, before anything opens a file.

    Else the next file that is opened would get the number of a closed stream, and what is printed would go into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
    # The names are typed as always open; the interpreter sets them to None for a stream that is closed.
    streams: dict[str, TextIO | None] = {name: getattr(sys, name) for name in ("stdin", "stdout", "stderr")}
    if streams["stdin"] is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if streams["stdout"] is None:
        sys.stdout = _Closed()
    if streams["stderr"] is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    """The codec error handler: the program's own signs in ASCII, a question mark for each other character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(character, "?") for character in error.object[error.start : error.end]), error.end


def say(text: str = "", err: bool = False) -> None:
    """One line for people, at once. Line ends in ``text`` are made visible: foreign text cannot begin a line.

    Raises OutputLost or BrokenPipeError for standard output. A standard error that takes nothing is passed over.
    """
    _put(f"{clean(text)}\n", err)


def say_while_working(text: str, err: bool = False) -> None:
    """As ``say``; also where nobody reads any more (``| head``, a full disk) the work that has begun goes on."""
    with contextlib.suppress(OutputLost, BrokenPipeError):
        say(text, err)


def say_lines(lines: Iterable[str], err: bool = False) -> None:
    """Many lines, as ``say`` has each."""
    block: list[str] = []
    for line in lines:
        block.append(f"{clean(line)}\n")
        if len(block) == 1000:
            _put("".join(block), err)
            block = []
    if block:
        _put("".join(block), err)


def say_json(value: Any) -> None:
    """A value as indented JSON, which reads back as the same value. Raises as ``say``."""
    from timmy_tui.core.json_text import json_text

    say_block(json_text(value, sys.stdout.encoding or "utf-8") + "\n")


def say_json_line(value: Any) -> None:
    """A value as JSON on one line, at once. Raises as ``say``."""
    from timmy_tui.core.json_text import json_line

    _put(json_line(value, sys.stdout.encoding or "utf-8") + "\n", False)


def reader_is_gone() -> bool:
    """Whoever read standard output has closed the pipe: the next line would find nobody. False for all but pipes."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):
        return False


def say_block(text: str) -> None:
    """Text that is already safe to print, as it is. Raises as ``say``."""
    _put(text, False)


def _put(text: str, err: bool) -> None:
    stream = sys.stderr if err else sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError) as error:
        discard(stream)
        if err:
            return
        if isinstance(error, BrokenPipeError):
            raise
        why = "it is closed"
        if isinstance(error, OSError) and error.errno != errno.EBADF:
            why = str(error.strerror)
        raise OutputLost(f"standard output cannot be written: {why}.") from None


def discard(stream: TextIO) -> None:
    """Let the stream take and drop everything, also what it still holds: the interpreter flushes it at the end."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
