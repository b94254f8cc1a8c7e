"""What screen 5 reads again and when: on a clock of the test's own, and with counted looks."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.control.harness import NO_SERVICE, ControlHarness
from tests.control.timmy_files import LONG_AGO, aged
from tests.turn_makers import complete_turn
from timmy_tui.control.change import runner, status
from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.status import ControlStatus
from timmy_tui.control.flags.readings import flag_states
from timmy_tui.control.journal.write_ahead import Entry, Journal, Operation
from timmy_tui.control.progress import LiveState, Progress
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.control.service import watch
from timmy_tui.control.service.health_wait import find_serving
from timmy_tui.control.service.listeners import Listener, Serving
from timmy_tui.core.settings import Settings
from timmy_tui.model.change import ChangeState, ControlState, FlagState, RestorePoint
from timmy_tui.model.turn import Turn
from timmy_tui.sources.timmy import timmy_at


class Watched:
    """A status on a clock of its own; it counts searches for the service and calls for restore points."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path, state: Path) -> None:
        self.now = 1000.0
        self.serving = Serving(9)
        self.lives = True
        self.starting: tuple[tuple[int, float], ...] = ()
        self.searches: list[float] = []
        self.listings: list[float] = []
        self.marks: list[tuple[str, str]] = []
        self.context = ChangeContext(
            timmy_at(root, NO_SERVICE, state), LiveState, lambda message, role: None,
            lambda kind, label: self.marks.append((kind, label)),
        )  # fmt: skip
        clock = SimpleNamespace(monotonic=lambda: self.now, clock_gettime=lambda clock: 5000.0, CLOCK_BOOTTIME=7)
        monkeypatch.setattr(status, "time", clock)
        monkeypatch.setattr(watch, "time", clock)
        monkeypatch.setattr(watch, "serving_at", self._search)
        monkeypatch.setattr(status, "starting", lambda folder: self.starting)
        monkeypatch.setattr(status, "alive", lambda pid, started: self.lives)
        self._list_points = RestorePoints.list
        monkeypatch.setattr(RestorePoints, "list", lambda points: self._list(points))
        self.status = ControlStatus(self.context)

    def _search(self, url: str) -> Serving:
        self.searches.append(self.now)
        return self.serving

    def _list(self, points: RestorePoints) -> tuple[RestorePoint, ...]:
        self.listings.append(self.now)
        return self._list_points(points)

    @property
    def not_running(self) -> str:
        """What is said of a v34 that is down: how to start it."""
        return f"port 9: not running; {self.context.setup.watch.start_hint}"

    def read_at(self, *moments: float, changing: bool = False) -> ControlState:
        """Read at each of these seconds; the last state."""
        for moment in moments:
            self.now = 1000.0 + moment
            shown = self.status.read((), changing)
        return shown


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, root: Path, state: Path) -> Watched:
    return Watched(monkeypatch, root, state)


def seconds(moments: list[float]) -> list[float]:
    return [moment - 1000.0 for moment in moments]


def test_restore_points_are_listed_every_half_minute(watched: Watched) -> None:
    watched.read_at(0.0, 1.0, 29.9, 30.0, 59.9, 60.0)
    assert seconds(watched.listings) == [0.0, 30.0, 60.0]


def test_restore_points_are_listed_again_while_something_changes_and_after_it(watched: Watched) -> None:
    watched.read_at(0.0, 1.0)
    watched.read_at(2.0, 3.0, changing=True)
    watched.read_at(4.0)
    watched.status.expire_points()
    watched.read_at(5.0, 6.0)
    assert seconds(watched.listings) == [0.0, 2.0, 3.0, 5.0]


def test_a_service_that_is_not_there_is_looked_for_every_three_seconds(watched: Watched) -> None:
    assert watched.read_at(0.0, 2.9, 3.0, 5.9, 6.0).service == watched.not_running
    assert seconds(watched.searches) == [0.0, 3.0, 6.0]


