"""The themes that can be used on this terminal, and the one in use."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from textual.app import App

from timmy_tui.ui.paint.terminal_colours import TerminalColours
from timmy_tui.ui.paint.theme_choice import fitting_theme, without_colours
from timmy_tui.ui.paint.themes import Palette, is_monochrome, load_themes
from timmy_tui.ui.remembered_theme import remembered_theme
from timmy_tui.ui.saying_app import SayingApp


class ThemesInUse:
    """Of one dashboard."""

    def __init__(self, app: SayingApp) -> None:
        self._app = app
        self.palettes: Mapping[str, Palette]
        """By name."""
        self.palettes, self.problems = load_themes()
        self.colours = TerminalColours()
        """What the terminal can draw."""

    def begin(self, colours: TerminalColours, configured: str) -> Sequence[str]:
        """Use the theme that was chosen last with the key, else that of the settings; sentences on what is wrong."""
        self.colours = colours
        self._register()
        chosen = remembered_theme(configured, colours.few) or ""
        theme, problem = (chosen, "") if chosen in self.palettes else self._fitting(chosen or configured)
        self.use(theme)
        return [*self.problems, *filter(None, [problem])]

    def use(self, name: str) -> None:
        """Use this theme from now on."""
        self._app.theme = name
        styles = self.palettes[name].styles
        if self.colours.none:
            styles = without_colours(styles)
        monochrome = self.colours.none or is_monochrome(styles)
        self._app.view = replace(self._app.view, styles=styles, monochrome=monochrome, cached_lines={})

    def use_wanted(self, name: str) -> str:
        """Use the theme that the settings name; why it cannot be used, or empty."""
        if name not in self.palettes:
            return self._fitting(name)[1]
        self.use(name)
        return ""

    def reload(self) -> Sequence[str]:
        """Read the files again and use the present theme as it is now; sentences on those that cannot be used."""
        self.palettes, self.problems = load_themes()
        self._register()
        present = self._app.theme
        self.use(present if present in self.palettes else next(iter(self.palettes)))
        self._app.mutate_reactive(App.theme)  # Of the same name, with other colours.
        return self.problems

    def _fitting(self, wanted: str) -> tuple[str, str]:
        return fitting_theme(wanted, self.colours, self.palettes)

    def _register(self) -> None:
        for palette in self.palettes.values():
            self._app.register_theme(palette.theme)
