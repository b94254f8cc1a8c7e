"""Options of a command become one value."""

from pathlib import Path

import click
from click.testing import CliRunner

from timmy_tui.commands.shared.options import LogOptions, json_option, log_option, root_option, settings_option, takes


class Options(LogOptions, frozen=True, kw_only=True):
    """As a command would have them."""

    name: str
    as_json: bool
    count: int = 3


@click.command()
@root_option
@settings_option
@log_option
@json_option
@click.argument("name")
@takes(Options)
def command(options: Options) -> None:
    """What it does."""
    click.echo(repr(options))


def test_the_command_gets_one_value_with_everything_that_click_read() -> None:
    arguments = ["--root", "/timmy", "--log", "a", "--log", "b", "--json", "one"]
    result = CliRunner().invoke(command, arguments)
    wanted = Options(root=Path("/timmy"), logs=(Path("a"), Path("b")), as_json=True, name="one")
    assert (result.output, wanted.settings_path, wanted.count) == (f"{wanted!r}\n", None, 3)


def test_its_name_and_its_help_are_the_function_s() -> None:
    assert (command.name, command.help) == ("command", "What it does.")
    assert "What it does." in CliRunner().invoke(command, ["--help"]).output


def test_wrong_usage_stays_click_s() -> None:
    assert CliRunner().invoke(command, []).exit_code == 2
