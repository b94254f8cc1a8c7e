"""How often v34 is looked at while it ends and while it starts: nobody waits for a look longer than a look takes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control.service.test_health_wait import AFTER, setup_of
from timmy_tui.control.progress import STOP, Progress
from timmy_tui.control.service import health_wait, watch
from timmy_tui.control.service.health_wait import HealthWait
from timmy_tui.control.service.listeners import Answer, Listener, Serving
from timmy_tui.control.service.restart_strategies import Reload

SEARCH_S = 0.037
"""A search for the processes that listen takes so long."""


class CountedProgress(Progress):
    """Writes down how long each wait may last, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__("op", "a change")
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


def waiting(folder: Path) -> tuple[HealthWait, CountedProgress]:
    config = folder / "config.py"
    config.write_text("A = 1\n")
    progress = CountedProgress()
    return HealthWait(setup_of(folder, Reload(config, 5.0)), progress, 100.0), progress


def times(count: int, then: object, before: object) -> Callable[..., object]:
    """Says one thing so often, and then another."""
    left = [before] * count
    return lambda *asked: left.pop() if left else then


def test_an_old_v34_that_ends_is_noticed_within_a_fifth_of_a_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wait, progress = waiting(tmp_path)
    monkeypatch.setattr(health_wait, "alive", times(3, then=False, before=True))
    wait.await_gone(Serving(5000, (Listener(os.getpid(), 50.0, None, True),)))
    assert len(progress.waits) == 3 and 0.0 < max(progress.waits) <= 0.2


def test_a_new_v34_is_looked_for_often_and_the_search_costs_less_than_a_fifth_of_a_core(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wait, progress = waiting(tmp_path)
    none, new = Serving(5000, ()), Serving(5000, (Listener(7, AFTER, None, True),))
    monkeypatch.setattr(watch, "serving_at", times(3, then=new, before=none))
    monkeypatch.setattr(health_wait, "ask", lambda url, limit_s: Answer.ANSWERS)
    assert wait.await_healthy((STOP,)).pid == 7
    assert len(progress.waits) == 3
    assert min(progress.waits) > 4 * SEARCH_S and max(progress.waits) <= 0.5
