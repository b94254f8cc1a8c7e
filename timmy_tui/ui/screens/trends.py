"""Screen 3: the stages over turns, hours, days and weeks, before and after a change, against prompt tokens."""

import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult

from timmy_tui.core.errors import TimmyError
from timmy_tui.model.trend_history import TimeBuckets
from timmy_tui.model.turn import Turn
from timmy_tui.report.trend_buckets import buckets_of
from timmy_tui.ui.exports.trends import chart_csv, chart_svg, chart_text, uncoloured
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.last_view import choice_of, remember_choice
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import Line, fit
from timmy_tui.ui.panels.skyline.window import GUTTER
from timmy_tui.ui.panels.trends.over_time import RANGES, edges_of
from timmy_tui.ui.panels.trends.screen import KINDS, Options, draw_charts, plot_columns, trend_lines
from timmy_tui.ui.panels.trends.series import series_keys
from timmy_tui.ui.panels.trends.window import trend_window
from timmy_tui.ui.screens.base import BaseScreen
from timmy_tui.ui.terminal.clipboard import save_text
from timmy_tui.ui.threads import in_thread
from timmy_tui.ui.view import View

T = TypeVar("T")
TURNS, HOURS, DAYS = (30, 480), (3, 96), (7, 112)
"""(fewest, most) of each range."""
READ_AGAIN_S = 60.0
"""Seconds after which a new turn is worth another reading of the history."""


