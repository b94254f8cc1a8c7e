"""The view from across the room: what Timmy does, and the newest turn's V2V, as large as the pane allows."""

from msgspec import Struct

from timmy_tui.core.formatting import ago
from timmy_tui.model.stages.watched import V2V
from timmy_tui.model.turn import NOT_COMPLETED
from timmy_tui.report.status_line.line import NOTABLE_MS, WIDTH, line_values, status_line
from timmy_tui.ui.activity import Activity, activity
from timmy_tui.ui.charts.big_text import ROWS, big_text, largest
from timmy_tui.ui.paint.lines import BLANK, Line, cells, fit, join_fitting, line, plain, whole_parts
from timmy_tui.ui.paint.wording import EQUAL_WORK, signed
from timmy_tui.ui.panels.facts import footer_line, frozen_words
from timmy_tui.ui.panels.headline import flight_parts, headline_words, is_late, usual_parts
from timmy_tui.ui.panels.lists import over_role
from timmy_tui.ui.panels.live.diagnosis_line import diagnosis_line
from timmy_tui.ui.panels.live.said import finding_line
from timmy_tui.ui.view import View

LEAST = (40, 8)
"""(width, height) in cells; below it one line is shown."""
FOOTER_FROM = 15
"""Rows from which there is room for the keys, and for the age of the turn on a line of its own."""
ROOMY = 24
"""Rows from which a whole one is left blank between the state and the figure."""
STATE_SHARE = 0.35
"""Of the rows for blocks, at most so much is the state's: the figure is what is read."""


class Figure(Struct, frozen=True):
    """The newest turn in one word or figure, and how bad it is."""

    text: str
    role: str
    verdict: Line
    """Glyph and words of the same."""


def across_lines(view: View, width: int, height: int) -> list[Line]:
    """Exactly ``height`` lines of ``width`` cells."""
    if width <= 0 or height <= 0:
        return []
    if width < LEAST[0] or height < LEAST[1]:
        lines: list[Line] = [line((status_line(line_values(view.snapshot), min(width, WIDTH)), "value"))]
    else:
        lines = _blocks(view, width, height)
    return [fit(row, width) for row in [*lines, *[BLANK] * height][:height]]


def _blocks(view: View, width: int, height: int) -> list[Line]:
    doing, figure = activity(view.snapshot, view.tick, view.now), _figure(view, width)
    late = doing.word == "THINKING" and is_late(view)
    state_role, figure_role = "warn" if late else doing.role, figure.role
    if view.live_snapshot is not None:
        state_role = figure_role = "muted"  # Of another time: no colour may say that it is now.
    foot: list[Line] = [figure.verdict]
    if height >= FOOTER_FROM:
        foot += [join_fitting(_caption(view), width), footer_line(view, "across", width)]
    rows = height - 1 - len(foot)
    state_rows = _state_rows(rows, view.glyphs.plain)
    state = _centred(doing.word, state_role, (width, state_rows), view.glyphs.plain)
    remaining = rows - len(state)
    # An odd number of half rows has half a blank row at its end, which is enough between small letters.
    blank = int(bool(state) and (height >= ROOMY or "▀" not in plain(state[-1])))
    number = _centred(figure.text, figure_role, (width, remaining - blank), view.glyphs.plain)
    number = number or [_middle(line((figure.text, figure_role)), width)]
    spare = rows - len(state) - len(number)
    above = spare // 2 if state else (spare + 1) // 2
    return [_doing_line(view, doing, state_role, width), *state, *[BLANK] * above, *number,
            *[BLANK] * (spare - above), *foot]  # fmt: skip


