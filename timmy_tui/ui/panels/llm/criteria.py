"""The guide's criteria with their verdicts: as many as there is room for, or all of them whole on a page."""

from rich.cells import cell_len

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.llm import FAIL, MISLEADING, NOT_JUDGED, PASS, Criterion
from timmy_tui.report.words.llm import value_words, verdict_words
from timmy_tui.ui.paint.lines import Line, Row, beginnings, cells, foreign, join_fitting, left, line, wrap_text
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.view import View

VERDICT_ROLE = {PASS: "good", FAIL: "bad", MISLEADING: "misleading", NOT_JUDGED: "muted"}
LEAST_ROWS = 4
"""Heading, group, a criterion and the count of the others."""
VERDICT = 13
"""Cells of a verdict with its glyph and two blanks."""
LEAST_NOTE, MOST_VALUE = 60, 54
"""Cells from which what a criterion really shows has a column of its own, and of the values ahead of it: a reason that
is longer has its note behind it.
"""
LEAST_PART = 24
"""Cells of a note from which a part of it says something: of ``token ids, sent…`` nobody learnt anything."""
LABEL, SHORT_LABEL = 36, 28
"""Cells of the longest label and two blanks; and of what a pane below 80 cells has for it."""


def criteria_lines(criteria: tuple[Criterion, ...], view: View, width: int, height: int) -> list[Line]:
    """As many as fit ``height`` lines under the headings of their groups; the others are counted, with their key.

    Below LEAST_ROWS one line says how many have which verdict.
    """
    if not criteria or height < 1:
        return []
    if height < LEAST_ROWS:
        return [_counts(criteria, view, width)]
    lines = [title("the guide's criteria", width, view)]
    value = _value_cells(criteria, width)
    group = ""
    for item in criteria:
        if item.group != group:
            group = item.group
            lines.append(line((foreign(group, width), "muted")))
        lines.append(_criterion(item, view, width, value))
    if len(lines) <= height:
        return lines
    shown = lines[: height - 1]
    while len(shown) > 1 and shown[-1][0][1] == "muted" and len(shown[-1]) == 1:
        # A heading of a group that has no row any more.
        shown.pop()
    left_out = len(criteria) - sum(len(row) > 2 for row in shown)
    return [*shown, line((f"+{left_out} more criteria  ", "muted"), (view.keys.get("criteria", ""), "key"))]


def _counts(criteria: tuple[Criterion, ...], view: View, width: int) -> Line:
    verdicts = [item.verdict for item in criteria]
    counts = [(verdict, verdicts.count(verdict)) for verdict in VERDICT_ROLE if verdict in verdicts]
    key = line((view.keys.get("criteria", ""), "key"))
    heads = (line(("the guide's criteria:", "muted")), line(("guide:", "muted")))
    parts = [line((f"{count} {verdict}", VERDICT_ROLE[verdict])) for verdict, count in counts]
    head = next((head for head in heads if sum(cells(part) + 2 for part in (head, *parts)) + 5 <= width), heads[-1])
    return join_fitting([head, *parts, key], width)


def _value_cells(criteria: tuple[Criterion, ...], width: int) -> int:
    """Cells of a column of values, with what they show in one of its own; 0 where there is no room for both."""
    longest = min(max(cell_len(value_words(item)) for item in criteria) + 2, MOST_VALUE)
    return longest if width - VERDICT - LABEL - longest >= LEAST_NOTE else 0


def _criterion(item: Criterion, view: View, width: int, value: int) -> Line:
    label = LABEL if width >= 80 else SHORT_LABEL
    note = foreign(item.note, width) if item.note else ""
    room = width - VERDICT - label
    known = figure_in(item, value - 2 if value and cell_len(value_words(item)) + 2 <= value else room)
    note_room = room - max(value, cell_len(known) + 2)
    if cell_len(item.note) > note_room and note_room < LEAST_PART:
        note = ""
    return line(
        verdict_span(item, view),
        (left(foreign(item.label, label - 1), label), "label"),
        left(known, value) if cell_len(known) + 2 <= value else f"{known}  " if note else known,
        (note, "muted"),
    )


def figure_in(item: Criterion, room: int) -> str:
    """What is known of it in so many cells: of a reason its first words give way first, of a list its last figures."""
    forms = [value_words(item), *([f"because {item.because}", item.because] if item.because else [])]
    forms += beginnings(forms[-1])
    return next((text for text in map(clean, forms) if cell_len(text) <= room), foreign(forms[-1], room))


def verdict_span(item: Criterion, view: View) -> tuple[str, str]:
    """``≠ misleading``: glyph and word of a verdict in VERDICT cells, and its role."""
    glyphs = view.glyphs
    marks = {PASS: glyphs.ok, FAIL: glyphs.fail, MISLEADING: glyphs.misleading}
    words = f"{marks.get(item.verdict, glyphs.none)} {foreign(verdict_words(item), 10)}"
    return left(words, VERDICT), VERDICT_ROLE.get(item.verdict, "muted")


def criteria_rows(view: View, width: int) -> list[Row]:
    """All of them whole, each with what it really means, for a page of its own."""
    llm = view.snapshot.llm
    rows: list[Line] = []
    group = ""
    for item in llm.criteria if llm is not None else ():
        if item.group != group:
            group = item.group
            rows += [line(), line((foreign(group, width), "title"))]
        room = max(width - VERDICT, 12)
        texts = wrap_text(f"{foreign(item.label, 200)}: {foreign(value_words(item), 1000)}", room)
        rows.append(line(verdict_span(item, view), texts[0]))
        rows += [line(" " * VERDICT, text) for text in texts[1:]]
        rows += [line(" " * VERDICT, (text, "muted")) for text in wrap_text(foreign(item.note, 1000), room) if text]
    return [(row, None) for row in rows[1:] or [line(("no turn yet", "muted"))]]
