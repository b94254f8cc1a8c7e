"""Where v34's lines go: stdout and stderr, which the control panel captures in one file."""

import io
import sys
from dataclasses import dataclass
from typing import Any, TextIO

BUFFER_BYTES = 8192
"""Python buffers a stdout that is no terminal in blocks of this size. stderr is written line by line."""


@dataclass(frozen=True)
class Output:
    """The two streams of the process."""

    stdout: TextIO
    stderr: TextIO

    def debug(self, line: str) -> None:
        """What upstream prints; it reaches the file when a block is full."""
        print(line, file=self.stdout)

    def error(self, line: str) -> None:
        """What goes to stderr: access lines, progress bars, warnings, tracebacks. It reaches the file at once."""
        print(line, file=self.stderr, flush=True)


def process_output() -> Output:
    """The streams of this process."""
    return Output(sys.stdout, sys.stderr)


class CapturedOutput:
    """A file in memory with both streams of one process after another, buffered as the real ones are."""

    def __init__(self) -> None:
        self._file = _File()

    def start_process(self) -> Output:
        """The streams of a new process. Flush the old one's stdout first, unless it was killed."""
        blocks = io.BufferedWriter(self._file, BUFFER_BYTES)
        stdout = io.TextIOWrapper(blocks, "utf-8", "surrogateescape", newline="\n")
        stderr = io.TextIOWrapper(io.BufferedWriter(self._file), "utf-8", "surrogateescape", newline="\n")
        return Output(stdout, stderr)

    def lines(self) -> list[str]:
        """What is in the file, without line breaks."""
        return self._file.content.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")


class _File(io.RawIOBase):
    """Keeps what is written; the streams of one process after another share it, so closing one does not close it."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """``data``: bytes or a view of them."""
        content = bytes(data)
        self.content += content
        return len(content)

    def close(self) -> None:
        """Nothing to close."""
