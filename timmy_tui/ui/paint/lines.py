"""Lines of styled text, which every panel returns and the line widget paints.

A panel is a pure function from a view and a size to lines. A span names a *role*; the theme gives it colours.
"""

import re
import textwrap
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size

from timmy_tui.core.foreign.sanitize import clean

Span = tuple[str, str]
"""(text, role)."""
Line = tuple[Span, ...]
Row = tuple[Line, Hashable | None]
"""(line, target): what the cursor on this line selects; None: the cursor skips it."""

BLANK: Line = ()
FEW_ALIKE = 2
"""Cells between two that changed: to send them again takes less than to say where the next one is."""
LEFT_OVER = " ·,;"
"""What binds a text to what follows, and says nothing where that was cut."""
PART_ENDS = re.compile(r"[,;] ")
"""Between the parts of a sentence, each with its figure: behind any of them it may end."""
UNITS = re.compile(r" (?:ms|s|tok|tokens|turns?|GB|chars|%)\b")
"""A figure is not cut off from these: ``decoding takes about 9…`` is of nothing."""
MOST_KEPT, LONGEST_PIECE = 60, 14
"""What is cut ends behind a word where at least so many percent of it stay, and at most so many characters go."""


def line(*spans: Span | str) -> Line:
    """A line of spans; a bare string has the role ``text``."""
    return tuple((span, "text") if isinstance(span, str) else span for span in spans)


def plain(spans: Line) -> str:
    """The text alone."""
    return "".join(text for text, _ in spans)


def cells(spans: Line) -> int:
    """Width in terminal cells."""
    return sum(size_of(text) for text, _ in spans)


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """Text of at most ``width`` cells; a cut text ends in ``…``. Wide characters count two."""
    if cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[:width]
    return whole_words(text, set_cell_size(text, width - len(ellipsis))).rstrip(f"{LEFT_OVER}{ellipsis}") + ellipsis


def whole_words(text: str, part: str) -> str:
    """The beginning ``part`` of a text without the piece of a word at its end, where not much goes with it.

    Half a word is a puzzle, and half a figure a wrong one: of ``8 000`` neither group stands alone.
    """
    if not text.startswith(part) or len(part) >= len(text):
        return part
    whole = text[len(part)] == " " or part.endswith(" ")
    end = len(part.rstrip()) if whole else part.rfind(" ")
    while end > 0 and text[end - 1].isdigit() and (text[end + 1 : end + 2].isdigit() or UNITS.match(text, end)):
        end = part.rfind(" ", 0, end)
    least = len(part) * MOST_KEPT // 100
    return part[:end] if end > 0 and end >= least and len(part) - end <= LONGEST_PIECE else part


def beginnings(text: str) -> Iterator[str]:
    """``0 of 14 turns…`` of ``0 of 14 turns, median 1178 tok``: the text without its last parts, the longest first."""
    ends = [found.start() for found in PART_ENDS.finditer(text)]
    return (f"{text[:end]}…" for end in reversed(ends))


def first_figures(figures: Sequence[str], width: int) -> str:
    """As many figures as fit, each whole with its unit; `` …`` where there are more. One that is too wide is cut.

    Half of one is none, and a ``…`` directly behind a whole one says that it goes on.
    """
    whole = "  ".join(figures)
    if cell_len(whole) <= width:
        return whole
    shorter = (f"{'  '.join(figures[:count])} …" for count in range(len(figures) - 1, 0, -1))
    return next((text for text in shorter if cell_len(text) <= width), cut(whole, width))


def foreign(text: str, width: int, ellipsis: str = "…") -> str:
    """Text from a log, a service or a file name: sanitized, then cut."""
    return cut(clean(text), width, ellipsis)


def left(text: str, width: int) -> str:
    """Text at the left edge of a column of ``width`` cells."""
    return set_cell_size(cut(text, width), width)


def right(text: str, width: int) -> str:
    """Text at the right edge of a column of ``width`` cells."""
    text = cut(text, width)
    return " " * (width - cell_len(text)) + text


def fit(spans: Line, width: int) -> Line:
    """The line in exactly ``width`` cells: padded, or cut with ``…``; when only blanks are cut, without ``…``."""
    sizes = [size_of(text) for text, _ in spans]
    over = sum(sizes) - width
    if over == 0:
        return spans
    if over < 0:
        return (*spans, (" " * -over, "text"))
    if width <= 0:
        return ()
    whole = plain(spans)
    text_is_cut = bool(whole[len(set_cell_size(whole, width)) :].strip())
    available = width - 1 if text_is_cut else width
    parts: list[Span] = []
    for (text, role), size in zip(spans, sizes, strict=True):
        if size < available:
            parts.append((text, role))
            available -= size
            continue
        part = set_cell_size(text, available)
        if text_is_cut:
            whole_part = whole_words(text, part)
            rest = whole_part.rstrip(f"{LEFT_OVER}…")
            if rest and _is_piece(whole_part, text) and parts and parts[-1][0].endswith(" "):
                rest = ""
            # What is cut was cut before: one … says it.
            twice = not rest and parts and parts[-1][0].rstrip().endswith("…")
            if rest == text.rstrip():  # A cell of a column is whole: ``0.5…`` would say that it is not.
                rest = set_cell_size(rest, available)
            part = set_cell_size(rest + ("" if twice else "…"), available + 1)
        parts.append((part, role))
        break
    return tuple(parts)


