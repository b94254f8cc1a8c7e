"""Tab in real shells completes commands, options and values; the program is light when a shell asks it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.programs import needs
from tests.tmux_pane import Pane
from timmy_tui.commands.setup.completion import VARIABLE
from timmy_tui.commands.shared.lazy_group import make_group
from timmy_tui.commands.table import COMMANDS

HEAVY = {"httpx", "numpy", "pandas", "plotext", "rich", "scipy", "textual"}
STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETS_UP = {
    "bash": "source <(timmy-tui completion bash)",
    "zsh": "autoload -U compinit && compinit -D && source <(timmy-tui completion zsh)",
    "fish": "timmy-tui completion fish | source",
}


def ask(words: Sequence[str]) -> list[str]:
    """What a shell is offered; the last word is not complete."""
    completer = ShellComplete(make_group(COMMANDS), {}, "timmy-tui", VARIABLE)
    return [item.value for item in completer.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["rep"], ["replay", "report"]),
        (["report", "--se"], ["--settings", "--sessions"]),
        (["--no"], ["--no-services"]),
        (["--ver"], ["--version"]),
        (["restore-points", "cr"], ["create"]),
        (["config", ""], ["check", "edit", "path", "show"]),
        (["trial", "st"], ["status", "start", "stop"]),
        (["flip", "tail"], ["tail-mode"]),
        (["flip", "tail-mode", ""], ["on", "off"]),
        (["flip", "tail-mode", "on", "ra"], ["raw"]),
        (["flip", "no-such-flag", ""], []),
        (["demo", "--scenario", "regr"], ["regression"]),
    ],
)
def test_what_is_offered(words: list[str], wanted: list[str]) -> None:
    assert sorted(ask(words)) == sorted(wanted)


def test_every_command_is_offered() -> None:
    assert ask([""]) == list(COMMANDS)


def test_completing_imports_nothing_heavy_and_no_command_that_is_not_named() -> None:
    code = (
        "import os, sys\nfrom timmy_tui.cli import main\nsys.argv = ['timmy-tui']\n"
        "for words in sys.stdin.read().splitlines():\n"
        "    os.environ.update(COMP_WORDS=words, COMP_CWORD=str(words.count(' ')))\n"
        "    try: main()\n"
        "    except SystemExit as end: print(';', end.code, *sys.modules)\n"
    )
    calls = ["timmy-tui re", *(f"timmy-tui {command} --" for command in COMMANDS)]
    done = subprocess.run(
        [sys.executable, "-c", code], input="\n".join(calls), capture_output=True, text=True, timeout=50,
        env={**os.environ, VARIABLE: "bash_complete"},
    )  # fmt: skip
    assert done.stderr == ""
    answers = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith(";")]
    assert "plain,report" in done.stdout and len(answers) == len(calls)
    commands = {target.partition(":")[0] for target, _ in COMMANDS.values()}
    assert "click" in answers[0] and not commands & set(answers[0])
    for call, (code_of_exit, *modules) in zip(calls, answers, strict=True):
        assert (code_of_exit, HEAVY & set(modules)) == ("0", set()), call


@pytest.mark.parametrize(
    "shell", [pytest.param(name, marks=[needs("tmux"), *([] if name == "bash" else [needs(name)])]) for name in STARTS]
)
def test_tab_in_a_real_shell(shell: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/timmy-tui"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m timmy_tui "$@"\n')
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parents[3]),
        "HOME": str(tmp_path), "PS1": "ready> ", "PROMPT": "ready> ",
    }  # fmt: skip
    with Pane(STARTS[shell], tmp_path, environment=environment) as pane:
        pane.until_it(str.strip)
        pane.type(SETS_UP[shell])
        pane.type("echo set''up")
        pane.until("\nsetup")
        pane.tmux("send-keys", "-t", "pane", "-l", "timmy-tui scr")
        pane.press("Tab")
        pane.until("timmy-tui screenshot")
        pane.tmux("send-keys", "-t", "pane", "-l", "--", "--si")
        pane.press("Tab")
        pane.until("timmy-tui screenshot --size")