def test_a_service_that_a_change_has_just_seen_is_not_called_dead(watched: Watched) -> None:
    """A change waits for the new v34 with looks of its own."""
    assert watched.read_at(0.0).service == watched.not_running
    watched.serving = Serving(9, (Listener(7, 4000.0, watched.context.timmy.v34_folder, True),))
    watched.now = 1000.5
    find_serving(watched.context.setup.watch, Progress("op", "a change"))
    assert watched.read_at(1.0).service.startswith("pid 7 · ")
    assert seconds(watched.searches) == [0.0, 0.5]


def test_a_service_that_is_just_starting_is_not_called_dead(watched: Watched) -> None:
    watched.starting = ((41, 4000.0), (42, 4001.0))
    assert watched.read_at(0.0).service == "port 9: starting (pid 41, 42)"
    watched.starting = ()
    assert watched.read_at(3.0).service == watched.not_running
    watched.serving = Serving(9, hidden=True)
    watched.starting = ((41, 4000.0),)
    assert "cannot be seen" in watched.read_at(6.0).service


def test_a_service_that_lives_is_looked_for_every_two_minutes(watched: Watched) -> None:
    watched.serving = Serving(9, (Listener(7, 4000.0, watched.context.timmy.v34_folder, True),))
    watched.read_at(0.0, 30.0, 119.9, 120.0, 239.9, 240.0)
    assert seconds(watched.searches) == [0.0, 120.0, 240.0]


def test_a_service_that_has_died_is_looked_for_at_once(watched: Watched) -> None:
    watched.serving = Serving(9, (Listener(7, 4000.0, watched.context.timmy.v34_folder, True),))
    watched.read_at(0.0, 1.0)
    watched.lives, watched.serving = False, Serving(9)
    assert watched.read_at(2.0, 3.0).service == watched.not_running
    assert seconds(watched.searches) == [0.0, 2.0]


def test_whoever_asks_for_the_service_looks_and_the_next_reading_need_not(watched: Watched) -> None:
    watched.read_at(0.0)
    watched.now = 1002.0
    assert watched.status.serving == Serving(9)
    watched.read_at(4.9, 5.0)
    assert seconds(watched.searches) == [0.0, 2.0, 5.0]


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (50, 50), (51, 50)])
def test_the_fifty_newest_operations_are_shown_the_newest_first(watched: Watched, count: int, shown: int) -> None:
    for number in range(count):
        watched.context.journal.append(Entry(op=f"op{number}", stage="kept", at=1.0 + number, message=f"m{number}"))
    entries = watched.read_at(0.0).journal
    assert [entry.op for entry in entries] == [f"op{number}" for number in reversed(range(count))][:shown]
    assert (entries[0].at, entries[0].state, entries[0].detail) == (float(count), "kept", f"m{count - 1}")


def test_the_journal_is_read_again_only_when_it_has_changed(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Journal] = []
    operations = Journal.operations

    def counted(journal: Journal) -> list[Operation]:
        looks.append(journal)
        return operations(journal)

    monkeypatch.setattr(Journal, "operations", counted)
    watched.context.journal.append(Entry(op="one", stage="kept", at=1.0))
    watched.read_at(0.0, 1.0, 2.0)
    assert len(looks) == 1
    watched.context.journal.append(Entry(op="two", stage="kept", at=2.0))
    assert len(watched.read_at(3.0, 4.0).journal) == 2 and len(looks) == 2


