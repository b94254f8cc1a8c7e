"""What is seen of v34 after a restart, and what is made of it: looks are scripted, processes and limits are not."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from timmy_tui.control.errors import Refused
from timmy_tui.control.progress import STOP, LiveState, Progress
from timmy_tui.control.service import health_wait, v34_service, watch
from timmy_tui.control.service.health_wait import ChangeNotRead, HealthWait, Unhealthy
from timmy_tui.control.service.listeners import (
    Answer,
    Listener,
    Serving,
    start_of,
)
from timmy_tui.control.service.restart_strategies import Command, Manual, Reload, Strategy
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.start_command import CommandFile
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.control.service.watch import V34Watch
from timmy_tui.core.settings import Control
from timmy_tui.model.change import ChangeState

PORT = 5000
BEFORE, SINCE, AFTER = 50.0, 100.0, 150.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.py").write_text("A = 1\n")
    os.utime(tmp_path / "config.py", (1000, 1000))
    return tmp_path


class Restarts(Command):
    """Counts how often it is asked to restart v34."""

    asked: list[Serving] = []

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        self.asked.append(serving)
        return "restarted"


def command(folder: Path) -> Restarts:
    Restarts.asked = []
    return Restarts(("true",), folder, 5.0, folder / "log")


def one(folder: Path, started: float = AFTER, pid: int = 7) -> Serving:
    return Serving(PORT, (Listener(pid, started, folder, True),))


def setup_of(
    folder: Path,
    strategy: Strategy,
    live_state: Callable[[], LiveState] = LiveState,
    limits: Control | None = None,
) -> ServiceSetup:
    """A v34 that would run in ``folder``, behind a port that nobody listens on."""
    url = "http://127.0.0.1:9"
    config, watched = folder / "config.py", V34Watch(url, folder, folder)
    return ServiceSetup(strategy, url, folder, config, limits or Control(), live_state, watched)


class ScriptedWaits:
    """Waits for v34 whose looks and answers a test writes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch, self._folder = monkeypatch, folder

    def begin(
        self,
        *looks: Serving,
        strategy: Strategy | None = None,
        answers: Callable[[], Answer] = lambda: Answer.ANSWERS,
        live_state: Callable[[], LiveState] = LiveState,
        limit_s: float = 0.15,
    ) -> "ScriptedWait":
        """``looks``: who serves at each look; the last one repeats."""
        coming = list(looks)
        for name, value in (
            ("ask", lambda url, limit_s: answers()),
            ("POLL_S", 0.01),
            ("ASK_S", 0.02),
        ):
            self._monkeypatch.setattr(health_wait, name, value)
        look = lambda url: coming.pop(0) if len(coming) > 1 else coming[0]  # noqa: E731
        self._monkeypatch.setattr(watch, "serving_at", look)
        strategy = strategy or Reload(self._folder / "config.py", 0.1)
        return ScriptedWait(setup_of(self._folder, strategy, live_state, Control(healthy_limit_s=limit_s)))


class ScriptedWait:
    """One of them, with what it shows."""

    def __init__(self, setup: ServiceSetup) -> None:
        self.progress = Progress("op", "a change")
        self._wait = HealthWait(setup, self.progress, SINCE)

    def until_healthy(self) -> Listener:
        return self._wait.await_healthy((STOP,))

    def until_gone(self, old: Serving) -> None:
        self._wait.await_gone(old)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, folder: Path) -> ScriptedWaits:
    return ScriptedWaits(monkeypatch, folder)


def test_one_new_one_that_answers_is_it_whoever_started_it(waits: ScriptedWaits, folder: Path) -> None:
    """Somebody may have restarted v34 by hand while the panel was asked."""
    watched = waits.begin(Serving(PORT), one(folder), strategy=command(folder), limit_s=10.0)
    assert watched.until_healthy().pid == 7
    assert watched.progress.current(()).message == ""


@pytest.mark.parametrize(
    ("serving", "why"),
    [
        (Serving(PORT, (Listener(7, AFTER, Path("/elsewhere/v34"), True),)), "uses another copy: /elsewhere/v34"),
        (Serving(PORT, (Listener(7, AFTER, None, True), Listener(8, AFTER, None, True))), "pid 7 and 8"),
        (Serving(PORT, (), hidden=True), "cannot be seen"),
        (Serving(PORT, (), elsewhere="gpu-box"), "another machine"),
    ],
)
def test_what_came_up_instead_is_named_and_the_change_is_not_blamed(
    waits: ScriptedWaits, serving: Serving, why: str
) -> None:
    watched = waits.begin(serving)
    with pytest.raises(ChangeNotRead, match=why):
        watched.until_healthy()


