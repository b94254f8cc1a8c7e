"""``timmy-tui export``: every turn that is over, in files for other programs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial, wraps
from typing import Any, NamedTuple

import click

from timmy_tui.bootstrap.startup import find_timmy
from timmy_tui.commands.shared.named_turns import open_history, read_numbered
from timmy_tui.commands.shared.options import (
    LogOptions,
    kept_rates,
    known_flags,
    log_option,
    logged_facts,
    origin_of,
    root_option,
    settings_option,
    takes,
)
from timmy_tui.commands.shared.parquet_logs import names_parquet, read_machines
from timmy_tui.core.errors import HistoryError, NotFound
from timmy_tui.core.machine_name import is_machine_name
from timmy_tui.core.output import say
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.pipeline.read_logs import logs_of, read_logs
from timmy_tui.report.export_formats import FORMATS, STDOUT, MachineTurns
from timmy_tui.storage.parquet.files import Origin

HISTORY_WAIT_S = 30.0
"""Longest wait for a dashboard that writes to the history: without it the newest turns would be missing."""


class ExportOptions(LogOptions, frozen=True, kw_only=True):
    """Which turns are exported, to where, and whose they are."""

    since: float | None
    """Seconds since 1970."""
    own_name: str
    """Of this machine; empty: by settings or host."""
    formats: Mapping[str, str]
    """Name of each format that was asked for, with its folder or file."""
    otlp: bool
    """To the collector of the settings as well."""


def format_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each format of the table. The command gets their values as ``formats``."""

    @wraps(command)
    def run(**given: Any) -> None:
        values = {name: given.pop(f"format_{name}") for name in FORMATS}
        command(**given, formats={name: value for name, value in values.items() if value})

    for name, one in reversed(FORMATS.items()):
        run = click.option(f"--{name}", f"format_{name}", metavar=one.metavar, help=one.help)(run)
    return run


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """Seconds since 1970. Local time where the text has no offset."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f"{text!r} is not a date or time such as 2026-11-26 or 2026-11-26T09:30.") from None


def _name(_context: click.Context, _option: click.Parameter, text: str) -> str:
    if text and not is_machine_name(text):
        raise click.BadParameter(f"{text!r} is not a valid name: letters, digits, dot, dash and _, at most 63.")
    return text


@click.command()
@root_option
@settings_option
@log_option
@format_options
@click.option("--otlp", is_flag=True, help="To the collector of [otel] in the settings: what it has not got yet.")
@click.option(
    "--since",
    callback=_moment,
    metavar="TIME",
    help="Only turns from this local time on: 2026-11-26T09:30. In a Parquet folder whole days (UTC) that have such.",
)
@click.option(
    "--machine",
    "own_name",
    callback=_name,
    default="",
    help="Name of this machine. Default: the host's. With Parquet files: only the turns of this one.",
)
@takes(ExportOptions)
def export(options: ExportOptions) -> None:
    """Write every turn that is over into files for other programs. Nothing that was said is in them.

    The turns are those of the history, with those of the logs; with --log those of the named logs or Parquet files.
    """
    if not options.formats and not options.otlp:
        raise click.UsageError(f"Name at least one of {', '.join(f'--{name}' for name in (*FORMATS, 'otlp'))}.")
    if options.otlp and options.logs:
        raise click.UsageError("--otlp sends the turns of the history: leave --log away.")
    if list(options.formats.values()).count(STDOUT) > 1:
        raise click.UsageError(f"Only one format can go to standard output ({STDOUT}).")
    machines = _machines(options)
    for name, target in options.formats.items():
        words = FORMATS[name].write(machines, target)
        if words:
            say(words, err=STDOUT in options.formats.values())
    if options.otlp:
        from timmy_tui.commands.send_turns import send_to_collector

        send_to_collector(options, machines[0])


class _Source(NamedTuple):
    """Turns, and what the history knows of them."""

    turns: Sequence[Turn]
    times: Mapping[int, float] = {}
    """Number → when a turn began that does not say it itself."""


def _machines(options: ExportOptions) -> list[MachineTurns]:
    """The turns of each machine; of logs or of a history one."""
    if names_parquet(options):
        read = read_machines(options)
        if options.own_name and options.own_name not in read:
            raise NotFound(f"there is no machine {options.own_name!r} in these files.", f"There is {', '.join(read)}.")
        chosen = {name: one for name, one in read.items() if options.own_name in ("", name)}
        return [_of_machine(options, _Source(reading.turns), Origin(name)) for name, reading in chosen.items()]
    source = _Source(read_numbered(options).turns) if options.logs else _remembered_turns(options)
    return [_of_machine(options, source, origin_of(options, options.own_name))]


def _of_machine(options: ExportOptions, source: _Source, origin: Origin) -> MachineTurns:
    over = [turn for turn in source.turns if turn.state is not TurnState.OPEN]
    return MachineTurns(
        origin=origin,
        turns=over,
        read_reuse=partial(_reuse, options, over),
        since=options.since,
        times=source.times,
    )


def _remembered_turns(options: LogOptions) -> _Source:
    """All of the history, once it has what the logs have; those of the logs alone where the settings turn it off.

    Raises HistoryError where it cannot be used: files that go on without it would lack turns, and have other numbers.
    """
    timmy = find_timmy(options)
    if not timmy.settings.history.enabled:
        return _Source(read_numbered(options).turns)
    logged: Sequence[Turn] = ()
    problem: NotFound | None = None
    try:
        logged = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns
    except NotFound as error:
        problem = error  # The logs are gone; what they told may be in the history.
    try:
        with open_history(timmy, HISTORY_WAIT_S) as history:
            history.put_turns(logged)
            source = _Source(history.turns(), history.times_beside())
    except HistoryError as error:
        hint = "Nothing was exported. Try again, or export the logs without their history: --log FILE."
        raise HistoryError(error.message, hint) from None
    if problem is not None and not source.turns:
        raise problem
    return source


def _reuse(options: LogOptions, turns: Sequence[Turn]) -> Mapping[int, Reuse]:
    from timmy_tui.analysis.llm.summary import reuse_by_turn

    return reuse_by_turn(turns, known_flags(options), logged_facts(options), kept_rates(options))
