"""The user's own restart command: run without a shell or a pipe, ended when it hangs, left alone when it is done."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.control.services import RealV34, cancel_when
from tests.waiting import wait_for
from timmy_tui.control.errors import Refused
from timmy_tui.control.service.listeners import Answer, ask, who_serves
from timmy_tui.control.service.restart_command import ENVIRONMENT, run_command
from timmy_tui.control.service.restart_strategies import Command


def script(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "do.py"
    path.write_text(text)
    return (sys.executable, str(path))


def run(folder: Path, text: str, limit_s: float = 20.0, cancelled: threading.Event | None = None) -> str:
    log = folder / "command.log"
    run_command(script(folder, text), folder, limit_s, log, cancelled or threading.Event())
    return log.read_text()


def test_a_command_runs_without_shell_input_or_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "canary")
    output = run(
        tmp_path,
        "import json, os, sys\n"
        "print(json.dumps([os.getcwd(), dict(os.environ), sys.stdin.read(), os.getsid(0) == os.getpid()]))\n",
    )
    folder, environment, given, leads = json.loads(output)
    assert folder == str(tmp_path) and given == "" and leads
    assert "canary" not in output
    assert all(name in ENVIRONMENT or name.startswith("LC_") for name in environment)
    assert stat.S_IMODE((tmp_path / "command.log").stat().st_mode) == 0o600


def test_a_command_that_fails_says_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"exit code 3.*Its last line: unit timmy\.service not found"):
        run(tmp_path, "print('unit timmy.service not found\\x1b[2J'); raise SystemExit(3)")


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has not ended within 0 s, and was ended"):
        run(tmp_path, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n", limit_s=0.4)
    pid = int((tmp_path / "command.log").read_text())
    assert not psutil.pid_exists(pid)


def test_a_command_that_ignores_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.control.service.restart_command.GRACE_S", 0.3)
    with pytest.raises(Refused, match="was ended"):
        run(
            tmp_path,
            "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "print(os.getpid(), flush=True)\ntime.sleep(600)\n",
            limit_s=0.6,
        )
    assert not psutil.pid_exists(int((tmp_path / "command.log").read_text()))


def test_a_command_that_may_not_be_ended_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo's child belongs to root."""

    def refused(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("timmy_tui.control.service.restart_command.GRACE_S", 0.1)
    with monkeypatch.context() as ours:
        ours.setattr("timmy_tui.control.service.restart_command.os.killpg", refused)
        with pytest.raises(Refused, match="cannot be ended"):
            run(tmp_path, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(30)\n", limit_s=0.5)
    os.kill(int((tmp_path / "command.log").read_text()), signal.SIGKILL)


def test_a_command_without_a_place_for_its_output_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "command.log").symlink_to("/nowhere")
    with pytest.raises(Refused, match="for its output, cannot be written"):
        run(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert not (tmp_path / "ran").exists()


def test_a_command_is_cancelled_at_once(tmp_path: Path) -> None:
    cancelled = threading.Event()
    log = tmp_path / "command.log"
    cancel_when(cancelled, lambda: log.exists() and log.read_text())
    with pytest.raises(Refused, match="was cancelled"):
        run(tmp_path, "import time\nprint('here', flush=True)\ntime.sleep(600)\n", 600.0, cancelled)


def test_the_service_that_a_command_leaves_behind_is_not_waited_for_and_not_killed(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(left.pid)\n",
    )
    pid = int(output)
    assert psutil.pid_exists(pid)
    os.kill(pid, signal.SIGKILL)


QUITS = """
import os, sys, threading, time
from pathlib import Path
from timmy_tui.control.service.restart_command import run_command
folder = Path(sys.argv[1])
shell = "echo > started; while [ ! -e go ]; do sleep 0.05; done; echo > done"
work = lambda: run_command(("sh", "-c", shell), folder, 600.0, folder / "log", threading.Event())
threading.Thread(target=work, daemon=True).start()
while not (folder / "started").exists():
    time.sleep(0.01)
"""


def test_a_command_that_runs_outlives_the_program_that_quits_and_its_terminal(tmp_path: Path) -> None:
    quitting = subprocess.Popen([sys.executable, "-c", QUITS, str(tmp_path)], start_new_session=True)
    assert quitting.wait(45) == 0
    # As a terminal that is closed does, to all of its session's foreground.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(quitting.pid, signal.SIGHUP)
    (tmp_path / "go").touch()
    wait_for((tmp_path / "done").exists)


def test_a_command_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a program"):
        run_command(("no-such-thing-7",), tmp_path, 1.0, tmp_path / "log", threading.Event())


def test_a_command_restarts_a_real_service(tmp_path: Path, never_cancelled: threading.Event) -> None:
    with RealV34(tmp_path / "timmy") as v34:
        old = who_serves(v34.port)
        text = (
            "import os, signal, subprocess, sys\n"
            f"os.killpg({v34.started_pid}, signal.SIGTERM)\n"
            f"log = open({str(v34.log)!r}, 'ab')\n"
            f"subprocess.Popen([{sys.executable!r}, 'app.py', '--debug'], cwd={str(v34.folder)!r}, stdout=log,\n"
            "                 stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)\n"
        )
        strategy = Command(script(tmp_path, text), tmp_path, 20.0, tmp_path / "command.log")
        assert strategy.refusal(old) == ""
        strategy.restart(old, (), never_cancelled)
        (new,) = wait_for(lambda: who_serves(v34.port).listeners)
        assert new.identity != old.listeners[0].identity
        wait_for(lambda: ask(v34.url, 2.0) is Answer.ANSWERS)
        os.killpg(psutil.Process(new.pid).ppid(), signal.SIGKILL)