def test_a_service_that_answers_with_what_it_read_before_is_not_called_dead(waits: ScriptedWaits, folder: Path) -> None:
    watched = waits.begin(one(folder, BEFORE))
    with pytest.raises(ChangeNotRead, match="values from before the edit"):
        watched.until_healthy()
    assert (folder / "config.py").stat().st_mtime > 1000


def test_one_that_missed_the_edit_is_started_once_more_and_not_twice(waits: ScriptedWaits, folder: Path) -> None:
    watched = waits.begin(one(folder, BEFORE), strategy=command(folder), limit_s=5.0)
    with pytest.raises(ChangeNotRead):
        watched.until_healthy()
    assert len(Restarts.asked) == 1


def test_a_user_who_has_not_started_v34_yet_is_not_answered_with_a_rollback(waits: ScriptedWaits, folder: Path) -> None:
    watched = waits.begin(Serving(PORT), strategy=Manual(folder, CommandFile(folder / "none")))
    with pytest.raises(ChangeNotRead, match="was not started"):
        watched.until_healthy()


class Respawner(Restarts):
    """A strategy that no other module has heard of."""

    name = "respawn"
    gone_s: ClassVar[float | None] = 0.02


@pytest.mark.parametrize("gone_s", [0.02, 5.0])
def test_a_strategy_of_any_name_says_itself_how_long_v34_may_be_away(
    monkeypatch: pytest.MonkeyPatch, waits: ScriptedWaits, folder: Path, gone_s: float
) -> None:
    monkeypatch.setattr(Respawner, "gone_s", gone_s)
    strategy = Respawner(("true",), folder, 5.0, folder / "log")
    watched = waits.begin(Serving(PORT), strategy=strategy, limit_s=1.0)
    with pytest.raises(Unhealthy, match="v34 has exited" if gone_s < 1.0 else "does not answer after"):
        watched.until_healthy()


@pytest.mark.parametrize("base", [Restarts, Reload, Manual])
def test_a_v34_that_missed_the_edit_is_started_again_by_who_starts_it(
    monkeypatch: pytest.MonkeyPatch, waits: ScriptedWaits, folder: Path, base: type[Strategy]
) -> None:
    """The strategy again, the reloader by a touched file, the user by a message; none of them by its name."""
    monkeypatch.setattr(base, "name", "another")
    Restarts.asked = []
    strategies: dict[type[Strategy], Strategy] = {
        Restarts: command(folder), Reload: Reload(folder / "config.py", 0.1),
        Manual: Manual(folder, CommandFile(folder / "none")),
    }  # fmt: skip
    watched = waits.begin(one(folder, BEFORE), strategy=strategies[base])
    with pytest.raises(ChangeNotRead):
        watched.until_healthy()
    touched = (folder / "config.py").stat().st_mtime > 1000
    announced = watched.progress.current(()).message.startswith("it was started before the edit: start it once more")
    assert (bool(Restarts.asked), touched, announced) == (base is Restarts, base is Reload, base is Manual)


def test_nothing_there_is_an_exit_with_the_last_words(monkeypatch: pytest.MonkeyPatch, waits: ScriptedWaits) -> None:
    monkeypatch.setattr(Reload, "gone_s", 0.02)
    log = ("Traceback (most recent call last):", "NameError: name 'x' is not defined")
    watched = waits.begin(Serving(PORT), live_state=lambda: LiveState(log=log), limit_s=20.0)
    with pytest.raises(Unhealthy, match="v34 has exited: NameError"):
        watched.until_healthy()


def test_three_of_them_within_a_minute_are_a_crash_loop(waits: ScriptedWaits, folder: Path) -> None:
    looks = [one(folder, AFTER + pid, pid) for pid in (1, 1, 2, 2, 3)]
    watched = waits.begin(*looks, answers=lambda: Answer.REFUSED, limit_s=20.0)
    with pytest.raises(Unhealthy, match="started 3 times in 60 s"):
        watched.until_healthy()
    again = waits.begin(*looks[:4], answers=lambda: Answer.REFUSED)
    with pytest.raises(Unhealthy, match="refuses connections"):
        again.until_healthy()


