"""The process is stopped and goes on: every mode begun is ended once, and no signal is answered inside other code."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
from collections.abc import Callable
from typing import Any

import pytest
from textual.driver import Driver

from timmy_tui.ui.terminal.driver import LEAVE, StopsAndGoesOn


class Terminal(Driver):
    """A platform's driver that says what it does, with a queue that cannot be entered twice, as Textual's."""

    def __init__(self) -> None:
        self._auto_restart = True
        self.did: list[str] = []
        self.frames: queue.Queue[str] = queue.Queue()

    @property
    def can_suspend(self) -> bool:
        return True

    def start_application_mode(self) -> None:
        self.write("begin")

    def stop_application_mode(self) -> None:
        self.write("end")

    def send_message(self, message: Any) -> None:
        self.write("draw")

    def write(self, data: str) -> None:
        assert not self.frames.mutex.locked(), "the program would wait for itself"
        self.did.append(data)

    def disable_input(self) -> None: ...


class Opened(StopsAndGoesOn, Terminal):
    """As the dashboard's driver is made."""


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What this process would have sent to itself, instead of a stop."""
    sent: list[int] = []
    kill = os.kill

    def note_stops(pid: int, number: int) -> None:
        if number == signal.SIGSTOP:
            sent.append(number)
        else:
            kill(pid, number)

    monkeypatch.setattr(os, "kill", note_stops)
    return sent


async def some_steps() -> None:
    """The loop learns of a signal in one step and answers it in the next."""
    for _ in range(3):
        await asyncio.sleep(0)


def in_loop(act: Callable[[Opened], None], *signals: int) -> list[str]:
    """What the driver did after it had begun: ``act``, then each signal and a step of the loop."""

    async def run() -> list[str]:
        driver = Opened()
        driver.start_application_mode()
        driver.did.clear()
        act(driver)
        for number in signals:
            os.kill(os.getpid(), number)
            await some_steps()
        return driver.did

    return asyncio.run(run())


def nothing(_: Opened) -> None: ...


def test_a_continue_sets_the_terminal_up_again_and_ends_nothing(stops: list[int]) -> None:
    """An end would throw away what is typed meanwhile, a second beginning would have two threads more."""
    assert in_loop(nothing, signal.SIGCONT) == [LEAVE, "begin", "draw"]
    assert in_loop(nothing, signal.SIGCONT, signal.SIGCONT) == [LEAVE, "begin", "draw"] * 2
    assert not stops


def test_ctrl_z_gives_the_terminal_back_and_a_continue_takes_it(stops: list[int]) -> None:
    assert in_loop(nothing, signal.SIGTSTP) == ["end"]
    assert stops == [signal.SIGSTOP]
    assert in_loop(nothing, signal.SIGTSTP, signal.SIGCONT) == ["end", "begin", "draw"]
    assert in_loop(nothing, signal.SIGTSTP, signal.SIGTSTP, signal.SIGCONT) == ["end", "begin", "draw"]


@pytest.mark.parametrize("number", [signal.SIGCONT, signal.SIGTSTP])
def test_a_signal_while_a_frame_is_written_is_answered_after_it(number: int, stops: list[int]) -> None:
    def write_a_frame(driver: Opened) -> None:
        with driver.frames.mutex:
            os.kill(os.getpid(), number)
            for _ in range(1000):  # Python calls a handler between two steps.
                driver.did.clear()

    assert in_loop(write_a_frame, signal.SIGCONT)[-2:] == ["begin", "draw"]


def test_behind_the_end_nothing_begins(stops: list[int]) -> None:
    assert in_loop(lambda driver: driver.stop_application_mode(), signal.SIGCONT) == ["end"]
    assert in_loop(lambda driver: driver.stop_application_mode(), signal.SIGTSTP, signal.SIGCONT) == ["end"]
    assert stops == [signal.SIGSTOP]


def test_before_the_beginning_nothing_begins() -> None:
    async def run() -> list[str]:
        driver = Opened()
        os.kill(os.getpid(), signal.SIGCONT)
        await some_steps()
        return driver.did

    assert asyncio.run(run()) == []


def test_while_another_program_has_the_terminal_it_is_left_alone(stops: list[int]) -> None:
    def lend(driver: Opened) -> None:
        with driver.no_automatic_restart():
            driver.stop()
            driver.go_on()

    assert in_loop(lend) == []
    assert stops == [signal.SIGSTOP]
