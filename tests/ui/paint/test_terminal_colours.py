"""How many colours the terminal has and whether its ground is light: from the environment, for each TERM in use."""

from __future__ import annotations

import pytest
from rich.console import Console

from timmy_tui.ui.paint.terminal_colours import TerminalColours, settle_no_color, terminal_colours


def colours(**environ: str) -> TerminalColours:
    """As the dashboard finds them, by Rich's look at TERM and COLORTERM."""
    settle_no_color(environ)
    system = Console(force_terminal=True, legacy_windows=False, _environ=environ).color_system
    return terminal_colours(system, environ, True)


@pytest.mark.parametrize("term", ["screen", "xterm", "linux", "ansi", "tmux", "rxvt"])
def test_sixteen_colours_unless_colorterm_says_more(term: str) -> None:
    assert colours(TERM=term) == TerminalColours(few=True)
    assert colours(TERM=term, COLORTERM="truecolor") == TerminalColours()


@pytest.mark.parametrize("term", ["screen-256color", "tmux-256color", "xterm-256color"])
@pytest.mark.parametrize("more", [{}, {"COLORTERM": "24bit"}])
def test_enough_colours_for_every_theme(term: str, more: dict[str, str]) -> None:
    assert colours(TERM=term, **more) == TerminalColours()


@pytest.mark.parametrize("environ", [{"TERM": "xterm-256color", "NO_COLOR": "1"}, {"TERM": "vt100"}, {"TERM": "dumb"}])
def test_no_colours_at_all(environ: dict[str, str]) -> None:
    assert colours(**environ) == TerminalColours(none=True, few=True)


def test_an_empty_no_color_says_nothing() -> None:
    environ = {"TERM": "xterm-256color", "NO_COLOR": ""}
    assert colours(**environ) == TerminalColours()
    settle_no_color(environ)
    assert "NO_COLOR" not in environ


@pytest.mark.parametrize(
    ("says", "light"),
    [("0;15", True), ("0;default;15", True), ("0;7", True), ("15;0", False), ("7;8", False), ("7;17", False),
     ("default;default", False), ("", False), ("0;", False)],
)  # fmt: skip
def test_a_light_ground_is_what_the_terminal_says(says: str, light: bool) -> None:
    assert colours(TERM="xterm-256color", COLORFGBG=says).light is light


def test_a_picture_and_a_web_page_have_all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"TERM": "linux", "COLORFGBG": "0;15"}
    assert terminal_colours("standard", environ, False) == TerminalColours()
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert terminal_colours("standard", environ, True) == TerminalColours()
    assert terminal_colours("truecolor", {"NO_COLOR": "1"}, True).none
