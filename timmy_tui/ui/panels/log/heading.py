"""Above the log: which lines are shown, what was searched, and whether newer ones come in."""

from msgspec import Struct

from timmy_tui.ui.paint.lines import Line, cells, fit, foreign, join_fitting, line, spread
from timmy_tui.ui.view import View

MATCH_KEYS = (("next_match", "next"), ("previous_match", "one before"))
"""(command, its words) behind how many lines match."""


class LogHeading(Struct, frozen=True):
    """What the heading says."""

    what: str
    """``both logs``, ``turn 17``."""
    narrowed: tuple[str, ...] = ()
    """Which of them; empty words are left out."""
    pattern: str = ""
    """What is searched; empty: nothing."""
    found: str = ""
    matches: int = 0
    """Lines that match, so far."""
    problem: bool = False
    """The search ended before it had looked at all lines."""
    busy: str = ""
    """What is being read; empty: nothing that takes long."""
    following: bool = True
    new: int = 0
    """Lines that came since following stopped."""
    passes_all: bool = True
    """Every one of them would be shown; where not, nobody knows yet how many."""


def heading_lines(heading: LogHeading, view: View, width: int) -> list[Line]:
    """One line, and one of the search where there is one."""
    parts = [line((f"log · {heading.what}", "title"))]
    if any(heading.narrowed):
        parts.append(line((" · ".join(filter(None, heading.narrowed)), "info")))
    text, role = _state(heading, view)
    rows = [spread(join_fitting(parts, max(width - len(text) - 1, 12)), line((text, role)), width)]
    if heading.pattern:
        pattern = f"/{foreign(heading.pattern, max(width // 3, 8))}  "
        found = line((pattern, "key"), (heading.found, "warn" if heading.problem else "info"))
        keys = [line((view.keys.get(name, ""), "key"), (f" {words}", "muted")) for name, words in MATCH_KEYS]
        rows.append(fit(join_fitting([found, *keys * bool(heading.matches)], max(width, cells(found))), width))
    return rows


def _state(heading: LogHeading, view: View) -> tuple[str, str]:
    key = view.keys.get("follow", "")
    if heading.busy:
        return heading.busy, "info"
    if view.live_snapshot is not None:
        return "FROZEN", "frozen"
    if heading.following:
        return "following", "muted"
    if heading.new <= 0:
        return f"{key} follows", "muted"
    words = f"+{heading.new} new" if heading.passes_all else "new lines"
    return f"{words} {view.glyphs.more} {key}", "warn"
