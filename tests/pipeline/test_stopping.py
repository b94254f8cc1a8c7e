"""The end of a dashboard: at once after its beginning, and where something that must end raises."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot, SourceState
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.sources.files.tail import Tail
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.files.wake import Waker
from timmy_tui.storage.recorder import Recorder


class Part:
    """Something that is stopped; it may raise then."""

    def __init__(self, name: str, stopped: list[str], raises: bool) -> None:
        self._name, self._stopped, self._raises = name, stopped, raises

    def start(self, *_: object) -> None:
        """Nothing."""

    def show(self, snapshot: Snapshot) -> None:
        """Nothing."""

    observe = number_by_history = show

    @property
    def state(self) -> SourceState | None:
        return None

    def log_files(self) -> list[object]:
        return []

    def stop(self, *_: object) -> None:
        self._stopped.append(self._name)
        if self._raises:
            raise RuntimeError(f"{self._name} cannot end")


NAMES = ("waker", "pipeline", "first", "second", "recorder")


@pytest.mark.parametrize("raising", ["", *NAMES])
def test_whatever_raises_at_the_end_all_others_end_in_their_order(raising: str) -> None:
    stopped: list[str] = []
    parts = {name: Part(name, stopped, name == raising) for name in NAMES}
    pipeline = cast(Any, parts["pipeline"])
    pipeline.number_by_history = lambda: None
    source = LiveSource(
        cast(Pipeline, pipeline),
        cast(Waker, parts["waker"]),
        cast(Recorder, parts["recorder"]),
        observers=cast(Any, (parts["first"], parts["second"])),
    )
    if raising:
        with pytest.raises(RuntimeError, match=f"{raising} cannot end"):
            source.stop()
    else:
        source.stop()
    # Observers are all asked before one is waited for.
    assert stopped == ["waker", "pipeline", "first", "second", "first", "second", "recorder"]


class SlowFeed:
    """A feed whose start waits until the pipeline is being stopped."""

    kind = "latency"
    name = "slow"
    path = Path("/nowhere")

    def __init__(self) -> None:
        self.starting, self.go_on = threading.Event(), threading.Event()

    def start(self, notify: Callable[[], None]) -> None:
        self.starting.set()
        assert self.go_on.wait(20)

    def stop(self) -> None:
        self.go_on.set()


def test_what_has_not_begun_when_the_pipeline_ends_never_begins(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\n")
    slow = SlowFeed()
    settings = Settings()
    second = TailThread(Tail(tmp_path / "log", "log", settings.tail), "latency", settings.tail)
    pipeline = Pipeline(settings, [cast(Any, slow), second])
    pipeline.start(lambda snapshot: None)
    assert slow.starting.wait(20)
    pipeline.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert "tail log" not in names and "pipeline" not in names
