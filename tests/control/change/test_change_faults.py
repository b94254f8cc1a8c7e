"""What may go wrong once the file is written, with real processes: nothing is lost, and what is shown is true."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from msgspec.structs import replace

from tests.control.harness import Harness
from tests.control.silent import QUICK, flip, silence, turn
from timmy_tui.control.service.listeners import starting, who_serves
from timmy_tui.control.service.strategies import Reload
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import Snapshot

# -- evidence


def test_no_turn_one_turn_and_a_contradiction_are_shown_and_never_undone_unasked(silent: Harness) -> None:
    flip(silent)
    assert silent.room.progress is not None and silent.room.progress.evidence == (0, 2)
    one = turn(5, 3, tail_mode=False)
    silent.room.see(Snapshot(turns=(one,)))
    silent.until(lambda: silent.room.progress.evidence == (1, 2))  # type: ignore[union-attr]
    contradicting = turn(6, 3, tail_mode=False)
    silent.room.see(Snapshot(turns=(one, contradicting)))
    silent.until(lambda: "another value of tail mode" in silent.room.progress.message)  # type: ignore[union-attr]
    assert silent.state is ChangeState.VERIFYING
    assert silent.room.progress.choices == ("keep", "undo")
    assert "USE_FULL_MEGA_PROMPT = False" in silent.config.read_text()
    silent.room.see(Snapshot(turns=(one,)))
    silent.until(lambda: "another value" not in silent.room.progress.message)  # type: ignore[union-attr]
    silent.room.answer("keep")
    assert silent.until_over() is ChangeState.KEPT
    assert silent.stages()[-1][1] == "kept"
    assert "kept without proof" in silent.said[-1]


def test_turns_of_the_old_session_prove_nothing(silent: Harness) -> None:
    old = (turn(1, 0, tail_mode=True), turn(2, 0, tail_mode=True))
    silent.room.see(Snapshot(turns=old))
    flip(silent)
    silent.room.see(Snapshot(turns=(*old, turn(3, 0), turn(4, 0))))
    new = (turn(5, 1, tail_mode=False), turn(6, 1))
    assert silent.room.progress is not None and silent.room.progress.evidence == (0, 2)
    silent.room.see(Snapshot(turns=(*old, *new)))
    assert silent.until_over() is ChangeState.KEPT


# -- the service


def test_an_undo_during_the_start_up_waits_until_it_is_noticed(tmp_path: Path) -> None:
    with silence(tmp_path, QUICK, import_s=1.5) as held:
        before = flip(held, ChangeState.WAITING)
        assert "undo" in held.room.progress.choices  # type: ignore[union-attr]
        held.room.answer("undo")
        assert held.until_over() is ChangeState.ROLLED_BACK
        assert held.config.read_bytes() == before
        (one,) = who_serves(held.port).listeners
        written = held.config.stat().st_mtime
        import psutil

        assert psutil.Process(one.pid).create_time() >= written - 1.0
        stages = [stage for _, stage in held.stages()]
        assert stages.count("rolled back") == 2


def test_a_service_that_was_starting_when_the_files_were_written_is_started_once_more(tmp_path: Path) -> None:
    """It began to import before the edit and looks at the file only afterwards: it would never see it."""
    with silence(tmp_path, QUICK, import_s=1.5) as held:
        gone = who_serves(held.port)
        held.config.touch()
        held.until(lambda: not who_serves(held.port).listeners)
        held.until(lambda: len(starting(held.config.parent)) == 2)
        service = service_of(held)
        since = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert all(began < since for _, began in starting(held.config.parent))
        one = service.restart(gone, (held.config,), since, held.config)
        assert one is not None and one.started > since


def service_of(held: Harness) -> V34Service:
    """The service as a change sees it, with nobody talking."""
    from timmy_tui.control.progress import LiveState, Progress

    reload = Reload(held.config, 3.0)
    return V34Service(
        reload, held.demo.urls["v34"], held.config.parent, QUICK.control, LiveState, Progress("op", "a change")
    )


def test_a_change_asked_for_while_v34_starts_waits_for_it(tmp_path: Path) -> None:
    with silence(tmp_path, QUICK, import_s=1.0) as held:
        held.config.touch()
        held.until(lambda: not who_serves(held.port).listeners)
        held.start("flip", key="tail-mode", value="on")
        held.until_state(ChangeState.VERIFYING)
        (one,) = who_serves(held.port).listeners
        assert "USE_FULL_MEGA_PROMPT = False" in held.config.read_text()
        assert one.pid == held.room.progress.pid  # type: ignore[union-attr]


def test_a_change_that_ends_the_service_is_rolled_back_after_a_countdown(silent: Harness) -> None:
    """The user's own slip, a name that v34 needs, becomes deadly with the restart; the flip is taken back even so."""
    broken = silent.config.read_bytes().replace(b"MAX_TOKENS", b"MAX_TOKEN")
    # not noticed by the reloader: written with the old time, as a copy with times would be
    info = silent.config.stat()
    silent.config.write_bytes(broken)
    os.utime(silent.config, ns=(info.st_atime_ns, info.st_mtime_ns))
    silent.start("flip", key="tail-mode", value="on")
    silent.until(lambda: silent.room.idle or silent.room.progress.countdown is not None)  # type: ignore[union-attr]
    assert not silent.room.idle
    assert "exited" in silent.room.progress.message  # type: ignore[union-attr]
    assert silent.until_over() is ChangeState.NEEDS_ATTENTION
    assert silent.config.read_bytes() == broken
    assert "raw=True" in silent.app.read_text()
    shown = silent.room.progress
    assert shown is not None and "python app.py --debug" in shown.message
    ended = dict(silent.stages())
    assert sorted(ended.values()) == ["needs attention", "rolled back"]


