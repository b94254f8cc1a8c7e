"""A source that is put together after the first frame: parsers, pipeline and pandas are 100 ms of imports."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ControlState

if TYPE_CHECKING:
    from timmy_tui.control.change.plan import ChangePlan
    from timmy_tui.control.controller import Controller
    from timmy_tui.model.requests import ChangeRequest, PipelineRequest
    from timmy_tui.model.snapshot import Snapshot
    from timmy_tui.pipeline.live_source import LiveSource
    from timmy_tui.pipeline.thread import Publish


class DeferredSource:
    """Stands for a LiveSource until that is made, in a thread of its own."""

    def __init__(self, make: "Callable[[], LiveSource]") -> None:
        self._make = make
        self._source: LiveSource | None = None
        self._ended = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, publish: "Publish") -> None:
        """Return at once; snapshots come when there are some."""
        self._thread = threading.Thread(target=self._begin, args=(publish,), name="source", daemon=True)
        self._thread.start()

    def _begin(self, publish: "Publish") -> None:
        try:
            source = self._make()
        except Exception as error:  # noqa: BLE001  Nothing would come, for ever, behind a screen that looks alive.
            publish(_failed(error))
            return
        with self._lock:
            if self._ended:
                return
            self._source = source
            source.start(publish)

    def stop(self) -> None:
        """End within a second."""
        with self._lock:
            self._ended = True
        if self._source is not None:
            self._source.stop()

    def request(self, request: "PipelineRequest") -> None:
        """Pass it on. In the first moments there is nothing yet that it could be about."""
        if self._source is not None:
            self._source.request(request)


def _failed(error: Exception) -> "Snapshot":
    """Why there are no sources, as a health line."""
    from timmy_tui.core.sanitize import clean
    from timmy_tui.model.snapshot import Health, Snapshot

    now = time.time()
    return Snapshot(taken=now, health=(Health("start", clean(f"{type(error).__name__}: {error}", 200), now),))


class DeferredController:
    """Stands for the Controller until that is made, with the source, behind the first frame."""

    def __init__(self) -> None:
        self.controller: Controller | None = None

    def state(self) -> ControlState:
        """As last seen; empty before the first look."""
        return self.controller.state() if self.controller is not None else ControlState()

    def plan(self, request: "ChangeRequest") -> "ChangePlan":
        """As the controller plans it. Raises ControlError in the first moments."""
        return self._ready().plan(request)

    def start(self, plan: object) -> str:
        """As the controller does it."""
        return self._ready().start(plan)

    def answer(self, choice: str) -> str:
        """As the controller answers."""
        return self._ready().answer(choice)

    def close(self) -> None:
        """End within a second."""
        if self.controller is not None:
            self.controller.close()

    def _ready(self) -> "Controller":
        if self.controller is None:
            raise ControlError("still starting; press the key again.")
        return self.controller
