"""`timmy-tui status`: one line, quick, and never an error for tmux to show for ever."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.started import run_python
from timmy_tui.core.settings import state_path
from timmy_tui.model.snapshot import Counts, OpenTurn, Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline import observers
from timmy_tui.report.status_line.file import FRESH_S, for_tmux, quick_line, save_line, state_file

DATA = Path(__file__).parents[1] / "data"


def run(*arguments: str | Path, state: Path) -> subprocess.CompletedProcess[str]:
    return run_python(["-m", "timmy_tui", "status", *map(str, arguments)], {**os.environ, "XDG_STATE_HOME": str(state)})


def test_the_line_comes_from_the_end_of_the_logs(tmp_path: Path) -> None:
    done = run("--log", DATA / "latency.log", "--log", DATA / "v34.log", state=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    # The sample is of November 2025: it says how old it is, whenever its copy was written.
    assert re.fullmatch(r"○ \d+d old V2V ≥1\.94s LLM 334ms\n", done.stdout)
    assert len(done.stdout.rstrip()) <= 40


@pytest.mark.parametrize("arguments", [["--root", "/none"], ["--log", "/none"], ["--root", "/tmp", "--tmux"]])
def test_where_nothing_is_known_a_line_is_printed_and_the_exit_code_is_0(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, state=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(("○", "#[fg=colour244]○"))
    assert len(done.stdout.rstrip()) <= 40


def test_a_running_dashboard_answers_and_an_old_state_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    save_line("✗ #5 failed", "/timmy")
    assert quick_line([], os.environ) == "✗ #5 failed"
    assert quick_line(["--tmux"], os.environ) == "✗ ##5 failed"
    assert quick_line(["--root", "/x"], os.environ) is None
    state = json.loads(state_file(os.environ).read_text())
    state_file(os.environ).write_text(json.dumps({**state, "at": time.time() - FRESH_S - 1}))
    assert quick_line([], os.environ) is None
    state_file(os.environ).write_text("{half")
    assert quick_line([], os.environ) is None


@pytest.mark.parametrize(
    "edited",
    [
        '{"at": 1e400, "line": "x"}',
        '{"at": 1' + 400 * "0" + ', "line": "x"}',
        '{"at": NaN, "line": "x"}',
        "[" * 5000,
        '{"at": null, "line": "x"}',
        '{"line": "x"}',
        "[]",
    ],
)
def test_a_state_file_that_a_hand_edited_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, edited: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    save_line("a", "/timmy")
    state_file(os.environ).write_text(edited)
    assert quick_line([], os.environ) is None


def test_nothing_in_the_state_file_reaches_tmux_or_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    save_line("#(reboot) \x1b[2J" + 100 * "x", "/timmy")
    line = quick_line(["--tmux"], os.environ)
    assert line is not None
    assert line.startswith("##(reboot) ␛[2J")
    assert len(line) < 90


def test_a_relative_state_folder_is_ignored_as_everywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_file(os.environ).parent == state_path()


def test_the_state_file_is_private_and_a_full_disk_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    save_line("a", "/timmy")
    assert state_file(os.environ).stat().st_mode & 0o077 == 0
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    save_line("a", "/timmy")


def test_the_quick_path_imports_no_library(tmp_path: Path) -> None:
    code = (
        "import sys, json, time, pathlib; sys.argv = ['timmy-tui', 'status']\n"
        "import timmy_tui.cli; timmy_tui.cli.main()\n"
        "print([name for name in ('textual', 'pandas', 'click', 'msgspec') if name in sys.modules])\n"
    )
    state = tmp_path / "timmy_tui/status.json"
    state.parent.mkdir()
    state.write_text(json.dumps({"at": time.time(), "line": "the line", "tmux": "x"}))
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )
    assert done.stdout == "the line\n[]\n"


def test_the_slow_path_needs_neither_textual_nor_pandas(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['timmy-tui', 'status', '--log', sys.argv[1]]\n"
        "import timmy_tui.cli\n"
        "try: timmy_tui.cli.main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('textual', 'pandas', 'numpy', 'scipy') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(DATA / "latency.log")], capture_output=True, text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.endswith("[]\n")


def test_tmux_marks_are_escaped_and_balanced() -> None:
    assert for_tmux("● V2V 1.8s ▲+0.4 n=1 #(evil)") == "● V2V 1.8s #[fg=red]▲+0.4#[default] n=1 ##(evil)"
    assert for_tmux("● V2V 1.8s ▼-0.4") == "● V2V 1.8s #[fg=green]▼-0.4#[default]"
    assert for_tmux("plain") == "plain"


def test_a_running_dashboard_writes_the_same_line_seldom_and_another_one_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    written: list[str] = []
    monkeypatch.setattr(observers, "save_line", lambda line, root: written.append(line))
    monkeypatch.setattr("timmy_tui.pipeline.observers.time.monotonic", lambda: now[0])
    file = observers.StatusLineFile("/timmy")
    for _ in range(10):  # A snapshot every 2 s.
        file.observe(Snapshot())
        now[0] += 2.0
    assert len(written) == 4, "after 6, 12 and 18 s again: readers want one of the last 15 s"
    file.observe(Snapshot(counts=Counts(open=1), open_turn=OpenTurn(Turn(ordinal=0), "llm", 0.0, 0.0)))
    assert len(written) == 5 and written[4] != written[3]
