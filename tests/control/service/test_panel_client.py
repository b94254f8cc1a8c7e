"""Every answer of the control panel, and what is never asked of it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.services import FakePanel, RealV34, cancel_when, free_port
from tests.waiting import wait_for
from timmy_tui.control.service.listeners import Listener, Serving, who_serves
from timmy_tui.control.service.panel_client import Panel
from timmy_tui.control.service.restart_strategies import ByPanel, RestartFailed

RUNNING = Serving(5000, (Listener(4711, 1.0, Path("/t/v34"), True, 4710, 0.5),))
NOT_RUNNING = Serving(5000)


@pytest.fixture
def panel() -> Iterator[FakePanel]:
    with FakePanel() as panel:
        yield panel


def test_the_panel_stops_and_starts_a_real_service(tmp_path: Path, never_cancelled: threading.Event) -> None:
    with RealV34(tmp_path) as v34, FakePanel(v34) as panel:
        old = who_serves(v34.port)
        strategy = ByPanel(Panel(panel.url, panel.url), v34.folder)
        assert strategy.refusal(old) == "" and "pkill -9 -f app.py" in strategy.preview(old)[1]
        assert strategy.restart(old, (v34.config,), never_cancelled) == "the panel has started v34"
        (new,) = wait_for(lambda: who_serves(v34.port).listeners)
        assert new.identity != old.listeners[0].identity
        assert [path for _, path in panel.requests] == ["/api/services", "/api/stop/v34", "/api/start/v34"]


def test_a_panel_that_did_not_start_v34_would_start_a_second_one(panel: FakePanel, tmp_path: Path) -> None:
    panel.knows = False
    strategy = ByPanel(Panel(panel.url, panel.url), tmp_path)
    assert "second one" in strategy.refusal(RUNNING)
    assert strategy.refusal(NOT_RUNNING) == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b'{"success": false, "error": "V34Service not running"}'), "V34Service not running"),
        ((200, b'{"success": false, "error": "\\u001b]0;title"}'), "did not stop"),
        ((200, b'{"success": false}'), "no reason given"),
        ((200, b'{"success": "yes"}'), "did not stop"),
        ((200, b'{"pid": 4}'), "did not stop"),
        ((200, b"[]"), "not an object"),
        ((200, b"<html>hello</html>"), "not JSON"),
        ((200, b'{"success": tr'), "not JSON"),
        ((200, b"[" * 60_000), "nested more than"),
        ((200, b'{"success": true, "x": "' + b"x" * 70_000 + b'"}'), "more than 64 KiB"),
        ((500, b"oops"), "status 500"),
        ((302, b"moved"), "status 302"),
    ],
)
def test_every_other_answer_of_the_panel_is_a_word_and_nothing_is_started(
    panel: FakePanel, tmp_path: Path, never_cancelled: threading.Event, answer: tuple[int, bytes], why: str
) -> None:
    panel.answers["/api/stop/v34"] = (*answer, 0.0)
    panel.headers["Location"] = f"{panel.url}/api/start/v34" if answer[0] == 302 else ""
    strategy = ByPanel(Panel(panel.url, panel.url), tmp_path)
    with pytest.raises(RestartFailed) as failed:
        strategy.restart(RUNNING, (), never_cancelled)
    assert why in failed.value.message and "\x1b" not in failed.value.message
    assert [path for _, path in panel.requests] == ["/api/stop/v34"]


def test_a_panel_that_says_stopped_while_the_old_one_lives_starts_nothing(
    panel: FakePanel, tmp_path: Path, never_cancelled: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.control.service.restart_strategies.STOP_S", 0.3)
    with RealV34(tmp_path) as v34:
        strategy = ByPanel(Panel(panel.url, panel.url), v34.folder)
        with pytest.raises(RestartFailed, match="still runs"):
            strategy.restart(who_serves(v34.port), (), never_cancelled)
        assert [path for _, path in panel.requests] == ["/api/stop/v34"]


def test_a_panel_that_is_not_there_or_says_nothing_of_v34_is_refused(panel: FakePanel, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert "refused" in ByPanel(Panel(nowhere, nowhere), tmp_path).refusal(RUNNING).lower()
    panel.answers["/api/services"] = (200, b'{"tts": {"running": true}}', 0.0)
    assert "says nothing of v34" in ByPanel(Panel(panel.url, panel.url), tmp_path).refusal(RUNNING)


def test_a_slow_panel_does_not_hold_whoever_waits(
    panel: FakePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.control.service.panel_client.STATUS_S", 0.3)
    panel.answers["/api/services"] = (200, b"", 60.0)
    refusal = ByPanel(Panel(panel.url, panel.url), tmp_path).refusal(RUNNING)
    assert "does not answer within" in refusal or "no answer in time" in refusal
    cancelled = threading.Event()
    panel.answers["/api/stop/v34"] = (200, b"", 60.0)
    cancel_when(cancelled, lambda: ("POST", "/api/stop/v34") in panel.requests)
    with pytest.raises(RestartFailed, match="Not waited for"):
        ByPanel(Panel(panel.url, panel.url), tmp_path).restart(RUNNING, (), cancelled)


def test_nothing_else_of_the_panel_is_ever_called(panel: FakePanel, never_cancelled: threading.Event) -> None:
    """Its stop_all and shutdown would end every service of the machine."""
    client = Panel(panel.url, panel.url)
    assert {name for name, member in vars(Panel).items() if callable(member) and name[0] != "_"} == {
        "running", "start", "stop"
    }  # fmt: skip
    client.running()
    client.stop(never_cancelled)
    client.start(never_cancelled)
    assert panel.requests == [("GET", "/api/services"), ("POST", "/api/stop/v34"), ("POST", "/api/start/v34")]
