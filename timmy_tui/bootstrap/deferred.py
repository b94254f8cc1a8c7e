"""Source and controller made after the first frame: parsers, pipeline and pandas take 100 ms to import."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from timmy_tui.core.errors import ControlError
from timmy_tui.core.running.threads import start_thread
from timmy_tui.model.change import ControlState
from timmy_tui.model.log_entry import ALL_LINES, LogCursor, LogEntry, LogFilter, LogPage, TurnLines

if TYPE_CHECKING:
    from timmy_tui.control.change.plan import ChangePlan
    from timmy_tui.control.controller import Controller
    from timmy_tui.model.snapshot import Snapshot
    from timmy_tui.model.user_requests import ChangeRequest, PipelineRequest
    from timmy_tui.pipeline.live_source import LiveSource
    from timmy_tui.pipeline.log_history import LogHistory
    from timmy_tui.pipeline.thread import Publish


class DeferredSource:
    """Takes the place of a LiveSource, which it makes in a thread of its own."""

    def __init__(self, make: "Callable[[], LiveSource]", refuse: str = "") -> None:
        """``refuse``: why no request of the user is carried out; empty when they are."""
        self._make = make
        self._refuse = refuse
        self._source: LiveSource | None = None
        self._stopped = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, publish: "Publish") -> None:
        """Return at once; ``publish`` is called later, from other threads."""
        self._thread = start_thread("source", partial(self._make_and_start, publish))

    def _make_and_start(self, publish: "Publish") -> None:
        try:
            source = self._make()
            with self._lock:
                if self._stopped:
                    return
                self._source = source
                source.start(publish)
        except Exception as error:  # noqa: BLE001  Else the screen would look live and stay empty for ever.
            publish(_failed(error))

    def stop(self) -> None:
        """End within a second."""
        with self._lock:
            self._stopped = True
        if self._source is not None:
            self._source.stop()

    @property
    def log(self) -> "LogHistory | None":
        """Both logs, page by page; None before the source is made."""
        return self._source.log if self._source is not None else None

    def request(self, request: "PipelineRequest") -> None:
        """Pass the request on. Before the source is made there is no turn that it could concern, so it is dropped.

        Raises ControlError where requests are refused.
        """
        if self._refuse:
            raise ControlError(self._refuse)
        if self._source is not None:
            self._source.request(request)


class DeferredLog:
    """Takes the place of the source's LogHistory; before the source is made, both logs are empty."""

    def __init__(self, source: DeferredSource) -> None:
        self._source = source

    def newest(self) -> LogCursor:
        """See LogHistory."""
        log = self._source.log
        return log.newest() if log is not None else LogCursor()

    def before(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES, least: int = 1) -> LogPage:
        """See LogHistory."""
        log = self._source.log
        return log.before(cursor, wanted, least) if log is not None else LogPage((), LogCursor())

    def between(self, above: LogCursor, below: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """See LogHistory."""
        log = self._source.log
        return log.between(above, below, wanted) if log is not None else None

    def quiet_behind(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """See LogHistory."""
        log = self._source.log
        return log.quiet_behind(cursor, wanted) if log is not None else None

    def of_turn(self, turn: TurnLines) -> LogPage:
        """See LogHistory."""
        log = self._source.log
        return log.of_turn(turn) if log is not None else LogPage((), LogCursor())

    def whole_line(self, entry: LogEntry) -> str:
        """See LogHistory."""
        log = self._source.log
        return log.whole_line(entry) if log is not None else entry.text


def _failed(error: Exception) -> "Snapshot":
    """A snapshot whose health line says why there is no source."""
    from timmy_tui.core.foreign.sanitize import clean
    from timmy_tui.model.snapshot import Health, Snapshot

    now = time.time()
    return Snapshot(taken=now, health=(Health("start", clean(f"{type(error).__name__}: {error}", 200), now),))


class DeferredController:
    """Takes the place of the Controller until that is made, together with the source, after the first frame."""

    def __init__(self) -> None:
        self.controller: Controller | None = None

    def state(self) -> ControlState:
        """The controller's state; empty while there is no controller."""
        return self.controller.state() if self.controller is not None else ControlState()

    def plan(self, request: "ChangeRequest") -> "ChangePlan":
        """As the controller plans it. Raises ControlError in the first moments."""
        return self._ready().plan(request)

    def start(self, plan: object) -> str:
        """See ``Controller.start``. Raises ControlError while there is no controller."""
        return self._ready().start(plan)

    def answer(self, choice: str) -> str:
        """See ``Controller.answer``. Raises ControlError while there is no controller."""
        return self._ready().answer(choice)

    def close(self) -> None:
        """End within a second."""
        if self.controller is not None:
            self.controller.close()

    def _ready(self) -> "Controller":
        if self.controller is None:
            raise ControlError("still starting; press the key again.")
        return self.controller
