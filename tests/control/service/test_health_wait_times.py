"""How long a new v34 is waited for, on both sides of each limit: seconds pass only where a test lets them."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from timmy_tui.control.progress import STOP, LiveState, Progress
from timmy_tui.control.service import health_wait, watch
from timmy_tui.control.service.health_wait import HealthWait, Unhealthy
from timmy_tui.control.service.listeners import Answer, Listener, Serving
from timmy_tui.control.service.panel_client import Panel
from timmy_tui.control.service.restart_strategies import ByPanel, Command, Manual, Reload, Strategy
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.start_command import CommandFile
from timmy_tui.control.service.watch import V34Watch
from timmy_tui.core.settings import Control

BEFORE, SINCE, AFTER = 50.0, 100.0, 150.0
LOOK_S = 0.25
"""Between two looks at who serves."""
NOWHERE = "http://127.0.0.1:9"


class LookedLongEnough(Exception):
    """The test has seen what it wanted to see."""


class TimedWait:
    """A wait for v34 on a clock of its own: each look takes a quarter of a second, an answer what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch, self.folder = monkeypatch, folder
        self.now = 1000.0
        self.wall_ns = 5_000_000_000
        self.asked: list[float] = []
        """Seconds after the first look, of each request to v34."""
        self.messages: list[tuple[float, str]] = []
        """Every message that was shown, with the time of it."""
        self.answer: Callable[[], Answer] = lambda: Answer.REFUSED
        self.answer_s = 0.0
        self.starting: Callable[[], object] = lambda: ()
        self.live = LiveState()
        clock = SimpleNamespace(monotonic=lambda: self.now, time_ns=lambda: self.wall_ns)
        for name, value in (
            ("time", clock),
            ("POLL_S", 0.0),
            ("ask", self._ask),
            ("starting", lambda folder: self.starting()),
        ):
            monkeypatch.setattr(health_wait, name, value)

    @property
    def passed_s(self) -> float:
        """Since the first look."""
        return self.now - 1000.0

    def _ask(self, url: str, limit_s: float) -> Answer:
        self.asked.append(self.passed_s)
        self.now += self.answer_s
        return self.answer()

    def run(self, look: Callable[[], Serving], strategy: Strategy, limit_s: float = 1e9) -> Listener:
        """Wait; ``look`` says who serves at each look, or raises LookedLongEnough."""
        setup = ServiceSetup(
            strategy, NOWHERE, self.folder, self.folder / "config.py", Control(healthy_limit_s=limit_s),
            lambda: self.live, V34Watch(NOWHERE, self.folder, self.folder),
        )  # fmt: skip
        progress = Progress("op", "a change")
        coming = self._looks(look, progress)
        self._monkeypatch.setattr(watch, "serving_at", lambda url: next(coming))
        return HealthWait(setup, progress, SINCE).await_healthy((STOP,))

    def _looks(self, look: Callable[[], Serving], progress: Progress) -> Iterator[Serving]:
        yield look()
        while True:
            self.messages.append((self.passed_s, progress.current(()).message))
            self.now += LOOK_S
            yield look()


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TimedWait:
    (tmp_path / "config.py").write_text("A = 1\n")
    os.utime(tmp_path / "config.py", (1000, 1000))
    return TimedWait(monkeypatch, tmp_path)


def new_v34(pid: int = 7) -> Serving:
    return Serving(5000, (Listener(pid, AFTER + pid, None, True),))


def until(wait: TimedWait, seconds: float, serving: Serving) -> Callable[[], Serving]:
    """The same one serves at each look, so long."""

    def look() -> Serving:
        if wait.passed_s > seconds:
            raise LookedLongEnough
        return serving

    return look


def reload(folder: Path) -> Reload:
    return Reload(folder / "config.py", 5.0)


def test_v34_is_asked_once_a_second_however_often_it_is_looked_at(wait: TimedWait) -> None:
    """Each request adds two lines to its log."""
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 3.5, new_v34()), reload(wait.folder))
    assert wait.asked == [0.0, 1.0, 2.0, 3.0]


