"""A screen of lines whose filter line takes a regular expression, which is searched through all of the log."""

from timmy_tui.core.foreign.pattern_search import ignores_case, pattern_problem
from timmy_tui.model.log_entry import LogEntry
from timmy_tui.ui.screens.filter_bar import FilterScreen
from timmy_tui.ui.screens.log.reading import LogReading
from timmy_tui.ui.screens.log.tasks import LogTasks


class PatternScreen(FilterScreen):
    """What the pattern's keys do; which lines there are, and where the cursor is, a subclass says."""

    PLACEHOLDER = "pattern"
    KEEPS_LINE = False
    reading: LogReading
    tasks: LogTasks

    @property
    def rows(self) -> list[LogEntry]:
        """The lines in memory, oldest first."""
        raise NotImplementedError

    def index(self) -> int:
        """The row under the cursor."""
        raise NotImplementedError

    def go_to(self, index: int) -> None:
        """The cursor to a row."""
        raise NotImplementedError

    def say(self, text: str, role: str) -> None:
        """A notice to the user."""
        raise NotImplementedError

    def filter_hint(self) -> tuple[str, str]:
        """What the pattern may be, or what is wrong with it."""
        if problem := pattern_problem(self.filter_text):
            return problem, "bad"
        case = "capitals match too" if ignores_case(self.filter_text) else "capitals as written"
        return f"regular expression, {case}; Enter searches all lines, Esc ends", "muted"

    def filter_changed(self) -> None:
        """The hint says whether the pattern is valid."""
        self.repaint()

    def filter_entered(self) -> bool:
        """Search; an invalid pattern stays to be corrected."""
        if pattern_problem(self.filter_text):
            return False
        if self.filter_text and self.rows:
            self.go_to(self.index())
            self.tasks.search(self.filter_text)
        return True

    def forget_pattern(self) -> None:
        """No pattern any more, and no process that searches it."""
        self.reading.end_search()
        self.hide_filter()
        self.repaint()

    def action_match(self, step: int) -> None:
        """The match below, or with -1 the one above."""
        search = self.reading.search
        if search is None:
            self.say("no pattern yet: / asks for one", "muted")
            return
        here = self.reading.window.place_of(self.index())
        place = search.older(here) if step < 0 else search.newer(here)
        if place is None:
            self.say(f"no match {'above' if step < 0 else 'below'}{'' if search.done else ' so far'}", "muted")
        else:
            self.tasks.to_place(place)

    def action_only_matches(self) -> None:
        """Only the lines that match, or all again."""
        if self.reading.search is None:
            self.say("no pattern yet: / asks for one", "muted")
        else:
            self.tasks.only_matches()
