"""The guard of the background threads: what fails is shown, and starts again."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.waiting import wait_for
from timmy_tui.core.running import threads
from timmy_tui.core.running.threads import (
    MAX_SHOWN,
    clear_failure,
    guarded_thread,
    set_failure,
    start_thread,
    start_timer,
    thread_failures,
)


@pytest.fixture(autouse=True)
def no_thread_failures() -> Iterator[None]:
    yield
    for failure in thread_failures():
        clear_failure(failure.where)


class Stopping(threading.Event):
    """Notes for how long it is waited for, and waits not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        return self.is_set()


def test_a_thread_that_fails_starts_again_after_longer_and_longer_pauses() -> None:
    stopping = Stopping()
    told: list[str] = []

    def work() -> None:
        if len(told) == 9:
            stopping.set()
        raise ValueError("an odd\x1b line")

    thread = guarded_thread("reader", work, stopping, told.append)
    thread.start()
    thread.join(30)
    assert stopping.waited == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert told[0].startswith("ValueError: an odd␛ line (tests.core.running.test_threads:")
    (failure,) = thread_failures()
    assert failure.where == "reader"
    assert "ValueError: an odd␛ line" in failure.message and "10 times" in failure.message


def test_a_thread_that_returns_ends_and_shows_nothing() -> None:
    done: list[int] = []
    thread = guarded_thread("once", lambda: done.append(1), threading.Event())
    thread.start()
    thread.join(30)
    assert (done, thread_failures()) == ([1], ())


def test_a_thread_that_is_to_stop_does_not_start_again() -> None:
    stopping = threading.Event()
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        stopping.set()
        raise OSError("while it ends")

    thread = guarded_thread("ending", work, stopping)
    thread.start()
    thread.join(30)
    assert calls == [1]


def test_work_that_is_done_once_is_not_done_again_and_says_why_it_ended() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        raise RuntimeError("a bug")

    start_thread("panel", work).join(30)
    assert calls == [1]
    (failure,) = thread_failures()
    assert failure.message.startswith("ended: RuntimeError: a bug")


def test_a_timer_is_guarded_and_can_be_cancelled() -> None:
    def work() -> None:
        raise RuntimeError("a bug")

    start_timer("clock", 0.0, work)
    (failure,) = wait_for(thread_failures)
    assert failure.where == "clock"
    called: list[int] = []
    timer = start_timer("later", 3600.0, lambda: called.append(1))
    timer.cancel()
    timer.join(30)
    assert called == []


@pytest.mark.parametrize(("worked_s", "shown"), [(59.9, True), (60.1, False)])
def test_a_failure_is_shown_until_the_thread_has_worked_for_a_minute(
    monkeypatch: pytest.MonkeyPatch, worked_s: float, shown: bool
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    set_failure("reader", "ValueError", threads.RECOVERED_S)
    now[0] += worked_s
    assert bool(thread_failures()) is shown


def test_the_first_time_stays_and_the_number_is_bounded() -> None:
    set_failure("a", "first")
    since = thread_failures()[0].since
    set_failure("a", "second")
    assert (thread_failures()[0].message, thread_failures()[0].since) == ("second", since)
    for number in range(MAX_SHOWN + 5):
        set_failure(f"thread {number}", "x")
    assert len(thread_failures()) == MAX_SHOWN
    assert thread_failures()[-1].where == f"thread {MAX_SHOWN + 4}"