def test_the_second_between_two_requests_begins_with_the_answer(wait: TimedWait) -> None:
    wait.answer_s = 2.0
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 7.0, new_v34()), reload(wait.folder))
    assert wait.asked == [0.0, 3.0, 6.0]


def test_thirty_seconds_of_silence_are_called_hung_and_not_before(wait: TimedWait) -> None:
    wait.answer = lambda: Answer.SILENT
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 31.5, new_v34()), reload(wait.folder))
    shown = dict(wait.messages)
    assert shown[0.0] == shown[29.75] == "listens, does not answer yet"
    assert shown[30.0] == "hung: it accepts connections and has said nothing for 30 s"
    assert shown[31.0] == "hung: it accepts connections and has said nothing for 31 s"


def test_silence_is_counted_from_the_request_that_was_not_answered(wait: TimedWait) -> None:
    """The limit of a request is part of the silence."""
    wait.answer, wait.answer_s = lambda: Answer.SILENT, 5.0
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 30.5, new_v34()), reload(wait.folder))
    # 5 s without an answer and a second of rest make six: at 24 s the fifth request, at 30 s the sixth is asked.
    assert wait.asked == [0.0, 6.0, 12.0, 18.0, 24.0, 30.0]
    assert [text[:4] for at, text in wait.messages if at in (5.0, 29.0, 35.0)] == ["list", "list", "hung"]


def test_any_other_answer_ends_the_silence(wait: TimedWait) -> None:
    wait.answer = lambda: Answer.REFUSED if wait.passed_s == 20.0 else Answer.SILENT
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 52.0, new_v34()), reload(wait.folder))
    shown = dict(wait.messages)
    assert shown[20.0] == "refuses connections"
    assert shown[30.0] == shown[50.75] == "listens, does not answer yet"
    assert shown[51.0].startswith("hung")


def test_a_v34_in_a_turn_is_busy_and_never_hung(wait: TimedWait) -> None:
    wait.answer, wait.live = lambda: Answer.SILENT, LiveState(busy=True)
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 40.0, new_v34()), reload(wait.folder))
    assert {text for _, text in wait.messages} == {"busy with a turn"}


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Answer.SILENT, "listens, does not answer yet"),
        (Answer.GARBAGE, "answers, but not HTTP"),
        (Answer.REFUSED, "refuses connections"),
    ],
)
def test_what_it_does_instead_of_answering_is_shown(wait: TimedWait, answer: Answer, shown: str) -> None:
    wait.answer = lambda: answer
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 0.0, new_v34()), reload(wait.folder))
    assert wait.messages[-1] == (0.0, shown)


@pytest.mark.parametrize(("third", "loops"), [(59.75, True), (60.0, False)])
def test_three_starts_within_a_minute_are_a_crash_loop_and_in_a_minute_are_not(
    wait: TimedWait, third: float, loops: bool
) -> None:
    """The first is seen at once, the second at half a minute."""

    def look() -> Serving:
        if wait.passed_s > 70.0:
            raise LookedLongEnough
        return new_v34(1 if wait.passed_s < 30.0 else 2 if wait.passed_s < third else 3)

    with pytest.raises(Unhealthy if loops else LookedLongEnough) as ended:
        wait.run(look, reload(wait.folder))
    if loops:
        assert str(ended.value) == "v34 was started 3 times in 60 s" and wait.passed_s == third


def strategies(folder: Path) -> dict[str, Strategy]:
    return {
        "reload": reload(folder),
        "panel": ByPanel(Panel("http://127.0.0.1:9", "panel"), folder),
        "command": Command(("true",), folder, 5.0, folder / "log"),
        "manual": Manual(folder, CommandFile(folder / "none")),
    }


@pytest.mark.parametrize(("name", "gone_s"), [("reload", 1.0), ("panel", 10.0), ("command", 10.0)])
def test_a_v34_without_a_process_has_exited_after_the_time_of_its_strategy(
    wait: TimedWait, name: str, gone_s: float
) -> None:
    """A panel and a command take some seconds to start it; a reloader is there itself."""
    wait.live = LiveState(log=("NameError: name 'x' is not defined",))
    with pytest.raises(Unhealthy, match="v34 has exited: NameError"):
        wait.run(until(wait, 60.0, Serving(5000)), strategies(wait.folder)[name])
    assert wait.passed_s == gone_s