def _state_rows(rows: int, plain: bool) -> int:
    """Rows for the state in blocks; 0 where the figure needs them all: the first line has the word as well."""
    least = ROWS if plain else -(-ROWS // 2)
    figure_least = ROWS
    if rows < least + figure_least:
        return 0
    return min(max(int(rows * STATE_SHARE), least), rows - figure_least)


def _centred(text: str, role: str, room: tuple[int, int], plain: bool) -> list[Line]:
    size = largest(text, *room, plain)
    if size is None:
        return []
    return [_middle(line((row, role)), room[0]) for row in big_text(text, size, plain)]


def _middle(spans: Line, width: int) -> Line:
    return (("" if (spare := (width - cells(spans)) // 2) <= 0 else " " * spare, "text"), *spans)


def _doing_line(view: View, doing: Activity, role: str, width: int) -> Line:
    """``◐ THINKING  LLM 1.2s  usual 812ms``: the state with its glyph, and the phase or the reason."""
    glyph = getattr(view.glyphs, doing.glyph)
    glyph = glyph[int(view.tick * 4) % len(glyph)] if doing.glyph == "spin" else glyph
    parts = [*frozen_words(view), line((f"{glyph} {doing.word}", role))]
    if doing.why:
        parts.append(line((doing.why, "muted")))
    elif view.snapshot.open_turn is not None:
        parts += flight_parts(view)
    return join_fitting(parts, width)


def _figure(view: View, width: int) -> Figure:
    """The newest spoken turn; what did not complete has its state in place of the figure."""
    turn, headline, glyphs = view.headline_turn, view.snapshot.headline, view.glyphs
    if turn is not None and turn.state in NOT_COMPLETED:
        word = turn.state.words
        name = view.turn_name(turn.ordinal, turn.request_id)
        verdict = line((f"{glyphs.fail} {name} {word}", "bad"))
        return Figure(word.upper(), "bad", _with_age(view, verdict, width))
    if turn is None or headline is None or headline.last is None:
        why = line((f"{glyphs.none} {V2V} is not known", "muted"))
        return Figure("—", "muted", _with_age(view, why, width))
    text = headline_words(turn, headline.last).replace(" ", "")
    role, verdict = _verdict(view, width - 8)
    head = line((f"{headline.key}  ", "muted")) if headline.key != V2V else ()
    return Figure(text, role, _with_age(view, (*head, *verdict), width))


def _verdict(view: View, width: int) -> tuple[str, Line]:
    """How bad the newest turn is: a change that lasts, else the turn itself."""
    glyphs, turn = view.glyphs, view.headline_turn
    leading = view.leading
    if leading is not None:
        role = "muted" if leading.acknowledged else "bad"
        return role, finding_line(view, width)
    diagnosis = view.diagnosis_of(turn.ordinal) if turn is not None else None
    if diagnosis is not None and diagnosis.slow:
        role = "slower.slightly"
        return role, line((f"{glyphs.up} slow ", role), *diagnosis_line(view, max(width - 7, 1), turn)[0])
    if view.excess_ms is not None:
        return _against_usual(view, view.excess_ms)
    return "value", line((f"{glyphs.none} nothing to compare it with yet", "muted"))


def _against_usual(view: View, excess_ms: float) -> tuple[str, Line]:
    """``● as usual`` only where it is near that; else the figure, in the colour that the turn has in lists."""
    if abs(excess_ms) < NOTABLE_MS:
        return "good", line((f"{view.glyphs.ok} as usual", "good"))
    turn = view.headline_turn
    role = over_role(turn, view) if turn is not None else ""
    return role or "good", line((f"{signed(excess_ms, view.glyphs)} {EQUAL_WORK}", role or "good"))


def _with_age(view: View, verdict: Line, width: int) -> Line:
    """With the age of the turn at its end: the figure is not of now."""
    ended = view.headline_turn.ended if view.headline_turn is not None else None
    if ended is None:
        return fit(verdict, width) if cells(verdict) > width else verdict
    age = f"  {ago(view.now - ended)} ago"
    room = width - len(age)
    # A count that has no room left a lone … behind what is said.
    return (*(verdict if cells(verdict) <= room else fit(whole_parts(verdict, room), room)), (age, "muted"))


def _caption(view: View) -> list[Line]:
    headline = view.snapshot.headline
    name = headline.key if headline is not None else V2V
    return [line((f"{name} of the newest turn", "muted")), *usual_parts(view.snapshot)]
