"""``timmy-tui serve``: the dashboard as a web page, for a browser on this machine, read-only."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.shared.options import root_option, settings_option, takes

NEEDED = "textual_serve"
"""The module that the extra ``serve`` installs."""


class ServeOptions(Place, frozen=True, kw_only=True):
    """Where the page is, and what the dashboard in it asks."""

    host: str
    port: int
    no_services: bool


@click.command()
@root_option
@settings_option
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine alone (loopback).")
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="0: any free port.")
@click.option("--no-services", is_flag=True, help="Files only: send no request to Ollama, v34, STT and TTS.")
@takes(ServeOptions)
def serve(options: ServeOptions) -> None:
    """Show the dashboard in a browser on this machine. Nothing can be changed from it, not even a mark set.

    It needs the extra: pip install 'timmy-tui[serve]'.
    """
    if importlib.util.find_spec(NEEDED) is None:
        raise click.ClickException("serve needs textual-serve, which is not installed: pip install 'timmy-tui[serve]'")
    root = find_timmy(options).root
    from timmy_tui.bootstrap.web_server import serve as serve_page

    serve_page(list(_dashboard_arguments(options, root)), options.host, options.port)


def _dashboard_arguments(options: ServeOptions, root: Path) -> Iterator[str]:
    yield "dashboard"
    yield "--read-only"
    yield f"--root={root.resolve()}"
    if options.settings_path is not None:
        yield f"--settings={options.settings_path.resolve()}"
    if options.no_services:
        yield "--no-services"
