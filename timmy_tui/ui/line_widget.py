"""The widget that paints lines: it repaints only the cells that changed."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.snapshot import Health
from timmy_tui.ui.paint.glyphs import to_ascii
from timmy_tui.ui.paint.lines import BLANK, Line, changed_stretches, fit, line
from timmy_tui.ui.paint.themes import OVER, two_colours
from timmy_tui.ui.view import View

Draw = Callable[[View, int, int], Sequence[Line]]
"""(view, width, height) → lines."""


DRAWING_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors of a faulty panel or an unexpected value: that panel shows the error, the others go on."""


class LineWidget(Widget):
    """Draws the lines of a pure function. All text is sanitized once more before it becomes a strip."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "LineWidget { width: 1fr; height: 1fr; }"

    class Failed(Message):
        """A panel could not be drawn."""

        def __init__(self, fault: Health) -> None:
            """``fault`` goes to the sources line."""
            super().__init__()
            self.fault = fault

    def __init__(self, draw: Draw, *, id: str | None = None, can_focus: bool = False) -> None:
        """``draw`` is called with the view whenever it or the size changes."""
        super().__init__(id=id, markup=False)
        self._draw = draw
        self._view = View()
        self._lines: Sequence[Line] = ()
        self._drawn_size = Size()
        """Of the lines."""
        self._pairs: dict[str, Style] = {}
        """Styles of roles of two colours, in the present theme."""
        self.can_focus = can_focus

    @property
    def lines(self) -> Sequence[Line]:
        """The lines on the screen now."""
        return self._lines

    def paint(self, view: View) -> None:
        """Show the view; of each row, only the cells that changed are repainted."""
        restyled = view.styles is not self._view.styles
        self._view = view
        before = self._lines
        self._draw_lines()
        if restyled:
            self._pairs.clear()
        if restyled or len(before) != len(self._lines):
            self.refresh()
            return
        width = self.size.width
        changed = []
        for row, new in enumerate(self._lines):
            if new is not before[row] and new != before[row]:
                stretches = changed_stretches(before[row], new, width)
                changed += [Region(start, row, end - start, 1) for start, end in stretches]
        if changed:
            self.refresh(*changed)

    def on_resize(self, event: events.Resize) -> None:
        """Draw again for the new size, unless that was painted already."""
        if self._drawn_size != self.size:
            self._draw_lines()
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a part. The first picture of a size is made ahead of its event, and would be an empty one."""
        if self._drawn_size != self.size:
            self._draw_lines()
        return super().render_lines(crop)

    def _draw_lines(self) -> None:
        self._drawn_size = self.size
        self._lines = self._drawn()

    def _drawn(self) -> Sequence[Line]:
        width, height = self.size
        if width <= 0 or height <= 0:
            return ()
        try:
            return self._draw(self._view, width, height)
        except DRAWING_ERRORS as error:
            message = f"{type(error).__name__} while drawing {self.id or 'a panel'}"
            # Posted to the app itself: a message that the app's own handler caused would not bubble up to it.
            self.app.post_message(self.Failed(Health("screen", message, self._view.now)))
            return [fit(line((message, "bad")), width)]

    def render_line(self, y: int) -> Strip:
        """One row as segments, exactly as wide as the widget."""
        styles = self._view.styles
        spans = self._lines[y] if y < len(self._lines) else BLANK
        base = styles.get("text", Style.null())
        encode = to_ascii if self._view.glyphs.plain else str
        segments = [
            Segment(encode(clean(text)), styles.get(role) or self._style(role, base)) for text, role in spans if text
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, role: str, base: Style) -> Style:
        """The style of a role that the theme does not list: of two colours, or that of text."""
        if OVER not in role:
            return base
        if role not in self._pairs:
            self._pairs[role] = two_colours(role, self._view.styles)
        return self._pairs[role]
