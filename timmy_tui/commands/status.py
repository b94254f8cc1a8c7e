"""``timmy-tui status`` with click, for ``--help`` and wrong usage; the fast path runs all other calls."""

import click

from timmy_tui.commands.options import LogOptions, log_option, root_option, settings_option, takes
from timmy_tui.report.newest import newest_line


class StatusOptions(LogOptions, frozen=True, kw_only=True):
    """``tmux``: with tmux's colour codes."""

    tmux: bool


@click.command()
@root_option
@settings_option
@log_option
@click.option("--tmux", is_flag=True, help="With tmux's own colour marks.")
@takes(StatusOptions)
def status(options: StatusOptions) -> None:
    """Print V2V and its change, the LLM's time, context fill and n of the newest turns.

    Answers from the running dashboard, else from the end of the logs. Exits 0 also when nothing is known:
    tmux would show an error for ever.
    """
    click.echo(newest_line(options.root, options.settings_path, options.logs, options.tmux))