class FittedRows:
    """Rows as wide as the pane. One that is the same object as at the last drawing was measured then: a tick of the
    clocks draws 30 rows of up to 120 spans, of which it changes one or two.
    """

    def __init__(self) -> None:
        self._width = 0
        self._rows: Sequence[Line] = ()
        self._fitted: list[Line] = []

    def of(self, rows: Sequence[Line], width: int) -> list[Line]:
        """Each in exactly ``width`` cells."""
        known = dict(enumerate(zip(self._rows, self._fitted, strict=True))) if width == self._width else {}
        fitted = []
        for at, row in enumerate(rows):
            before = known.get(at)
            fitted.append(before[1] if before is not None and before[0] is row else fit(row, width))
        self._width, self._rows, self._fitted = width, rows, fitted
        return fitted


def changed_stretches(before: Line, now: Line, width: int) -> list[tuple[int, int]]:
    """(start, end) of the cells in which two lines of ``width`` cells differ; two with few between them are one.

    The whole width where the lines are not that wide, and where a character takes no cell, or two: terminals differ in
    which do, and what is sent behind one would not be where it belongs.
    """
    if not cells(before) == cells(now) == width or not all(single_cells(text) for text, _ in (*before, *now)):
        return [(0, width)]
    alike = 0
    for old, new in zip(before, now, strict=False):
        if old is not new and old != new:
            break
        alike += 1
    start = cells(now[:alike])
    old_cells, new_cells = ([(char, role) for text, role in one[alike:] for char in text] for one in (before, now))
    stretches: list[tuple[int, int]] = []
    for at, (was, cell) in enumerate(zip(old_cells, new_cells, strict=True), start):
        if was == cell:
            continue
        if stretches and at - stretches[-1][1] <= FEW_ALIKE:
            stretches[-1] = (stretches[-1][0], at + 1)
        else:
            stretches.append((at, at + 1))
    return stretches


def _is_piece(part: str, text: str) -> bool:
    """The beginning of a span's first word, which is not much: ``h`` of ``helped: LLM ×0.81``."""
    return len(part) <= LONGEST_PIECE and " " not in part and bool(text[len(part) : len(part) + 1].strip())


def size_of(text: str) -> int:
    """Width in terminal cells."""
    return len(text) if text.isascii() else cell_len(text)


def single_cells(text: str) -> bool:
    """Each character takes one cell."""
    return text.isascii() or _single_cells(text)


@lru_cache(maxsize=1024)
def _single_cells(text: str) -> bool:
    # The same blocks over and over: a skyline has some hundred of them in 4,000 cells.
    return all(cell_len(char) == 1 for char in set(text))


def join_alike(cells: Iterable[Span]) -> Line:
    """Cells as a line: neighbours of one role are one span."""
    spans: list[Span] = []
    for text, role in cells:
        if spans and spans[-1][1] == role:
            spans[-1] = (spans[-1][0] + text, role)
        else:
            spans.append((text, role))
    return tuple(spans)


def spread(start: Line, end: Line, width: int) -> Line:
    """One line with ``end`` at the right edge. ``start`` is cut to fit; a pane too narrow for both drops ``end``."""
    tail = cells(end)
    if tail + 8 > width:
        return fit(start, width)
    return fit(start, width - tail - 1) + line(" ") + end


def join(columns: Sequence[tuple[Sequence[Line], int]], height: int, gutter: int = 2) -> list[Line]:
    """Columns side by side, each (lines, width), as ``height`` lines."""
    rows: list[Line] = []
    for index in range(height):
        row: Line = ()
        for number, (lines, width) in enumerate(columns):
            if number:
                row += ((" " * gutter, "text"),)
            row += fit(lines[index] if index < len(lines) else BLANK, width)
        rows.append(row)
    return rows


def wrap(parts: Iterable[Line], width: int, gap: str = "  ") -> list[Line]:
    """The parts in order, on as many lines as they need."""
    rows: list[Line] = []
    current: Line = ()
    for part in parts:
        if current and cells(current) + len(gap) + cells(part) > width:
            rows.append(current)
            current = ()
        current = (*current, (gap, "text"), *part) if current else part
    if current:
        rows.append(current)
    return rows


def whole_parts(spans: Line, width: int) -> Line:
    """The first parts of a line made by ``join_fitting`` that fit; all of it, to be cut, where not even one does."""
    if cells(spans) <= width:
        return spans
    ends = [at for at, (text, _) in enumerate(spans) if at and text == "  " and cells(spans[:at]) <= width]
    return spans[: ends[-1]] if ends else spans


def words_of(spans: Line) -> list[Line]:
    """Each word as a part, to be wrapped; its role stays."""
    return [((word, role),) for text, role in spans for word in text.split()]


def wrap_text(text: str, width: int) -> list[str]:
    """All of the text in rows of at most ``width`` cells (4 or more): divided between words, or within a longer one."""
    width = max(width, 4)
    if text.isascii():
        return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    rows = [""]
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows != [""] else word
        if cell_len(longer) <= width:
            rows[-1] = longer
            continue
        pieces = chop_cells(word, width - 2)
        rows += [f"  {piece}" for piece in pieces] if rows != [""] else pieces
        rows = rows[1:] if rows[0] == "" else rows
    return rows


def join_fitting(parts: Iterable[Line], width: int, gap: str = "  ") -> Line:
    """The first parts that fit on one line, none of them cut."""
    result: Line = ()
    for part in parts:
        longer = (*result, (gap, "text"), *part) if result else part
        if cells(longer) > width:
            break
        result = longer
    return result
