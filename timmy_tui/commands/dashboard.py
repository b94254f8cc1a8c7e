"""``timmy-tui`` and ``timmy-tui replay``: the screen."""

from pathlib import Path

import click

from timmy_tui.bootstrap.startup import DashboardOptions, find_timmy, terminal_problem
from timmy_tui.commands.shared.options import root_option, settings_option, takes
from timmy_tui.core.settings import load_settings


def refuse_without_terminal() -> None:
    """Raise ClickException where no dashboard can be shown: a pipe gets a message instead of escape codes."""
    problem = terminal_problem()
    if problem:
        raise click.ClickException(problem)


@click.command()
@root_option
@settings_option
@click.option("--read-only", is_flag=True, help="Nothing can be changed from this dashboard.")
@click.option("--no-services", is_flag=True, help="Files only: send no request to Ollama, v34, STT and TTS.")
@click.option("--mouse", is_flag=True, help="Use the mouse; tmux's own selection does not work then.")
@click.option("--ascii", "plain", is_flag=True, help="Use no block or braille characters.")
@click.option(
    "--bell",
    type=click.Choice(["off", "regression", "fail"]),
    callback=lambda _context, _option, value: value or "",
    help="Ring for failed turns (fail), also for changes that could be felt (regression), with the microphone closed.",
)
@click.option("--fresh", is_flag=True, help="Begin with the usual view, not with that of the last time.")
@takes(DashboardOptions)
def dashboard(options: DashboardOptions) -> None:
    """Open the dashboard."""
    timmy = find_timmy(options)
    refuse_without_terminal()
    from timmy_tui.bootstrap.dashboard import open_live

    open_live(timmy, options)


@click.command()
@settings_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--speed", type=click.Choice(["1", "10", "max"]), default="1", help="Multiple of real time; max: all at once."
)
def replay(settings_path: Path | None, files: tuple[Path, ...], speed: str) -> None:
    """Play saved logs through the dashboard. Speed 1 keeps the pauses between turns, 10 shortens them."""
    settings = load_settings(settings_path)
    from timmy_tui.pipeline.read_logs import named_logs

    named_logs(files)
    refuse_without_terminal()
    from timmy_tui.bootstrap.dashboard import open_replay

    open_replay(settings, files, None if speed == "max" else float(speed))
