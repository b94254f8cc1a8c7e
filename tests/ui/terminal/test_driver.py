"""Signals that come while the terminal is being taken or given back: every mode begun is ended once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.driver import Driver

from timmy_tui.ui.terminal.driver import begins_once

Signal = Callable[["Terminal"], None]


class Terminal(Driver):
    """A platform's driver that says what it does, and lets a signal come in the middle of it."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.at_begin: list[Signal] = []
        self.at_end: list[Signal] = []

    def start_application_mode(self) -> None:
        self.did.append("begin")
        if self.at_begin:
            self.at_begin.pop()(self)
        self.did.append("begun")

    def stop_application_mode(self) -> None:
        self.did.append("end")
        if self.at_end:
            self.at_end.pop()(self)
        self.did.append("ended")

    def send_message(self, message: Any) -> None:
        self.did.append("draw")

    def write(self, data: str) -> None: ...

    def disable_input(self) -> None: ...


def continued(terminal: Terminal) -> None:
    terminal.resume_application_mode()


def stopped_and_continued(terminal: Terminal) -> None:
    terminal.suspend_application_mode()
    terminal.resume_application_mode()


def opened() -> Terminal:
    terminal = begins_once(Terminal)()  # type: ignore[call-arg]
    assert isinstance(terminal, Terminal)
    return terminal


WHOLE_BEGIN, WHOLE_END = ["begin", "begun"], ["end", "ended"]


def test_a_continue_ends_what_runs_before_it_begins() -> None:
    terminal = opened()
    terminal.start_application_mode()
    continued(terminal)
    terminal.stop_application_mode()
    assert terminal.did == [*WHOLE_BEGIN, *WHOLE_END, *WHOLE_BEGIN, "draw", *WHOLE_END]


@pytest.mark.parametrize("place", ["at_begin", "at_end"])
@pytest.mark.parametrize("signals", [1, 3])
def test_a_continue_in_the_middle_of_an_answer_is_answered_after_it(place: str, signals: int) -> None:
    terminal = opened()
    terminal.start_application_mode()
    terminal.did.clear()

    def signalled(terminal: Terminal) -> None:
        for _ in range(signals):
            continued(terminal)

    getattr(terminal, place).append(signalled)
    continued(terminal)
    assert terminal.did == [*WHOLE_END, *WHOLE_BEGIN, "draw"] * 2


def test_a_continue_in_the_middle_of_the_end_begins_nothing() -> None:
    terminal = opened()
    terminal.start_application_mode()
    terminal.did.clear()
    terminal.at_end.append(continued)
    terminal.stop_application_mode()
    assert terminal.did == WHOLE_END


def test_a_stop_in_the_middle_of_a_beginning_is_followed_by_a_whole_one() -> None:
    terminal = opened()
    terminal.at_begin.append(stopped_and_continued)
    terminal.start_application_mode()
    assert terminal.did[-5:] == [*WHOLE_END, *WHOLE_BEGIN, "draw"]


def test_a_beginning_that_fails_can_be_tried_again() -> None:
    terminal = opened()

    def fails(_: Terminal) -> None:
        raise OSError

    terminal.at_begin.append(fails)
    with pytest.raises(OSError):
        terminal.start_application_mode()
    terminal.did.clear()
    terminal.start_application_mode()
    assert terminal.did == WHOLE_BEGIN
