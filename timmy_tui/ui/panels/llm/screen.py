"""Screen 4 as lines: does the prompt cache work, the shown turn's prompt, reuse and context over turns, the criteria.

From a low pane to a high one, room is given in the order of WANTS.
"""

from msgspec import Struct

from timmy_tui.model.stages.system import watched
from timmy_tui.report.words.llm import known_by_words
from timmy_tui.ui.paint.lines import BLANK, FittedRows, Line, foreign, line
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line
from timmy_tui.ui.panels.llm.criteria import LEAST_ROWS, criteria_lines
from timmy_tui.ui.panels.llm.over_turns import turn_charts
from timmy_tui.ui.panels.llm.prompt_parts import strip_lines
from timmy_tui.ui.panels.llm.requests import reuse_lines
from timmy_tui.ui.panels.llm.state import answer_line, context_line, model_lines
from timmy_tui.ui.panels.skyline.window import turn_in_column
from timmy_tui.ui.view import View

CHARTS, REQUESTS, CRITERIA = range(3)
BELOW_CHARTS = 2
"""Lines of the charts beside their two plots: notes and legend."""
WANTS = (
    (CHARTS, 4), (CRITERIA, 1), (CHARTS, 6), (REQUESTS, 5), (CRITERIA, 8), (CHARTS, 10), (REQUESTS, 8), (CRITERIA, 23),
    (CHARTS, 14),
)  # fmt: skip
"""(panel, rows) in the order in which they get their rows; what is left is the requests'."""
LEAST = {CHARTS: 4, REQUESTS: 4, CRITERIA: LEAST_ROWS}
"""Rows; a panel that would have fewer has none, the criteria one."""
LOW = 15
"""Rows of a pane below which one line is of the model, and none of what would make the reuse known."""


class LlmLayout(Struct, frozen=True):
    """Rows of each panel below the lines that are always there."""

    charts: int
    requests: int
    criteria: int

    @property
    def plot(self) -> int:
        """Rows of each of the two plots."""
        return (self.charts - BELOW_CHARTS) // 2


def llm_layout(rows: int) -> LlmLayout:
    """How ``rows`` lines are shared out."""
    shares = [0, 0, 0]
    rest = max(rows, 0)
    for panel, wanted in WANTS:
        more = min(wanted - shares[panel], rest)
        if panel == CHARTS:
            # Two plots of the same height.
            more -= (shares[panel] + more) % 2
        if more > 0 and (shares[panel] + more >= LEAST[panel] or (panel, wanted) == (CRITERIA, 1)):
            shares[panel] += more
            rest -= more
    if shares[REQUESTS]:
        shares[REQUESTS] += rest
    return LlmLayout(shares[CHARTS], shares[REQUESTS], shares[CRITERIA])


def llm_lines(view: View, width: int, height: int) -> list[Line]:
    """The whole screen."""
    state = view.snapshot.llm
    below = [row for row in (change_line(view, width), notice_line(view, width)) if row]
    below.append(footer_line(view, "llm", width))
    if not watched().counts_tokens:
        top = [line(("LLM", "title")), line((f"the log of {watched().title} counts no tokens", "muted"))]
        state, layout = None, LlmLayout(0, 0, 0)
    elif state is None:
        top = [line(("LLM", "title")), line(("no data on the model yet", "muted"))]
        layout = LlmLayout(0, 0, 0)
    else:
        top = _top(view, width, height)
        rows = height - len(top) - len(below)
        # Of another system the server's own times are not known: no request has parts, and the guide means nothing.
        layout = llm_layout(rows) if watched().is_built_in else LlmLayout(max(rows - rows % 2, 0), 0, 0)
    body = list(top)
    if state is not None:
        at = view.cursor_turn.ordinal if view.cursor_turn is not None else -1
        charts = ("charts", width, layout.plot, at, view.keys.get("cursor_back"), view.keys.get("cursor_on"))
        if layout.charts >= LEAST[CHARTS]:
            body += view.cached(charts, lambda: turn_charts(view, width, layout.plot))
        if watched().is_built_in:
            body += view.cached(
                ("requests and criteria", width, layout.requests, layout.criteria, at),
                lambda: [
                    *reuse_lines(state, view, width, layout.requests),
                    *criteria_lines(state.criteria, view, width, layout.criteria),
                ],
            )
    available = max(height - len(below), 0)
    body = [*body, *[BLANK] * (available - len(body))][:available]
    return view.remembered("llm rows", (), FittedRows).of([*body, *below][-height:], width)


def _top(view: View, width: int, height: int) -> list[Line]:
    """The answer, the model, the context window, the prompt of the shown turn."""
    state, turn = view.snapshot.llm, view.cursor_turn or view.newest_prompted
    if state is None:
        return []
    if not watched().is_built_in:  # Its model server is not asked.
        lines = [context_line(state, view, width)]
        return [*lines, *(strip_lines(view, turn, width) if turn is not None else ())]
    model = model_lines(state, view, width)
    if height < LOW:
        # One line of the model: its worst warning, where there is one.
        model = model[1:2] or model
    lines = [answer_line(state, view, width), *model, context_line(state, view, width)]
    if turn is not None:
        lines += strip_lines(view, turn, width)
    advice = known_by_words(state.facts, state.reuse) if height >= LOW else ""
    return [*lines, line((foreign(advice, width), "muted"))] if advice else lines


def turn_at(view: View, size: tuple[int, int], at: tuple[int, int]) -> int | None:
    """Index of the turn whose columns are at this cell ``(x, y)`` of the screen; None where there is none."""
    if view.snapshot.llm is None:
        return None
    first = len(_top(view, *size))
    rows = 2 * llm_layout(size[1] - first - 1).plot
    return turn_in_column(view, size[0], at[0]) if first <= at[1] < first + rows else None
