"""``timmy-tui`` and ``timmy-tui replay``: the screen."""

import os
import sys
from pathlib import Path

import click

from timmy_tui.commands.options import load, root_option, settings_option
from timmy_tui.settings import Settings, load_settings


def refuse_without_terminal() -> None:
    """A pipe or a terminal that cannot address its cells gets a word instead of escape codes."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException("the dashboard needs a terminal; for a pipe there are `report` and `status`.")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise click.ClickException("TERM=dumb cannot show a dashboard; `timmy-tui status` prints one line.")


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
    from timmy_tui.commands.screen import open_installation

    settings = with_view(settings, mouse=mouse, plain=plain)
    open_installation(settings, installation, services=not no_services, read_only=read_only)


@click.command()
@settings_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--speed", type=click.Choice(["1", "10", "max"]), default="1", help="Times real time; max: at once.")
def replay(settings_path: Path | None, files: tuple[Path, ...], speed: str) -> None:
    """Play saved logs through the dashboard; pauses between turns are kept at 1, shortened at 10."""
    settings = load_settings(settings_path)
    from timmy_tui.reading import named_logs

    named_logs(files)
    refuse_without_terminal()
    from timmy_tui.commands.screen import open_replay

    open_replay(settings, files, None if speed == "max" else float(speed))


def with_view(settings: Settings, mouse: bool = False, plain: bool = False) -> Settings:
    """The settings with what the command line asked for."""
    from msgspec.structs import replace

    view = replace(settings.view, mouse=settings.view.mouse or mouse, ascii=settings.view.ascii or plain)
    return replace(settings, view=view)
