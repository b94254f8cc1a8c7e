"""One turn under the charts: its name and length, its stages as one bar, and each with its figure."""

from collections.abc import Sequence

from msgspec import Struct

from timmy_tui.core.formatting import duration
from timmy_tui.model.stages.watched import BY_KEY, HOPS
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.ui.charts.skyline import OUTLINED, Part, join_cells
from timmy_tui.ui.charts.skyline_columns import LEAST_REST_MS, parts_of
from timmy_tui.ui.charts.waterfall import is_off
from timmy_tui.ui.paint.lines import Line, Span, fit, foreign, join_fitting, line
from timmy_tui.ui.paint.themes import GAP_KEY, STAGE
from timmy_tui.ui.paint.wording import clock_time, moved_words_role, reason_words, signed
from timmy_tui.ui.panels.against_usual import usual_ms
from timmy_tui.ui.panels.headline import headline_words
from timmy_tui.ui.panels.lists import state_mark
from timmy_tui.ui.panels.skyline.window import GUTTER
from timmy_tui.ui.view import View

ROWS = 3
"""Lines of a turn."""


def stack_lines(view: View, turn: Turn | None, width: int) -> list[Line]:
    """ROWS lines: the turn, its bar over the whole width, and what the largest pieces are."""
    if turn is None:
        return [line(("no turn is over yet", "muted")), (), ()]
    pieces = [Piece(key, ms, _over(view, turn, key, ms)) for key, ms in _parts(turn)]
    return [turn_line(view, turn, width), *bar_lines(view, pieces, width)]


class Piece(Struct, frozen=True):
    """One stage of the bar."""

    key: str
    ms: float
    over: str = ""
    """How far it is over its usual, in words; empty where it is not."""


def bar_lines(view: View, pieces: Sequence[Piece], width: int) -> list[Line]:
    """The bar, and under it the names and figures."""
    cells = max(width - GUTTER, 1)
    total = sum(piece.ms for piece in pieces)
    if total <= 0:
        return [(), ()]
    gutter = line((" " * GUTTER, "text"))
    ends, at = [0], 0.0
    for piece in pieces:
        # Each end is rounded by itself, so that no error adds up.
        at += piece.ms
        ends.append(min(round(at / total * cells), cells))
    bar = [_drawn(view, piece.key, end - start) for piece, start, end in zip(pieces, ends, ends[1:], strict=False)]
    return [(*gutter, *(span for span in bar if span[0])), (*gutter, *_labels(pieces, ends, cells))]


def turn_line(view: View, turn: Turn, width: int) -> Line:
    """``turn 417 · 14:33:10 · V2V ≥3.11s ▲+640ms over the usual for its work``; or why it has no length."""
    back = len(view.turns) - view.index_by_ordinal.get(turn.ordinal, len(view.turns) - 1)
    parts = [line((view.turn_name(turn.ordinal, turn.request_id), "value"))]
    if turn.state is not TurnState.COMPLETE:
        glyph, role = state_mark(turn, view)
        words = f"{glyph} {turn.state.words}"
        parts.append(line((words, role), (f" {foreign(turn.reason, 60)}" if turn.reason else "", "muted")))
    elif turn.headline_ms is None:
        why = reason_words(next(iter(turn.unmeasured.values()), ""), 30)
        parts.append(line((f"not measured {why}".rstrip(), "muted")))
    else:
        parts.append(line((f"{turn.span} {headline_words(turn, turn.headline_ms)}", "value")))
    over, as_usual = view.over_usual(turn), line(("as usual for its work", "muted"))
    if over is not None:
        words = signed(over[0], view.glyphs)
        role = moved_words_role(over[0]) if is_off(*over) else "muted"
        parts.append(line((words, role), (" against its usual", "muted")) if words else as_usual)
    parts.append(line((clock_time(turn.started).strip(), "muted")))
    parts.append(line((f"{back}t back" if back > 1 else "the newest", "muted")))
    return fit(join_fitting([part for part in parts if part[0][0]], width), width)


def _parts(turn: Turn) -> list[Part]:
    """The stages and gaps of a turn in any state, and what its headline is longer than these."""
    parts = parts_of(turn)
    rest = (turn.headline_ms or 0.0) - sum(ms for _, ms in parts)
    return [*parts, (GAP_KEY, rest)] if rest > LEAST_REST_MS else parts


def _drawn(view: View, key: str, cells: int) -> Span:
    role = f"{STAGE}{key}"
    if cells <= 0:
        return "", role
    if view.monochrome or view.glyphs.plain:
        return (_fill(view, key) * (cells - 1) + view.glyphs.upright, role)
    return ((view.glyphs.outline if role == OUTLINED else view.glyphs.service) * cells, role)


def _fill(view: View, key: str) -> str:
    """Without colours neighbours differ by their glyphs."""
    fills = (view.glyphs.setting, view.glyphs.code, view.glyphs.service, view.glyphs.outline)
    if key == GAP_KEY:
        return view.glyphs.hole
    return fills[list(BY_KEY).index(key) % len(fills)] if key in BY_KEY else view.glyphs.service


def _labels(pieces: Sequence[Piece], starts: Sequence[int], width: int) -> Line:
    """``LLM 1.02s ▲+310ms`` from the first cell of its piece on; the largest first, where there is no room for all."""
    placed: list[Span] = [(" ", "text")] * width
    for at in sorted(range(len(pieces)), key=lambda one: pieces[one].ms, reverse=True):
        piece, start = pieces[at], starts[at]
        name = BY_KEY[piece.key].label if piece.key in BY_KEY else "gap"
        figure = f"{name} {duration(piece.ms)}"
        for text in (*([f"{figure} {piece.over}"] if piece.over else []), figure, name):
            around = placed[max(start - 1, 0) : start + len(text) + 1]
            if start + len(text) <= width and all(cell[0] == " " for cell in around):
                placed[start : start + len(text)] = [(char, "slower" if piece.over else "text") for char in text]
                break
    return join_cells(placed)


def _over(view: View, turn: Turn, key: str, ms: float) -> str:
    """How far a stage is over what is usual for its work; empty where that is little or not known."""
    usual = usual_ms(view, turn, "unattributed" if key == GAP_KEY else key)
    if usual is None or key in (GAP_KEY, *HOPS) or not is_off(ms - usual, usual):
        return ""
    return signed(ms - usual, view.glyphs)
