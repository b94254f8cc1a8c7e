"""Sources that a test starts, each with a watcher, and stops."""

from collections.abc import Callable, Iterator

import pytest

from tests.pipeline.watcher import Watcher
from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import Settings
from timmy_tui.pipeline.live_source import LiveSource, follow_logs
from timmy_tui.pipeline.thread import Pipeline

Watch = Callable[[LiveSource], Watcher]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Start a source; what it publishes. Stopped at the end of the test."""
    started: list[LiveSource] = []

    def begin(source: LiveSource) -> Watcher:
        watcher = Watcher()
        started.append(source)
        source.start(watcher.publish)
        return watcher

    yield begin
    for source in started:
        source.stop()


def following(installation: Installation, settings: Settings | None = None) -> LiveSource:
    """The logs of an installation, followed."""
    settings = settings or Settings()
    feeds, waker = follow_logs(settings, installation)
    return LiveSource(Pipeline(settings, feeds), waker=waker)
