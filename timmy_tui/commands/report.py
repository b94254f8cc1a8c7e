"""``timmy-tui report``."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from timmy_tui.commands.options import known_flags, load, log_option, root_option, settings_option
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import load_settings
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import LogReading, logs_of, named_logs, read_logs

if TYPE_CHECKING:
    import pandas as pd

    from timmy_tui.model.flags import KnownFlags


@click.command()
@root_option
@settings_option
@log_option
@click.option("--tail", type=click.IntRange(1), help="The newest N turns by time (upstream's takes the N highest ids).")
@click.option("--request", "request_id", help="One turn, whole.")
@click.option("--sessions", is_flag=True, help="A table for each run of v34, with its trends.")
@click.option("--json", "as_json", is_flag=True, help="The documented, versioned contract.")
@click.option("--csv", "as_csv", is_flag=True, help="One row a turn, the columns of the frame.")
@click.option("--parquet", type=click.Path(path_type=Path, dir_okay=False), help="Write the frame to a new file.")
def report(
    root: Path | None,
    settings_path: Path | None,
    logs: tuple[Path, ...],
    tail: int | None,
    request_id: str | None,
    sessions: bool,
    as_json: bool,
    as_csv: bool,
    parquet: Path | None,
) -> None:
    """Print turns with timeline, deltas and ledger, then percentiles over all of them."""
    if as_json + as_csv + (parquet is not None) > 1:
        raise click.UsageError("--json, --csv and --parquet exclude each other.")
    reading = _read(root, settings_path, logs)
    turns = _chosen(reading.turns, tail, request_id)
    if as_json:
        _print_json(reading, turns, known_flags(root, settings_path, logs))
    elif as_csv:
        _frame(turns).to_csv(sys.stdout, index=False)
    elif parquet is not None:
        _write_parquet(turns, parquet)
    else:
        known = known_flags(root, settings_path, logs) if sessions else None
        _print_text(reading, turns, known, single=request_id is not None)


def _read(root: Path | None, settings_path: Path | None, logs: tuple[Path, ...]) -> LogReading:
    if logs:
        return read_logs(named_logs(logs), load_settings(settings_path).tail)
    settings, installation = load(root, settings_path)
    return read_logs(logs_of(installation), settings.tail)


def _chosen(turns: tuple[Turn, ...], tail: int | None, request_id: str | None) -> tuple[Turn, ...]:
    """The turns asked for; newest means latest begun. Raises NotFound for an id that no turn has."""
    if request_id is not None:
        turns = tuple(turn for turn in turns if turn.request_id == request_id)
        if not turns:
            raise NotFound(f"no turn {request_id!r} in these logs.", "timmy-tui report --tail 5 shows the newest ids.")
    if tail is not None:
        turns = tuple(sorted(turns, key=lambda turn: (turn.started or 0.0, turn.ordinal))[-tail:])
    return turns


def _print_json(reading: LogReading, turns: tuple[Turn, ...], known: "KnownFlags") -> None:
    import msgspec

    from timmy_tui.analysis.detect.diagnosis import diagnose_newest
    from timmy_tui.analysis.stats.epochs import epochs_of
    from timmy_tui.report.epochs import epoch_objects
    from timmy_tui.report.json import report_object

    why = diagnose_newest(reading.turns, turns)
    told = report_object(turns, reading.sessions, reading.sources, reading.unparsed, why)
    text = msgspec.json.encode({**told, **epoch_objects(epochs_of(reading.turns, known).epochs, known)})
    sys.stdout.write(msgspec.json.format(text, indent=1).decode() + "\n")


def _epoch_lines(reading: LogReading, known: "KnownFlags") -> Iterator[str]:
    from timmy_tui.analysis.stats.epochs import epochs_of
    from timmy_tui.report.epochs import epoch_lines

    return epoch_lines(epochs_of(reading.turns, known).epochs, known)


def _frame(turns: Iterable[Turn]) -> "pd.DataFrame":
    from timmy_tui.analysis.frame import TurnFrame

    frame = TurnFrame()
    for turn in turns:
        frame.put(turn)
    return frame.data()


def _write_parquet(turns: tuple[Turn, ...], path: Path) -> None:
    if path.exists():
        raise click.UsageError(f"{path} exists already.")
    try:
        _frame(turns).to_parquet(path, index=False)
    except ImportError:
        raise click.ClickException("Parquet needs pyarrow: pip install 'timmy-tui[parquet]'.") from None


def _print_text(reading: LogReading, turns: tuple[Turn, ...], known: "KnownFlags | None", single: bool) -> None:
    """``known``: a table for each session, then the epochs, as far as these flags tell; None: every turn."""
    from timmy_tui.analysis.detect.diagnosis import diagnose_newest
    from timmy_tui.report.text import session_lines, slow_lines, summary_lines, turn_lines

    write = sys.stdout.write
    if not turns:
        write("no turns in these logs\n")
    if known is not None:
        for line in (*session_lines(reading.sessions, turns), *_epoch_lines(reading, known)):
            write(line + "\n")
    else:
        why = diagnose_newest(reading.turns, turns)
        for turn in turns:
            for line in turn_lines(turn, why.get(turn.ordinal)):
                write(line + "\n")
            write("\n")
    if not single:
        for line in summary_lines(turns, reading.sources, reading.unparsed):
            write(line + "\n")
        for line in slow_lines(turns, diagnose_newest(reading.turns, turns)):
            write(line + "\n")
