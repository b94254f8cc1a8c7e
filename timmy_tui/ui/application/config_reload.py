"""Settings, keymap and themes that change while the dashboard runs: each is applied at once where it can be."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from timmy_tui.core.errors import TimmyError
from timmy_tui.core.settings import Settings, config_dir
from timmy_tui.ui.application.config_files import LIVE, ConfigFiles, Reload, differences
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import read_keymap
from timmy_tui.ui.messages import Backend
from timmy_tui.ui.terminal.bell import BellFor
from timmy_tui.ui.threads import in_thread


class Reconfigured(Host, Protocol):
    """The application, as far as it can be set up anew."""

    def use_keymap(self, keymap: Mapping[str, str]) -> None:
        """Bind the user's keys in place of those before."""

    def use_glyphs(self, ascii_wanted: bool) -> None:
        """Draw in these glyphs from now on."""

    def use_bell(self, wanted: BellFor) -> None:
        """Ring for this from now on; what there is already is not rung for."""


class ConfigReload:
    """For one dashboard."""

    def __init__(self, app: Reconfigured, backend: Backend) -> None:
        self._app = app
        self._files = ConfigFiles(backend.settings_file)
        self._reload: Reload | None = backend.reload
        self._read = app.settings
        """The settings as they were read last; some apply from the next start on."""

    async def look(self) -> None:
        """Take over what has changed since the last look."""
        changed = await in_thread(self._files.changed)
        if "themes" in changed:
            self._say_read("themes", self._app.themes.reload())
        if "keymap" in changed:
            keymap, problems = read_keymap(config_dir() / "keymap.toml")
            self._app.use_keymap(keymap)
            self._say_read("keymap.toml", problems)
        if "settings" in changed and self._reload is not None:
            await self._read_settings(self._reload)

    async def _read_settings(self, reload: Callable[[], Settings]) -> None:
        try:
            self._apply(await in_thread(reload))
        except TimmyError as error:
            self._app.say(f"settings, not read again: {error.message} {error.hint}".rstrip(), "bad")

    def _say_read(self, name: str, problems: Sequence[str]) -> None:
        for problem in problems:
            self._app.say(problem, "warn")
        if not problems:
            self._app.say(f"{name} read again")

    def _apply(self, settings: Settings) -> None:
        """Apply what can be applied now, and say what cannot."""
        app, view = self._app, settings.view
        changed = list(differences(self._read, settings))
        self._read = settings
        live = {"theme": view.theme, "ascii": view.ascii, "bell": view.bell, "mouse": view.mouse}
        app.settings = replace(app.settings, view=replace(app.settings.view, **live))
        if "view.theme" in changed:
            problem = app.themes.use_wanted(view.theme)
            if problem:
                app.say(problem, "warn")
        if "view.ascii" in changed:
            app.use_glyphs(view.ascii)
        if "view.bell" in changed:
            app.use_bell(view.bell)
        if "view.mouse" in changed:
            app.mouse = app.report_mouse(view.mouse)
        later = [name for name in changed if name not in LIVE]
        if later:
            app.say(f"settings read again; from the next start on: {', '.join(later)}", "warn")
        elif changed:
            app.say("settings read again")
