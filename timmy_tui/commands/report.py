"""``timmy-tui report``."""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from timmy_tui.commands.shared.named_turns import read_numbered, turns_named
from timmy_tui.commands.shared.options import (
    LogOptions,
    kept_rates,
    known_flags,
    log_option,
    logged_facts,
    machine_option,
    origin_of,
    root_option,
    settings_option,
    takes,
)
from timmy_tui.commands.shared.parquet_logs import WITHOUT, names_parquet, read_machines
from timmy_tui.core.output import say
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import LogReading
from timmy_tui.report.report_formats import DEFAULT, EXPORTERS, Exporter, ExportError, ReportData
from timmy_tui.storage.parquet.files import Origin


class ReportOptions(LogOptions, frozen=True, kw_only=True):
    """Which turns are reported, and in which format."""

    tail: int | None
    request: str | None
    """Number or request id of the only turns that are reported."""
    formats: Mapping[str, Path | None]
    """The formats whose options were given, each with its file; None when it has no file."""


def format_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each exporter of the table. The command gets their values as ``formats``."""

    @wraps(command)
    def run(**given: Any) -> None:
        values = {name: given.pop(f"format_{name}") for name in EXPORTERS}
        formats = {name: value if EXPORTERS[name].to_file else None for name, value in values.items() if value}
        command(**given, formats=formats)

    for name, exporter in reversed(EXPORTERS.items()):
        file_type = click.Path(path_type=Path, dir_okay=False) if exporter.to_file else None
        option = click.option(
            f"--{name}", f"format_{name}", type=file_type, is_flag=not exporter.to_file, help=exporter.help
        )
        run = option(run)
    return run


@click.command()
@root_option
@settings_option
@log_option
@machine_option
@click.option("--tail", type=click.IntRange(1), help="The N last turns (upstream's script takes the N highest ids).")
@click.option("--request", help="Only the turn with this number or id.")
@format_options
@takes(ReportOptions)
def report(options: ReportOptions) -> None:
    """Print turns with timeline, deltas and ledger, then percentiles over all of them."""
    exporter = _exporter(options.formats)
    if names_parquet(options) and not exporter.for_programs:
        say(f"timmy-tui: {WITHOUT}", err=True)
    path = options.formats.get(exporter.name)
    if path is not None and path.exists():
        raise click.UsageError(f"{path} exists already.")
    try:
        for name, reading in _readings(options, exporter).items():
            if name:
                say(f"== machine {name}")
            exporter.write(_data(options, reading), path)
    except ExportError as error:
        raise click.ClickException(str(error)) from None


def _readings(options: ReportOptions, exporter: Exporter) -> Mapping[str, LogReading]:
    """By machine where Parquet files of several are named, and none of them; a format for programs is of one."""
    if options.machine or exporter.for_programs or not names_parquet(options):
        return {"": read_numbered(options, keep_events=True)}
    machines = read_machines(options)
    return machines if len(machines) > 1 else {"": next(iter(machines.values()))}


def _data(options: ReportOptions, reading: LogReading) -> ReportData:
    return ReportData(
        turns=_chosen(reading.turns, options),
        all_turns=reading.turns,
        sessions=reading.sessions,
        sources=reading.sources,
        unparsed=reading.unparsed,
        listening=reading.listening,
        single=options.request is not None,
        read_flags=partial(known_flags, options),
        read_facts=partial(logged_facts, options),
        read_rates=partial(kept_rates, options),
        read_origin=partial(_origin, options, reading),
    )


def _origin(options: ReportOptions, reading: LogReading) -> Origin:
    """Whose turns these are: Parquet files say it themselves."""
    return Origin(reading.sources[0].name) if names_parquet(options) else origin_of(options)


def _exporter(formats: Mapping[str, Path | None]) -> Exporter:
    """The exporter of the options that were given. Raises UsageError for two formats for programs."""
    given = [exporter for name, exporter in EXPORTERS.items() if name in formats]
    programs = [exporter for exporter in given if exporter.for_programs]
    if len(programs) > 1:
        *names, last = [f"--{name}" for name, exporter in EXPORTERS.items() if exporter.for_programs]
        raise click.UsageError(f"{', '.join(names)} and {last} exclude each other.")
    return next(iter(programs or given), DEFAULT)


def _chosen(turns: tuple[Turn, ...], options: ReportOptions) -> tuple[Turn, ...]:
    """The turns that were asked for. The newest are the last in the logs. Raises NotFound for an unknown name."""
    if options.request is not None:
        turns = tuple(turns_named(turns, options.request))
    if options.tail is not None:
        turns = turns[-options.tail :]
    return turns