def test_a_v34_that_dies_while_turns_are_waited_for_is_told_and_nothing_is_undone_unasked(silent: Harness) -> None:
    before = flip(silent)
    silent.until_state(ChangeState.VERIFYING)
    for process in silent.demo.processes:
        os.killpg(process.pid, 9)
    silent.until(lambda: "v34 has exited since: keep or undo?" in silent.room.progress.message)  # type: ignore[union-attr]
    assert silent.state is ChangeState.VERIFYING and "USE_FULL_MEGA_PROMPT = False" in silent.config.read_text()
    silent.room.answer("undo")
    assert silent.until_over() is ChangeState.NEEDS_ATTENTION
    assert silent.config.read_bytes() == before and "start it: cd" in silent.room.progress.message  # type: ignore[union-attr]


def test_the_countdown_is_stopped_by_the_user(tmp_path: Path) -> None:
    settings = replace(QUICK, control=replace(QUICK.control, rollback_countdown_s=600.0))
    with silence(tmp_path, settings) as held:
        info = held.config.stat()
        held.config.write_bytes(held.config.read_bytes().replace(b"MAX_TOKENS", b"MAX_TOKEN"))
        os.utime(held.config, ns=(info.st_atime_ns, info.st_mtime_ns))
        held.start("flip", key="tail-mode", value="on")
        held.until(lambda: held.room.progress.countdown is not None)  # type: ignore[union-attr]
        held.room.answer("stop waiting")
        held.until_state(ChangeState.NEEDS_ATTENTION)
        assert held.room.progress.choices == ("keep", "undo")  # type: ignore[union-attr]
        assert "USE_FULL_MEGA_PROMPT = False" in held.config.read_text()
        held.room.answer("keep")
        assert held.until_over() is ChangeState.KEPT


# -- undo


def test_an_undo_after_a_later_edit_puts_back_the_one_literal(silent: Harness) -> None:
    flip(silent)
    silent.room.answer("keep")
    silent.until_over()
    silent.config.write_bytes(silent.config.read_bytes() + b"# mine\n")
    plan = silent.start("undo")
    assert any("Only this is put back" in line for line in plan.preview)
    assert silent.until_over() is ChangeState.ROLLED_BACK
    text = silent.config.read_text()
    assert "USE_FULL_MEGA_PROMPT = True" in text and text.endswith("# mine\n")


def test_a_rollback_of_a_file_that_was_changed_since_overwrites_nothing(silent: Harness) -> None:
    flip(silent)
    mine = silent.config.read_bytes() + b"# mine\n"
    silent.config.write_bytes(mine)
    app = silent.app.read_bytes()
    silent.room.answer("undo")
    assert silent.until_over() is ChangeState.NEEDS_ATTENTION
    assert silent.config.read_bytes() == mine and silent.app.read_bytes() == app
    shown = silent.room.progress
    assert shown is not None and "was changed since" in shown.message and "diff " in shown.message
    backup = shown.message.split("diff ")[1].split(" ")[0]
    assert b"USE_FULL_MEGA_PROMPT = True" in Path(backup).read_bytes()


# -- two dashboards


def test_a_second_dashboard_only_looks_and_names_the_first(silent: Harness, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _SECOND, str(silent.root), str(tmp_path / "state")],
        capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout)
    assert f"pid {os.getpid()}" in said["read_only"] and f"pid {os.getpid()}" in said["refusal"]


_SECOND = """
import json, sys
from pathlib import Path
from timmy_tui.control.controller import Controller
from timmy_tui.core.settings import Settings
room = Controller(Settings(), Path(sys.argv[1]), Path(sys.argv[2]))
room.open()
plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
print(json.dumps({"read_only": room.state().read_only, "refusal": plan.refusal}))
room.close()
"""
