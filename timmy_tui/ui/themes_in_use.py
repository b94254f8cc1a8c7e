"""The themes that can be used on this terminal, and the one in use."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace
from textual.app import App

from timmy_tui.ui.noticing_app import NoticingApp
from timmy_tui.ui.paint.terminal_colours import TerminalColours
from timmy_tui.ui.paint.theme_choice import fitting_theme, without_colours
from timmy_tui.ui.paint.themes import (
    Palette,
    is_monochrome,
    load_folder,
    load_themes,
    own_folder,
    packaged_names,
    packaged_theme,
)
from timmy_tui.ui.remembered_theme import remembered_theme


class ThemesInUse:
    """Of one dashboard. It begins with the user's own themes and the one that is used; the rest is read when needed."""

    def __init__(self, app: NoticingApp) -> None:
        self._app = app
        self._all: Mapping[str, Palette] | None = None
        self._said: set[str] = set()
        self.colours = TerminalColours()
        """What the terminal can draw."""

    @property
    def palettes(self) -> Mapping[str, Palette]:
        """All themes by name; their files are read here, where that was not done yet."""
        if self._all is None:
            self.take_all(*load_themes())
        return self._all or {}

    def take_all(self, palettes: Mapping[str, Palette], problems: Iterable[str]) -> None:
        """Take what ``load_themes`` has read, unless that is known by now, and say what of it is wrong."""
        if self._all is None:
            self._all = palettes
            for problem in self._new(problems):
                self._app.say(problem, "warn")

    def begin(self, colours: TerminalColours, configured: str) -> Sequence[str]:
        """Use the theme that was chosen last with the key, else that of the settings; sentences on what is wrong."""
        self.colours = colours
        own, problems = load_folder(own_folder())
        name, problem = self._first(configured, {*own, *packaged_names()})
        palette = None if problem else own.get(name) or packaged_theme(name)
        if palette is None:  # A wrong name, or an installation that is not whole: only all files tell.
            self._all, problems = load_themes()
            name, problem = self._first(configured, self._all)
            palette = self._all[name]
        self._use(palette)
        return [*self._new(problems), *filter(None, [problem])]

    def use(self, name: str) -> None:
        """Use this theme from now on."""
        self._use(self.palettes[name])

    def use_wanted(self, name: str) -> str:
        """Use the theme that the settings name; why it cannot be used, or empty."""
        if name not in self.palettes:
            return self._fitting(name, self.palettes)[1]
        self.use(name)
        return ""

    def reload(self) -> Sequence[str]:
        """Read the files again and use the present theme as it is now; sentences on those that cannot be used."""
        self._all, problems = load_themes()
        present = self._app.theme
        self.use(present if present in self._all else next(iter(self._all)))
        self._app.mutate_reactive(App.theme)  # Of the same name, with other colours.
        return problems

    def _use(self, palette: Palette) -> None:
        self._app.register_theme(palette.theme)
        self._app.theme = palette.name
        styles = palette.styles
        if self.colours.none:
            styles = without_colours(styles)
        monochrome = self.colours.none or is_monochrome(styles)
        view = self._app.view
        glyphs = replace(view.glyphs, grounds=not (monochrome or view.glyphs.plain))
        self._app.view = replace(view, styles=styles, monochrome=monochrome, glyphs=glyphs, cached_lines={})

    def _first(self, configured: str, names: Iterable[str]) -> tuple[str, str]:
        """The theme to begin with, and a sentence where it is not the one that the settings name."""
        chosen = remembered_theme(configured, self.colours.few) or ""
        return (chosen, "") if chosen in names else self._fitting(chosen or configured, names)

    def _fitting(self, wanted: str, names: Iterable[str]) -> tuple[str, str]:
        return fitting_theme(wanted, self.colours, names)

    def _new(self, problems: Iterable[str]) -> list[str]:
        """Those that were not said before."""
        new = [problem for problem in problems if problem not in self._said]
        self._said.update(new)
        return new
