"""What the dashboard needs before it opens: settings, the installation, and a terminal that can show it."""

import os
import sys
from pathlib import Path

from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.settings import Settings, load_settings, refuse_commands_in_repository


def load(root: Path | None, settings_path: Path | None) -> tuple[Settings, Installation]:
    """The settings and the installation they lead to. Raises SettingsError or NotFound."""
    settings = load_settings(settings_path)
    installation = find_installation(settings, root)
    refuse_commands_in_repository(settings, settings_path, installation.root)
    return settings, installation


def terminal_problem() -> str:
    """Why the dashboard cannot open: a pipe, or a terminal without cursor addressing. Empty when it can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the dashboard needs a terminal. For output to a pipe or a file use `report` or `status`."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "TERM=dumb cannot show a dashboard; `timmy-tui status` prints one line."
    return ""


def with_view_options(settings: Settings, mouse: bool = False, plain: bool = False) -> Settings:
    """The settings, with the options ``--mouse`` and ``--ascii`` of the command line added."""
    from msgspec.structs import replace

    view = replace(settings.view, mouse=settings.view.mouse or mouse, ascii=settings.view.ascii or plain)
    return replace(settings, view=view)
