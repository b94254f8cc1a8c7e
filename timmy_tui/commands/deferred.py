"""A source that is put together after the first frame: parsers, pipeline and pandas are 100 ms of imports."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from timmy_tui.live import LiveSource
    from timmy_tui.pipeline import Publish


class Deferred:
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
        source = self._make()
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

    def mark(self, ordinal: int, quality: str | None) -> None:
        """Mark a turn ``good`` or ``bad``; None takes the mark back."""
        if self._source is not None:
            self._source.mark(ordinal, quality)

    def answer_finding(self, key: str, answer: str) -> None:
        """``accept``, ``acknowledge`` or ``mute``."""
        if self._source is not None:
            self._source.answer_finding(key, answer)
