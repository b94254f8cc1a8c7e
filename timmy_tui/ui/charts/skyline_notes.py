"""What stands under the skyline: signs at the columns of turns, with as many words beside each as there is room for."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.ui.charts.skyline import join_cells
from timmy_tui.ui.paint.lines import Line, Span

BLANK: Span = (" ", "text")
LONGEST_LEADER = 24
"""Cells from a sign to the words that stand ahead of its neighbours."""
WORD = 5
"""So many full cells side by side are words, and no signs."""


class Note(Struct, frozen=True):
    """Something to say of one column."""

    column: int
    rank: int
    """The lowest gets its words first."""
    sign: Span
    words: tuple[str, ...] = ()
    """From the longest to the shortest; all of them may be left out, the sign never is."""
    role: str = "text"
    weak: bool = False
    """Only where nothing else stands, its sign too: a tick of the ruler."""
    anywhere: bool = False
    """Where its words do not fit beside it, they stand where there is room, behind its sign once more."""
    leader: str = ""
    """Ahead of that they stand left of the signs beside it, and a line of this glyph leads from them to its own."""


class Stretch(Struct, frozen=True):
    """Columns that belong together: a rule runs between what else is said of them, from the first to the last."""

    start: int
    end: int
    """Behind the last."""
    glyphs: tuple[str, str, str]
    """Its first, those between, its last."""
    words: tuple[str, ...] = ()
    """What it is, from the longest to the shortest: the first that fit stand in it."""
    role: str = "faint"

    def draw(self, cells: list[Span | None]) -> None:
        """Into the cells that are free."""
        first, rule, last = self.glyphs
        for text in self.words:
            # Both its ends stay.
            room = range(self.start + 1, self.end - len(text))
            start = next((at for at in room if not any(cells[at : at + len(text)])), None)
            if start is not None:
                cells[start : start + len(text)] = [(char, self.role) for char in text]
                break
        for at in range(max(self.start, 0), min(self.end, len(cells))):
            sign = first if at == self.start else last if at == self.end - 1 else rule
            cells[at] = cells[at] or (sign, self.role)


def place_notes(notes: Iterable[Note], width: int, stretch: Stretch | None = None) -> Line:
    """One line of ``width`` cells. Every sign has its column; words stand to its right, or where that is full, left.

    Of several notes on one column the one of lowest rank has the sign, and its words count the others: ``and 1 more``.
    """
    cells: list[Span | None] = [None] * width
    every = list(notes)
    grouped = _by_column((note for note in every if not note.weak), width)
    for note in grouped:
        cells[note.column] = note.sign
    for note in sorted(grouped, key=lambda one: (one.rank, -one.column)):
        _place_words(cells, note)
    for note in every:
        if note.weak and 0 <= note.column < width and not any(cells[max(note.column - 1, 0) : note.column + 1]):
            cells[note.column] = note.sign
            _place_words(cells, note)
    if stretch is not None:
        stretch.draw(cells)
    return join_cells(cell if cell is not None else BLANK for cell in cells)


def _place_words(cells: list[Span | None], note: Note) -> None:
    """The words at the right, shortened to a half at most; else the longest that fit at the left; else any."""
    longest = max(map(len, note.words), default=0)
    long = [words for words in note.words if 2 * len(words) >= longest]
    tries = [(words, _right) for words in long] + [(words, side) for words in note.words for side in (_left, _right)]
    for words, free in tries:
        start = free(cells, note.column, len(words))
        if words and start is not None:
            # The blank between sign and words stays between them.
            placed = words if start > note.column else words.lstrip().ljust(len(words))
            cells[start : start + len(words)] = [(char, note.role) for char in placed]
            return
    if note.leader and _place_ahead(cells, note):
        return
    if note.anywhere:
        _place_apart(cells, note)


def _place_ahead(cells: list[Span | None], note: Note) -> bool:
    """The longest of its words that fit left of the signs beside it. The leader passes signs, never words."""
    ends = [note.column]
    while (
        note.column - ends[-1] < LONGEST_LEADER and ends[-1] > 0 and not all(cells[max(ends[-1] - WORD, 0) : ends[-1]])
    ):
        ends.append(ends[-1] - 1)
    for words in note.words:
        text = f"{words.strip()} "
        start = next((at for end in ends if (at := _left(cells, end, len(text))) is not None), None)
        if start is None:
            continue
        cells[start : start + len(text)] = [(char, note.role) for char in text]
        for at in range(start + len(text), note.column):
            cells[at] = cells[at] or (note.leader, note.role)
        return True
    return False


def _place_apart(cells: list[Span | None], note: Note) -> None:
    """The longest of its words in the room nearest to its column."""
    for words in note.words:
        text = f"{note.sign[0]}{words}"
        room = (at for at in range(len(cells) - len(text) + 1) if not any(cells[max(at - 1, 0) : at + len(text) + 1]))
        start = min(room, key=lambda at: abs(at - note.column), default=None)
        if start is not None:
            cells[start : start + len(text)] = [note.sign, *((char, note.role) for char in words)]
            return


def _by_column(notes: Iterable[Note], width: int) -> list[Note]:
    columns: dict[int, list[Note]] = {}
    for note in notes:
        if 0 <= note.column < width:
            columns.setdefault(note.column, []).append(note)
    return [_together(sorted(group, key=lambda one: one.rank)) for group in columns.values()]


def _together(group: Sequence[Note]) -> Note:
    first, *others = group
    if not others:
        return first
    both = [f"{mine} · {words}" for mine in first.words for words in others[0].words] if len(others) == 1 else []
    counted = [f"{mine} and {len(others)} more" for mine in first.words]
    ordered = (*sorted(both, key=len, reverse=True), *sorted(counted, key=len, reverse=True), *first.words[-1:])
    return replace(first, words=ordered)


def _right(cells: Sequence[Span | None], column: int, length: int) -> int | None:
    """Where words of this length begin behind their column, with a blank to what comes next; None without room."""
    start, width = column + 1, len(cells)
    free = start + length <= width and not any(cells[start : min(start + length + 1, width)])
    return start if free else None


def _left(cells: Sequence[Span | None], column: int, length: int) -> int | None:
    """The same ahead of their column."""
    start = column - length
    return start if start >= 0 and not any(cells[max(start - 1, 0) : column]) else None
