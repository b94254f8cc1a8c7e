"""The dashboard in a pane of tmux under every TERM of our users: its colours, its glyphs, and what is left without."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from tests.programs import needs
from tests.tmux_pane import Pane
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE

UNSET = [part for name in ("COLORTERM", "NO_COLOR", "COLORFGBG", "LC_ALL", "TMUX") for part in ("-u", name)]
"""What the machine of the test may say of its own terminal."""
RGB, OF_256 = re.compile(r"[34]8;2;"), re.compile(r"[34]8;5;")
OF_16 = re.compile(r"(?<![;\d])(?:[349][0-7]|10[0-7])(?=[;m])")
BLOCKS = set(UNICODE.ramp)


class Case(Struct, frozen=True):
    """An environment, and what is seen in it."""

    environment: str
    colours: str
    """``rgb``, ``256``, ``16`` or ``none``."""
    ground: str = ""
    """What tmux says of the ground of a cell."""
    blocks: bool = True


CASES = [
    Case("TERM=screen", "16", "40"),
    Case("TERM=xterm", "16", "40"),
    Case("TERM=linux", "16", "40", blocks=False),
    Case("TERM=screen-256color", "256", "48;5;233"),
    Case("TERM=tmux-256color", "256", "48;5;233"),
    Case("TERM=tmux-256color COLORTERM=truecolor", "rgb", "48;2;21;23;28"),
    Case("TERM=xterm COLORTERM=truecolor", "rgb", "48;2;21;23;28"),
    Case("TERM=xterm-256color NO_COLOR=1", "none"),
    Case("TERM=screen NO_COLOR=1", "none"),
    Case("TERM=vt100", "none"),
    Case("TERM=xterm-256color COLORTERM=truecolor COLORFGBG=0;15", "rgb", "48;2;251;250;247"),
    Case("TERM=screen COLORFGBG=0;15", "16", "40"),
    Case("TERM=xterm-256color LC_ALL=C", "256", "48;5;233", blocks=False),
]


def colours_in(screen: str) -> str:
    codes = " ".join(re.findall(r"\x1b\[([\d;]*m)", screen))
    if RGB.search(codes):
        return "rgb"
    if OF_256.search(codes):
        return "256"
    return "16" if OF_16.search(codes) else "none"


@needs("tmux")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.environment)
def test_what_is_on_the_screen(case: Case, tmp_path: Path) -> None:
    environment = ["LANG=C.UTF-8", f"XDG_STATE_HOME={tmp_path}", f"XDG_CONFIG_HOME={tmp_path}"]
    program = [sys.executable, "-m", "tests.ui.dashboard_process"]
    with Pane(["env", *UNSET, *environment, *case.environment.split(), *program], tmp_path, (100, 30)) as pane:
        text = pane.until_it(lambda text: re.search(r"V2V .?\d\.\d\ds.*\n(?s:.*) quit", text))
        screen = pane.tmux("capture-pane", "-p", "-e", "-t", "pane")
    assert colours_in(screen) == case.colours
    assert case.ground in screen
    if case.blocks:
        assert BLOCKS & set(text)
    else:
        assert text.isascii()
    # What a state is, is said by a sign and a word, whatever the colours are.
    glyphs = UNICODE if case.blocks else ASCII
    assert f"{glyphs.ok} " in text and glyphs.up in text
    if case.colours == "none":
        assert re.search(r"\x1b\[(?:\d+;)*7m", screen), "the headline is in reverse video"
        assert "3 largest stages" in text, "and stages have a band each"


@needs("tmux")
@pytest.mark.parametrize(("term", "named"), [("dumb", "TERM=dumb"), ("", "a terminal without TERM")])
def test_a_terminal_that_cannot_place_its_cursor_is_told_what_works(term: str, named: str, tmp_path: Path) -> None:
    # It waits at its end: tmux moves the first row off the screen of a program that is over.
    code = "from timmy_tui.bootstrap.startup import terminal_problem; print(terminal_problem()); input()"
    with Pane(["env", f"TERM={term}", sys.executable, "-c", code], tmp_path) as pane:
        pane.until(f"{named} cannot show a dashboard", "status", "report")
