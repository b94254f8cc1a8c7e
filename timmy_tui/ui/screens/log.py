"""Screen 6: the newest lines of both logs."""

from textual.app import ComposeResult

from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import BLANK, Line, line, spread
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line, sources_lines
from timmy_tui.ui.panels.lists import log_row
from timmy_tui.ui.screens.filter_bar import FilterScreen
from timmy_tui.ui.view import View

Tail = tuple[tuple[str, str], ...]


class LogScreen(FilterScreen):
    """The newest lines. Moving up stops following: the lines then shown stay."""

    BINDINGS = [*screen_bindings("log")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self.lines_back = 0
        """How many lines the last line shown is above the end."""
        self.paused: Tail | None = None
        """The lines at the moment when following stopped; None while following."""

    def compose(self) -> ComposeResult:
        """The log panel and the filter line."""
        yield LineWidget(self.draw_log, id="log")
        yield from self.compose_filter()

    def shown(self, view: View) -> Tail:
        """Lines that pass the filter."""
        tail = self.paused if self.paused is not None else view.snapshot.log_tail
        if not self.filter_text:
            return tail
        return tuple(entry for entry in tail if self.filter_text.lower() in f"{entry[0]} {entry[1]}".lower())

    def draw_log(self, view: View, width: int, height: int) -> list[Line]:
        """Heading, lines, sources, footer."""
        lines = self.shown(view)
        below = [*sources_lines(view, width), *filter(None, (change_line(view, width), notice_line(view, width)))]
        below.append(footer_line(view, "log", width))
        below = below[-max(height - 2, 0) :] if height > 2 else []
        available = max(height - 1 - len(below), 0)
        back = min(self.lines_back, max(len(lines) - available, 0))
        end = len(lines) - back
        body = [log_row(name, text, width) for name, text in lines[max(end - available, 0) : end]]
        kind = "lines with that text" if self.filter_text else "newest lines"
        head = line((f"log · {len(lines)} {kind}", "title"))
        state = line((self._following(view), "info" if self.paused is None else "warn"))
        return [spread(head, state, width), *body, *[BLANK] * (available - len(body)), *below]

    def _following(self, view: View) -> str:
        if self.paused is None:
            return "following"
        new = _new_lines(self.paused, view.snapshot.log_tail)
        return f"+{new} new {view.glyphs.more} f" if new else "paused, f follows"

    def filter_changed(self) -> None:
        """Begin at the newest line that passes the filter."""
        self.lines_back = 0
        self.repaint()

    def action_move(self, step: int) -> None:
        """Up stops following; only f resumes it, not moving down past the newest line."""
        self._scroll(-step)

    def action_page(self, step: int) -> None:
        """One page."""
        self._scroll(-20 * step)

    def action_home(self) -> None:
        """To the oldest line."""
        self._scroll(1000)

    def _scroll(self, lines: int) -> None:
        if lines > 0 and self.paused is None:
            self.paused = self.view.snapshot.log_tail
        limit = max(len(self.shown(self.view)) - self.size.height + 3, 0)
        self.lines_back = min(max(self.lines_back + lines, 0), limit)
        self.repaint()

    def action_follow(self) -> None:
        """Follow the newest lines again."""
        self.lines_back, self.paused = 0, None
        self.repaint()


def _new_lines(paused: Tail, now: Tail) -> int:
    """How many lines of ``now`` are newer than the last of ``paused``; all when that line is not in ``now``."""
    if not paused:
        return len(now)
    for back, entry in enumerate(reversed(now)):
        if entry is paused[-1] or entry == paused[-1]:
            return back
    return len(now)
