"""Well-formed calls go without the command-line library; every other one is left to it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from timmy_tui.commands.shared.fast_path import read_options, run_fast_path

VALUED, SWITCHES = ("--root", "--log"), ("--tmux",)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        (["--tmux"], {"--tmux": []}),
        (["--root", "/a b"], {"--root": ["/a b"]}),
        (["--root=/a=b", "--tmux"], {"--root": ["/a=b"], "--tmux": []}),
        (["--log", "1", "--log=2"], {"--log": ["1", "2"]}),
        (["--root"], None),
        (["--root="], None),
        (["--tmux=yes"], None),
        (["--help"], None),
        (["-h"], None),
        (["--", "--tmux"], None),
        (["word"], None),
    ],
)
def test_the_options_of_a_call_are_read_or_left_to_click(
    arguments: list[str], options: dict[str, list[str]] | None
) -> None:
    assert read_options(arguments, VALUED, SWITCHES) == options


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["report"],
        ["dashboard", "--help"],
        ["status", "--help"],
        ["--root"],
        ["--speed", "1"],
    ],
)
def test_what_must_be_explained_is_left_to_the_full_command_line(arguments: Sequence[str]) -> None:
    assert not run_fast_path(arguments)


def test_trouble_is_left_to_the_full_command_line_too(tmp_path: Path) -> None:
    assert not run_fast_path(["--root", str(tmp_path / "nowhere")])
    assert not run_fast_path(["--settings", str(tmp_path / "none.toml")])


def test_the_dashboard_opens_without_the_command_line_library(tmp_path: Path) -> None:
    (tmp_path / "v34").mkdir()
    (tmp_path / "v34/config.py").touch()
    (tmp_path / "shared").mkdir()
    code = (
        "import sys, timmy_tui.bootstrap.startup, timmy_tui.bootstrap.dashboard, timmy_tui.cli\n"
        "timmy_tui.bootstrap.startup.terminal_problem = str\n"
        "timmy_tui.bootstrap.dashboard.open_live = lambda timmy, options: print(\n"
        "    options.plain, timmy.root, options.read_only, options.no_services, 'click' in sys.modules)\n"
        "timmy_tui.cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--root", str(tmp_path), "--ascii", "--read-only"],
        capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == f"True {tmp_path} True False False\n"
