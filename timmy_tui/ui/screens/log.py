"""Screen 6: both logs as they come in."""

from textual.app import ComposeResult
from textual.binding import Binding

from timmy_tui.ui.commands import screen_bindings
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import BLANK, Line, line, spread
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line, sources_lines
from timmy_tui.ui.panels.lists import log_row
from timmy_tui.ui.screens.filter_bar import FilterLine, FilterScreen
from timmy_tui.ui.view import View

Tail = tuple[tuple[str, str], ...]


class LogScreen(FilterScreen):
    """The newest lines; moving up stops following and holds what is shown."""

    BINDINGS = [
        *screen_bindings("log"),
        Binding("up,k", "scroll_lines(1)", show=False),
        Binding("down,j", "scroll_lines(-1)", show=False),
        Binding("pageup", "scroll_lines(20)", show=False),
        Binding("pagedown", "scroll_lines(-20)", show=False),
        Binding("home", "scroll_lines(1000)", show=False),
    ]

    def __init__(self, name: str) -> None:
        """``name`` is the mode's."""
        super().__init__(name)
        self.back = 0
        """Lines between the newest shown and the newest held."""
        self.held: Tail | None = None
        """What was there when following stopped; None follows."""

    def compose(self) -> ComposeResult:
        """Lines, and the filter."""
        yield LineWidget(self.draw_log, id="log")
        yield FilterLine()

    def shown(self, view: View) -> Tail:
        """Lines that pass the filter."""
        tail = self.held if self.held is not None else view.snapshot.log_tail
        if not self.wanted:
            return tail
        return tuple(entry for entry in tail if self.wanted in f"{entry[0]} {entry[1]}".lower())

    def draw_log(self, view: View, width: int, height: int) -> list[Line]:
        """Heading, lines, sources, footer."""
        lines = self.shown(view)
        below = [*sources_lines(view, width), *filter(None, (change_line(view, width), notice_line(view, width)))]
        below.append(footer_line(view, "log", width))
        below = below[-max(height - 2, 0) :] if height > 2 else []
        room = max(height - 1 - len(below), 0)
        back = min(self.back, max(len(lines) - room, 0))
        end = len(lines) - back
        body = [log_row(name, text, width) for name, text in lines[max(end - room, 0) : end]]
        word = "lines with that text" if self.wanted else "newest lines"
        head = line((f"log · {len(lines)} {word}", "title"))
        state = line((self._following(view), "info" if self.held is None else "warn"))
        return [spread(head, state, width), *body, *[BLANK] * (room - len(body)), *below]

    def _following(self, view: View) -> str:
        if self.held is None:
            return "following"
        new = _new_lines(self.held, view.snapshot.log_tail)
        return f"+{new} new {view.glyphs.more} f" if new else "held, f follows"

    def filter_changed(self) -> None:
        """From the newest that passes."""
        self.back = 0
        self.repaint()

    def action_scroll_lines(self, lines: int) -> None:
        """Up stops following; down past the newest does not resume it: that is what f is for."""
        if lines > 0 and self.held is None:
            self.held = self.view.snapshot.log_tail
        most = max(len(self.shown(self.view)) - self.size.height + 3, 0)
        self.back = min(max(self.back + lines, 0), most)
        self.repaint()

    def action_follow(self) -> None:
        """Newest lines again."""
        self.back, self.held = 0, None
        self.repaint()


def _new_lines(held: Tail, now: Tail) -> int:
    """Lines behind the last that is held; all of them when it has left the tail."""
    if not held:
        return len(now)
    for back, entry in enumerate(reversed(now)):
        if entry is held[-1] or entry == held[-1]:
            return back
    return len(now)
