"""What the terminal can show of colours, and whether its ground is light, from its environment alone.

A terminal could be asked for its ground (OSC 11), but not every one answers, and a late answer would be taken for keys:
only what is written down beforehand counts.
"""

from collections.abc import Mapping, MutableMapping

from msgspec import Struct

from timmy_tui.core.web_page import is_web_page

WITHOUT_COLOURS = ("dumb", "vt52", "vt100", "vt102", "vt220", "xterm-mono", "screen-mono")
"""Values of TERM of terminals that have none."""
FEW = ("standard", "windows")
"""Rich's names for 16 colours; none at all is None."""
LIGHT = ("7", "15")
"""Numbers of light grey and white in COLORFGBG."""


class TerminalColours(Struct, frozen=True):
    """What a theme has to get along with."""

    none: bool = False
    few: bool = False
    """16 at most; also where there are none."""
    light: bool = False
    """The terminal says that its ground is light."""


def settle_no_color(environ: MutableMapping[str, str]) -> None:
    """Say whether there are colours in the variable that Textual reads too. Empty, it says nothing (no-color.org)."""
    if environ.get("NO_COLOR") or environ.get("TERM") in WITHOUT_COLOURS:
        environ["NO_COLOR"] = "1"
    else:
        environ.pop("NO_COLOR", None)


def terminal_colours(color_system: str | None, environ: Mapping[str, str], has_terminal: bool) -> TerminalColours:
    """``color_system``: Rich's, in which Textual writes: from TERM and COLORTERM.

    A web page and a picture have all colours: only NO_COLOR counts for them.
    """
    none = bool(environ.get("NO_COLOR"))
    if not has_terminal or is_web_page():
        return TerminalColours(none, none)
    # rxvt, Konsole and others: ``0;15`` or ``0;default;15``, the ground last.
    ground = environ.get("COLORFGBG", "").split(";")[-1].strip()
    return TerminalColours(none, none or color_system is None or color_system in FEW, ground in LIGHT)
