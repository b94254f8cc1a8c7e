"""Screen 3: the stages over time, by epoch, with changes."""

from textual.app import ComposeResult

from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import Line, line, spread
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line
from timmy_tui.ui.panels.trends import SERIES, legend_line, series_name, trend_lines
from timmy_tui.ui.screens.base import BaseScreen
from timmy_tui.ui.view import View

FEWEST, MOST = 15, 480


class TrendsScreen(BaseScreen):
    """Charts cost a hundred times a sparkline: they are drawn again when a turn ends, not when the clock ticks."""

    BINDINGS = [*screen_bindings("trends")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self.first = 0
        self.turns = 60
        self._drawn_for: tuple[object, ...] = ()
        self._charts: list[Line] = []

    def compose(self) -> ComposeResult:
        """One panel on the whole screen."""
        yield LineWidget(self.draw_trends, id="trends")

    def draw_trends(self, view: View, width: int, height: int) -> list[Line]:
        """Heading, charts, legend, footer."""
        heading = line((f"{series_name(SERIES[self.first], view)} and on", "title"))
        count = line((f"newest {self.turns} turns", "muted"))
        below = [row for row in (legend_line(view, width), change_line(view, width), notice_line(view, width)) if row]
        below.append(footer_line(view, "trends", width))
        below = below[-max(height - 2, 0) :] if height > 3 else []
        available = height - 1 - len(below)
        newest = view.turns[-1] if view.turns else None
        key = (newest, len(view.snapshot.epochs), len(view.snapshot.marks), self.first, self.turns, width, available)
        if key != self._drawn_for:
            self._charts = trend_lines(view, self.first, self.turns, width, available)
            self._drawn_for = key
        blank = [line()] * (available - len(self._charts))
        return [spread(heading, count, width), *self._charts, *blank, *below]

    def action_chart(self) -> None:
        """Begin the charts with the next stage."""
        self.first = (self.first + 1) % len(SERIES)
        self.repaint()

    def action_chart_back(self) -> None:
        """Begin the charts with the stage before."""
        self.first = (self.first - 1) % len(SERIES)
        self.repaint()

    def action_longer(self) -> None:
        """Show twice as many turns."""
        self.turns = min(self.turns * 2, MOST)
        self.repaint()

    def action_shorter(self) -> None:
        """Show half as many turns."""
        self.turns = max(self.turns // 2, FEWEST)
        self.repaint()