class TrendsScreen(BaseScreen):
    """Charts are drawn again when a turn ends or the user chooses something else, not when the clock ticks."""

    BINDINGS = [*screen_bindings("trends")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self.options = Options()
        self._buckets: TimeBuckets | None = None
        self._wanted: tuple[object, ...] = ()
        """What was asked of the history last: range, length, columns; then the newest turn."""
        self._read_at, self._until = 0.0, 0.0
        """View's time of that, and the end of the newest stretch of time."""

    def on_mount(self) -> None:
        """The chart of the last time."""
        chosen = choice_of(cast(Host, self.app).choices, "trends", Options)
        self.options = replace(
            chosen,
            turns=_within(chosen.turns, TURNS), hours=_within(chosen.hours, HOURS), days=_within(chosen.days, DAYS),
            bucket=None,
        )  # fmt: skip
        super().on_mount()

    def compose(self) -> ComposeResult:
        """One panel on the whole screen."""
        yield LineWidget(self.draw_trends, id="trends")

    def draw_trends(self, view: View, width: int, height: int) -> list[Line]:
        """The whole screen."""
        return trend_lines(view, self.options, self._buckets, width, height)

    def repaint(self) -> None:
        """Ask the history first, where the range needs it."""
        self._read_history()
        super().repaint()

    def on_resize(self, _: events.Resize) -> None:
        """Another width has other buckets."""
        self._read_history()

    def selected(self) -> Turn | None:
        """The turn under the cursor; None where the screen shows the newest, or no turns."""
        return self.view.cursor_turn if self.options.range == "turns" else None

    # -- keys

    def action_chart(self) -> None:
        """The chart of the next series."""
        self._next_series(1)

    def action_chart_back(self) -> None:
        """The chart of the series before."""
        self._next_series(-1)

    def _next_series(self, step: int) -> None:
        keys = series_keys(self.view)
        at = keys.index(self.options.series) if self.options.series in keys else 0
        self._choose(series=keys[(at + step) % len(keys)])

    def action_range(self) -> None:
        """Turns, hours, days, weeks."""
        self._choose(kind="over time", range=_following(RANGES, self.options.range), bucket=None)

    def action_kind(self) -> None:
        """Over time, before and after, prompt tokens."""
        self._choose(kind=_following(KINDS, self.options.kind))

    def action_zero(self) -> None:
        """From zero, or the data's own range."""
        self._choose(from_zero=not self.options.from_zero)

    def action_longer(self) -> None:
        """Twice as long a range."""
        self._scale_range(lambda value, most: min(value * 2, most), 1)

    def action_shorter(self) -> None:
        """Half as long a range."""
        self._scale_range(lambda value, fewest: max(value // 2, fewest), 0)

    def _scale_range(self, change: Callable[[int, int], int], end: int) -> None:
        options = self.options
        if options.range == "weeks" and options.kind == "over time":
            cast(Host, self.app).say("a week has always seven days; s chooses another range")
        elif options.range == "hours" and options.kind == "over time":
            self._choose(hours=change(options.hours, HOURS[end]), bucket=None)
        elif options.range == "days" and options.kind == "over time":
            self._choose(days=change(options.days, DAYS[end]), bucket=None)
        else:
            self._choose(turns=change(options.turns, TURNS[end]))

    def _choose(self, **changes: Any) -> None:
        self.options = replace(self.options, **changes)
        remember_choice(cast(Host, self.app).choices, "trends", self.options)
        self.repaint()

    def move_column(self, step: int | None) -> bool:
        """Move the cursor over hours, days or weeks; None: to the newest. False where it is on turns."""
        if not self._over_time():
            return False
        buckets = self._buckets
        columns = len(buckets.buckets) // (2 if self.options.range == "weeks" else 1) if buckets is not None else 0
        if step is None or not columns:
            self._choose(bucket=None)
            return True
        at = self.options.bucket
        target = (columns if at is None else at) + step
        self._choose(bucket=None if target >= columns else max(target, 0))
        return True

    def _over_time(self) -> bool:
        return self.options.kind == "over time" and self.options.range != "turns"

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the turn whose column was clicked."""
        if self.options.kind == "over time" and self.options.range == "turns":
            window = trend_window(self.view, self.size.width, self.options.turns)
            index = window.turn_index(event.screen_x - GUTTER)
            if index is not None:
                host = cast(Host, self.app)
                host.view = host.view.with_cursor(index)

    # -- the history

    def _read_history(self) -> None:
        """Sum up the turns of the chosen time, from the history in a thread or else from the snapshot."""
        if not self._over_time() or not self.size.width:
            return
        options, view = self.options, self.view
        wanted = (options.range, options.hours, options.days, plot_columns(self.size.width))
        newest = view.newest_turn
        same, over = self._wanted[:-1] == wanted, view.now >= self._until
        if same and not over and self._wanted[-1] is newest:
            return
        reader = cast(Host, self.app).turn_history
        if same and reader is not None and view.now - self._read_at < READ_AGAIN_S:
            return
        self._wanted, self._read_at = (*wanted, newest), view.now
        length = options.hours if options.range == "hours" else options.days
        edges = edges_of(options.range, length, view.now, plot_columns(self.size.width))
        self._until = edges[-1]
        if reader is None:
            self._buckets = buckets_of(view.turns, edges)
            return
        if not same:
            self._buckets = None
        asked = self._wanted

        async def read() -> None:
            try:
                buckets = await in_thread(reader.buckets, edges)
            except TimmyError as error:
                cast(Host, self.app).say(f"the history cannot be read: {error.message}", "bad")
                buckets = buckets_of(self.view.turns, edges)
            if self._wanted == asked:
                self._buckets = buckets
                super(TrendsScreen, self).repaint()

        cast(Host, self.app).run_task(read(), "history", "history")

    # -- export

    def action_export_chart(self) -> None:
        """Write what is shown as SVG, text and CSV into the user's state folder; the notice names the files."""
        host, at = cast(Host, self.app), time.time()
        text, svg = chart_text(self._drawn(uncoloured(self.view))), chart_svg(self._drawn(self.view), self.view)
        figures = chart_csv(self.view, self.options, self._buckets, self.size.width)
        try:
            paths = [save_text(content, at, kind) for content, kind in ((svg, "svg"), (text, "txt"), (figures, "csv"))]
        except OSError as error:
            host.say(f"not written: {error.strerror}", "bad")
        else:
            host.say(f"written: {paths[0]}, {', '.join(path.suffix for path in paths[1:])}")

    def _drawn(self, view: View) -> list[Line]:
        width, height = self.size
        return [fit(row, width) for row in draw_charts(view, self.options, self._buckets, width, height - 2)]


def _within(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])


def _following(values: tuple[T, ...], value: T) -> T:
    return values[(values.index(value) + 1) % len(values)]
