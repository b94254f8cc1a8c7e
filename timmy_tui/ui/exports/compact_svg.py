"""Textual's picture of the screen, made small: a tenth of the size, no frame, and no font that a viewer would fetch.

Textual writes a rectangle and a text for every change of style, each with a clip path. Here all grounds of one colour
are one path, so are all blocks of one colour, and all texts of one style are one group.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape, unescape
from itertools import groupby

from rich.cells import cell_len
from rich.terminal_theme import SVG_EXPORT_THEME

from timmy_tui.ui.paint.svg_cells import BASELINE, CELL, LINE, cell_path, is_drawn

WIDE, HIGH = 12.2, 24.4
"""Width and height of a cell in Textual's picture."""
_STYLE = re.compile(r"\.[\w-]+-(r\d+) \{ ([^}]*)\}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_FILL = re.compile(r"fill: (#\w{6})")
_GROUND = re.compile(r'<rect fill="(#\w{6})" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')
_TEXT = re.compile(r'<text class="[\w-]+-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_OF_XTERM = (
    "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5",
    "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
)  # fmt: skip
"""The sixteen colours as xterm has them; Rich draws them paler than any terminal, its black grey."""
_SIXTEEN = {
    f"#{red:02x}{green:02x}{blue:02x}": colour
    for colour, (red, green, blue) in zip(
        _OF_XTERM, (SVG_EXPORT_THEME.ansi_colors[at] for at in range(16)), strict=True
    )
}
Place = tuple[int, int]
"""(column, row)."""


def compact_svg(svg: str, size: Place) -> str:
    """The same picture; ``size``: columns and rows."""
    columns, rows = size
    svg = _COLOUR.sub(lambda found: _SIXTEEN.get(found[0], found[0]), svg)
    grounds = [(fill, _place(x, y, 1.5), round(float(width) / WIDE)) for fill, x, y, width in _GROUND.findall(svg)]
    page = max({fill for fill, _, _ in grounds}, key=lambda one: sum(w for fill, _, w in grounds if fill == one))
    texts = [(name, _place(x, y, 20.0), unescape(text)) for name, x, y, text in _TEXT.findall(svg)]
    styles = dict(_STYLE.findall(svg))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * CELL} {rows * LINE}" '
        f'font-family="monospace" font-size="16" xml:space="preserve">',
        f'<path fill="{page}" d="M0 0h{columns * CELL}v{rows * LINE}H0z"/>',
        *_paths((fill, _rectangle(place, cells)) for fill, place, cells in grounds if fill != page),
        *_paths((_fill(styles[name]), path) for name, place, text in texts for path in _blocks(text, place)),
        *_groups(texts, styles),
        "</svg>\n",
    ])  # fmt: skip


def _place(x: str, y: str, first: float) -> Place:
    """``first``: y of the topmost row."""
    return round(float(x) / WIDE), round((float(y) - first) / HIGH)


def _rectangle(place: Place, cells: int) -> str:
    column, row = place
    return f"M{column * CELL} {row * LINE}h{cells * CELL}v{LINE}h-{cells * CELL}z"


def _paths(pieces: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One path a colour."""
    by_colour: dict[str, list[str]] = {}
    for fill, piece in pieces:
        by_colour.setdefault(fill, []).append(piece)
    return (f'<path fill="{fill}" d="{"".join(parts)}"/>' for fill, parts in by_colour.items())


def _blocks(text: str, place: Place) -> Iterator[str]:
    column, row = place
    for char, same in groupby(text):
        count = len(list(same))
        if is_drawn(char):
            yield from cell_path(char, (column * CELL, row * LINE), count)
        column += count * cell_len(char)


def _groups(texts: Iterable[tuple[str, Place, str]], styles: dict[str, str]) -> Iterator[str]:
    """One group a style."""
    by_style: dict[str, list[str]] = {}
    for name, place, text in texts:
        by_style.setdefault(styles[name], []).extend(_words(text, place))
    for style, words in by_style.items():
        if words:
            bold = ' font-weight="bold"' if "bold" in style else ""
            italic = ' font-style="italic"' if "italic" in style else ""
            yield f'<g fill="{_fill(style)}"{bold}{italic}>{"".join(words)}</g>'


def _words(text: str, place: Place) -> Iterator[str]:
    """What is between the blocks, without the blanks around it."""
    column, row = place
    for drawn, part in groupby(text, is_drawn):
        piece = "".join(part)
        words = piece.replace("\xa0", " ").strip()
        if not drawn and words:
            start = column + len(piece) - len(piece.replace("\xa0", " ").lstrip())
            length = cell_len(words) * CELL
            yield (
                f'<text x="{start * CELL}" y="{row * LINE + BASELINE}" textLength="{length}">'
                f"{escape(words, quote=False).replace(' ', '&#160;')}</text>"
            )
        column += cell_len(piece)


def _fill(style: str) -> str:
    found = _FILL.search(style)
    return found[1] if found else "#000000"