def test_the_files_are_parsed_again_only_when_one_or_the_turns_have_changed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files take 7 ms."""
    parsed: list[Sequence[Turn]] = []

    def counted(root: Path, settings: Settings, turns: Sequence[Turn]) -> tuple[FlagState, ...]:
        parsed.append(turns)
        return flag_states(root, settings, turns)

    monkeypatch.setattr(status, "flag_states", counted)
    watched.read_at(0.0, 1.0, 2.0)
    assert len(parsed) == 1
    edit(watched.context.timmy.v34_folder / "app.py", b"raw=True", b"raw=False", 1)
    shown = watched.read_at(3.0, 4.0)
    assert len(parsed) == 2 and {flag.key: flag.file_value for flag in shown.flags}["raw"] == "off"
    turns = (complete_turn(0, session=1, num_ctx=4096),)
    for _ in range(2):
        shown = watched.status.read(turns, changing=False)
    assert len(parsed) == 3 and {flag.key: flag.running_value for flag in shown.flags}["context-size"] == "4096"


def edit(path: Path, old: bytes, new: bytes, seconds: int) -> None:
    """With a time of its own, so that the edit is seen."""
    aged(path, path.read_bytes().replace(old, new))
    os.utime(path, (LONG_AGO + seconds, LONG_AGO + seconds))


def test_an_edit_of_another_program_is_marked_with_the_flags_that_it_changed(watched: Watched) -> None:
    config = watched.context.setup.config
    watched.read_at(0.0, 1.0)
    assert watched.marks == []
    edit(config, b"NUM_RETRIEVED_CHUNKS = 5", b"NUM_RETRIEVED_CHUNKS = 7", 1)
    watched.read_at(2.0, 3.0)
    assert watched.marks == [("outside", "retrieved chunks 5→7")]
    edit(config, b"NUM_RETRIEVED_CHUNKS = 7", b"NUM_RETRIEVED_CHUNKS = 6", 2)
    edit(config, b"RETRIEVAL_ENABLED = True", b"RETRIEVAL_ENABLED = False", 3)
    watched.read_at(4.0)
    assert watched.marks[1:] == [("outside", "retrieval on→off, retrieved chunks 7→6")]


def test_an_edit_that_changes_no_flag_is_marked_with_its_files(watched: Watched) -> None:
    config, app = watched.context.setup.config, watched.context.timmy.v34_folder / "app.py"
    watched.read_at(0.0)
    edit(config, b"KEEP_ALIVE", b"KEEP_ALIVES", 1)
    watched.read_at(1.0)
    edit(config, b"KEEP_ALIVES", b"KEEP_ALIVE", 2)
    edit(app, b"import", b"import  ", 2)
    watched.read_at(2.0)
    assert watched.marks == [("outside", "v34/config.py edited"), ("outside", "v34/config.py, v34/app.py edited")]


def test_a_value_that_cannot_be_read_any_more_is_no_change_of_a_flag(watched: Watched) -> None:
    config = watched.context.setup.config
    watched.read_at(0.0)
    edit(config, b"NUM_RETRIEVED_CHUNKS = 5", b"NUM_RETRIEVED_CHUNKS = five()", 1)
    watched.read_at(1.0)
    edit(config, b"NUM_RETRIEVED_CHUNKS = five()", b"NUM_RETRIEVED_CHUNKS = 5", 2)
    watched.read_at(2.0)
    assert watched.marks == [("outside", "v34/config.py edited")] * 2


def test_an_edit_of_ours_is_not_marked_now_or_later(watched: Watched) -> None:
    watched.read_at(0.0)
    edit(watched.context.setup.config, b"NUM_RETRIEVED_CHUNKS = 5", b"NUM_RETRIEVED_CHUNKS = 7", 1)
    watched.read_at(1.0, changing=True)
    watched.read_at(2.0)
    assert watched.marks == []


# -- the change that has ended


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The clock by which an ended change stays on the screen."""
    clock = SimpleNamespace(now=500.0)
    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: clock.now))
    yield clock


def test_a_change_that_has_ended_is_shown_for_a_minute(harness: ControlHarness, later: SimpleNamespace) -> None:
    assert harness.controller.progress is None
    harness.flip()
    later.now += 1000.0
    assert harness.progress.state is ChangeState.VERIFYING
    assert harness.answer("keep") is ChangeState.KEPT
    later.now += 60.0
    assert harness.controller.progress is not None
    later.now += 0.1
    assert harness.controller.progress is None
    harness.flip("retrieval", "off")
    assert harness.progress.state is ChangeState.VERIFYING
