"""The prompt of one turn in parts: reused, evaluated, either of the two, cut off; and how full its window was."""

from msgspec import Struct

from timmy_tui.core.formatting import MISSING
from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.report.words.llm import share_words, source_words
from timmy_tui.ui.charts.stack import CUT, EVALUATED, REUSED, UNKNOWN, part_of_prompt_glyph, stack_line
from timmy_tui.ui.paint.lines import Line, foreign, join_fitting, line
from timmy_tui.ui.paint.wording import tokens
from timmy_tui.ui.view import View

WORDS_FROM = 60
"""Cells of a pane from which each part has its tokens beside it."""


class PromptParts(Struct, frozen=True):
    """Tokens of a prompt. ``reused``, ``unknown`` and ``evaluated`` are what the model got; None: not known."""

    total: int
    reused: int
    """At least."""
    unknown: int
    """Reused or evaluated."""
    evaluated: int
    """At least."""
    cut: int | None = 0
    """Sent and not evaluated, because it did not fit the context window."""
    cut_estimated: bool = False

    @property
    def drawn(self) -> list[tuple[str, float]]:
        """(kind, tokens) from left to right."""
        parts = ((REUSED, self.reused), (UNKNOWN, self.unknown), (EVALUATED, self.evaluated), (CUT, self.cut or 0))
        return [(kind, float(count)) for kind, count in parts]


def prompt_parts(item: Reuse, turn: Turn | None) -> PromptParts | None:
    """None where the prompt's length is not known."""
    total = item.prompt_tokens
    if total is None:
        return None
    least, most = _bounds(item)
    exact = item.reused if least == most else None
    reused = exact if exact is not None else round(least * total)
    at_most = exact if exact is not None else max(round(most * total), reused)
    cut, estimated = _cut_tokens(item, turn)
    return PromptParts(total, reused, at_most - reused, total - at_most, cut, estimated)


def _bounds(item: Reuse) -> tuple[float, float]:
    """(least, most) of the reused share."""
    if item.share is None or item.certainty is Certainty.UNKNOWN:
        return 0.0, 1.0
    if item.least is None or item.most is None:
        return item.share, item.share
    return item.least, item.most


def _cut_tokens(item: Reuse, turn: Turn | None) -> tuple[int | None, bool]:
    """(tokens that were sent and not evaluated, whether that is an estimate); None where it is not known."""
    if not item.cut:
        return 0, False
    sent = turn.context_sent if turn is not None else None
    estimate = turn.prompt_tokens_est if turn is not None else None
    over = (sent or estimate or 0) - (item.prompt_tokens or 0)
    return (over, not sent) if over > 0 else (None, False)


def strip_lines(view: View, turn: Turn, width: int) -> list[Line]:
    """The prompt as one bar across the pane, and below it the bar in words."""
    item = view.reuse.get(turn.ordinal)
    parts = prompt_parts(item, turn) if item is not None else None
    name = line((f"{view.turn_name(turn.ordinal, turn.request_id)} ", "value" if view.cursor_turn else "muted"))
    if item is None or parts is None:
        why = foreign(source_words(item), width)
        bar = stack_line([(UNKNOWN, 1.0)], 1.0, width, view.glyphs)
        return [bar, join_fitting([(*name, *line(("prompt ", "muted"), MISSING)), line((why, "muted"))], width)]
    whole = float(parts.total + (parts.cut or 0))
    length = line(("prompt ", "muted"), (f"{tokens(parts.total)} tok", "value"))
    words = [(*name, *(length if width >= WORDS_FROM else ())), *_words(item, parts, view, width)]
    return [stack_line(parts.drawn, whole, width, view.glyphs), join_fitting(words, width)]


def _words(item: Reuse, parts: PromptParts, view: View, width: int) -> list[Line]:
    """Each part with its fill, its tokens and what they are: ``~`` estimated, ``≥`` a bound."""
    about = "~" if item.certainty is Certainty.ESTIMATED else ""
    bound = "≥" if parts.unknown else about
    known = item.certainty is not Certainty.UNKNOWN
    words: list[Line] = []
    if known:
        share = share_words(item)
        count = f"{bound}{tokens(parts.reused)} ({share})" if width >= WORDS_FROM else share
        words.append(_part(REUSED, f"reused {count}", view))
    if parts.unknown:
        words.append(_part(UNKNOWN, f"not known {about}{tokens(parts.unknown)}", view))
    if known:
        words.append(_part(EVALUATED, f"new {bound}{tokens(parts.evaluated)}", view))
    if item.cut:
        count = "not known" if parts.cut is None else f"{'~' if parts.cut_estimated else ''}{tokens(parts.cut)}"
        words.append(_part(CUT, f"cut {count}", view))
    words.append(line((foreign(item.broken or source_words(item), 90), "warn" if item.broken else "muted")))
    return words


def _part(kind: str, words: str, view: View) -> Line:
    return line((part_of_prompt_glyph(kind, view.glyphs), f"bar.{kind}"), (f" {words}", "text"))


def fill_of(view: View, turn: Turn) -> float | None:
    """Prompt and reply of a turn over its context window; of the newest what the tracker says. None: not known."""
    llm = view.snapshot.llm
    context = llm.context if llm is not None else None
    item = view.reuse.get(turn.ordinal)
    if llm is None or item is None:
        return None
    if context is not None and context.fill is not None and llm.reuse[-1].ordinal == turn.ordinal:
        return context.fill
    window = turn.num_ctx or (context.window if context is not None else None)
    if item.prompt_tokens is None or not window:
        return None
    parts = prompt_parts(item, turn)
    used = item.prompt_tokens + ((parts.cut if parts is not None else 0) or 0) + (turn.output_tokens or 0)
    fill = used / window
    return max(fill, 1.0) if item.cut else fill
