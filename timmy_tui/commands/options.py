"""What several commands share: where Timmy is, the settings, and turns read from logs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from timmy_tui.bootstrap.startup import load as load

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
