"""What stands in files, tags, journal and logs never acts: not on a screen of control, not in the shell."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on
from tests.control.services import Service
from tests.control.shell import Shell
from tests.control.timmy_files import CANARY, aged, git, lay_out
from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from tests.ui.test_foreign import FORBIDDEN, check
from timmy_tui.control.journal.write_ahead import Entry
from timmy_tui.control.restore.points import RestorePoints
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
def shell(root: Path, tmp_path: Path) -> Shell:
    return Shell(root, tmp_path / "xdg")


@pytest.fixture
def harness(shell: Shell, service: Service) -> Iterator[ControlHarness]:
    """Evil in the journal and in the note of a restore point, too; beside the shell."""
    RestorePoints(shell.root, shell.state).create("evil-note", note=EVIL)
    with controller_on(service, shell.state) as harness:
        harness.journal.append(Entry(op="one", stage="kept", label=EVIL, message=EVIL))
        yield harness


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_no_view_of_control_lets_it_through(harness: ControlHarness, size: tuple[int, int]) -> None:
    harness.controller.observe(Snapshot(log_tail=(("v34.log", EVIL),) * 9))
    harness.flip("tail-mode", "on")
    harness.controller.poll()
    async with running_dashboard(snapshot(), size=size, control=harness.controller) as dashboard:
        for key in ("1", "5", "j", "down", "enter", "escape", "i", "escape", "e", "escape", "u"):
            await dashboard.press(key)
            check(dashboard)
        assert dashboard.app.is_running and not harness.controller.idle


async def test_no_question_lets_it_through(harness: ControlHarness) -> None:
    harness.controller.poll()
    async with running_dashboard(snapshot(), control=harness.controller) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "USE_FULL_MEGA_PROMPT = False" in dashboard.text())
        check(dashboard)
        assert "[@click=app.quit]x[/foo]" in dashboard.text() or "␛" in dashboard.text()
        await dashboard.press("escape")
    assert harness.stages() == [("one", "kept")]


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
def test_no_command_lets_it_through(harness: ControlHarness, shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell.run(*arguments)
    printed = done.stdout + done.stderr
    assert printed.strip() and "Traceback" not in printed
    assert not (FORBIDDEN - {"\n"}) & set(printed), repr(printed)
    assert CANARY.decode() not in printed
