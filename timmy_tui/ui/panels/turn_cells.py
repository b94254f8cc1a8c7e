"""The table of turns: its columns and their content."""

from timmy_tui.core.formatting import MISSING, count, duration, on_off
from timmy_tui.model.stages import V2V, label
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.report.llm_words import share_words
from timmy_tui.ui.paint.lines import foreign, right
from timmy_tui.ui.paint.wording import reason_words, tokens
from timmy_tui.ui.panels.headline import largest_part
from timmy_tui.ui.panels.lists import state_mark, turn_time
from timmy_tui.ui.view import View

COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("state", "", 3),
    ("time", "time", 9),
    ("headline", "  V2V", 7),
    ("largest", "largest", 14),
    ("cache", "  cache", 8),
    ("prompt", "   tok", 7),
    ("tail", "tail", 5),
    ("mark", "mark", 5),
    ("turn", "turn", 5),
    ("why", "why", 30),
)
"""(key, heading, width in cells); a narrow pane cuts the columns at the right."""


def turn_cells(turn: Turn, view: View) -> list[tuple[str, str]]:
    """(text, role) of each column."""
    glyph, role = state_mark(turn, view)
    complete = turn.state is TurnState.COMPLETE
    part = largest_part(turn)
    epoch = view.glyphs.upright if turn.ordinal in view.epoch_starts else ""
    mark = view.marks.get(turn.ordinal, "")
    tail = turn.tail_mode
    largest = f"{label(part[0]):6} {duration(part[1]):>6}" if part else MISSING
    return [
        (glyph + epoch, role),
        (turn_time(turn), "muted"),
        (right(duration(turn.headline_ms), 6), "value" if complete and turn.is_spoken else "muted"),
        (largest, "text"),
        _cache(turn, view),
        (right(tokens(turn.prompt_tokens), 6), "text"),
        (on_off(tail), "info" if tail else "muted"),
        (mark, "good" if mark == "good" else "bad"),
        (count(turn.number), "muted"),
        (_why(turn, view), "muted" if complete else role),
    ]


def _cache(turn: Turn, view: View) -> tuple[str, str]:
    reuse = view.reuse.get(turn.ordinal)
    share = right(share_words(reuse), 7)
    if reuse is None or reuse.share is None:
        return share, "faint"
    return share, "warn" if reuse.cold or reuse.broken else "good"


def _why(turn: Turn, view: View) -> str:
    if turn.state is not TurnState.COMPLETE:
        return f"{str(turn.state).replace('_', ' ')} {foreign(turn.reason, 24)}".strip()
    words = ["typed"] if turn.typed else []
    words += [reason_words(reason, 24)] if (reason := turn.unmeasured.get(V2V)) else []
    words += [f"epoch {view.epoch_starts[turn.ordinal]} begins"] if turn.ordinal in view.epoch_starts else []
    return ", ".join(words)
