"""The status line from the end of the logs, for when no dashboard runs."""

import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.analysis.stats.percentiles import headline_stat
from timmy_tui.core.errors import TimmyError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.installation import find_installation, installation_at
from timmy_tui.core.settings import Settings, load_settings
from timmy_tui.model.log_format import LogFormat
from timmy_tui.model.turn import Turn, TurnState, newest_spoken
from timmy_tui.parse.table import detect, log_files
from timmy_tui.profiles.choice import Reading, chosen, date_end, named_source, new_reading
from timmy_tui.report.status_line.file import for_tmux
from timmy_tui.report.status_line.line import WIDTH, LineValues, age_of, status_line, turn_values
from timmy_tui.sources.files.end_of_file import end_lines
from timmy_tui.turns.lone_pauses import without_lone_pauses

TURN_BYTES = 1 << 13
"""Read from the end of each log for each turn of the window: a turn takes 5–6 KB in the latency log, 3 KB in v34's."""

TURN_ENTRIES = 20
"""The same of a journal: little_timmy_v2 writes 5–10 a turn."""
MIN_BYTES = 1 << 16
COPY_S = 3600.0
"""A file that was written so much later than its newest stamp is a copy: clocks are minutes apart at most."""


def newest_line(root: Path | None, settings_path: Path | None, logs: Sequence[Path], tmux: bool) -> str:
    """The status line, computed from the logs; an error becomes the line as well."""
    try:
        settings = load_settings(settings_path)
        files, now = _logs(settings, root, logs), time.time()
        turns, newest_stamp = turns_at_the_end(files, settings)
        values = newest_values(turns, settings.view.window)
        stale = quiet_time(files, newest_stamp, now) > 60.0 * settings.view.stale_minutes
        line = status_line(replace(values, age_s=age_of(newest_spoken(turns), now), stale=stale))
    except TimmyError as error:
        line = f"○ {clean(error.message)}"
        line = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
    return for_tmux(line) if tmux else line


def _logs(settings: Settings, root: Path | None, logs: Sequence[Path]) -> list[tuple[Path, LogFormat]]:
    if logs:
        from timmy_tui.sources.files.content import read_start

        return [(path, detect(read_start(path), path.name)) for path in logs]
    if chosen() is not None:
        address = named_source()
        here = installation_at(address.place.parent, settings.paths)
        return log_files(replace(here, latency_log=address.place))
    return log_files(find_installation(settings, root))


def turns_at_the_end(
    logs: Sequence[tuple[Path, LogFormat]], settings: Settings
) -> tuple[tuple[Turn, ...], float | None]:
    """The turns at the end of the logs, and the newest stamp. A log that cannot be read counts as empty."""
    ingest = new_reading(settings.tail.turn_timeout_s, False, settings.tail.longest_threshold_s)
    ordered = sorted(logs, key=lambda log: log[1].order)
    turns = ingest.read_once((row.kind, _dated_end(ingest, path, settings)) for path, row in ordered)
    # The first turn may have begun before the part that was read, and would be measured too short.
    first = min((turn.ordinal for turn in turns), default=0)
    whole = tuple(turn for turn in turns if turn.ordinal != first) if len(turns) > 1 else turns
    return whole, ingest.newest_stamp


def _dated_end(reading: Reading, path: Path, settings: Settings) -> Sequence[bytes]:
    lines = _end_of(path, settings)
    date_end(reading, lines, path)
    return lines


def _end_of(path: Path, settings: Settings) -> Sequence[bytes]:
    """The newest lines of a log. Raises SourceError for a journal or an address that cannot be read."""
    if chosen() is not None:
        from timmy_tui.profiles.streams import batches_of

        entries = settings.view.window * TURN_ENTRIES
        if (batches := batches_of(path, settings.tail.line_kib * 1024, entries)) is not None:
            return [line for lines, _ in batches for line in lines]
    return end_lines(path, max(settings.view.window * TURN_BYTES, MIN_BYTES), without_lone_pauses)


def newest_values(turns: Sequence[Turn], window: int, num_ctx: int | None = None) -> LineValues:
    """The figures of the line. ``num_ctx``: the context window of a turn that does not say it, in tokens."""
    turn = newest_spoken(turns)
    values = turn_values(headline_stat(turns, window), turn, _fill(turn, num_ctx))
    return replace(values, state="turn") if turn is not None and turn.state is TurnState.OPEN else values


def quiet_time(logs: Sequence[tuple[Path, LogFormat]], newest_stamp: float | None, now: float) -> float:
    """How long ago the newest line was written, in seconds; ``now``: time.time().

    By the time of the files, because the writer's clock may be minutes from ours; by the newest stamp where that is
    hours older: then the file is a copy, which was written lately and tells of long ago.
    """
    times = [path.stat().st_mtime for path, _ in logs if path.is_file()]
    since_write = now - max(times) if times else 0.0
    since_stamp = since_write if newest_stamp is None else now - newest_stamp
    return since_stamp if since_stamp - since_write > COPY_S else max(since_write, 0.0)


def _fill(turn: Turn | None, num_ctx: int | None) -> float | None:
    if turn is None or turn.prompt_tokens is None:
        return None
    window = turn.num_ctx or num_ctx
    return (turn.prompt_tokens + (turn.output_tokens or 0)) / window if window else None
