"""What a terminal is sent of a frame: only cells that changed, and of their styles only what differs.

Textual sends a row of a widget from its left edge on, though it knows where the change begins, and each stretch of one
style with all of its codes and a reset behind it: of the live screen at 200×50 106 kB a turn, most of them for a cell
that grew at the right edge. Nothing of Textual that is public has a say in that, so this stands in for a part of it
that is not: ``pyproject.toml`` allows no Textual but the one whose part that is.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.strip import Strip

from timmy_tui.ui.paint.lines import single_cells, size_of

RESET = "\x1b[0m"
NO_STYLE = Style.null()
UNSEEN_ON_BLANKS = frozenset("123")
"""Bold, dim and italic: a blank looks the same with each."""
Stretch = tuple[int, int]
"""(first cell, the one behind the last)."""


class SentCells(Compositor):
    """A compositor of Textual whose parts of a frame are ``ChangedCells``."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """What is to be painted anew; None where nothing is."""
        update = super().render_partial_update()
        return None if update is None else ChangedCells(update.chops, update.spans, update.chop_ends)


class ChangedCells(ChopsUpdate):
    """The same cells as Textual's, in fewer bytes."""

    def render_segments(self, console: Console) -> str:
        """For the terminal, whose style is the default one before and behind it."""
        pen = Pen(COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR))
        for y, spans in groupby(self.spans, key=lambda span: span[0]):
            wanted = [(start, end) for _, start, end in spans]
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=True):
                inside = [(max(first, x), min(behind, end)) for first, behind in wanted if first < end and behind > x]
                if strip is not None and inside:
                    pen.draw(strip, x, y, inside)
        return pen.written()


class Pen:
    """Writes cells, and knows where the terminal's cursor is and in which style it writes."""

    def __init__(self, colours: ColorSystem) -> None:
        self._colours = colours
        self._style = NO_STYLE
        self._place = (-1, -1)
        """Column and row of the cursor."""
        self._parts: list[str] = []

    def draw(self, strip: Strip, x: int, y: int, wanted: Sequence[Stretch]) -> None:
        """Of a row that begins in column ``x``, the stretches of columns that are wanted, in their order."""
        stretches = iter(wanted)
        start, end = next(stretches)
        at = x
        for text, style, _ in strip:
            behind = at + size_of(text)
            while start < behind:
                first, part = part_of(text, at, behind, (start, end))
                self._write(part, style or NO_STYLE, first, y)
                if end > behind:
                    break
                following = next(stretches, None)
                if following is None:
                    return
                start, end = following
            at = behind

    def _write(self, text: str, style: Style, x: int, y: int) -> None:
        if self._place != (x, y):
            # Within a row the column alone is said.
            self._parts.append(f"\x1b[{x + 1}G" if self._place[1] == y else f"\x1b[{y + 1};{x + 1}H")
        self._place = (x + size_of(text), y)
        if style.link:
            self._parts += [self._step(NO_STYLE), style.render(text, color_system=self._colours)]
            return
        self._parts += [self._step(style, blank=not text.strip(" ")), text]

    def _step(self, style: Style, blank: bool = False) -> str:
        codes, self._style = step(self._style, style, blank, self._colours)
        return codes

    def written(self) -> str:
        """All of it, with the style given back."""
        return "".join([*self._parts, RESET if self._style != NO_STYLE else ""])


def part_of(text: str, at: int, behind: int, wanted: Stretch) -> tuple[int, str]:
    """(column, text) of what is wanted of a text in the columns from ``at`` on.

    All of it where characters take no cell, or two: it is of this frame too, and none is halved.
    """
    start, end = max(wanted[0], at), min(wanted[1], behind)
    if (start, end) == (at, behind) or not single_cells(text):
        return at, text
    return start, text[start - at : end - at]


class Codes(NamedTuple):
    """A style as a terminal is told of it."""

    attributes: frozenset[str]
    colour: str
    ground: str

    @property
    def plain_blank(self) -> bool:
        """Of a blank only the ground is seen."""
        return self.attributes <= UNSEEN_ON_BLANKS


@lru_cache(maxsize=4096)
def step(before: Style, after: Style, blank: bool, colours: ColorSystem) -> tuple[str, Style]:
    """(what makes the style ``after`` of that ``before``, the style that is set then).

    Where ``blank`` cells look the same in both, nothing is sent and the style stays.
    """
    old, new = codes_of(before, colours), codes_of(after, colours)
    if blank and old.ground == new.ground and old.plain_blank and new.plain_blank:
        return "", before
    codes: Iterable[str]
    if old.attributes <= new.attributes:
        codes = sorted(new.attributes - old.attributes)
        colour, ground = old.colour, old.ground
    else:
        codes = ("0", *sorted(new.attributes))
        colour, ground = codes_of(NO_STYLE, colours)[1:]
    codes = [*codes, *([new.colour] if new.colour != colour else []), *([new.ground] if new.ground != ground else [])]
    return (f"\x1b[{';'.join(codes)}m" if codes else ""), after


@lru_cache(maxsize=1024)
def codes_of(style: Style, colours: ColorSystem) -> Codes:
    """The numbers of a style's attributes and colours."""
    on = {
        "1": style.bold, "2": style.dim, "3": style.italic, "4": style.underline, "5": style.blink, "6": style.blink2,
        "7": style.reverse, "8": style.conceal, "9": style.strike, "21": style.underline2, "51": style.frame,
        "52": style.encircle, "53": style.overline,
    }  # fmt: skip
    front, ground = (one or Color.default() for one in (style.color, style.bgcolor))
    return Codes(
        frozenset(code for code, is_on in on.items() if is_on),
        ";".join(front.downgrade(colours).get_ansi_codes()),
        ";".join(ground.downgrade(colours).get_ansi_codes(foreground=False)),
    )
