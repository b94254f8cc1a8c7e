"""The status line from the end of the logs, for when no dashboard runs."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from timmy_tui.analysis.stats.percentiles import headline_stat, newest_complete
from timmy_tui.core.errors import TimmyError
from timmy_tui.core.installation import find_installation
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings, load_settings
from timmy_tui.model.log_format import LogFormat
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.parse.table import detect, log_files
from timmy_tui.report.line import WIDTH, LineValues, status_line
from timmy_tui.report.status import for_tmux
from timmy_tui.turns.ingest import Ingest

TURN_BYTES = 1 << 13
"""Read from the end of each log for each turn of the window: a turn takes 5–6 KB in the latency log, 3 KB in v34's."""

MIN_BYTES = 1 << 16


def newest_line(root: Path | None, settings_path: Path | None, logs: Sequence[Path], tmux: bool) -> str:
    """The status line, computed from the logs; an error becomes the line as well."""
    try:
        settings = load_settings(settings_path)
        turns = newest_turns(_logs(settings, root, logs), settings)
        line = status_line(newest_values(turns, settings.view.window))
    except TimmyError as error:
        line = f"○ {clean(error.message)}"
        line = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
    return for_tmux(line) if tmux else line


def _logs(settings: Settings, root: Path | None, logs: Sequence[Path]) -> list[tuple[Path, LogFormat]]:
    if logs:
        from timmy_tui.sources.files.content import read_start

        return [(path, detect(read_start(path), path.name)) for path in logs]
    return log_files(find_installation(settings, root))


def newest_turns(logs: Sequence[tuple[Path, LogFormat]], settings: Settings) -> list[Turn]:
    """The turns at the end of the logs. A log that cannot be read counts as empty."""
    ingest = Ingest(settings.tail.turn_timeout_s, False, settings.tail.longest_threshold_s)
    size = max(settings.view.window * TURN_BYTES, MIN_BYTES)
    turns: dict[int, Turn] = {}
    for path, row in sorted(logs, key=lambda log: log[1].order):
        for turn in ingest.feed(row.kind, _end_of(path, size)):
            turns[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    # The first turn may have begun before the part that was read, and would be measured too short.
    ordered = [turns[ordinal] for ordinal in sorted(turns)]
    return ordered[1:] if len(ordered) > 1 else ordered


def newest_values(turns: Sequence[Turn], window: int, num_ctx: int | None = None) -> LineValues:
    """The figures of the line. ``num_ctx``: the context window of a turn that does not say it, in tokens."""
    headline = headline_stat(turns, window)
    complete = newest_complete(turns, 1)
    measured = complete[-1] if complete else None
    newest = next((turn for turn in reversed(turns) if turn.state is not TurnState.LONE_PAUSE), None)
    state = "waiting" if newest is None else "turn" if newest.state is TurnState.OPEN else ""
    if newest is not None and newest.state in (TurnState.FAILED, TurnState.TIMED_OUT):
        state = "failed"
    return LineValues(
        span=headline.key if headline else "V2V",
        headline_ms=headline.last if headline else None,
        delta_ms=headline.delta if headline else None,
        llm_ms=measured.stages.get("llm") if measured else None,
        fill=_fill(measured, num_ctx),
        n=headline.n if headline else 0,
        state=state,
    )


def _fill(turn: Turn | None, num_ctx: int | None) -> float | None:
    if turn is None or turn.prompt_tokens is None:
        return None
    window = turn.num_ctx or num_ctx
    return (turn.prompt_tokens + (turn.output_tokens or 0)) / window if window else None


def _end_of(path: Path, size: int) -> list[bytes]:
    """Whole lines of the last ``size`` bytes of a regular file; none for anything else (a FIFO would block)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            return []
        begin = max(info.st_size - size, 0)
        data = os.pread(descriptor, size, begin)
    except OSError:
        return []
    finally:
        os.close(descriptor)
    lines = data.split(b"\n")
    return lines[1:] if begin else lines
