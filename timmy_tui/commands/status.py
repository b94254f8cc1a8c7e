"""``timmy-tui status``: the full form, for ``--help`` and wrong usage; the usual calls never come this far."""

from pathlib import Path

import click

from timmy_tui.commands.options import log_option, root_option, settings_option
from timmy_tui.report.newest import newest_line


@click.command()
@root_option
@settings_option
@log_option
@click.option("--tmux", is_flag=True, help="With tmux's own colour marks.")
def status(root: Path | None, settings_path: Path | None, logs: tuple[Path, ...], tmux: bool) -> None:
    """Print V2V and its change, the LLM's time, context fill and n of the newest turns.

    Answers from the running dashboard, else from the end of the logs. Exits 0 also when nothing is known:
    tmux would show an error for ever.
    """
    click.echo(newest_line(root, settings_path, logs, tmux))
