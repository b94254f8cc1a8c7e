"""Screen 6: both logs as one, from the newest line back to the first; by service, by turn, by failure, by pattern."""

from collections.abc import Coroutine
from typing import Any, Literal, cast

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult

from timmy_tui.model.log_entry import LogEntry, LogFilter
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import Turn
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.last_view import LogChoice, choice_of, remember_choice
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import Line
from timmy_tui.ui.panels.log.heading import LogHeading
from timmy_tui.ui.panels.log.page import LogPicture, Rows
from timmy_tui.ui.panels.log.rows import cells_right, log_columns
from timmy_tui.ui.panels.log.screen import LogScreenState, first_row, log_screen_lines, shown_rows
from timmy_tui.ui.panels.log.spans import is_bounded, lines_of_span, span_name
from timmy_tui.ui.screens.log.line_page import open_line_page
from timmy_tui.ui.screens.log.lines import SnapshotLines, lines_read
from timmy_tui.ui.screens.log.pattern_screen import PatternScreen
from timmy_tui.ui.screens.log.reading import LogReading
from timmy_tui.ui.screens.log.tasks import LogTasks
from timmy_tui.ui.view import View

SERVICES: tuple[Literal["", "events", "stt", "v34", "tts"], ...] = ("", "events", "stt", "v34", "tts")
"""What ``s`` goes through; empty is everything, ``events`` leaves out what v34 prints without a time."""
SHIFT = 20
"""Cells of one step to the side."""


