"""What several commands share: where Timmy is, the settings, and turns read from logs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from timmy_tui.bootstrap.startup import load as load

if TYPE_CHECKING:
    from timmy_tui.model.flags import KnownFlags

Command = TypeVar("Command", bound=Callable[..., Any])


def root_option(command: Command) -> Command:
    """``--root PATH``."""
    return click.option("--root", type=click.Path(path_type=Path), help="Timmy's folder (holds v34/ and shared/).")(
        command
    )


def settings_option(command: Command) -> Command:
    """``--settings FILE``."""
    return click.option("--settings", "settings_path", type=click.Path(path_type=Path), help="Use this settings file.")(
        command
    )


def log_option(command: Command) -> Command:
    """``--log FILE``, repeatable."""
    return click.option(
        "--log",
        "logs",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Read this file instead of the root's logs; may be given several times.",
    )(command)


def known_flags(root: Path | None, settings_path: Path | None, logs: Sequence[Path]) -> "KnownFlags":
    """The flags, with what journal and files of the installation tell; named logs tell for themselves alone."""
    from timmy_tui.model.flags import KnownFlags

    if logs:
        return KnownFlags()
    from timmy_tui.bootstrap.flags import flag_source

    settings, installation = load(root, settings_path)
    return flag_source(settings, installation.root)()
