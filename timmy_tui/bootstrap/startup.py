"""What the screen needs to know before it opens: settings, installation, a terminal that can show it."""

import os
import sys
from pathlib import Path

from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.settings import Control, Settings, load_settings, refuse_commands_from


def load(root: Path | None, settings_path: Path | None) -> tuple[Settings, Installation]:
    """Settings and installation. Raises SettingsError or NotFound."""
    settings = load_settings(settings_path)
    installation = find_installation(settings, root)
    refuse_commands_from(settings, settings_path, installation.root)
    if settings.control.strategy != Control().strategy:
        # Only a name that somebody typed can be wrong: nobody else waits for these imports before the first frame.
        from timmy_tui.control.service.strategies import check_strategy

        check_strategy(settings, settings_path)
    return settings, installation


def terminal_problem() -> str:
    """Why there can be no screen: a pipe, or a terminal that cannot address its cells. Empty when there can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the dashboard needs a terminal; for a pipe there are `report` and `status`."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "TERM=dumb cannot show a dashboard; `timmy-tui status` prints one line."
    return ""


def with_view(settings: Settings, mouse: bool = False, plain: bool = False) -> Settings:
    """The settings with what the command line asked for."""
    from msgspec.structs import replace

    view = replace(settings.view, mouse=settings.view.mouse or mouse, ascii=settings.view.ascii or plain)
    return replace(settings, view=view)
