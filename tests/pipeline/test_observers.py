"""Whoever wants every snapshot gets it, and one that fails costs no other its own."""

import time
from pathlib import Path

from tests.pipeline.conftest import Watch
from tests.pipeline.watcher import Watcher
from timmy_tui.core.running.threads import clear_failure, thread_failures
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.pipeline.live_source import LiveSource, play_logs
from timmy_tui.pipeline.observers import LateObserver
from timmy_tui.pipeline.thread import Pipeline

DATA = Path(__file__).parents[1] / "data"


class Collecting:
    """Keeps what it gets."""

    state: SourceState | None = SourceState("collecting", SourceCondition.OK)

    def __init__(self) -> None:
        self.seen: list[Snapshot] = []
        self.said: list[str] = []
        self.until = 0.0
        self.stops: list[tuple[int, float]] = []
        """Whose end is asked for, and until when; a list may be shared."""

    def start(self) -> None:
        self.said.append("start")

    def observe(self, snapshot: Snapshot) -> None:
        self.seen.append(snapshot)

    def stop(self, until: float) -> None:
        self.said.append("stop")
        self.until = until
        self.stops.append((id(self), until))


class Raising(Collecting):
    state = None

    def observe(self, snapshot: Snapshot) -> None:
        raise ValueError("out of order")


def source_of(*observers: Collecting | LateObserver) -> LiveSource:
    pipeline = Pipeline(Settings(), play_logs([DATA / "latency.log"], None), replayed=True)
    return LiveSource(pipeline, observers=observers)


def test_each_observer_gets_every_snapshot_that_the_screen_gets(watch: Watch) -> None:
    observer = Collecting()
    watcher = watch(source_of(observer))
    whole = watcher.wait(lambda snapshot: len(snapshot.turns) == 14)
    assert observer.said == ["start"]
    assert whole.sources[-1].name == "collecting"
    watcher.wait(lambda snapshot: snapshot is not whole)
    assert whole in observer.seen


def test_one_that_raises_is_a_health_line_and_costs_the_next_nothing(watch: Watch) -> None:
    after = Collecting()
    watcher = watch(source_of(Raising(), after))
    try:
        watcher.wait(lambda snapshot: any(one.where == "Raising" for one in snapshot.health))
        assert after.seen
        assert any("out of order" in one.message for one in thread_failures())
    finally:
        clear_failure("Raising")


def test_a_state_that_is_none_is_no_source(watch: Watch) -> None:
    watcher = watch(source_of(Raising()))
    try:
        whole = watcher.wait(lambda snapshot: len(snapshot.turns) == 14)
        assert [one.name for one in whole.sources] == ["latency.log"]
    finally:
        clear_failure("Raising")


def test_at_the_end_all_share_less_than_a_second_and_are_asked_before_one_is_waited_for() -> None:
    """One that a slow server holds up must not take the time of the next."""
    observers = Collecting(), Collecting()
    observers[0].stops = stops = observers[1].stops
    source = source_of(*observers)
    watcher = Watcher()
    source.start(watcher.publish)
    watcher.wait(lambda snapshot: len(snapshot.turns) == 14)
    source.stop()
    assert [one.said for one in observers] == [["start", "stop", "stop"]] * 2
    assert observers[0].until == observers[1].until < time.monotonic() + 1.0
    first, second = map(id, observers)
    assert stops == [(first, 0.0), (second, 0.0), (first, observers[0].until), (second, observers[1].until)]


def test_a_late_one_is_made_with_the_first_snapshot_and_not_before(watch: Watch) -> None:
    made: list[Collecting] = []

    def make() -> Collecting:
        made.append(Collecting())
        return made[-1]

    late = LateObserver(make)
    late.start()
    late.stop(time.monotonic())
    assert (made, late.state) == ([], None)
    watcher = watch(source_of(late))
    watcher.wait(lambda snapshot: "collecting" in {one.name for one in snapshot.sources})
    (one,) = made
    assert one.said == ["start"]
    assert one.seen[0].sources[-1].name != "collecting"
