"""List panels: the newest turns, the newest log lines, the last turn's prompt, the flags."""

from rich.cells import cell_len

from timmy_tui.core.formatting import MISSING, duration, on_off
from timmy_tui.model.change import FlagState
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import V2V, label
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.report.words.llm import share_words
from timmy_tui.ui.paint.lines import Line, fit, foreign, left, line, right, size_of
from timmy_tui.ui.paint.wording import clock_time, reason_words, tokens
from timmy_tui.ui.panels.headline import largest_part
from timmy_tui.ui.panels.log.events import newest_entries
from timmy_tui.ui.panels.log.rows import log_columns, log_lines
from timmy_tui.ui.view import View

STATE_ROLE = {
    TurnState.COMPLETE: "good",
    TurnState.FAILED: "failed",
    TurnState.TIMED_OUT: "failed",
    TurnState.ABORTED: "muted",
    TurnState.OPEN: "info",
}
STATE_WORDS = "value"
"""Role of the words beside the sign of a turn that did not complete: dark on light is for the sign alone."""
NAME = 9
"""Cells for what a pair of the last prompt is called."""
FLAG_NAME, SAME = 19, " / same"
MARK, LEAST_WHY = 5, 21
"""Cells of a user's mark with its blank, and of why a turn did not complete."""
OVER, OVER_MS = 0.15, 200.0
OVER_MUCH, OVER_MUCH_MS = 0.4, 500.0
"""A turn over its usual by this share of it, and by so many ms, has the colours of what is slower: of a little, and
from the second on of much. Not measured."""


def title(text: str, width: int, view: View) -> Line:
    """A heading, followed by a rule up to the width."""
    return line((f"{text} ", "title"), (view.glyphs.rule * max(0, width - len(text) - 1), "rule"))


def state_mark(turn: Turn, view: View) -> tuple[str, str]:
    """(glyph, role) of a turn's state; a complete one is coloured by how far it is over its usual.

    Where there are no colours, ▲ says that it is.
    """
    glyphs, over = view.glyphs, over_role(turn, view)
    complete = glyphs.up if over and view.monochrome else glyphs.ok
    known = {TurnState.COMPLETE: complete, TurnState.FAILED: glyphs.fail, TurnState.TIMED_OUT: glyphs.fail}
    return known.get(turn.state, glyphs.none), over or STATE_ROLE[turn.state]


def over_role(turn: Turn, view: View) -> str:
    """``slower.slightly`` or ``slower`` for a turn that is so far over the usual for its work; else empty."""
    known = view.over_usual(turn) if turn.state is TurnState.COMPLETE else None
    if known is None:
        return ""
    over, usual = known
    steps = ((OVER_MUCH, OVER_MUCH_MS, "slower"), (OVER, OVER_MS, "slower.slightly"))
    return next((role for share, ms, role in steps if over >= ms and over >= share * usual), "")


def turn_rows(view: View, width: int, height: int) -> list[Line]:
    """The newest turns, newest first; the heading counts the turns that are not shown."""
    available = max(height - 1, 0)
    shown = view.turns[::-1][:available]
    hidden = len(view.turns) - len(shown)
    heading = f"turns, newest first{f' (+{hidden})' if hidden else ''}"
    return [title(heading, width, view), *(fit(_turn_row(turn, view, width), width) for turn in shown)][:height]


def _turn_row(turn: Turn, view: View, width: int) -> Line:
    glyph, role = state_mark(turn, view)
    part = largest_part(turn)
    epoch = view.glyphs.upright if turn.ordinal in view.epoch_starts else " "
    spans = [(glyph, role), (f"{epoch}{turn_time(turn)}", "muted"), (" ", "text")]
    if turn.state is TurnState.COMPLETE:
        spans.append((right(duration(turn.headline_ms), 6), "value" if turn.is_spoken else "muted"))
        reason = turn.unmeasured.get(V2V, "")
        largest = f"{left(label(part[0]), 6)} {right(duration(part[1]), 6)}" if part else ""
        spans.append((f"  {left(largest or reason_words(reason, 13), 13)}", "text" if largest else "muted"))
    else:
        room = max(width - sum(map(size_of, (text for text, _ in spans))) - MARK, LEAST_WHY)
        spans.append((left(f"{turn.state.words} {foreign(turn.reason, 60)}", room), STATE_WORDS))
    mark = view.marks.get(turn.ordinal, "")
    spans.append((f" {mark:4}", "good" if mark == "good" else "bad"))
    if width >= 50:
        reuse = view.reuse.get(turn.ordinal)
        cached = right(share_words(reuse), 7)
        spans.append((f" {right(tokens(turn.prompt_tokens), 6)} tok {cached} cache", "muted"))
    if width >= 80 and turn.text:
        spans.append((f"  {foreign(turn.text, width)}", "quote"))
    return tuple(spans)


