"""Copying: the first program that takes it, named; else the terminal; else a file."""

from __future__ import annotations

import base64
import os
import pty
import re
import select
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.programs import needs
from tests.tmux_pane import Pane
from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from tests.waiting import wait_for
from timmy_tui.ui.application.screenshot import Picture, screenshot
from timmy_tui.ui.terminal import clipboard
from timmy_tui.ui.terminal.clipboard import LARGEST_OSC, copy_text, fits_terminal, save_text

DASHBOARD = [sys.executable, "-m", "tests.ui.dashboard_process"]
HEADLINE = "V2V ≥3.14s"
"""Of the made conversation."""


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def recorder(folder: Path, name: str) -> None:
    """A program that takes everything, and says so on both outputs."""
    kept = shlex.quote(str(folder / name))
    program(folder, name, f'echo "$@" > {kept}.args; cat > {kept}.text; echo loud; echo loud >&2')


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ahead of all others on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    for name in ("WAYLAND_DISPLAY", "DISPLAY", "STY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def everywhere(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In tmux, on WSL, under Wayland and X at once, every program there."""
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("tmux", "clip.exe", "wl-copy", "xclip", "xsel"):
        recorder(programs, name)
    return programs


def test_tmux_is_asked_first(everywhere: Path) -> None:
    assert copy_text("V2V ≥1.83s") == ("copied by tmux", "")
    assert (everywhere / "tmux.args").read_text() == "load-buffer -w -\n"
    assert (everywhere / "tmux.text").read_text() == "V2V ≥1.83s"
    assert not (everywhere / "clip.exe.text").exists()


@pytest.mark.parametrize("fault", ["exit 1", "cat; kill -SEGV $$", "", "echo no >&2; exit 3"])
def test_each_program_that_fails_is_passed_over_in_this_order(everywhere: Path, fault: str) -> None:
    order = [("tmux", "tmux"), ("clip.exe", "clip.exe"), ("wl-copy", "wl-copy"), ("xclip", "xclip"), ("xsel", "xsel")]
    for name, word in order:
        assert copy_text("V2V").words == f"copied by {word}"
        if fault:
            program(everywhere, name, fault)
        else:  # Not a program at all.
            (everywhere / name).write_bytes(b"\0\0")
    copied = copy_text("V2V")
    assert copied.for_terminal == "" and copied.words.startswith("no clipboard here; written: /")


def test_a_tmux_that_cannot_forward_has_its_own_buffer(everywhere: Path) -> None:
    program(everywhere, "tmux", '[ "$2" = "-w" ] && exit 1; cat > /dev/null')
    assert copy_text("V2V").words == "copied by tmux, its own buffer alone"


def test_windows_gets_what_it_reads(programs: Path) -> None:
    recorder(programs, "clip.exe")
    assert copy_text("V2V ≥1.83s").words == "copied by clip.exe"
    assert (programs / "clip.exe.text").read_bytes().decode("utf-16-le") == "V2V ≥1.83s"


def test_a_program_that_hangs_is_ended(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "LIMIT_S", 0.2)
    pid = programs / "pid"
    program(programs, "clip.exe", f"echo $$ > {pid}; exec sleep 60")
    assert copy_text("V2V").for_terminal == "V2V"
    assert not psutil.pid_exists(int(pid.read_text()))


def test_a_program_that_stays_to_serve_the_text_has_copied(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So do xclip, xsel and wl-copy, and what stays has their output open.
    monkeypatch.setenv("DISPLAY", ":0")
    pid = programs / "pid"
    program(programs, "xclip", f"cat > {programs}/text; (echo here; exec sleep 600) & echo $! > {pid}")
    assert copy_text("V2V").words == "copied by xclip"
    stays = psutil.Process(int(pid.read_text()))
    try:
        assert stays.is_running() and os.getsid(stays.pid) != os.getsid(0)  # It outlives the pane.
    finally:
        stays.kill()


@pytest.mark.parametrize(
    ("name", "value"), [("TMUX", "/tmp/x,1,0"), ("STY", "1.pts"), ("TERM", "linux"), ("TERM", "dumb")]
)
def test_where_the_terminal_would_drop_it_a_file_has_it(
    programs: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    program(programs, "tmux", "exit 1")
    monkeypatch.setenv(name, value)
    copied = copy_text("V2V")
    assert copied.for_terminal == "" and Path(copied.words.partition("written: ")[2]).read_text() == "V2V"
    assert copy_text("V2V", "/there").words == "no clipboard here; written: /there"


def test_what_is_too_long_for_the_terminal_goes_into_a_file(programs: Path) -> None:
    longest = LARGEST_OSC // 4 * 3
    assert fits_terminal("x" * longest) and not fits_terminal("x" * (longest + 1))
    assert copy_text("x" * longest).for_terminal == "x" * longest
    copied = copy_text("x" * (longest + 1))
    assert copied.for_terminal == ""
    assert Path(copied.words.partition("written: ")[2]).read_text() == "x" * (longest + 1)


def test_where_nothing_can_be_written_either_that_is_an_error(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(programs / "file"))
    (programs / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        copy_text("V2V")


def test_two_files_of_one_second_do_not_overwrite_each_other() -> None:
    first, second = save_text("a", 1_764_350_000.0), save_text("b", 1_764_350_000.0)
    assert first != second and first.read_text() == "a" and second.read_text() == "b"


async def test_the_program_that_copied_is_named(programs: Path) -> None:
    recorder(programs, "clip.exe")
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("C")
        await dashboard.until(lambda: "copied by clip.exe" in dashboard.text())
    assert HEADLINE in (programs / "clip.exe.text").read_bytes().decode("utf-16-le")


async def test_one_key_copies_and_writes_a_file(programs: Path) -> None:
    recorder(programs, "clip.exe")
    async with running_dashboard(snapshot(), (160, 30)) as dashboard:
        await dashboard.press("F")
        await dashboard.until(lambda: "copied by clip.exe; written: /" in dashboard.text())
        words = dashboard.app.events[-1].text
    text = Path(words.partition("written: ")[2]).read_text()
    assert HEADLINE in text and text == (programs / "clip.exe.text").read_bytes().decode("utf-16-le")


@needs("tmux")
def test_a_real_tmux_has_it_in_its_buffer(tmp_path: Path) -> None:
    with Pane(DASHBOARD, tmp_path, environment={"PATH": "/usr/bin:/bin"}) as pane:
        pane.until(HEADLINE, "quit")
        pane.press("C")
        pane.until("copied by tmux")
        shown = pane.tmux("show-buffer")
        assert HEADLINE in shown and "tail mode" in shown and "weather" not in shown


def until_read(master: int, look: Callable[[bytes], object]) -> bytes:
    """What the program has written, as soon as ``look`` finds something true in it."""
    output = bytearray()

    def read() -> bool:
        if select.select([master], [], [], 0)[0]:
            output.extend(os.read(master, 65536))
        return bool(look(bytes(output)))

    wait_for(read, lambda: bytes(output[-2000:]))
    return bytes(output)


def test_a_terminal_is_sent_osc_52(programs: Path) -> None:
    pid, master = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        environment = {**os.environ, "COLUMNS": "120", "LINES": "30"}
        environment.pop("TMUX", None)
        os.execvpe(DASHBOARD[0], DASHBOARD, environment)
    try:
        until_read(master, lambda output: HEADLINE.encode() in output)
        os.write(master, b"C")
        sent = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07")
        (encoded,) = sent.findall(until_read(master, lambda output: sent.search(output) and b"OSC 52" in output))
        assert HEADLINE in base64.b64decode(encoded).decode()
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(master)


def test_a_picture_is_drawn_without_a_terminal() -> None:
    picture = screenshot(snapshot(), Picture(size=(100, 30), keys=("2",)))
    assert picture.startswith("<svg") and "following" in picture and "5s" in picture
