"""Turns as CSV: what the table shows, filtered and sorted as it is, with figures as figures."""

import csv
import io
import time
from collections.abc import Iterable, Sequence

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import plural
from timmy_tui.model.stages.watched import KEYS, UNATTRIBUTED
from timmy_tui.model.turn import Turn
from timmy_tui.ui.panels.turns.cells import turn_facts, why
from timmy_tui.ui.turn_filter import stage_ms
from timmy_tui.ui.view import View

COLUMNS = (
    "turn", "id", "started", "state", "span", "headline_ms", *(f"{key}_ms" for key in (*KEYS, UNATTRIBUTED)),
    "prompt_tokens", "output_tokens", "cache_share", "tail_mode", "raw", "epoch", "mark", "why",
)  # fmt: skip
"""Times in ms, ``started`` in seconds since 1970; empty is not known. Nothing of what was said."""


def save_turns(turns: Sequence[Turn], view: View) -> tuple[str, str]:
    """Write them as CSV into the user's state folder; (what is to be said of it, its role)."""
    from timmy_tui.ui.terminal.clipboard import save_text

    try:
        path = save_text(turns_csv(turns, view), time.time(), "csv")
    except OSError as error:
        return f"not written: {error.strerror}", "bad"
    return f"{plural(len(turns), 'turn')} written: {path}", "info"


def turns_csv(turns: Iterable[Turn], view: View) -> str:
    """Header and a row for each turn, in this order."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(turn, view) for turn in turns)
    return file.getvalue()


def _row(turn: Turn, view: View) -> Sequence[object]:
    facts, reuse = turn_facts(turn, view), view.reuse.get(turn.ordinal)
    values: list[object] = [turn.number, _text(turn.request_id), turn.started, turn.state, turn.span, turn.headline_ms]
    values += [stage_ms(turn, key) for key in (*KEYS, UNATTRIBUTED)]
    values += [turn.prompt_tokens, turn.output_tokens, reuse.share if reuse else None, turn.tail_mode, turn.raw]
    return ["" if value is None else value for value in [*values, facts.epoch, facts.mark, _text(why(turn, view))]]


def _text(text: str) -> str:
    """Foreign text: no control characters, and nothing that a spreadsheet takes for a formula."""
    shown = clean(text, 400)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown
