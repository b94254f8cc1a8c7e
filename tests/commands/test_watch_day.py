"""A compressed day of ``timmy-tui watch`` without a terminal: every turn that was written is in the history once."""

import datetime
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.day_of_turns import DayOfTurns, difference, stored
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from tests.commands.watchers import Watching
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(180)  # Real processes, on a machine that may be busy.


@pytest.fixture
def timmy(tmp_path: Path) -> TimmyFolder:
    folder = make_timmy(tmp_path, turns=1)
    folder.settings.write_text("[services]\npoll = false\n[view]\nturns = 60\n")
    (folder.root / "shared/latency.log").unlink()
    return folder


class Watchers:
    """Those that the test has started, newest last."""

    def __init__(self, folder: TimmyFolder) -> None:
        self._folder = folder
        self.all: list[Watching] = []

    def start(self) -> Watching:
        """One more, once it has said whether it records."""
        self.all.append(Watching(self._folder.base, self._folder.root, "--no-services", "--json"))
        self.all[-1].wait_for("watching")
        return self.all[-1]


@pytest.fixture
def watchers(timmy: TimmyFolder) -> Iterator[Watchers]:
    running = Watchers(timmy)
    yield running
    for one in running.all:
        one.process.kill()
        one.process.wait()


def test_every_turn_of_a_day_is_in_the_history_once(timmy: TimmyFolder, watchers: Watchers) -> None:
    midnight = datetime.datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    day = DayOfTurns(timmy.root, midnight - 43_200.0, step_s=300.0)
    history = timmy.state / "history.db"

    def all_stored() -> None:
        wait_for(lambda: not difference(history, day, timmy.root), lambda: difference(history, day, timmy.root))

    day.some(60)  # Before anybody watches, and more than a snapshot has: the older half is read once more.
    first, second = watchers.start(), watchers.start()
    all_stored()
    day.some(10)
    middle = day.round()
    next(middle)
    day.rotate()
    next(middle, None)
    day.some(5)
    all_stored()
    day.truncate()
    day.some(8)
    all_stored()
    day.restart_v34()
    middle = day.round()
    next(middle)
    first.process.kill()
    next(middle, None)
    day.some(8)
    assert second.wait_for("notice")[-1]["records"] is True
    all_stored()
    third = watchers.start()
    assert third.events("watching")[0]["records"] is False
    day.clear()
    day.some(9)
    assert second.end(signal.SIGTERM) == 0
    day.some(4)
    assert third.wait_for("notice")[-1]["records"] is True
    day.some(4)
    all_stored()
    day.clear()
    day.restart_v34()
    day.fail(2)  # Both logs begin with turns that nothing tells apart from older ones.
    day.some(4)
    all_stored()
    third.process.kill()
    third.process.wait()
    day.some(20)  # Nobody watches.
    last = watchers.start()
    day.some(2)
    all_stored()
    assert last.end(signal.SIGTERM) == 0
    assert not difference(history, day, timmy.root)
    times = [one.started_us for one in stored(history, timmy.root) if one.started_us is not None]
    assert min(times) < midnight * 1e6 < max(times)
