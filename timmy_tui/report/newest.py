"""The newest turns from the end of the logs: what the status line says when no dashboard runs."""

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
from timmy_tui.parse.log_formats import detect, log_files
from timmy_tui.report.line import WIDTH, LineValues, status_line
from timmy_tui.report.status import for_tmux
from timmy_tui.turns.ingest import Ingest

TURN_BYTES = 1 << 13
"""Read from the end of each log for every turn of the window: one has 5 to 6 KB in the latency log, 3 in the other."""

LEAST_BYTES = 1 << 16


def newest_line(root: Path | None, settings_path: Path | None, logs: Sequence[Path], tmux: bool) -> str:
    """The status line from the logs themselves; what is wrong is a line too."""
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
    """The turns at the end of the logs that can be read; none of them is an error."""
    ingest = Ingest(settings.tail.turn_timeout_s, keep_events=False)
    size = max(settings.view.window * TURN_BYTES, LEAST_BYTES)
    turns: dict[int, Turn] = {}
    for path, row in sorted(logs, key=lambda log: log[1].order):
        for turn in ingest.feed(row.kind, _end_of(path, size)):
            turns[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    # The first turn may have begun before the part that was read.
    ordered = [turns[ordinal] for ordinal in sorted(turns)]
    return ordered[1:] if len(ordered) > 1 else ordered


def newest_values(turns: Sequence[Turn], window: int, num_ctx: int | None = None) -> LineValues:
    """The figures of the line; ``num_ctx`` is the window where no turn says it."""
    headline = headline_stat(turns, window)
    complete = newest_complete(turns, 1)
    newest = complete[-1] if complete else None
    last = next((turn for turn in reversed(turns) if turn.state is not TurnState.LONE_PAUSE), None)
    state = "waiting" if last is None else "turn" if last.state is TurnState.OPEN else ""
    if last is not None and last.state in (TurnState.FAILED, TurnState.TIMED_OUT):
        state = "failed"
    return LineValues(
        span=headline.key if headline else "V2V",
        headline_ms=headline.last if headline else None,
        delta_ms=headline.delta if headline else None,
        llm_ms=newest.stages.get("llm") if newest else None,
        fill=_fill(newest, num_ctx),
        n=headline.n if headline else 0,
        state=state,
    )


def _fill(turn: Turn | None, num_ctx: int | None) -> float | None:
    if turn is None or turn.prompt_tokens is None:
        return None
    window = turn.num_ctx or num_ctx
    return (turn.prompt_tokens + (turn.output_tokens or 0)) / window if window else None


def _end_of(path: Path, size: int) -> list[bytes]:
    """Whole lines of the last ``size`` bytes of a regular file; nothing of anything else."""
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
