"""What the screen needs to know before it opens: where Timmy is, its settings, a terminal that can show it."""

import os
import sys
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.core.installation import find_installation, installation_at
from timmy_tui.core.settings import Control, Settings, load_settings, refuse_commands_in_repository, state_dir
from timmy_tui.core.web_page import is_web_page
from timmy_tui.profiles.choice import chosen, is_chosen, named_source
from timmy_tui.sources.timmy import Timmy


class Place(Struct, frozen=True, kw_only=True):
    """Where the command line says that Timmy and the settings are; None leaves it to the search."""

    root: Path | None = None
    settings_path: Path | None = None


class DashboardOptions(Place, frozen=True, kw_only=True):
    """How the dashboard is opened."""

    read_only: bool = False
    """Nothing can be changed from it."""
    no_services: bool = False
    """Files only: nothing is asked of Ollama, v34, STT and TTS."""
    mouse: bool = False
    plain: bool = False
    """No block or braille glyphs."""
    settings_fixed: bool = False
    """The settings are made for this dashboard, and not read again when the user's file changes."""
    record: bool = True
    """Into the history and tmux's status line."""
    bell: Literal["", "off", "regression", "fail"] = ""
    """When the terminal's bell rings; empty: as the settings say."""
    fresh: bool = False
    """Begin with the usual view, not with that of the last time."""


def find_timmy(place: Place) -> Timmy:
    """The Timmy to watch, with the user's settings. Raises SettingsError or NotFound."""
    settings = load_settings(place.settings_path)
    if chosen() is not None:
        return _by_profile(settings)
    installation = find_installation(settings, place.root)
    refuse_commands_in_repository(settings, place.settings_path, installation.root)
    if settings.control.strategy != Control().strategy:
        # Only a name that somebody typed can be wrong: nobody else waits for these imports before the first frame.
        from timmy_tui.control.service.restart_strategies import check_strategy

        check_strategy(settings, place.settings_path)
    return Timmy(settings, installation)


def _by_profile(settings: Settings) -> Timmy:
    """The system of the chosen profile, whose log need not exist yet. Raises NotFound where no log is named."""
    if settings.system.control_file and not is_chosen(settings.system.profile):
        # What the settings say of the file is about another system.
        settings = replace(settings, system=replace(settings.system, control_file=""))
    address = named_source()
    if address.path is None:
        here = installation_at(Path.cwd(), settings.paths)
        return Timmy(settings, replace(here, latency_log=address.place, stream=address.key))
    installation = installation_at(address.path.absolute().parent, settings.paths)
    return Timmy(settings, replace(installation, latency_log=address.path.absolute()))


def terminal_problem() -> str:
    """Why the dashboard cannot open: a pipe, or a terminal without cursor addressing. Empty when it can.

    A web page has its terminal in the browser.
    """
    if is_web_page():
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the dashboard needs a terminal. For output to a pipe or a file use `report` or `status`."
    term = os.environ.get("TERM", "")
    if term in ("", "dumb"):
        named = f"TERM={term}" if term else "a terminal without TERM"
        return f"{named} cannot show a dashboard; `timmy-tui status` prints one line, `report` all figures."
    return ""


def with_view_options(settings: Settings, options: DashboardOptions) -> Settings:
    """The settings with what the command line asked of the screen."""
    view = settings.view
    bell = options.bell or view.bell
    view = replace(view, mouse=view.mouse or options.mouse, ascii=view.ascii or options.plain, bell=bell)
    return replace(settings, view=view)


def usable_state_folder(state: Path | None) -> tuple[str, Path]:
    """(why the state folder cannot be used, or empty; the folder). ``state``: None is the user's own.

    Without a state folder the dashboard shows everything, but records and changes nothing.
    """
    folder = state
    try:
        folder = folder or state_dir()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"the state folder {folder} cannot be written", folder
    except OSError as error:
        return f"the state folder cannot be used: {error.strerror}", folder or Path()
    return "", folder
