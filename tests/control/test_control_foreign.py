"""What stands in files, tags, journal and logs never acts: not on a screen of the control room, not in the shell."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.places import CANARY, aged, git, lay_out
from tests.control.rooms import Seen, seen_at
from tests.ui.running import running
from tests.ui.snapshots import snapshot
from tests.ui.test_foreign import FORBIDDEN, check
from timmy_tui.control.journal.write_ahead import Entry
from timmy_tui.model.snapshot import Snapshot

EVIL = "\x1b]0;own\x07\x1b[2J\x9b31m\u202eabc\x7f[@click=app.quit]x[/foo] [bold]"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Evil in a comment of the line that changes, in a flag's value, in a tag's subject."""
    root = lay_out(tmp_path / "timmy")
    config = root / "v34/config.py"
    text = config.read_text()
    old = "USE_FULL_MEGA_PROMPT = True"
    assert old in text and "MODEL_NAME" in text
    lines = [f"MODEL_NAME = '{EVIL}'" if line.startswith("MODEL_NAME") else line for line in text.splitlines()]
    config.write_text("\n".join(lines).replace(old, f"{old}  # {EVIL}") + "\n")
    aged(config)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", EVIL)
    git(root, "tag", "-a", "evil-point", "-m", EVIL)
    return root


@pytest.fixture
def seen(root: Path, tmp_path: Path) -> Iterator[Seen]:
    with seen_at(root, tmp_path / "timmy_tui") as seen:
        seen.journal.append(Entry(op="one", stage="kept", label=EVIL, message=EVIL))
        seen.room._points.create("evil-note", note=EVIL)
        yield seen


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_no_view_of_the_control_room_lets_it_through(seen: Seen, size: tuple[int, int]) -> None:
    seen.room.see(Snapshot(log_tail=(("v34.log", EVIL),) * 9))
    seen.flip("on", "tail-mode")
    seen.room.look()
    async with running(snapshot(), size=size, control=seen.room) as shown:
        for key in ("1", "5", "j", "down", "enter", "escape", "i", "escape", "e", "escape", "u"):
            await shown.press(key)
            check(shown)
        assert shown.app.is_running and not seen.room.idle


async def test_no_question_lets_it_through(seen: Seen) -> None:
    seen.room.look()
    async with running(snapshot(), control=seen.room) as shown:
        await shown.press("t")
        await shown.until(lambda: "USE_FULL_MEGA_PROMPT = False" in shown.text())
        check(shown)
        assert "[@click=app.quit]x[/foo]" in shown.text() or "␛" in shown.text()
        await shown.press("escape")
    assert seen.stages() == [("one", "kept")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("flags",),
        ("journal",),
        ("restore-points", "list"),
        ("restore-points", "show", "evil-note"),
        ("flip", "tail-mode", "on"),
        ("flip", "model", EVIL, "--yes"),
        ("undo", EVIL, "--yes"),
        ("restore-points", "restore", EVIL.replace("\x00", ""), "--yes"),
    ],
)
def test_no_command_lets_it_through(seen: Seen, root: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "timmy_tui", *arguments, "--root", str(root)]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=50, env=environment, stdin=subprocess.DEVNULL
    )
    told = done.stdout + done.stderr
    assert told.strip() and "Traceback" not in told
    assert not (FORBIDDEN - {"\n"}) & set(told), repr(told)
    assert CANARY.decode() not in told
