"""The turns at the end of the logs, for commands that need no more: the end of each file is read, and nothing else."""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.log_format import LogFormat
from timmy_tui.model.snapshot import Listening
from timmy_tui.model.turn import Turn
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.lone_pauses import PAUSE

MAX_BYTES = 1 << 26
"""Read at most from the end of one file: three days of a quiet room, at 110 000 lone pauses of 190 bytes a day."""
PAUSE_BYTES = 1 << 17
"""Of a log's end that are read for the rhythm of its pauses: about 680 of them, eight minutes of a quiet room."""
_STEP = 4
_PAUSE = PAUSE.encode()


def newest_turns(
    logs: Sequence[tuple[Path, LogFormat]], size: int, limits: TailSettings, keep_events: bool = False
) -> tuple[tuple[Turn, ...], Ingest]:
    """The turns at the end of the logs, in order, and the reading. A log that cannot be read counts as empty.

    ``size``: bytes of each log that are enough, lone pauses not counted.
    """
    ingest = Ingest(limits.turn_timeout_s, keep_events, limits.longest_threshold_s)
    turns: dict[int, Turn] = {}
    for path, row in sorted(logs, key=lambda log: log[1].order):
        for turn in ingest.feed(row.kind, end_lines(path, size)):
            turns[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    return tuple(sorted(turns.values(), key=lambda turn: turn.position)), ingest


def newest_pauses(path: Path, row: LogFormat) -> Listening:
    """What the pauses without text at the end of one log say."""
    ingest = Ingest(timeout_s=60.0, keep_events=False)
    with contextlib.suppress(OSError):
        ingest.feed(row.kind, _end_of(path, PAUSE_BYTES))
    return ingest.assembler.listening


def end_lines(path: Path, size: int) -> list[bytes]:
    """Whole lines of the end of a regular file, without lone pauses; none of anything else: a FIFO would block.

    At least ``size`` bytes of them, if the last 64 MiB have as many.
    """
    wanted = size
    try:
        while True:
            whole = _end_of(path, wanted)
            lines = without_lone_pauses(whole)
            if wanted >= min(os.stat(path).st_size, MAX_BYTES) or sum(map(len, lines)) >= size // 2:
                return lines
            wanted *= _STEP
    except OSError:
        return []


def _end_of(path: Path, size: int) -> list[bytes]:
    """The whole lines of the last ``size`` bytes; none of what is not a regular file. Raises OSError.

    The last line is still being written, unless it is an event up to its last brace.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            return []
        begin = max(info.st_size - size, 0)
        lines = os.pread(descriptor, size, begin).split(b"\n")
    finally:
        os.close(descriptor)
    if not lines[-1].endswith(b"}"):
        lines.pop()
    return lines[1:] if begin else lines


def without_lone_pauses(lines: Sequence[bytes]) -> list[bytes]:
    """The lines without pauses that another pause follows: STT writes the second event of an id before it goes on."""
    is_pause = [_PAUSE in line for line in lines] + [False]
    return [line for at, line in enumerate(lines) if not (is_pause[at] and is_pause[at + 1])]