def turn_time(turn: Turn) -> str:
    """Time of day in eight cells; ``typed`` for a typed turn of which no log tells the time."""
    return "typed   " if turn.typed and turn.started is None else clock_time(turn.started)


def log_list(view: View, width: int, height: int) -> list[Line]:
    """The newest events of turns, newest last, as the log screen shows them."""
    numbers = {turn.request_id: str(turn.number) for turn in view.turns if turn.number is not None}
    columns = log_columns(width)
    entries = newest_entries(view.snapshot, max(height - 1, 0))
    rows = [row for entry in entries for row in log_lines(entry, columns, numbers.get(entry.request_id, ""))]
    return [title("log", width, view), *rows][:height]


def prompt_rows(view: View, width: int, height: int) -> list[Line]:
    """Sizes of the last turn's prompt and reply, and its flags."""
    turn = view.newest_prompted
    heading = title("last prompt", width, view)
    if turn is None:
        return [heading, line(("no turn yet", "muted"))][:height]
    rows = [
        heading,
        _pairs("prompt", f"{tokens(turn.prompt_tokens)} tok, {tokens(turn.prompt_chars)} chars, {_chunks(turn)}"),
        _pairs("reply", f"{tokens(turn.output_tokens)} tok, {tokens(turn.reply_length)} chars"),
        *(_v34_pairs(turn) if watched().is_built_in else ()),
        _model(view, turn, width),
    ]
    if turn.text:
        rows.append(line((left("said", NAME), "muted"), (foreign(turn.text, max(width - NAME, 0)), "quote")))
    return [fit(row, width) for row in rows][:height]


def _model(view: View, turn: Turn, width: int) -> Line:
    """The model, and how much it sees, of that turn; else of the newest that tells: v34's output comes 8 KiB at a time,
    so that its newest turns seldom do.
    """
    known = next((one for one in reversed(view.turns) if one.model and one.ordinal <= turn.ordinal), None)
    if known is None:
        return _pairs("model", MISSING)
    window = f", num_ctx {tokens(known.num_ctx)}" if known.num_ctx is not None else ""
    of = "" if known is turn else f", of {view.turn_name(known.ordinal, known.request_id)}"
    model = foreign(known.model or MISSING, max(width - NAME - len(of), 1))
    # Its name is whole ahead of the window, which the line on the cache has too.
    window = window if NAME + cell_len(model) + len(window) + len(of) <= width else ""
    return (*_pairs("model", f"{model}{window}"), (of, "muted"))


def _v34_pairs(turn: Turn) -> tuple[Line, Line]:
    """What only v34 sends."""
    # The list beside it may know the running value from elsewhere: that no log of this turn tells is no contradiction.
    told = (
        f"{name} {on_off(value) if value is not None else 'not logged'}"
        for name, value in (("tail mode", turn.tail_mode), ("raw", turn.raw))
    )
    flags = ", ".join(told)
    context = f"sent {tokens(turn.context_sent)}, returned {tokens(turn.context_returned)}"
    return _pairs("context", context), _pairs("flags", flags)


def _chunks(turn: Turn) -> str:
    return f"{MISSING if turn.chunks is None else turn.chunks} memories"


def _pairs(name: str, text: str) -> Line:
    return line((left(name, NAME), "muted"), text)


def flag_rows(view: View, width: int, height: int) -> list[Line]:
    """Each flag: its value in the file, and the value that v34 runs with."""
    control = view.control
    heading = "flags: file / running"
    if control is None:
        told = line((view.read_only or "not connected to a running Timmy", "muted"))
        return [title(heading, width, view), told][:height]
    hidden = len(control.flags) - max(height - 1, 0)
    rows = [title(f"{heading}{f' (+{hidden})' if hidden > 0 else ''}", width, view)]
    rows += [fit(_flag_row(item, width), width) for item in control.flags]
    return rows[:height]


def _flag_row(item: FlagState, width: int) -> Line:
    role = "value" if item.running_value in (item.file_value, MISSING) else "warn"
    override = f"  {foreign(item.override, 40)}" if item.override else ""
    name = left(foreign(item.label, FLAG_NAME - 1), FLAG_NAME)
    return line((name, "label"), (_values(item, max(width - FLAG_NAME, 0)), role), (override, "muted"))


def _values(item: FlagState, room: int) -> str:
    """In the file, and running. Two long ones that are cut alike could not be told from two that differ."""
    whole = f"{item.file_value} / {item.running_value}"
    if cell_len(whole) <= room:
        return foreign(whole, room)
    if item.file_value == item.running_value:
        return f"{foreign(item.file_value, max(room - len(SAME), 1))}{SAME}"
    each = max((room - 3) // 2, 1)
    return f"{foreign(item.file_value, each)} / {foreign(item.running_value, each)}"
