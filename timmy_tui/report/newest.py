"""The status line from the end of the logs, for when no dashboard runs."""

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
from timmy_tui.turns.newest import newest_turns

TURN_BYTES = 1 << 13
"""Read from the end of each log for each turn of the window: a turn takes 5–6 KB in the latency log, 3 KB in v34's."""

MIN_BYTES = 1 << 16


def newest_line(root: Path | None, settings_path: Path | None, logs: Sequence[Path], tmux: bool) -> str:
    """The status line, computed from the logs; an error becomes the line as well."""
    try:
        settings = load_settings(settings_path)
        turns = turns_at_the_end(_logs(settings, root, logs), settings)
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


def turns_at_the_end(logs: Sequence[tuple[Path, LogFormat]], settings: Settings) -> tuple[Turn, ...]:
    """The turns at the end of the logs. A log that cannot be read counts as empty."""
    size = max(settings.view.window * TURN_BYTES, MIN_BYTES)
    turns, _ = newest_turns(logs, size, settings.tail.turn_timeout_s)
    # The first turn may have begun before the part that was read, and would be measured too short.
    first = min((turn.ordinal for turn in turns), default=0)
    return tuple(turn for turn in turns if turn.ordinal != first) if len(turns) > 1 else turns


def newest_values(turns: Sequence[Turn], window: int, num_ctx: int | None = None) -> LineValues:
    """The figures of the line. ``num_ctx``: the context window of a turn that does not say it, in tokens."""
    headline = headline_stat(turns, window)
    complete = newest_complete(turns, 1)
    measured = complete[-1] if complete else None
    newest = turns[-1] if turns else None
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