class LogScreen(PatternScreen):
    """A cursor over lines. Moving it stops following; f follows again."""

    BINDINGS = [*screen_bindings("log")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self.following = True
        self.of_turn = ""
        """Which turn, or stage of one, the lines are of; empty: of all."""
        self._unbounded = ""
        """Why these are all lines of the turn where those of a stage were asked for."""
        self.cursor: LogEntry | None = None
        self._top: LogEntry | None = None
        """The line at the upper edge."""
        self._shift = 0
        self._wrapped = False
        self._lines_when_stopped: int | None = None
        self.reading = LogReading(SnapshotLines(lambda: self.view.snapshot))
        self.tasks = LogTasks(self, self.reading)

    @property
    def _host(self) -> Host:
        return cast(Host, self.app)

    def compose(self) -> ComposeResult:
        """The log panel and the line that a pattern is typed into."""
        yield LineWidget(self.draw_log, id="log")
        yield from self.compose_filter()

    def on_mount(self) -> None:
        """Read what the backend has; without it, the newest lines of each snapshot."""
        if self._host.log_reader is not None:
            self.reading.reader = self._host.log_reader
        chosen = choice_of(self._host.choices, "log", LogChoice)
        self.reading.wanted = LogFilter(chosen.service, chosen.failures)
        self._wrapped = chosen.wrapped
        super().on_mount()

    def on_unmount(self) -> None:
        """End the process of a search."""
        self.reading.end_search()

    def on_screen_resume(self) -> None:
        """Show what another screen asked for, or what came meanwhile."""
        wanted = self._host.take_log_wanted()
        if wanted is not None:
            self.show_turn(*wanted)
        elif self.following:
            self.tasks.follow()
        super().on_screen_resume()

    def show_view(self, view: View) -> None:
        """Take a new view; new lines are read while following."""
        before = self.view.snapshot
        super().show_view(view)
        if self.is_current and self.following and view.live_snapshot is None and view.snapshot is not before:
            self.tasks.follow(talking=view.snapshot.open_turn is not None)

    def say(self, text: str, role: str) -> None:
        """A notice to the user."""
        self._host.say(text, role)

    def run_task(self, task: Coroutine[Any, Any, None]) -> None:
        """Run in the background."""
        self._host.run_task(task, "log", "log")

    # -- what is shown

    @property
    def rows(self) -> list[LogEntry]:
        """The lines in memory, oldest first."""
        return self.reading.window.rows

    def index(self) -> int:
        """The row under the cursor; while following, the newest."""
        found = None if self.following else self.reading.window.find(self.cursor)
        return found if found is not None else max(len(self.rows) - 1, 0)

    def draw_log(self, view: View, width: int, height: int) -> list[Line]:
        """Heading, columns, lines, sources, footer."""
        return log_screen_lines(self._state(view), view, (width, height))

    def _state(self, view: View) -> LogScreenState:
        numbers = view.cached("numbers of ids", lambda: _numbers(view))
        top = self.reading.window.find(self._top)
        picture = LogPicture(
            entries=self.rows,
            numbers=numbers,
            at=self.index(),
            top=top if top is not None else self.index(),
            following=self.following,
            shift=self._shift,
            wrapped=self._wrapped,
            matches=self.reading.matching_rows(),
        )
        nothing = self.tasks.busy or self.reading.problem or ("no such lines" if self.is_narrowed else "no lines yet")
        return LogScreenState(self._heading(view), picture, nothing)

    def _shown(self) -> Rows:
        """The rows of the log on the screen now."""
        return shown_rows(self._state(self.view), self.view, self.query_one("#log").size)

    def _heading(self, view: View) -> LogHeading:
        wanted, search = self.reading.wanted, self.reading.search
        lines, before = lines_read(view), self._lines_when_stopped
        return LogHeading(
            what=self.of_turn or ("both logs" if watched().is_built_in else "all lines"),
            narrowed=(
                self._unbounded if self.of_turn else "",
                wanted.service and f"{wanted.service} only",
                "failures only" * wanted.failures,
                "matches only" * self.reading.only_matches,
                f"{self._shift} cells further right" if self._shift else "",
            ),
            pattern=search.pattern if search is not None else "",
            found=search.words() if search is not None else "",
            matches=len(search.places) if search is not None else 0,
            problem=search is not None and bool(search.problem),
            busy=self.tasks.busy,
            following=self.following,
            new=lines - before if lines is not None and before is not None and not self.of_turn else 0,
            passes_all=not self.is_narrowed,
        )

    @property
    def is_narrowed(self) -> bool:
        """Not all lines are shown."""
        wanted = self.reading.wanted
        return bool(self.of_turn or wanted.service or wanted.failures or self.reading.only_matches)

    # -- moving

    def go_to(self, index: int) -> None:
        """The cursor to a row; the page beyond it is read when it comes near."""
        if not self.rows:
            return
        if self.following:
            self._stop_following()
        index = min(max(index, 0), len(self.rows) - 1)
        self.cursor = self.rows[index]
        shown = self._shown()
        self._top = self.rows[shown[0][0]] if shown else None
        self.tasks.read_around(index, len(shown))
        self.repaint()

    def go_to_newest(self) -> None:
        """The cursor to the newest row, which was read just now: none came since."""
        self._lines_when_stopped = lines_read(self.view)
        self.go_to(len(self.rows) - 1)

    def _stop_following(self) -> None:
        shown = self._shown()
        self.following = False
        self._lines_when_stopped = lines_read(self.view)
        self._top = self.rows[shown[0][0]] if shown else None

    def action_move(self, step: int) -> None:
        """Rows up or down."""
        self.go_to(self.index() + step)

    def action_page(self, step: int) -> None:
        """One page up or down."""
        self.go_to(self.index() + step * max(len(self._shown()) - 1, 1))

    def action_home(self) -> None:
        """To the first line of the logs."""
        self.go_to(0)
        if not self.of_turn:
            self.tasks.to_start()

    def action_follow(self) -> None:
        """Go to the newest line and follow; of all turns again."""
        self.of_turn, self.following, self.cursor = "", True, None
        self.tasks.follow(anew=True)
        self.repaint()

    def action_sideways(self, step: int) -> None:
        """Show what is further right, or left."""
        if step > 0 and not self._is_more_right():
            self.say("wrapped lines are whole" if self._wrapped else "no line here goes on to the right", "muted")
            return
        self._shift = max(self._shift + step * SHIFT, 0)
        self.repaint()

    def _is_more_right(self) -> bool:
        """A line on the screen goes on behind the edge."""
        columns = log_columns(self.query_one("#log").size.width)
        shown = {index for index, _ in self._shown()}
        return not self._wrapped and any(cells_right(self.rows[at], columns, self._shift) > 0 for at in shown)

    def action_wrap(self) -> None:
        """Long lines on several rows, or cut at the edge."""
        self._wrapped, self._shift = not self._wrapped, 0
        self._remember(self.reading.wanted)
        self.repaint()

    # -- which lines

    def show_turn(self, turn: Turn, key: str = "") -> None:
        """Only the lines of a turn, or of one of its stages."""
        name, of = span_name(key), self.view.turn_name(turn.ordinal, turn.request_id)
        self.of_turn = f"{name} of {of}" if name and is_bounded(key) else of
        self._unbounded = f"no event begins or ends {name}" if name and not is_bounded(key) else ""
        self.following, self.cursor, self._top = False, None, None
        self.forget_pattern()
        self.tasks.show_turn(lines_of_span(turn, key))

    def action_row_turn(self) -> None:
        """Only the lines of the turn under the cursor."""
        name = self.rows[self.index()].request_id if self.rows else ""
        turn = next((turn for turn in self.view.turns if name and turn.request_id == name), None)
        if name:
            self.show_turn(turn or Turn(ordinal=-1, request_id=name))
        else:
            self.say("this line is of no turn with an id", "muted")

    def action_service(self) -> None:
        """Everything, events only, or one service."""
        wanted = self.reading.wanted
        self._show_only(replace(wanted, service=SERVICES[(SERVICES.index(wanted.service) + 1) % len(SERVICES)]))

    def action_failures(self) -> None:
        """Only what tells of a failure, or everything."""
        self._show_only(replace(self.reading.wanted, failures=not self.reading.wanted.failures))

    def _show_only(self, wanted: LogFilter) -> None:
        self.forget_pattern()
        self.of_turn = ""
        self._remember(wanted)
        self.tasks.filter(wanted)

    def _remember(self, wanted: LogFilter) -> None:
        chosen = LogChoice(SERVICES[SERVICES.index(wanted.service)], wanted.failures, self._wrapped)
        remember_choice(self._host.choices, "log", chosen)

    def action_line(self) -> None:
        """The whole line as it stands in the file, on a page of its own."""
        if self.rows:
            self.tasks.open_line(self.rows[self.index()])

    def open_line(self, entry: LogEntry, text: str) -> None:
        """Show it."""
        self.app.push_screen(open_line_page(entry, text))

    async def action_clear_filter(self) -> None:
        """Take back what narrows the lines: the pattern, then turn and filter; else one step back."""
        if self.filter_bar.has_class("shown") or self.reading.search is not None:
            only = self.reading.only_matches
            self.forget_pattern()
            if only:
                self.tasks.filter(self.reading.wanted)
        elif self.is_narrowed:
            self._show_only(LogFilter())
        else:
            await self.run_action("app.back")

    # -- the mouse, where it is on

    def on_mouse_scroll_down(self) -> None:
        """Three rows down."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows up."""
        self.action_move(-3)

    def on_click(self, event: events.Click) -> None:
        """The cursor to the row that was clicked."""
        at = event.screen_y - first_row(self._state(self.view), self.view, self.query_one("#log").size)
        shown = self._shown()
        if 0 <= at < len(shown):
            self.go_to(shown[at][0])


def _numbers(view: View) -> dict[str, int]:
    return {turn.request_id: turn.number for turn in view.turns if turn.number is not None}
