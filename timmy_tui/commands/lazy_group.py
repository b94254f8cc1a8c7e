"""The click group that imports a command when it runs, and prints errors as plain messages."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from timmy_tui import __version__
from timmy_tui.commands.table import load_command
from timmy_tui.core.errors import TimmyError


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
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help lines of the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``timmy-tui`` and ``timmy-tui --root X`` open the dashboard."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help", "--version")):
            args = ["dashboard", *args]
        return super().parse_args(ctx, args)


def run(table: Mapping[str, tuple[str, str]]) -> NoReturn:
    """Run the command line and exit: 0, 1 (an explained error), 2 (wrong usage), or the code of the command."""

    @click.group(
        cls=LazyGroup,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help="Live latency dashboard for the voice assistant Little Timmy.",
    )
    @click.version_option(__version__, prog_name="timmy-tui")
    def group() -> None: ...

    assert isinstance(group, LazyGroup)
    group.table = table
    try:
        code = group.main(standalone_mode=False, prog_name="timmy-tui")
        sys.stdout.flush()
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TimmyError as error:
        from timmy_tui.core.sanitize import clean_lines

        print("\n".join(clean_lines(f"timmy-tui: {error}")), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of the pipe has closed it (head, a pager): no message, and nothing more to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
