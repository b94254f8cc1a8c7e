"""A thread that fails is on the screen, and costs nothing that other threads or later steps hold."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.reading.logs import turn_lines
from tests.pipeline.conftest import Watch
from tests.pipeline.feeds import FeedOfBatches
from tests.waiting import wait_for
from timmy_tui.core.running.threads import clear_failure, guarded_thread, thread_failures
from timmy_tui.core.settings import Settings
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.pipeline.snapshot_builder import SnapshotBuilder
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.sources.files.tail import TailBatch


class Given(FeedOfBatches):
    """A feed with these batches, all there at once."""

    def __init__(self, batches: list[TailBatch], name: str = "latency.log") -> None:
        super().__init__(*batches, name=name)
        self.starts = 0

    def start(self, notify: Callable[[], None]) -> None:
        self.starts += 1
        notify()


class Unstartable(Given):
    """A feed that cannot be started."""

    def start(self, notify: Callable[[], None]) -> None:
        self.starts += 1
        raise RuntimeError("no more threads")


def batch(*numbers: int) -> TailBatch:
    lines = [line.encode() for number in numbers for line in turn_lines(number, time.time() - 60 + 7 * number)]
    return TailBatch([line.rstrip(b"\n") for line in lines], False, 0, 0)


@pytest.fixture(autouse=True)
def no_failures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("timmy_tui.core.running.threads.FIRST_PAUSE_S", 0.01)
    yield
    for failure in thread_failures():
        clear_failure(failure.where)


def test_a_batch_that_cannot_be_added_costs_none_of_those_behind_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = TailBatch([b"poison"], False, 0, 0)
    real = SnapshotBuilder.feed

    def feed(builder: SnapshotBuilder, source: Any, lines: Any, facts: Any) -> bool:
        if b"poison" in lines:
            raise RuntimeError("a bug")
        return real(builder, source, lines, facts)

    monkeypatch.setattr(SnapshotBuilder, "feed", feed)
    feeds = [Given([batch(1), poison, batch(2), poison, batch(3)]), Given([poison, batch(4)], "other.log")]
    watcher = watch(LiveSource(Pipeline(Settings(), feeds)))
    snapshot = watcher.wait(lambda snapshot: snapshot.counts.complete == 4)
    assert [health.message for health in snapshot.health] == ["RuntimeError: a bug (1 line of latency.log) (× 3)"]


def test_a_feed_that_cannot_be_started_keeps_no_other_from_it(watch: Watch) -> None:
    broken, fine = Unstartable([]), Given([batch(1)])
    watcher = watch(LiveSource(Pipeline(Settings(), [broken, fine])))
    snapshot = watcher.wait(lambda snapshot: snapshot.counts.complete == 1 and bool(snapshot.health))
    assert (broken.starts, fine.starts) == (1, 1)
    assert snapshot.health[0].where == "pipeline"
    assert "no more threads" in snapshot.health[0].message


def test_another_thread_that_fails_is_a_health_line_until_it_works(watch: Watch) -> None:
    works, stopping = threading.Event(), threading.Event()

    def work() -> None:
        if not works.is_set():
            raise ValueError("an odd line")
        clear_failure("reader")
        stopping.wait(60)

    watcher = watch(LiveSource(Pipeline(Settings(), [Given([batch(1)])])))
    thread = guarded_thread("reader", work, stopping)
    thread.start()
    try:
        snapshot = watcher.wait(lambda snapshot: bool(snapshot.health))
        assert (snapshot.health[0].where, "an odd line" in snapshot.health[0].message) == ("reader", True)
        works.set()
        wait_for(lambda: not thread_failures())
        watcher.wait(lambda snapshot: snapshot is watcher.all[-1] and not snapshot.health)
    finally:
        stopping.set()
        thread.join(30)
