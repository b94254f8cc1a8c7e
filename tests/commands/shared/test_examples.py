"""The example in the help of every command: it is there, it is well-formed, and what needs no running Timmy runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tests.commands.every_command import commands
from timmy_tui.commands.shared.lazy_group import run
from timmy_tui.commands.table import COMMANDS
from timmy_tui.demo.generated.conversation import ConversationPlan, recent_start, write_logs

NEED_A_TERMINAL = {"dashboard", "demo", "replay", "serve", "config edit"}
NEED_A_RUNNING_TIMMY = {
    "doctor", "probe", "warm", "flags", "flip", "restart", "undo", "keep", "trial", "restore-points create",
    "restore-points list", "restore-points show", "restore-points restore",
}  # fmt: skip
"""Their examples are only parsed here: `keep` and `restore` also need a change that is open."""
EXAMPLE = re.compile(r"Example: timmy-tui (.+)")


def examples() -> dict[str, list[str]]:
    """Command → the words of the example in its help, as a user sees it."""
    found = {}
    for name, command in commands():
        help_text = command.get_help(click.Context(command, info_name=name, max_content_width=100))
        example = EXAMPLE.search(help_text)
        assert example is not None, name
        found[name] = shlex.split(example[1])
    return found


def test_every_example_is_of_its_own_command_and_well_formed() -> None:
    by_name = dict(commands())
    for name, words in examples().items():
        own = name.split()
        assert words[: len(own)] == own
        context = by_name[name].make_context(name, words[len(own) :])
        assert context.params is not None


def test_the_examples_that_need_no_running_timmy_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_logs(tmp_path, ConversationPlan(44, seed=3, start=recent_start(44, (0.4, 1.4))))
    (tmp_path / "v34").mkdir(exist_ok=True)
    (tmp_path / "v34/config.py").touch()
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    for name, words in examples().items():
        if name not in NEED_A_TERMINAL | NEED_A_RUNNING_TIMMY:
            monkeypatch.setattr("sys.argv", ["timmy-tui", *words])
            code = run(COMMANDS)
            printed = capsys.readouterr()
            assert code == 0, (name, printed)
            assert printed.out.strip() or name == "regressions", name
    assert (tmp_path / "turns.svg").stat().st_size > 1000
