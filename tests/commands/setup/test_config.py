"""``timmy-tui config``: what applies, what is wrong with it, and an editor on it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.programs import needs
from tests.tmux_pane import Pane
from timmy_tui.core.settings import Settings, load_settings

PROGRAM = [sys.executable, "-m", "timmy_tui", "config"]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home), "LC_ALL": "C.UTF-8"}
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=50, env=environment)


def folder(home: Path, **files: str) -> Path:
    """The configuration folder with these files, named without ``.toml``."""
    own = home / "timmy_tui"
    (own / "themes").mkdir(parents=True)
    for name, text in files.items():
        path = own / f"{name.replace('__', '/')}.toml"
        path.write_text(text)
        path.chmod(0o600)
    return own


def test_what_is_shown_reads_back_as_what_applies(tmp_path: Path) -> None:
    text = '[view]\nwindow = 30\n[control]\ncommand = ["a b", "\\"c"]\n'
    text += '[flags."x y"]\nname = "X"\ntype = "int"\nchoices = [1, 2]\n'
    own = folder(tmp_path, settings=text)
    shown = run(tmp_path, "show").stdout
    assert "window = 30  # default: 20" in shown and "turns = 500\n" in shown
    again = tmp_path / "again.toml"
    again.write_text(shown)
    again.chmod(0o600)
    assert load_settings(again) == load_settings(own / "settings.toml")
    assert json.loads(run(tmp_path, "show", "--json").stdout)["view"]["window"] == 30


def test_without_a_file_the_defaults_are_shown(tmp_path: Path) -> None:
    done = run(tmp_path, "show")
    assert "does not exist: these are the defaults" in done.stdout
    assert tomllib.loads(done.stdout)["tail"]["poll_ms"] == Settings().tail.poll_ms
    assert run(tmp_path, "path").stdout == f"{tmp_path}/timmy_tui/settings.toml\n"
    assert run(tmp_path, "check").returncode == 0


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    folder(tmp_path, settings='[services]\nollama = "http://me:secret@box:1"\n')
    for arguments in (["show"], ["show", "--json"]):
        done = run(tmp_path, *arguments)
        assert "box:1" in done.stdout and "secret" not in done.stdout + done.stderr


def test_the_check_finds_every_fault_of_every_file(tmp_path: Path) -> None:
    own = folder(
        tmp_path,
        settings='[view]\nthem = "x"\nwindow = "x"\n',
        keymap='help = "f2"\nfreez = "z"\n',
        themes__mine='[palette]\n[roles]\ntextt = "red"\n',
    )
    done = run(tmp_path, "check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{own}/settings.toml:2: unknown key view.them. Did you mean view.theme?",
        f"{own}/settings.toml:3: view.window: expected `int`, got `str`.",
        "keymap.toml:2: there is no command freez; did you mean freeze?",
        "mine.toml: unknown role textt. Did you mean text?",
    ]


def test_a_name_that_no_restart_strategy_has_is_found(tmp_path: Path) -> None:
    own = folder(tmp_path, settings='[control]\nstrategy = "relod"\n')
    done = run(tmp_path, "check")
    assert done.returncode == 1 and "relod" in done.stdout and str(own) in done.stdout


def test_an_editor_needs_a_terminal(tmp_path: Path) -> None:
    done = run(tmp_path, "edit")
    assert done.returncode == 1 and "an editor needs a terminal" in done.stderr
    assert not (tmp_path / "timmy_tui").exists()


@needs("tmux")
@pytest.mark.parametrize(
    ("edit", "wanted"), [("true", "settings.toml: ok"), ("sed -i s/#window/windwo/", "view.window?")]
)
def test_a_new_file_has_the_defaults_and_is_checked_after_the_editor(tmp_path: Path, edit: str, wanted: str) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "EDITOR": edit, "VISUAL": ""}
    with Pane(["sh", "-c", f"{' '.join(PROGRAM)} edit; cat"], tmp_path, environment=environment) as pane:
        pane.until(wanted)
    path = tmp_path / "timmy_tui/settings.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    if edit == "true":
        assert load_settings(path) == Settings()
