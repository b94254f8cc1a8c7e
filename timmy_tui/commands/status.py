"""``timmy-tui status``: one line of at most 40 cells for tmux's status-right."""

from pathlib import Path

import click

from timmy_tui.commands.options import load, log_option, root_option, settings_option


@click.command()
@root_option
@settings_option
@log_option
@click.option("--tmux", is_flag=True, help="With tmux's own colour marks.")
def status(root: Path | None, settings_path: Path | None, logs: tuple[Path, ...], tmux: bool) -> None:
    """Print V2V and its change, the LLM's share, context fill and n of the newest turns.

    Answers from the running dashboard, else from the end of the logs. Exits 0 also when nothing is known:
    tmux would show an error for ever.
    """
    from timmy_tui.errors import TimmyError
    from timmy_tui.report.line import status_line
    from timmy_tui.report.newest import newest_state
    from timmy_tui.report.status import for_tmux

    try:
        if logs:
            from timmy_tui.settings import load_settings

            settings, paths = load_settings(settings_path), logs
        else:
            settings, installation = load(root, settings_path)
            paths = (installation.latency_log, installation.v34_log)
        line = status_line(newest_state(paths, settings), 40)
    except TimmyError as error:
        line = f"○ {error.title.lower()}: {error.message}"[:40]
    click.echo(for_tmux(line) if tmux else line)
