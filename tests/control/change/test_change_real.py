"""The whole change on a real Flask-SocketIO service: by its reloader, by the panel, dying, hanging."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import QUICK, controller_on, with_control
from tests.control.services import FakePanel, RealV34
from tests.control.timmy_files import edit_unnoticed
from timmy_tui.control.service import health_wait
from timmy_tui.core.settings import Services
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.user_requests import Flip, Undo


@pytest.fixture
def v34(tmp_path: Path) -> Iterator[RealV34]:
    """Laid out and not started; ended with the test."""
    v34 = RealV34(tmp_path / "timmy")
    yield v34
    v34.kill()


def test_a_flip_and_its_undo_are_served_by_the_reloader(v34: RealV34, state: Path) -> None:
    with v34, controller_on(v34, state, QUICK) as harness:
        before = harness.contents()
        assert v34.served_value() is True
        harness.flip("tail-mode", "on")
        assert v34.served_value() is False
        assert harness.progress.pid == harness.listener.pid
        harness.start(Undo())
        assert harness.until_over() is ChangeState.ROLLED_BACK
        assert harness.contents() == before
        assert v34.served_value() is True


def test_the_panel_restarts_v34_and_the_new_value_is_served(v34: RealV34, state: Path) -> None:
    v34.drop_reloader()  # it would be quicker than the panel
    with v34, FakePanel(v34) as panel:
        settings = replace(with_control(strategy="panel"), services=Services(panel=panel.url))
        with controller_on(v34, state, settings) as harness:
            harness.flip("tail-mode", "on")
            assert harness.state is ChangeState.VERIFYING
            assert v34.served_value() is False
            assert ("POST", "/api/stop/v34") in panel.requests and ("POST", "/api/start/v34") in panel.requests


def test_a_panel_that_fails_leaves_the_choice_to_the_user(v34: RealV34, state: Path) -> None:
    v34.drop_reloader()
    with v34, FakePanel(v34) as panel:
        panel.answers["/api/stop/v34"] = (200, b'{"success": false, "error": "no pkill here"}', 0.0)
        settings = replace(with_control(strategy="panel"), services=Services(panel=panel.url))
        with controller_on(v34, state, settings) as harness:
            harness.flip("tail-mode", "on", until=ChangeState.NEEDS_ATTENTION)
            assert not harness.controller.idle
            assert "no pkill here" in harness.progress.message and harness.progress.choices == ("keep", "undo")
            assert "USE_FULL_MEGA_PROMPT = False" in v34.config.read_text()
            assert harness.answer("keep") is ChangeState.KEPT


def test_a_restart_by_hand_is_waited_for_without_a_limit(v34: RealV34, state: Path) -> None:
    v34.drop_reloader()
    with v34, controller_on(v34, state, with_control(strategy="manual")) as harness:
        harness.flip("tail-mode", "on", until=ChangeState.RESTARTING)
        assert harness.progress.limit is None
        harness.until_message("python app.py --debug")
        v34.kill()
        harness.until_state(ChangeState.WAITING)
        v34.start()
        harness.until_state(ChangeState.VERIFYING)
        assert v34.served_value() is False


def test_a_service_that_dies_of_the_restart_is_named_with_its_last_words(v34: RealV34, state: Path) -> None:
    with v34, controller_on(v34, state, QUICK) as harness:
        broken = edit_unnoticed(v34.config, b"MAX_TOKENS", b"MAX_TOKEN")

        def ended() -> bool:
            lines = v34.log.read_text(errors="replace").splitlines()
            harness.controller.observe(Snapshot(log_tail=tuple(("v34.log", line) for line in lines)))
            return harness.controller.idle

        harness.start(Flip((("tail-mode", "on"),)))
        harness.until(ended)
        assert harness.state is ChangeState.NEEDS_ATTENTION
        missing = "AttributeError: module 'config' has no attribute 'MAX_TOKENS'"
        assert any(missing in message for message in harness.messages)
        assert v34.config.read_bytes() == broken and "raw=True" in v34.app.read_text()


def test_a_service_that_hangs_is_told_from_one_that_is_healthy(
    v34: RealV34, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_wait, "HUNG_S", 0.5)
    monkeypatch.setattr(health_wait, "ASK_LIMIT_S", 0.5)
    stuck = "def kv_stats():\n    while not config.USE_FULL_MEGA_PROMPT:\n        time.sleep(1)\n"
    v34.edit_app("def kv_stats():\n", stuck)
    with v34, controller_on(v34, state, with_control(rollback_countdown_s=600.0, healthy_limit_s=8.0)) as harness:
        harness.start(Flip((("tail-mode", "on"),)))
        harness.until_message("hung")
        assert harness.state is ChangeState.WAITING
        harness.until(lambda: harness.progress.countdown is not None)
        assert "hung" in harness.progress.message
        harness.controller.answer("stop waiting")
        harness.until_state(ChangeState.NEEDS_ATTENTION)
        assert harness.answer("undo") is ChangeState.ROLLED_BACK and v34.served_value() is True
