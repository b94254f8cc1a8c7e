"""Two sets of glyphs: block elements, and ASCII for terminals and locales without them."""

import os
from collections.abc import Mapping

from msgspec import Struct

from timmy_tui.core.web_page import is_web_page


class Glyphs(Struct, frozen=True):
    """One glyph for each meaning; every glyph is one cell wide."""

    ramp: str
    """Eight heights of a sparkline, lowest first."""
    gap: str
    """A turn without a value."""
    eighths: str
    """Seven ends of a bar, thinnest first."""
    service: str
    setting: str
    code: str
    hop: str
    hatch: str
    """A hop whose logged time is wrong because the clocks differ."""
    hole: str
    """Time between two named stages."""
    track: str
    ok: str
    none: str
    """Nothing yet."""
    up: str
    down: str
    warn: str
    fail: str
    misleading: str
    """It is taken for something that it does not show."""
    rule: str
    ghost: str
    """The usual behind a bar."""
    before: str
    """It began further to the left."""
    upright: str
    """Where an epoch begins."""
    flip: str
    """Where a flag moved."""
    point: str
    """A bullet, and the separator of figures."""
    more: str
    cut: str
    """On top of a column that is longer than its scale."""
    cut_below: str
    """At the foot of a scale that begins above it."""
    tick: str
    """Points up at a column."""
    ends: str
    """Of the stretch of turns that the stage rows show."""
    outline: str
    """Fill of what is drawn as an outline."""
    swatch: str
    """A colour in a legend."""
    typed: str
    unknown: str
    """A turn without a figure that can be drawn."""
    spin: str
    """Four phases of the turn in flight."""
    over: str
    """What of a bar is over its usual: of this turn alone, and no level that moved, which is solid."""
    plain: bool = False
    """ASCII only: other characters are replaced when painted."""
    grounds: bool = True
    """A cell can have two colours."""


UNICODE = Glyphs(
    ramp="▁▂▃▄▅▆▇█",
    gap="·",
    eighths="▏▎▍▌▋▊▉",
    service="█",
    setting="▒",
    code="▓",
    hop="▄",
    hatch="╱",
    hole="┄",
    track=" ",
    ok="●",
    none="○",
    up="▲",
    down="▼",
    warn="!",
    fail="✗",
    misleading="≠",
    rule="─",
    ghost="▁",
    before="◂",
    upright="┊",
    flip="┃",
    point="·",
    more="↓",
    cut="▴",
    cut_below="▾",
    tick="╵",
    ends="├┤",
    outline="░",
    swatch="▆",
    typed="t",
    unknown="?",
    over="▚",
    spin="◐◓◑◒",
)
ASCII = Glyphs(
    ramp="_.:=+*%#",
    gap="-",
    eighths="|||||||",
    service="#",
    setting="=",
    code="%",
    hop="~",
    hatch="/",
    hole=".",
    track=" ",
    ok="*",
    none="o",
    up="^",
    down="v",
    warn="!",
    fail="x",
    misleading="!",
    rule="-",
    ghost="_",
    before="<",
    upright=":",
    flip="|",
    point="-",
    more="v",
    cut="^",
    cut_below="v",
    tick="'",
    ends="[]",
    outline=":",
    swatch="#",
    typed="t",
    unknown="?",
    over="+",
    spin="|/-\\",
    plain=True,
    grounds=False,
)

_TO_ASCII = str.maketrans(
    {
        "·": "-", "—": "-", "…": ".", "→": ">", "←": "<", "↑": "^", "↓": "v", "▲": "^", "▼": "v", "●": "*", "○": "o",
        "◐": "o", "✗": "x", "✓": "+", "×": "x", "≥": ">", "≤": "<", "≈": "~", "±": "~", "Δ": "d", "−": "-", "Σ": "S",
        "─": "-", "▁": "_", "│": "|", "┊": "|", "┄": ".", "█": "#", "▓": "%", "▒": "=", "░": ".", "╱": "/", "½": "2",
        "▴": "^", "▾": "v", "◂": "<", "▸": ">", "╵": "'", "✎": "+", "≠": "!",
        "▚": "+", "–": "-", "┃": "|", "━": "=", "┏": "[", "┓": "]", "├": "[", "┤": "]",
    }
)  # fmt: skip


def to_ascii(text: str) -> str:
    """The text in ASCII, of the same width; a character without a likeness becomes ``?``."""
    if text.isascii():
        return text
    from rich.cells import cell_len

    shown = text.translate(_TO_ASCII)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in shown)


WITHOUT_BLOCKS = ("dumb", "linux")
"""Values of TERM whose fonts lack most of our glyphs: of ▁▂▃▄▅▆▇█ the console fonts of Debian have ▄ and █."""


def choose_glyphs(ascii_wanted: bool, environ: Mapping[str, str] = os.environ) -> Glyphs:
    """ASCII when asked for, when the locale is not UTF-8, and on a terminal whose font lacks blocks.

    A web page has its terminal in the browser.
    """
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    utf8 = "utf-8" in locale.lower() or "utf8" in locale.lower()
    without_blocks = environ.get("TERM") in WITHOUT_BLOCKS and not is_web_page()
    return ASCII if ascii_wanted or without_blocks or not utf8 else UNICODE
