"""Prompt tokens against the time of the LLM, a dot a turn: prompts that were evaluated cold, and those reused."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from timmy_tui.core.formatting import duration, plural
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.charts.dots import ACROSS, DOWN, Dots, Ink
from timmy_tui.ui.charts.scale import Scale, scale_of
from timmy_tui.ui.charts.skyline import join_cells
from timmy_tui.ui.paint.lines import BLANK, Line, Span, fit, join_fitting, left, line, right
from timmy_tui.ui.paint.wording import tokens
from timmy_tui.ui.panels.skyline.window import GUTTER
from timmy_tui.ui.view import View

COLD, REUSED, UNKNOWN = "cold", "reused", "not known"
ROLES = {COLD: "warn", REUSED: "good", UNKNOWN: "muted"}
MEANING = {
    COLD: "nothing of the prompt was in the cache",
    REUSED: "its beginning was in the cache",
    UNKNOWN: "whether it was in the cache",
}
"""What a group is, where there is room."""
SIDE_BY_SIDE = 60
"""Width in cells from which the two charts stand beside each other."""
TOKEN_STEPS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
TICKS_APART = 9
POINT = 2
"""Dots of a turn, across and down."""


class Prompt(Struct, frozen=True):
    """One turn of the chart."""

    number: int | None
    ordinal: int
    tokens: int
    ms: float
    group: str


def prompts_of(view: View, turns: int) -> list[Prompt]:
    """The newest ``turns`` that have both figures, oldest first."""
    found = []
    for turn in view.turns[-turns:]:
        ms = turn.stages.get("llm")
        if turn.state is TurnState.COMPLETE and ms is not None and turn.prompt_tokens is not None:
            group = _group(view.reuse.get(turn.ordinal))
            found.append(Prompt(turn.number, turn.ordinal, turn.prompt_tokens, ms, group))
    return found


def _group(reuse: Reuse | None) -> str:
    if reuse is None or (reuse.share is None and not reuse.cold):
        return UNKNOWN
    return COLD if reuse.cold else REUSED


def tokens_heading(prompts: Sequence[Prompt]) -> list[Line]:
    """How many of each, and their medians."""
    parts = [line(("LLM", "title"), (" against prompt tokens", "text"))]
    for group, role in ROLES.items():
        times = [one.ms for one in prompts if one.group == group]
        if times:
            parts.append(line((group, role), (f" p50 {duration(median(times))} n {len(times)}", "muted")))
    return parts


def tokens_lines(view: View, prompts: Sequence[Prompt], width: int, rows: int, from_zero: bool) -> list[Line]:
    """A chart for each group that occurs, on the same scales, in ``rows`` lines."""
    if not prompts:
        return [line(("no turn with prompt tokens and the time of its request", "muted"))]
    groups = [group for group in ROLES if any(one.group == group for one in prompts)]
    beside = width >= SIDE_BY_SIDE
    across = (width - 2 * (len(groups) - 1)) // len(groups) if beside else width
    down = rows if beside else rows // len(groups)
    scale = scale_of([one.ms for one in prompts], from_zero, max(down - 2, 1))
    most = max(one.tokens for one in prompts) * 1.05 or 1.0
    charts = []
    for group in groups:
        chosen = [one for one in prompts if one.group == group]
        charts.append(_chart(view, chosen, across, (scale, most)))
    if not beside:
        return [row for chart in charts for row in chart]
    size = max(map(len, charts))
    lines: list[Line] = []
    for at in range(size):
        row: Line = ()
        for number, chart in enumerate(charts):
            row += (*((("  ", "text"),) if number else ()), *fit(chart[at] if at < len(chart) else BLANK, across))
        lines.append(row)
    return lines


def _chart(view: View, prompts: Sequence[Prompt], width: int, scales: tuple[Scale, float]) -> list[Line]:
    """Heading, plot and axis of one group."""
    scale, most = scales
    group = prompts[0].group
    columns = max(width - GUTTER, 2)
    dots = Dots(columns, scale.rows)
    cursor = view.cursor_turn.ordinal if view.cursor_turn is not None else None
    for one in prompts:
        x, y = int(one.tokens / most * columns * ACROSS), scale.height(one.ms)
        if one.ordinal == cursor:
            dots.sign(x // ACROSS, y // DOWN, (view.glyphs.ok, "value"))
        elif not scale.outside(one.ms):
            for height in range(y, y + POINT):
                dots.dash(x, POINT, height, Ink(ROLES[group]))
        else:
            sign = view.glyphs.cut if scale.outside(one.ms) > 0 else view.glyphs.cut_below
            dots.sign(x // ACROSS, y // DOWN, (sign, "value"))
    labels = scale.ticks()
    rows = range(scale.rows - 1, -1, -1)
    plot = [
        ((right(labels.get(row, ""), GUTTER - 1) + " ", "faint"), *cells)
        for row, cells in zip(rows, dots.lines(view.glyphs), strict=True)
    ]
    name = line((left("", GUTTER), "text"), (group, ROLES[group]), (f" {plural(len(prompts), 'turn')}", "muted"))
    head = join_fitting([name, line((MEANING[group], "muted"))], width)
    return [head, *plot, _axis(view, columns, most)]


def _axis(view: View, columns: int, most: float) -> Line:
    step = next((step for step in TOKEN_STEPS if step / most * columns >= TICKS_APART), TOKEN_STEPS[-1])
    cells: list[Span] = [(view.glyphs.rule, "rule")] * columns
    places = [int(number * step / most * columns) for number in range(int(most / step) + 1)]
    for number, column in enumerate(places):
        if column >= columns:
            break
        cells[column] = (view.glyphs.upright, "muted")
        room = (places[number + 1] if number + 1 < len(places) else columns) - column - 1
        value = tokens(number * step)
        text = next((words for words in (f"{value} tok", value) if len(words) <= room), "")
        cells[column + 1 : column + 1 + len(text)] = [(char, "muted") for char in text]
    return (*line((" " * GUTTER, "text")), *join_cells(cells))
