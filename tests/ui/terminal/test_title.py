"""The pane's title has V2V while the dashboard runs, and is given back at its end."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.driver import Driver

from tests.programs import needs
from tests.tmux_pane import Pane
from tests.ui.snapshots import snapshot
from tests.waiting import wait_for
from timmy_tui.report.status_line.line import LineValues, line_values, pane_title
from timmy_tui.ui.terminal.driver import StopsAndGoesOn, stops_and_goes_on
from timmy_tui.ui.terminal.title import GIVE_BACK, SAVE, has_title, title_sequence

DASHBOARD = shlex.join([sys.executable, "-m", "tests.ui.dashboard_process"])


class Terminal(Driver):
    """A platform's driver that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def start_application_mode(self) -> None:
        self.written.append("begin")

    def stop_application_mode(self) -> None:
        self.written.append("end")

    def send_message(self, message: Any) -> None: ...

    def write(self, data: str) -> None:
        self.written.append(data)

    def disable_input(self) -> None: ...


class Titled(StopsAndGoesOn, Terminal):
    """As ``stops_and_goes_on`` makes a driver."""


def test_a_title_is_written_when_it_changes_and_the_one_before_comes_back() -> None:
    assert stops_and_goes_on(Terminal).__mro__[1:] == Titled.__mro__[1:]
    driver = Titled()
    driver.start_application_mode()
    for text in ("V2V 1s", "V2V 1s", "V2V 2s", "V2V 2s"):
        driver.show_title(text)
    driver.suspend_application_mode()
    driver.resume_application_mode()
    driver.stop_application_mode()
    first, second = title_sequence("V2V 1s"), title_sequence("V2V 2s")
    assert driver.written == ["begin", SAVE + first, second, GIVE_BACK, "end", "begin", SAVE + second, GIVE_BACK, "end"]


def test_without_a_title_nothing_is_written() -> None:
    driver = Titled()
    driver.start_application_mode()
    driver.stop_application_mode()
    assert driver.written == ["begin", "end"]


def test_no_text_can_end_the_sequence() -> None:
    sent = title_sequence("a\x07\x1b]52;c;eA==\x1b\\b\x9c" + 100 * "x")
    assert sent.startswith("\x1b]2;") and sent.endswith("\x07")
    inside = sent[4:-1]
    assert inside.isprintable() and len(inside) <= 60


@pytest.mark.parametrize(
    ("term", "has"), [("xterm-256color", True), ("tmux", True), ("screen", True), ("linux", False), ("dumb", False)]
)
def test_only_terminals_with_a_title_get_one(term: str, has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_title({"TERM": term}) is has
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert not has_title({"TERM": term})


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "V2V ≥1.83s"),
        ({"delta_ms": 49.9}, "V2V ≥1.83s"),
        ({"delta_ms": 50.0}, "V2V ≥1.83s ▲"),
        ({"delta_ms": -50.0}, "V2V ≥1.83s ▼"),
        ({"delta_ms": -49.9}, "V2V ≥1.83s"),
        ({"state": "turn", "delta_ms": 410.0}, "V2V ≥1.83s ▲"),
        ({"state": "timed out", "headline_ms": None}, "Timmy: timed out"),
        ({"state": "waiting", "headline_ms": None, "n": 0}, "Timmy"),
        ({"stale": True}, "○ V2V ≥1.83s"),
        ({"bound": False}, "V2V 1.83s"),
    ],
)
def test_what_the_title_says(changes: dict[str, Any], title: str) -> None:
    values: dict[str, Any] = {
        "span": "V2V", "headline_ms": 1830.0, "delta_ms": None, "llm_ms": 812.0, "fill": None, "n": 17, "bound": True,
    }  # fmt: skip
    assert pane_title(LineValues(**{**values, **changes})) == title


@needs("tmux")
def test_tmux_has_it_while_the_dashboard_runs_and_not_while_it_is_stopped(tmp_path: Path) -> None:
    wanted = pane_title(line_values(snapshot()))
    assert wanted.startswith("V2V ")
    with Pane(["sh", "-c", "exec env PS1='ready: ' bash --norc --noprofile -i"], tmp_path) as pane:

        def until_title(title: str) -> None:
            def shown() -> str:
                return pane.tmux("display-message", "-p", "-t", "pane", "#{pane_title}").strip()

            wait_for(lambda: shown() == title, lambda: (shown(), title, pane.text()))

        pane.until("ready:")
        pane.tmux("select-pane", "-t", "pane", "-T", "mine")
        pane.type(DASHBOARD)
        until_title(wanted)
        pane.press("C-z")
        until_title("mine")
        pane.until("Stopped")
        pane.type("fg")
        until_title(wanted)
        pane.press("q")
        until_title("mine")