def test_one_that_is_blocked_in_a_turn_has_its_time(waits: ScriptedWaits, folder: Path) -> None:
    """The first turn after the restart loads the model again."""
    asked: list[float] = []

    def answers() -> Answer:
        asked.append(time.monotonic())
        return Answer.SILENT if asked[-1] - asked[0] < 0.6 else Answer.ANSWERS

    watched = waits.begin(one(folder), answers=answers, live_state=lambda: LiveState(busy=True), limit_s=0.1)
    assert watched.until_healthy().pid == 7


def test_the_same_silence_without_a_turn_is_not_health(waits: ScriptedWaits, folder: Path) -> None:
    watched = waits.begin(one(folder), answers=lambda: Answer.SILENT)
    with pytest.raises(Unhealthy, match="listens, does not answer yet"):
        watched.until_healthy()


def test_a_reloader_that_cannot_be_seen_is_given_its_limit_twice(waits: ScriptedWaits, folder: Path) -> None:
    """5 s after the edit the file is touched once; then the user is asked."""
    started = start_of(os.getpid())
    assert started is not None
    old = Serving(PORT, (Listener(os.getpid(), started, folder, None),))
    watched = waits.begin(old)
    watched.progress.enter(ChangeState.RESTARTING, 0.1, (STOP,))
    with pytest.raises(ChangeNotRead, match=f"pid {os.getpid()} still serves: it has not noticed the edit"):
        watched.until_gone(old)
    assert (folder / "config.py").stat().st_mtime > 1000


@pytest.mark.parametrize("living", [0, 1])
def test_of_several_old_ones_the_one_that_still_lives_is_named(waits: ScriptedWaits, folder: Path, living: int) -> None:
    """The other one's pid belongs to a later process by now."""
    started = start_of(os.getpid())
    assert started is not None
    ended, lives = Listener(1, started, folder, None), Listener(os.getpid(), started, folder, None)
    old = Serving(PORT, (ended, lives) if living else (lives, ended))
    watched = waits.begin(old, strategy=command(folder))
    watched.progress.enter(ChangeState.RESTARTING, 0.05, (STOP,))
    with pytest.raises(ChangeNotRead, match=f"^pid {os.getpid()} still serves"):
        watched.until_gone(old)


def test_an_old_one_that_survives_the_command_is_not_waited_for_for_ever(waits: ScriptedWaits, folder: Path) -> None:
    started = start_of(os.getpid())
    assert started is not None
    old = Serving(PORT, (Listener(os.getpid(), started, folder, None),))
    watched = waits.begin(old, strategy=command(folder))
    watched.progress.enter(ChangeState.RESTARTING, 0.05, (STOP,))
    with pytest.raises(ChangeNotRead):
        watched.until_gone(old)
    assert (folder / "config.py").stat().st_mtime == 1000


def watched_service(monkeypatch: pytest.MonkeyPatch, folder: Path, look: Serving) -> V34Service:
    monkeypatch.setattr(watch, "serving_at", lambda url: look)
    progress = Progress("op", "a change")
    strategy = Reload(folder / "config.py", 1.0)
    return V34Service(setup_of(folder, strategy), progress)


@pytest.mark.parametrize(
    ("age_s", "why"), [(5.0, "is just starting"), (4000.0, "does not listen on port 5000. Set services.v34")]
)
def test_a_v34_on_another_port_is_not_called_starting(
    monkeypatch: pytest.MonkeyPatch, folder: Path, age_s: float, why: str
) -> None:
    """Its port may come from an environment that only it knows."""
    monkeypatch.setattr(v34_service, "STARTUP_S", 0.05)
    began = time.clock_gettime(time.CLOCK_BOOTTIME) - age_s
    monkeypatch.setattr(v34_service, "starting", lambda folder: ((77, began),))
    with pytest.raises(Refused) as refused:
        watched_service(monkeypatch, folder, Serving(PORT)).guard()
    assert why in f"{refused.value.message} {refused.value.hint}" and "pid 77" in refused.value.message


def test_what_became_of_the_one_that_served(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    started = start_of(os.getpid())
    assert started is not None
    here, dead = Listener(os.getpid(), started, folder, None), Listener(2**22 + 1, 5.0, folder, None)
    assert watched_service(monkeypatch, folder, Serving(PORT)).current_listener(here) == (here, "")
    assert watched_service(monkeypatch, folder, Serving(PORT, (here,))).current_listener(dead) == (here, "")
    assert watched_service(monkeypatch, folder, Serving(PORT)).current_listener(dead) == (dead, "v34 has exited since")
