"""As much of a terminal as is needed to see what was sent to it."""

from __future__ import annotations

import re
from io import StringIO

from rich.cells import cell_len
from rich.console import Console, RenderableType
from textual.screen import Screen
from textual.strip import Strip

from timmy_tui.ui.application.app import TimmyApp

CONSOLE = Console(file=StringIO(), force_terminal=True, color_system="truecolor")
TOKEN = re.compile(r"\x1b\[(?P<codes>[\d;]*)(?P<end>[A-Za-z])|\x1b\]8;.*?\x1b\\|(?P<char>[^\x1b])", re.DOTALL)
Look = tuple[frozenset[str], str, str]
"""(attributes, colour, ground) in codes."""
PLAIN: Look = (frozenset(), "39", "49")
Cell = tuple[str, Look]


class EmulatedTerminal:
    """Cells that are what was written into them last."""

    def __init__(self, width: int, height: int) -> None:
        self.rows: list[list[Cell]] = [[(" ", PLAIN)] * width for _ in range(height)]
        self.written: list[tuple[int, int]] = []
        """(column, row) of every cell that was written."""
        self._at, self._row, self._look = 0, 0, PLAIN

    def feed(self, sent: str) -> None:
        """All of it is known: another sequence is an error of the test."""
        end = 0
        for token in TOKEN.finditer(sent):
            assert token.start() == end, sent[end : token.start()]
            end = token.end()
            codes = (token["codes"] or "").split(";")
            if token["char"]:
                self._write(token["char"])
            elif token["end"] == "H":
                self._row, self._at = (int(code or 1) - 1 for code in (codes if len(codes) == 2 else ["1", "1"]))
            elif token["end"] == "G":
                self._at = int(codes[0]) - 1
            elif token["end"] == "m":
                self._look = looking(self._look, codes)
            else:
                assert not token["end"], token[0]
        assert end == len(sent)

    def _write(self, char: str) -> None:
        if char == "\n":
            self._row += 1
            return
        attributes, _, ground = self._look
        # Of a blank only the ground is seen, without a line through it or the like.
        look = (frozenset[str](), "", ground) if char == " " and attributes <= {"1", "2", "3"} else self._look
        for text in [char, ""][: cell_len(char)]:
            self.rows[self._row][self._at] = (text, look)
            self.written.append((self._at, self._row))
            self._at += 1

    @property
    def looks_plain(self) -> bool:
        """What is written next has no style."""
        return self._look == PLAIN


def looking(look: Look, codes: list[str]) -> Look:
    """The style behind these codes."""
    attributes, colour, ground = look
    rest = iter(codes)
    for code in rest:
        if code in ("", "0"):
            attributes, colour, ground = PLAIN
        elif code in ("38", "48"):
            kind = next(rest)
            whole = ";".join([code, kind, *(next(rest) for _ in range(1 if kind == "5" else 3))])
            colour, ground = (whole, ground) if code == "38" else (colour, whole)
        elif len(code) == 2 and code[0] in "39" and code != "53":
            colour = code
        elif code[0] in "41" and len(code) > 1:
            ground = code
        else:
            attributes |= {code}
    return attributes, colour, ground


def painted(strips: list[Strip], width: int) -> list[list[Cell]]:
    """Rows as a terminal shows them on which all was painted anew."""
    terminal = EmulatedTerminal(width, len(strips))
    terminal.feed("".join(f"\x1b[{row + 1};1H{strip.render(CONSOLE)}" for row, strip in enumerate(strips)))
    return terminal.rows


class SendingApp(TimmyApp):
    """The dashboard with its frames written down, each as what a terminal is sent."""

    frames: list[str]

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if not hasattr(self, "frames"):
            self.frames = []
        render = getattr(renderable, "render_segments", None)
        if render is not None:
            self.frames.append(render(CONSOLE))
