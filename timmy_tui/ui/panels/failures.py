"""How many of the newest turns failed, and of what: one failed turn is in the headline, more of them are a trouble."""

from collections import Counter

from timmy_tui.core.formatting import plural
from timmy_tui.model.turn import FAILED_STATES
from timmy_tui.ui.paint.lines import Line, foreign, join_fitting, line
from timmy_tui.ui.paint.wording import clock_time
from timmy_tui.ui.view import View

LEAST = 2
"""So many of the window's turns: a single one says nothing of the next."""
REASON = 40
"""Cells of a reason, which is v34's or Ollama's own text."""


def failures_line(view: View, width: int) -> Line:
    """As many of the parts as fit; empty where there is no such trouble."""
    return join_fitting(failure_parts(view), width)


def failure_parts(view: View) -> list[Line]:
    """``✗ 5 of the last 20 turns failed``, ``4 × Empty response``, ``newest 10:38:24``."""
    recent = view.turns[-view.snapshot.window :]
    failed = [turn for turn in recent if turn.state in FAILED_STATES]
    if len(failed) < LEAST:
        return []
    reasons = Counter(turn.reason or turn.state.words for turn in failed)
    newest = clock_time(failed[-1].started)
    return [
        line((f"{view.glyphs.fail} {len(failed)} of the last {plural(len(recent), 'turn')} failed", "bad")),
        *(line((f"{number} × ", "muted"), foreign(why, REASON)) for why, number in reasons.most_common()),
        *([line((f"newest {newest}", "muted"))] if newest.strip() else []),
    ]
