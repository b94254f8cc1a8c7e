"""The title of the terminal's pane: tmux's ``#{pane_title}``, a tab's or a window's name."""

import os
from collections.abc import Mapping

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.web_page import is_web_page

LONGEST = 60
"""Cells of a title; ours have at most 25."""
SAVE, GIVE_BACK = "\x1b[22;2t", "\x1b[23;2t"
"""XTWINOPS: put the title onto the terminal's stack, and take it from there. Terminals without one ignore both."""
WITHOUT_TITLE = ("", "dumb", "linux")
"""Values of TERM whose terminals would print the sequence: Linux's console does until 5.8."""


def has_title(environ: Mapping[str, str] = os.environ) -> bool:
    """The terminal has a title; that of a web page is the page's own."""
    return environ.get("TERM", "") not in WITHOUT_TITLE and not is_web_page()


def title_sequence(text: str) -> str:
    """OSC 2 with the text made safe: no character of it can end the sequence and begin another."""
    return f"\x1b]2;{clean(text, LONGEST)}\x07"
