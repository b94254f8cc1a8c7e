"""Copying: the first program that takes it, named; else the terminal; else a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.ui.screenshot import Picture, screenshot
from timmy_tui.ui.terminal.clipboard import copy_text, save_text


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_tmux_is_asked_first(programs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(programs, "tmux", f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/text')
    program(programs, "clip.exe", "exit 1")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert copy_text("V2V 1.83s") == ("tmux", "")
    assert (tmp_path / "args").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "text").read_text() == "V2V 1.83s"


def test_a_program_that_fails_is_passed_over(programs: Path) -> None:
    program(programs, "clip.exe", "exit 1")
    assert copy_text("V2V") == ("OSC 52", "V2V")


def test_what_is_too_long_for_the_terminal_goes_into_a_file(programs: Path) -> None:
    route, sequence = copy_text("x" * 80_000)
    assert sequence == "" and Path(route).read_text() == "x" * 80_000


def test_two_files_of_one_second_do_not_overwrite_each_other() -> None:
    first, second = save_text("a", 1_764_350_000.0), save_text("b", 1_764_350_000.0)
    assert first != second and first.read_text() == "a" and second.read_text() == "b"


async def test_the_program_that_copied_is_named(programs: Path, tmp_path: Path) -> None:
    program(programs, "clip.exe", f"cat > {tmp_path}/text")
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("C")
        await dashboard.until(lambda: "copied by clip.exe" in dashboard.text())
    assert "V2V ≥3.14s" in (tmp_path / "text").read_text()


def test_a_picture_is_drawn_without_a_terminal() -> None:
    picture = screenshot(snapshot(), Picture(size=(100, 30), keys=("2",)))
    assert picture.startswith("<svg") and "following" in picture and "5s" in picture
