"""The table of turns: its columns, what stands in them, and what they are sorted by."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from timmy_tui.core.formatting import MISSING, count, duration, on_off
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import BY_KEY, SETTINGS, UNATTRIBUTED, V2V, label
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.report.words.llm import share_words
from timmy_tui.ui.paint.lines import foreign, right
from timmy_tui.ui.paint.wording import part_name, reason_words, stage_name, tokens
from timmy_tui.ui.panels.headline import largest_part
from timmy_tui.ui.panels.lists import STATE_WORDS, state_mark, turn_time
from timmy_tui.ui.turn_filter import TurnFacts, stage_ms
from timmy_tui.ui.view import View

Cell = tuple[str, str]
"""(text, role)."""
Value = float | str | None
MOSTLY = 0.5
"""Share of a prompt from which on most of it was reused; 0 % in green said that nothing is well."""
LEAST_WHY = 14
"""Cells of the last column, which takes what room there is."""


class TurnColumn(Struct, frozen=True):
    """A column."""

    key: str
    heading: str
    width: int
    """Cells."""
    cell: Callable[[Turn, View], Cell]
    value: Callable[[Turn, View], Value]
    """What rows are sorted by; None stands at the end, in both directions."""
    chosen: bool = True
    """Shown unless the user chooses otherwise."""
    meaning: str = ""
    """What the page that chooses columns says of it."""


def turn_facts(turn: Turn, view: View) -> TurnFacts:
    """What the filter knows of a turn beside the turn."""
    return TurnFacts(epochs_of(view).get(turn.ordinal), view.marks.get(turn.ordinal, ""))


def epochs_of(view: View) -> dict[int, int]:
    """Ordinal of a turn → number of its epoch."""

    def numbers() -> dict[int, int]:
        epochs: dict[int, int] = {}
        first = min(view.epoch_starts, default=0)
        earlier = [number for ordinal, number in view.epoch_starts.items() if view.turns and ordinal < first]
        current = max(earlier, default=min(view.epoch_starts.values(), default=None))
        for turn in view.turns:
            current = view.epoch_starts.get(turn.ordinal, current)
            if current is not None:
                epochs[turn.ordinal] = current
        return epochs

    return view.cached("epochs of turns", numbers)


def _state(turn: Turn, view: View) -> Cell:
    glyph, role = state_mark(turn, view)
    return glyph + (view.glyphs.upright if turn.ordinal in view.epoch_starts else ""), role


def _headline(turn: Turn, view: View) -> Cell:
    measured = turn.state is TurnState.COMPLETE and turn.is_spoken
    return right(duration(turn.headline_ms), 6), "value" if measured else "muted"


def _largest(turn: Turn, view: View) -> Cell:
    part = largest_part(turn)
    return (f"{part_name(part[0]):6} {duration(part[1]):>6}" if part else MISSING), "text"


def _largest_ms(turn: Turn, view: View) -> Value:
    part = largest_part(turn)
    return part[1] if part else None


def _cache(turn: Turn, view: View) -> Cell:
    reuse = view.reuse.get(turn.ordinal)
    share = right(share_words(reuse), 7)
    if reuse is None or reuse.share is None:
        return share, "faint"
    return share, "warn" if reuse.cold or reuse.broken else "good" if reuse.share >= MOSTLY else "text"


def _cache_share(turn: Turn, view: View) -> Value:
    reuse = view.reuse.get(turn.ordinal)
    return reuse.share if reuse else None


def _mark(turn: Turn, view: View) -> Cell:
    mark = view.marks.get(turn.ordinal, "")
    return mark, "good" if mark == "good" else "bad"


def why(turn: Turn, view: View) -> str:
    """Why it is not as the others: what failed, in full, what was not measured, which epoch it begins."""
    if turn.state is not TurnState.COMPLETE:
        return f"{turn.state.words} {foreign(turn.reason, 200)}".strip()
    words = ["typed"] if turn.typed and turn.started is not None else []  # Else the column of times says it.
    words += [reason_words(reason, 60)] if (reason := turn.unmeasured.get(V2V)) else []
    words += [f"epoch {view.epoch_starts[turn.ordinal]} begins"] if turn.ordinal in view.epoch_starts else []
    note = view.notes.get(turn.ordinal, "")
    return ", ".join(words) + (f"{'  ' if words else ''}“{foreign(note, 200)}”" if note else "")


def _why(turn: Turn, view: View) -> Cell:
    if turn.state is TurnState.FAILED and turn.reason:  # ✗ says that it failed: there is more room for the reason.
        return foreign(turn.reason, 200), STATE_WORDS
    return why(turn, view), "muted" if turn.state is TurnState.COMPLETE else STATE_WORDS


def _stage(key: str) -> TurnColumn:
    def cell(turn: Turn, view: View) -> Cell:
        skipped = key in turn.skipped
        return right("skip" if skipped else duration(stage_ms(turn, key)), 7), "muted" if skipped else "text"

    name = stage_name(key) if key in BY_KEY else label(key)
    meaning = BY_KEY[key].meaning if key in BY_KEY else "time that no stage has a name for"
    return TurnColumn(key, right(name, 7), 8, cell, lambda turn, view: stage_ms(turn, key), False, meaning)


def _started(turn: Turn, view: View) -> Value:
    return turn.started


COLUMNS: tuple[TurnColumn, ...] = (
    TurnColumn("state", "", 3, _state, lambda turn, view: str(turn.state),
               meaning="● complete, ✗ failed, ○ aborted; red where over its usual"),
    TurnColumn("turn", "turn", 5, lambda turn, view: (right(count(turn.number), 4), "muted"),
               lambda turn, view: turn.number, meaning="its number, which commands take too"),
    TurnColumn("time", "time", 9, lambda turn, view: (turn_time(turn), "muted"), _started,
               meaning="when it began"),
    TurnColumn("headline", "  V2V", 7, _headline, lambda turn, view: turn.headline_ms,
               meaning="voice to voice: how long you waited; typed: the time in v34"),
    TurnColumn("largest", "largest", 14, _largest, _largest_ms, meaning="the stage that took most of it"),
    TurnColumn("cache", "  cache", 8, _cache, _cache_share,
               meaning="how much of the prompt was reused; ~ is an estimate"),
    TurnColumn("tokens", "   tok", 7, lambda turn, view: (right(tokens(turn.prompt_tokens), 6), "text"),
               lambda turn, view: turn.prompt_tokens, meaning="tokens of the prompt"),
    TurnColumn("out", "  out", 6, lambda turn, view: (right(tokens(turn.output_tokens), 5), "text"),
               lambda turn, view: turn.output_tokens, chosen=False, meaning="tokens of the reply"),
    TurnColumn("tail", "tail", 5, lambda turn, view: (on_off(turn.tail_mode), "info" if turn.tail_mode else "muted"),
               lambda turn, view: None if turn.tail_mode is None else float(turn.tail_mode),
               meaning="tail mode, on or off"),
    TurnColumn("mark", "mark", 5, _mark, lambda turn, view: view.marks.get(turn.ordinal),
               meaning="your mark, good or bad"),
    TurnColumn("epoch", "epoch", 6, lambda turn, view: (count(epochs_of(view).get(turn.ordinal)), "muted"),
               lambda turn, view: epochs_of(view).get(turn.ordinal), chosen=False,
               meaning="turns under the same flags, between two restarts"),
    TurnColumn("id", "id", 9, lambda turn, view: (foreign(turn.request_id, 8), "muted"),
               lambda turn, view: turn.request_id or None, chosen=False, meaning="v34's id of the request"),
    *(_stage(key) for key in (*BY_KEY, UNATTRIBUTED) if key not in SETTINGS),
    TurnColumn("why", "why", LEAST_WHY, _why, lambda turn, view: why(turn, view) or None,
               meaning="what failed, was not measured, or begins here; your note"),
)  # fmt: skip
"""In their order on the screen; a narrow pane drops them from the right, and they are counted."""
_WITH_TOKENS = ("cache", "tokens")
"""Columns that say nothing where the log counts no tokens."""


def _is_usual(column: TurnColumn) -> bool:
    if column.key == "tail":
        return watched().is_built_in
    return column.chosen and (watched().counts_tokens or column.key not in _WITH_TOKENS)


USUAL = tuple(column.key for column in COLUMNS if _is_usual(column))


def turn_cells(turn: Turn, view: View, columns: Sequence[TurnColumn] = COLUMNS) -> list[Cell]:
    """What stands in each column."""
    return [column.cell(turn, view) for column in columns]


def chosen_columns(keys: Sequence[str], width: int) -> tuple[TurnColumn, ...]:
    """The columns with these keys that fit ``width`` cells, in their own order; at least one.

    ``why`` takes the room that is left.
    """
    columns: list[TurnColumn] = []
    used = 0
    for column in COLUMNS:
        least = LEAST_WHY if column.key == "why" else column.width
        if column.key in keys and (used + least <= width or not columns):
            columns.append(column)
            used += least
    last = columns[-1] if columns else COLUMNS[1]
    if last.key == "why":
        room = max(width - used + LEAST_WHY, LEAST_WHY)
        columns[-1] = TurnColumn(last.key, last.heading, room, last.cell, last.value, last.chosen)
    return tuple(columns) or (last,)


def sorted_turns(turns: Sequence[Turn], view: View, key: str, downwards: bool) -> list[Turn]:
    """By a column, what has no value last; in the order of the turns among equals. ``time``: the turns' own order."""
    if key == "time":
        return list(reversed(turns)) if downwards else list(turns)
    column = next(column for column in COLUMNS if column.key == key)
    valued = [(value, turn) for turn in turns if (value := column.value(turn, view)) is not None]
    ordered = sorted(valued, key=lambda pair: pair[0], reverse=downwards)
    known = {id(turn) for _, turn in ordered}
    return [turn for _, turn in ordered] + [turn for turn in turns if id(turn) not in known]
