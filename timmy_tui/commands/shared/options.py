"""Options that several commands share, such as where Timmy is, and ``takes``, which passes them on as one value."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from timmy_tui.bootstrap.startup import Place

if TYPE_CHECKING:
    from timmy_tui.model.flags.table import KnownFlags
    from timmy_tui.model.llm import LearnedRate, OllamaFacts
    from timmy_tui.storage.parquet.files import Origin

Command = TypeVar("Command", bound=Callable[..., Any])
Options = TypeVar("Options")
Result = TypeVar("Result")


class LogOptions(Place, frozen=True, kw_only=True):
    """Which logs a command reads: the named ones, else those of the root."""

    logs: tuple[Path, ...] = ()
    machine: str = ""
    """The one machine of several whose turns are in the named Parquet files; empty: there is only one."""


def takes(options: type[Options]) -> Callable[[Callable[[Options], Result]], Callable[..., Result]]:
    """The command takes one value of ``options``, a Struct whose fields are click's names, instead of arguments.

    Put it below click's own decorators.
    """

    def decorate(command: Callable[[Options], Result]) -> Callable[..., Result]:
        @wraps(command)
        def run(**values: Any) -> Result:
            return command(options(**values))

        return run

    return decorate


def root_option(command: Command) -> Command:
    """``--root PATH``."""
    return click.option(
        "--root", type=click.Path(path_type=Path), help="Timmy's folder, which contains v34/ and shared/."
    )(command)


def settings_option(command: Command) -> Command:
    """``--settings FILE``."""
    return click.option("--settings", "settings_path", type=click.Path(path_type=Path), help="Use this settings file.")(
        command
    )


def log_option(command: Command) -> Command:
    """``--log FILE``, repeatable; a log, or Parquet files."""
    return _log_option("Read this file instead of the logs in Timmy's folder, or a folder of `export --parquet`")(
        command
    )


def only_log_option(command: Command) -> Command:
    """``--log FILE``, repeatable; a log."""
    return _log_option("Read this file instead of the logs in Timmy's folder")(command)


def _log_option(text: str) -> Callable[[Command], Command]:
    return click.option("--log", "logs", multiple=True, type=click.Path(path_type=Path), help=f"{text}; several times.")


def machine_option(command: Command) -> Command:
    """``--machine NAME``, which chooses one of the machines in Parquet files."""
    return click.option("--machine", default="", help="Of Parquet files: only the turns of this machine.")(command)


def json_option(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def known_flags(options: LogOptions) -> "KnownFlags":
    """The flags, with what journal and files of the installation tell; named logs tell for themselves alone."""
    from timmy_tui.model.flags.table import KnownFlags

    if options.logs:
        return KnownFlags()
    from timmy_tui.bootstrap.flags import flag_source
    from timmy_tui.bootstrap.startup import find_timmy

    return flag_source(find_timmy(options))()


def logged_facts(options: LogOptions) -> "OllamaFacts | None":
    """What Ollama's server log tells, where the settings name one; None for named logs, which tell for themselves."""
    if options.logs:
        return None
    from timmy_tui.bootstrap.ollama_facts import facts_of_log
    from timmy_tui.bootstrap.startup import find_timmy

    return facts_of_log(find_timmy(options))


def kept_rates(options: LogOptions) -> "tuple[LearnedRate, ...]":
    """Cold rates that the dashboard uses, too; none without history, and for named logs, perhaps another machine's."""
    if options.logs:
        return ()
    from timmy_tui.bootstrap.startup import find_timmy
    from timmy_tui.core.settings import state_dir
    from timmy_tui.storage.learned_rates import RateFile

    if not find_timmy(options).settings.history.enabled:
        return ()
    try:
        return RateFile(state_dir()).read()
    except OSError:
        return ()


def origin_of(options: LogOptions, machine: str = "") -> "Origin":
    """Whose turns these are, for a file that may stand beside another machine's. ``machine``: the name to be used.

    Named logs may be of any Timmy.
    """
    from timmy_tui.bootstrap.startup import find_timmy
    from timmy_tui.core.machine_name import hash_anywhere, hash_on_machine, machine_name
    from timmy_tui.core.settings import load_settings
    from timmy_tui.storage.parquet.files import Origin

    chosen = machine or load_settings(options.settings_path).export.machine
    if options.logs:
        return Origin(machine_name(chosen))
    key = find_timmy(options).key
    return Origin(machine_name(chosen), hash_on_machine(key), hash_anywhere(key))
