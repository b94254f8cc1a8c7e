"""``timmy-tui status`` with click, for ``--help`` and wrong usage; the fast path runs all other calls."""

import click

from timmy_tui.commands.shared.options import LogOptions, only_log_option, root_option, settings_option, takes
from timmy_tui.core.output import say
from timmy_tui.report.status_line.newest import newest_line


class StatusOptions(LogOptions, frozen=True, kw_only=True):
    """``tmux``: with tmux's colour codes."""

    tmux: bool


@click.command()
@root_option
@settings_option
@only_log_option
@click.option("--tmux", is_flag=True, help="With tmux's colour codes.")
@takes(StatusOptions)
def status(options: StatusOptions) -> None:
    """Print V2V and its change, the LLM's time, context fill and n of the newest turns.

    Prints the line of the running dashboard, else one from the end of the logs. Exits with 0 even when nothing is
    known, because tmux would keep showing an error.
    """
    say(newest_line(options.root, options.settings_path, options.logs, options.tmux))