def test_a_v34_that_the_user_starts_may_stay_away_for_any_time(wait: TimedWait) -> None:
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 600.0, Serving(5000)), Manual(wait.folder, CommandFile(wait.folder / "none")))


def test_a_process_that_does_not_listen_yet_has_not_exited(wait: TimedWait) -> None:
    """It is importing; once it is gone again the time begins anew."""
    wait.starting = lambda: (77,) if wait.passed_s in (0.75, 5.0) else ()
    with pytest.raises(Unhealthy, match="v34 has exited"):
        wait.run(until(wait, 60.0, Serving(5000)), reload(wait.folder))
    assert wait.passed_s == 2.0


@pytest.mark.parametrize(
    ("mtime_s", "now_ns", "later_s"), [(3, 5_000_000_000, 6), (3, 5_999_999_999, 6), (2000, 5_000_000_000, 2001)]
)
def test_a_touched_file_gets_a_time_in_the_next_whole_second(
    wait: TimedWait, mtime_s: int, now_ns: int, later_s: int
) -> None:
    """Of the clock or of the file, whichever is later; once, however often v34 is seen that has not noticed it."""
    config = wait.folder / "config.py"
    os.utime(config, (mtime_s, mtime_s))
    wait.wall_ns, wait.answer = now_ns, lambda: Answer.ANSWERS
    old = Serving(5000, (Listener(7, BEFORE, None, True),))
    touched: list[int] = []

    def look() -> Serving:
        touched.append(config.stat().st_mtime_ns)
        if wait.passed_s > 2.0:
            raise LookedLongEnough
        return old

    with pytest.raises(LookedLongEnough):
        wait.run(look, reload(wait.folder))
    assert touched[0] == mtime_s * 10**9 and set(touched[1:]) == {later_s * 10**9}


def test_only_a_v34_that_began_after_the_write_is_the_new_one(wait: TimedWait) -> None:
    """One that began in the same instant may have read the old file."""
    wait.answer = lambda: Answer.ANSWERS

    def serving(started: float) -> Serving:
        return Serving(5000, (Listener(7, started, None, True),))

    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 1.0, serving(SINCE)), reload(wait.folder))
    assert wait.run(lambda: serving(SINCE + 0.01), reload(wait.folder)).pid == 7


def test_one_that_does_not_answer_is_not_started_once_more(wait: TimedWait) -> None:
    """It may be ending."""
    with pytest.raises(LookedLongEnough):
        wait.run(until(wait, 1.0, Serving(5000, (Listener(7, BEFORE, None, True),))), reload(wait.folder))
    assert (wait.folder / "config.py").stat().st_mtime == 1000


def test_a_strategy_may_start_v34_twice_in_one_change(wait: TimedWait, monkeypatch: pytest.MonkeyPatch) -> None:
    wait.answer = lambda: Answer.ANSWERS
    asked: list[Serving] = []

    def restart(self: Command, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        asked.append(serving)
        return ""

    monkeypatch.setattr(Command, "restart", restart)
    old = Serving(5000, (Listener(7, BEFORE, None, True),))
    with pytest.raises(health_wait.ChangeNotRead, match="pid 7 "):
        wait.run(until(wait, 60.0, old), strategies(wait.folder)["command"])
    assert asked == [old]


def test_an_answer_is_waited_for_at_most_five_seconds(wait: TimedWait, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def ask(url: str, limit_s: float) -> NoReturn:
        limits.append(limit_s)
        raise LookedLongEnough

    monkeypatch.setattr(health_wait, "ask", ask)
    for serving in (Serving(5000, (Listener(7, BEFORE, None, True),)), new_v34()):
        with pytest.raises(LookedLongEnough):
            wait.run(until(wait, 1.0, serving), reload(wait.folder))
    assert limits == [5.0, 5.0]
