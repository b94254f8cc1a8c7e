"""The one widget that paints lines: strips of few segments, and only the rows that changed."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from timmy_tui.clean import clean
from timmy_tui.ui.glyphs import to_ascii
from timmy_tui.ui.lines import BLANK, Line
from timmy_tui.ui.view import View

Draw = Callable[[View, int, int], Sequence[Line]]
"""View, width and height in; lines out."""


class Painted(Widget):
    """Draws what a pure function says. Text passes the cleaner once more on its way to a strip."""

    DEFAULT_CSS = "Painted { width: 1fr; height: 1fr; }"

    def __init__(self, draw: Draw, *, id: str | None = None, can_focus: bool = False) -> None:
        """``draw`` is called with the view whenever it or the size changes."""
        super().__init__(id=id, markup=False)
        self._draw = draw
        self._view = View()
        self._lines: Sequence[Line] = ()
        self._styles: dict[str, Style] = {}
        self.can_focus = can_focus

    @property
    def lines(self) -> Sequence[Line]:
        """What is on the screen now."""
        return self._lines

    def paint(self, view: View, styles: dict[str, Style]) -> None:
        """Show the view; rows that stay as they are cost nothing."""
        restyled = styles is not self._styles or view.glyphs is not self._view.glyphs
        self._view, self._styles = view, styles
        before, self._lines = self._lines, self._drawn()
        if restyled or len(before) != len(self._lines):
            self.refresh()
            return
        width = self.size.width
        changed = [Region(0, row, width, 1) for row, new in enumerate(self._lines) if new != before[row]]
        if changed:
            self.refresh(*changed)

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew for the new size."""
        self._lines = self._drawn()
        self.refresh()

    def _drawn(self) -> Sequence[Line]:
        width, height = self.size
        return self._draw(self._view, width, height) if width > 0 and height > 0 else ()

    def render_line(self, y: int) -> Strip:
        """One row as segments, exactly as wide as the widget."""
        width = self.size.width
        spans = self._lines[y] if y < len(self._lines) else BLANK
        base = self._styles.get("text", Style.null())
        write = to_ascii if self._view.glyphs.plain else str
        segments = [Segment(write(clean(text)), self._styles.get(role, base)) for text, role in spans if text]
        return Strip(segments).adjust_cell_length(width, base)
