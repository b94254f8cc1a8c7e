"""Which theme fits the terminal, and what is left of one where there are no colours."""

from collections.abc import Iterable, Mapping

from rich.style import Style

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.ui.paint.terminal_colours import TerminalColours
from timmy_tui.ui.paint.themes import DEFAULT

FOR_FEW_COLOURS = "ansi16"
FOR_LIGHT_GROUND = "timmy-light"
ON_A_GROUND = ("cursor", "headline", "frozen")
"""Roles whose text stands on a ground of its own; without colours, in reverse."""
UNDERLINED = ("match",)
"""Roles that are a colour alone and say what no word beside them does."""

PLAIN = Style(color="default", bgcolor="default")


def fitting_theme(wanted: str, colours: TerminalColours, names: Iterable[str]) -> tuple[str, str]:
    """The theme to begin with, and a sentence when it is not the wanted one.

    What the user chose is used as it is. In place of the default comes the theme of 16 colours where the terminal has
    no more, and the light one where it says that its ground is light.
    """
    known = sorted(names)
    default = DEFAULT if DEFAULT in known else known[0]
    if wanted == DEFAULT:
        fitting = FOR_FEW_COLOURS if colours.few else FOR_LIGHT_GROUND if colours.light else DEFAULT
        return fitting if fitting in known else default, ""
    if wanted in known:
        return wanted, ""
    return default, f"There is no theme {clean(wanted)}; there are {', '.join(known)}."


def without_colours(styles: Mapping[str, Style]) -> dict[str, Style]:
    """The styles with the terminal's own two colours: bold, italic and underline stay."""
    return {
        role: Style(
            bold=style.bold,
            italic=style.italic,
            underline=style.underline or role in UNDERLINED or None,
            reverse=style.reverse or role in ON_A_GROUND or None,
        )
        + PLAIN
        for role, style in styles.items()
    }
