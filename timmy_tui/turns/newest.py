"""The turns at the end of the logs, for commands that need no more: the end of each file is read, and nothing else."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from timmy_tui.model.log_format import LogFormat
from timmy_tui.model.turn import Turn
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.lone_pauses import PAUSE

MAX_BYTES = 1 << 26
"""Read at most from the end of one file: three days of a quiet room, at 110 000 lone pauses of 190 bytes a day."""
_STEP = 4
_PAUSE = PAUSE.encode()


def newest_turns(
    logs: Sequence[tuple[Path, LogFormat]], size: int, timeout_s: float, keep_events: bool = False
) -> tuple[tuple[Turn, ...], Ingest]:
    """The turns at the end of the logs by ordinal, and the reading. A log that cannot be read counts as empty.

    ``size``: bytes of each log that are enough, lone pauses not counted. ``timeout_s``: silence that ends a turn.
    """
    ingest = Ingest(timeout_s, keep_events=keep_events)
    turns: dict[int, Turn] = {}
    for path, row in sorted(logs, key=lambda log: log[1].order):
        for turn in ingest.feed(row.kind, end_lines(path, size)):
            turns[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    return tuple(turns[ordinal] for ordinal in sorted(turns)), ingest


def end_lines(path: Path, size: int) -> list[bytes]:
    """Whole lines of the end of a regular file, without lone pauses; none of anything else: a FIFO would block.

    At least ``size`` bytes of them, if the last 64 MiB have as many.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            return []
        wanted = size
        while True:
            begin = max(info.st_size - wanted, 0)
            lines = without_lone_pauses(_whole_lines(os.pread(descriptor, wanted, begin), from_start=not begin))
            if not begin or wanted >= MAX_BYTES or sum(map(len, lines)) >= size // 2:
                return lines
            wanted *= _STEP
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _whole_lines(data: bytes, from_start: bool) -> list[bytes]:
    """The lines that are whole; the last one is still being written, unless it is an event up to its last brace."""
    lines = data.split(b"\n")
    if not lines[-1].endswith(b"}"):
        lines.pop()
    return lines if from_start else lines[1:]


def without_lone_pauses(lines: Sequence[bytes]) -> list[bytes]:
    """The lines without pauses that another pause follows: STT writes the second event of an id before it goes on."""
    is_pause = [_PAUSE in line for line in lines] + [False]
    return [line for at, line in enumerate(lines) if not (is_pause[at] and is_pause[at + 1])]
