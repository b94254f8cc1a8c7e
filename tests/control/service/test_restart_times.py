"""How long the panel's strategy waits for the old v34, and the time that a touched file gets: on a clock of its own."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from timmy_tui.control.service import restart_strategies
from timmy_tui.control.service.listeners import Listener, Serving
from timmy_tui.control.service.panel_client import Panel
from timmy_tui.control.service.restart_strategies import ByPanel, RestartFailed, touch


class SlowPanel(Panel):
    """It says at once that v34 is stopped, and starts another one."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", "the panel")
        self.asked: list[str] = []

    def stop(self, cancelled: threading.Event) -> None:
        self.asked.append("stop")

    def start(self, cancelled: threading.Event) -> None:
        self.asked.append("start")


class Waits:
    """The old v34 lives for so many seconds; sleeping is what makes time pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.ends = 1000.0, 1000.0
        self.slept: list[float] = []
        self.cancelled = threading.Event()
        self.cancel_at = float("inf")
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep, time_ns=lambda: 5_000_000_001)
        monkeypatch.setattr(restart_strategies, "time", clock)
        monkeypatch.setattr(restart_strategies, "alive", lambda pid, started: self.now < self.ends)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if self.now >= self.cancel_at:
            self.cancelled.set()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    return Waits(monkeypatch)


def restart(waits: Waits, folder: Path, lives_s: float) -> list[str]:
    """What the panel was asked until the end."""
    panel = SlowPanel()
    waits.ends = waits.now + lives_s
    serving = Serving(5000, (Listener(7, 1.0, folder, True),))
    try:
        ByPanel(panel, folder).restart(serving, (), waits.cancelled)
    finally:
        asked = panel.asked
    return asked


def test_the_old_process_is_looked_for_ten_times_a_second(waits: Waits, tmp_path: Path) -> None:
    assert restart(waits, tmp_path, 0.95) == ["stop", "start"]
    assert waits.slept == [0.1] * 10


def test_a_process_that_has_ended_is_not_waited_for(waits: Waits, tmp_path: Path) -> None:
    assert restart(waits, tmp_path, 0.0) == ["stop", "start"]
    assert waits.slept == []


@pytest.mark.parametrize(("lives_s", "starts"), [(19.0, True), (25.0, True), (25.5, False), (99.0, False)])
def test_after_twenty_seconds_nothing_is_started_beside_the_old_one(
    waits: Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives_s: float, starts: bool
) -> None:
    """Looked for every five seconds here: at 20 s it may still end, at 25 s it is too late."""
    monkeypatch.setattr(restart_strategies, "POLL_S", 5.0)
    if starts:
        assert restart(waits, tmp_path, lives_s) == ["stop", "start"]
    else:
        with pytest.raises(RestartFailed, match="pid 7 still runs"):
            restart(waits, tmp_path, lives_s)
        assert waits.now == 1025.0


@pytest.mark.parametrize("pids", [(8, 7), (7, 8)])
def test_of_several_old_ones_the_one_that_still_runs_is_named(
    waits: Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pids: tuple[int, int]
) -> None:
    monkeypatch.setattr(restart_strategies, "alive", lambda pid, started: pid == 7)
    serving = Serving(5000, tuple(Listener(pid, 1.0, tmp_path, True) for pid in pids))
    with pytest.raises(RestartFailed, match="The panel says v34 is stopped; pid 7 still runs"):
        ByPanel(SlowPanel(), tmp_path).restart(serving, (), waits.cancelled)


def test_a_wait_that_is_cancelled_starts_nothing(waits: Waits, tmp_path: Path) -> None:
    waits.cancel_at = 1000.45
    with pytest.raises(RestartFailed):
        restart(waits, tmp_path, 10.0)
    assert len(waits.slept) == 5


def test_the_panel_may_take_twenty_seconds_to_stop_v34_and_ten_to_start_it(tmp_path: Path) -> None:
    assert ByPanel(SlowPanel(), tmp_path).limit_s == 30.0
    assert ByPanel(SlowPanel(), tmp_path).refusal(Serving(5000)) != "", "nobody answers there"


@pytest.mark.parametrize(
    ("mtime_ns", "later_s"), [(3_000_000_000, 6), (5_999_999_999, 6), (6_000_000_000, 7), (9_500_000_000, 10)]
)
def test_a_touched_file_is_of_the_next_whole_second(waits: Waits, tmp_path: Path, mtime_ns: int, later_s: int) -> None:
    """The clock stands just behind 5 s; the file may be of a later time."""
    path = tmp_path / "config.py"
    path.touch()
    os.utime(path, ns=(mtime_ns, mtime_ns))
    touch(path)
    assert path.stat().st_mtime_ns == later_s * 10**9


def test_a_file_that_is_gone_cannot_be_touched(tmp_path: Path) -> None:
    with pytest.raises(RestartFailed, match="cannot be touched: No such file or directory"):
        touch(tmp_path / "config.py")
