"""``timmy-tui`` and ``timmy-tui replay``: the screen."""

from pathlib import Path

import click

from timmy_tui.bootstrap.startup import load, terminal_problem, with_view_options
from timmy_tui.commands.options import root_option, settings_option
from timmy_tui.core.settings import load_settings


def refuse_without_terminal() -> None:
    """A pipe gets a word instead of escape codes."""
    problem = terminal_problem()
    if problem:
        raise click.ClickException(problem)


@click.command()
@root_option
@settings_option
@click.option("--read-only", is_flag=True, help="Nothing can be changed from this dashboard.")
@click.option("--no-services", is_flag=True, help="Files only: ask Ollama, v34, STT and TTS nothing.")
@click.option("--mouse", is_flag=True, help="Let the mouse work; takes over tmux's own selection.")
@click.option("--ascii", "plain", is_flag=True, help="No block or braille glyphs.")
def dashboard(
    root: Path | None, settings_path: Path | None, read_only: bool, no_services: bool, mouse: bool, plain: bool
) -> None:
    """Open the dashboard."""
    settings, installation = load(root, settings_path)
    refuse_without_terminal()
    from timmy_tui.bootstrap.dashboard import open_installation

    settings = with_view_options(settings, mouse=mouse, plain=plain)
    open_installation(settings, installation, services=not no_services, read_only=read_only)


@click.command()
@settings_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--speed", type=click.Choice(["1", "10", "max"]), default="1", help="Times real time; max: at once.")
def replay(settings_path: Path | None, files: tuple[Path, ...], speed: str) -> None:
    """Play saved logs through the dashboard; pauses between turns are kept at 1, shortened at 10."""
    settings = load_settings(settings_path)
    from timmy_tui.pipeline.read_logs import named_logs

    named_logs(files)
    refuse_without_terminal()
    from timmy_tui.bootstrap.dashboard import open_replay

    open_replay(settings, files, None if speed == "max" else float(speed))
