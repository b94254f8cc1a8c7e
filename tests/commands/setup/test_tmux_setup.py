"""The lines for tmux.conf: a real tmux takes them, and they do what their comments say."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import needs
from tests.tmux_pane import Pane
from timmy_tui.commands.setup.tmux_setup import NEWEST, Version, setup_lines, tmux_version, version_number


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("tmux 3.3a", (3, 3)),
        ("tmux 1.8", (1, 8)),
        ("tmux next-3.6", (3, 6)),
        ("tmux 3.10", (3, 10)),
        ("tmux master", NEWEST),
        ("tmux openbsd-7.4", NEWEST),
    ],
)
def test_the_version_is_read(text: str, version: Version) -> None:
    assert version_number(text) == version


@pytest.mark.parametrize(
    ("found", "has", "lacks"),
    [
        ("tmux 3.2", ["display-popup", "set-clipboard", "monitor-bell"], ["new-window", "Left out"]),
        ("tmux 3.1c", ["new-window", "# Left out: popup: display-popup needs tmux 3.2", "# Left out: copying"],
         ["bind-key T display-popup", "set -s set-clipboard"]),
        ("tmux 2.6", ["monitor-bell"], ["Left out: bell"]),
        ("tmux 2.5", ["Left out: bell", "status-right"], ["-g monitor-bell"]),
        (None, ["There is no tmux here", "none has been tried", "display-popup"], ["Left out"]),
    ],
)  # fmt: skip
def test_what_a_version_lacks_is_left_out_and_said(found: str | None, has: list[str], lacks: list[str]) -> None:
    printed = "\n".join(setup_lines(found, "timmy-tui"))
    assert [part for part in has if part not in printed] == []
    assert [part for part in lacks if part in printed] == []


def test_it_works_without_tmux(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "timmy_tui", "tmux-setup"]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=50, env={"PATH": str(tmp_path), "LC_ALL": "C.UTF-8"}
    )
    assert done.returncode == 0 and "There is no tmux here" in done.stdout


@needs("tmux")
@pytest.mark.parametrize("name", ["timmy-tui", "a \"b\" $HOME 'c' 100% #{d} e\\f"])
def test_real_tmux_takes_the_lines_and_runs_what_they_say(name: str, tmp_path: Path) -> None:
    program = tmp_path / name
    program.write_text('#!/bin/sh\necho "ran: $1 $2"\nif [ -t 0 ]; then cat; fi\n')
    program.chmod(0o755)
    lines = list(setup_lines(tmux_version(), shlex.quote(str(program))))
    conf, socket = tmp_path / "tmux.conf", tmp_path / "inner.socket"
    conf.write_text("\n".join(lines) + "\n")
    inner = ["tmux", "-S", str(socket), "-f", "/dev/null"]
    with Pane([*inner, "new-session", "-s", "inner", "cat"], tmp_path) as pane:
        pane.until("[inner]")
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        taken = subprocess.run(
            [*inner, "source-file", str(conf)], capture_output=True, text=True, timeout=30, env=environment
        )
        assert (taken.returncode, taken.stdout, taken.stderr) == (0, "", "")
        try:
            pane.until("ran: status --tmux")
            pane.press("C-b", "T")
            pane.until_it(lambda text: "ran:" in text.replace("ran: status", ""))
        finally:
            subprocess.run([*inner, "kill-server"], capture_output=True, timeout=30, env=environment)
