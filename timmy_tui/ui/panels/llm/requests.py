"""The requests to the model, one a row: its time in parts, and its prompt in parts."""

from timmy_tui.core.formatting import MISSING, duration
from timmy_tui.model.llm import LlmState, Reuse
from timmy_tui.report.words.llm import request_words, share_words
from timmy_tui.ui.charts.stack import EVALUATED, REUSED, UNKNOWN, part_of_prompt_glyph, stack_line
from timmy_tui.ui.paint.lines import Line, cells, join_fitting, right
from timmy_tui.ui.paint.wording import tokens
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.panels.llm.prompt_parts import prompt_parts
from timmy_tui.ui.view import View

AHEAD_OF_BARS, BESIDE_BARS = 14, 50
"""Cells of a request ahead of its bars, with the one between them; and of what stands beside them, with its words."""


def reuse_lines(state: LlmState, view: View, width: int, height: int) -> list[Line]:
    """One row per turn, newest first, the cursor's among them: its time in parts, and its prompt in parts."""
    if height < 3:
        return []
    newest_first = state.reuse[::-1]
    chosen = view.cursor_turn.ordinal if view.cursor_turn is not None else None
    at = next((at for at, item in enumerate(newest_first) if item.ordinal == chosen), 0)
    start = max(at - (height - 3), 0)
    shown = newest_first[start : start + height - 2]
    time_bar = max(8, (width - BESIDE_BARS) // 2)
    token_bar = max(0, width - BESIDE_BARS - time_bar)
    longest = max((sum(ms for _, ms in _times(item)) for item in shown), default=0.0)
    largest_prompt = float(max((item.prompt_tokens or 0 for item in shown), default=0))
    glyphs = view.glyphs
    words: list[Line] = [
        (("turn   total", "muted"),), ((f"{glyphs.hole} wait/load", "bar.wait"),),
        ((f"{glyphs.setting} prefill", "bar.prefill"),), ((f"{glyphs.service} decode", "bar.decode"),),
        (("  prompt:", "muted"),), _fill(REUSED, " reused", view), _fill(EVALUATED, " new", view),
        _fill(UNKNOWN, " not known", view), ((f"  longest {duration(longest)}", "muted"),),
    ]  # fmt: skip
    rows = [title("requests, newest first", width, view), _legend(words, width, AHEAD_OF_BARS + time_bar + token_bar)]
    rows.extend(_request(item, view, (time_bar, longest), (token_bar, largest_prompt)) for item in shown)
    return rows


def _legend(words: list[Line], width: int, figures: int) -> Line:
    """What the bars show; and where it leaves room, what the figures behind them are, from that cell on."""
    heads = f"{right('tok', 7)}{right('reused', 8)}"
    room = figures + len(heads) - len(heads.lstrip()) - 1
    if cells(join_fitting(words[:-1], width, " ")) > room:
        return join_fitting(words, width, " ")
    # The longest gives way: the totals tell it too.
    legend = join_fitting(words, room, " ")
    used = cells(legend) - figures
    return (*legend, (" " * -used + heads[max(used, 0) :], "muted"))


def _fill(kind: str, word: str, view: View) -> Line:
    return ((f"{part_of_prompt_glyph(kind, view.glyphs)}{word}", f"bar.{kind}"),)


def _times(item: Reuse) -> list[tuple[str, float]]:
    """(kind, ms) of the known parts of the request; the load time of a model that was loaded counts as waiting."""
    load = "load" if item.loaded else "wait"
    parts = [("wait", item.queue_ms), (load, item.load_ms), ("prefill", item.prefill_ms), ("decode", item.decode_ms)]
    return [(kind, ms) for kind, ms in parts if ms is not None]


def _request(item: Reuse, view: View, time: tuple[int, float], prompt: tuple[int, float]) -> Line:
    parts = _times(item)
    known = sum(ms for _, ms in parts) if parts else None
    role = "faint" if item.busy else "warn" if item.cold or item.broken or item.loaded else "good"
    tokens_of = prompt_parts(item, None)
    at_cursor = view.cursor_turn is not None and view.cursor_turn.ordinal == item.ordinal
    mark = view.glyphs.upright if item.ordinal in view.epoch_starts else " "
    rate = f"{item.decode_rate:.0f} tok/s" if item.decode_rate is not None else MISSING
    spans = [
        (f"{view.turn_name(item.ordinal).removeprefix('turn '):>4}{mark}", "cursor" if at_cursor else "muted"),
        (right(duration(known), 7), "value"),
        (" ", "text"),
        *stack_line(parts, time[1], time[0], view.glyphs),
        (" ", "text"),
        *stack_line(tokens_of.drawn if tokens_of is not None else [], prompt[1], prompt[0], view.glyphs),
        (right(tokens(item.prompt_tokens), 7), "text"),
        (right(share_words(item), 8), role if item.share is not None else "faint"),
        (right(rate, 11), "muted"),
        (f" {'' if request_words(item) == share_words(item) else request_words(item)}", "warn"),
    ]
    return tuple(spans)
