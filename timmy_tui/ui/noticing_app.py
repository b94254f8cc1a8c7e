"""An application that says what happens: notices, what failed in the background, and what ended it."""

from collections import deque
from collections.abc import Callable

from msgspec.structs import replace
from textual.app import App
from textual.geometry import Size
from textual.reactive import var
from textual.worker import Worker, WorkerState

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.messages import Noticed
from timmy_tui.ui.view import Notice, View

MOST_NOTICES = 200
"""Notices that are remembered."""


class NoticingApp(App[None]):
    """Has the view, and writes into it what there is to say."""

    view: var[View] = var(View(), init=False)
    pane: var[Size] = var(Size(), init=False)
    """Size of the terminal from the next layout on; set before that, and before it is painted."""

    def __init__(self, clock: Callable[[], tuple[float, float]], ansi_color: bool | None) -> None:
        """``clock`` gives time.time() and ``core.interruptions.elapsed()``; ``ansi_color``: see Textual's App."""
        super().__init__(ansi_color=ansi_color)
        self._clock_now = clock
        self.events: deque[Notice] = deque(maxlen=MOST_NOTICES)
        self.fault: Exception | None = None
        """What ended the dashboard without being asked to."""

    def now(self) -> float:
        """time.time(), by the dashboard's clock."""
        return self._clock_now()[0]

    def say(self, text: str, role: str = "info", lasts_s: float = 15.0) -> None:
        """Show a notice in the status line; the event log has it too."""
        notice = Notice(self.now(), clean(text), role, lasts_s)
        self.events.append(notice)
        self.view = replace(self.view, notice=notice)

    def on_noticed(self, message: Noticed) -> None:
        """A notice from another thread."""
        self.say(message.notice.text, message.notice.role)

    def on_line_widget_failed(self, message: LineWidget.Failed) -> None:
        """A panel that cannot be drawn becomes a health line; the same error only once."""
        if message.fault.message not in {fault.message for fault in self.view.faults}:
            self.view = replace(self.view, faults=(*self.view.faults, message.fault))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed background task becomes a notice."""
        if event.state is WorkerState.ERROR:
            self.say(f"{event.worker.name}: {type(event.worker.error).__name__}: {event.worker.error}", "bad")

    def _handle_exception(self, error: Exception) -> None:
        self.fault = self.fault or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End. Textual's own would print the values of all variables, and these hold the conversation."""
        self._close_messages_no_wait()
