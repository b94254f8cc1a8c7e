"""The click group that imports a command when it runs, and prints errors as plain messages."""

import io
import sys
from collections.abc import Mapping

import click
from click.shell_completion import CompletionItem

from timmy_tui import __version__
from timmy_tui.commands.shared.examples import example_line
from timmy_tui.commands.shared.guard import INTERRUPTED
from timmy_tui.commands.table import load_command
from timmy_tui.core.foreign.sanitize import clean_lines
from timmy_tui.core.output import say_lines

DEFAULT = "dashboard"
"""The command that runs where none is named."""


class LazyGroup(click.Group):
    """Lists the commands of a table; ``--help`` imports none of them."""

    table: Mapping[str, tuple[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for a name that is not in the table."""
        row = self.table.get(cmd_name)
        if row is None:
            return None
        command = load_command(row[0])
        assert isinstance(command, click.Command)
        _add_example(command, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help lines of the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands of the table with their help lines, importing none; the options of the dashboard for a dash."""
        if incomplete.startswith("-"):
            dashboard = self.get_command(ctx, DEFAULT)
            assert dashboard is not None
            inner = dashboard.shell_complete(click.Context(dashboard, parent=ctx), incomplete)
            own = [item for item in super().shell_complete(ctx, incomplete) if item.value == "--version"]
            return [*inner, *own]
        return [
            CompletionItem(name, help=text) for name, (_, text) in self.table.items() if name.startswith(incomplete)
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``timmy-tui`` and ``timmy-tui --root X`` open the dashboard."""
        if ctx.resilient_parsing and not args:  # A shell completes the command itself.
            return super().parse_args(ctx, args)
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help", "--version")):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


def _add_example(command: click.Command, name: str) -> None:
    """Put its example below the help of a command, or of each command in a group."""
    command.epilog = example_line(name) or command.epilog
    if isinstance(command, click.Group):
        for inner, one in command.commands.items():
            _add_example(one, f"{name} {inner}")


def run(table: Mapping[str, tuple[str, str]]) -> int:
    """Run the command line; the exit code: 0, 1 (an explained error), 2 (wrong usage), or that of the command."""
    group = make_group(table)
    _without_warnings()
    try:
        code = group.main(standalone_mode=False, prog_name="timmy-tui")
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        message = io.StringIO()
        error.show(message)
        say_lines(clean_lines(message.getvalue().rstrip()), err=True)
        return error.exit_code
    return code if isinstance(code, int) else 0


def make_group(table: Mapping[str, tuple[str, str]]) -> LazyGroup:
    """The whole command line."""

    @click.group(
        cls=LazyGroup,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help="Live latency dashboard for the voice assistant Little Timmy.",
    )
    @click.version_option(__version__, prog_name="timmy-tui")
    def group() -> None: ...

    assert isinstance(group, LazyGroup)
    group.table = table
    return group


def _without_warnings() -> None:
    """What Python and its libraries warn of is for who writes programs; ``-W`` and PYTHONWARNINGS bring it back."""
    if not sys.warnoptions:
        import warnings

        warnings.simplefilter("ignore")
