"""``timmy-tui status``: one line of at most 40 cells for tmux's status-right."""

from pathlib import Path

import click

from timmy_tui.commands.options import load, log_option, root_option, settings_option
from timmy_tui.errors import TimmyError
from timmy_tui.report.line import WIDTH, status_line
from timmy_tui.report.newest import newest_turns, newest_values
from timmy_tui.report.status import for_tmux
from timmy_tui.settings import load_settings


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
    try:
        line = _line(root, settings_path, logs)
    except TimmyError as error:
        line = f"○ {error.message}"
        line = line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
    click.echo(for_tmux(line) if tmux else line)


def _line(root: Path | None, settings_path: Path | None, logs: tuple[Path, ...]) -> str:
    if logs:
        from timmy_tui.reading import named_logs

        settings = load_settings(settings_path)
        turns = newest_turns(named_logs(logs), settings)
    else:
        settings, installation = load(root, settings_path)
        turns = newest_turns([(installation.latency_log, "latency"), (installation.v34_log, "v34")], settings)
    return status_line(newest_values(turns, settings.view.window))
