"""A dashboard that may not change anything knows why: served as a web page, or the second on the same Timmy."""

import queue
import subprocess
import sys
from pathlib import Path

import pytest

from timmy_tui.bootstrap.dashboard import reason_if_second_dashboard, reason_if_web_page
from timmy_tui.bootstrap.deferred import DeferredSource
from timmy_tui.bootstrap.startup import usable_state_folder
from timmy_tui.control.journal.lock import dashboard_lock
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.sources.timmy import timmy_at


def test_a_web_page_that_anybody_can_reach_only_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    assert reason_if_web_page() == ""
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")  # as textual-serve starts an app
    assert "web page" in reason_if_web_page()


def test_the_second_dashboard_names_the_first_and_follows_when_it_is_gone(tmp_path: Path) -> None:
    root, state = tmp_path / "timmy", tmp_path / "state"
    root.mkdir()
    timmy = timmy_at(root, state=state)
    assert reason_if_second_dashboard(timmy) == ""
    code = (
        "import sys\nfrom pathlib import Path\nfrom timmy_tui.control.journal.lock import dashboard_lock\n"
        "from timmy_tui.sources.timmy import timmy_at\n"
        "held = dashboard_lock(timmy_at(Path(sys.argv[1]), state=Path(sys.argv[2])).control_folder)\nheld.acquire()\n"
        "print('held', flush=True)\ninput()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None and first.stdout.readline() == "held\n"
    assert f"pid {first.pid}" in reason_if_second_dashboard(timmy)
    assert reason_if_second_dashboard(timmy_at(tmp_path / "another", state=state)) == ""
    first.kill()
    first.communicate()
    assert reason_if_second_dashboard(timmy) == ""
    with dashboard_lock(timmy.control_folder):
        assert reason_if_second_dashboard(timmy) != ""


def test_a_state_folder_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("a file")
    assert "cannot be used" in usable_state_folder(tmp_path / "file" / "state")[0]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert "cannot be used" in usable_state_folder(None)[0]
    assert usable_state_folder(tmp_path / "new") == ("", tmp_path / "new")


def test_a_source_that_cannot_be_made_is_a_health_line_and_no_empty_screen() -> None:
    def make() -> LiveSource:
        raise PermissionError("no\x1b[2J")

    snapshots: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    source = DeferredSource(make)
    source.start(snapshots.put)
    (fault,) = snapshots.get(timeout=20).health
    assert fault.where == "start" and fault.message == "PermissionError: no␛[2J"
    source.stop()
