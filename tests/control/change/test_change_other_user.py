"""A v34 that another user runs: this user may see its port, and not what it is."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.services import DemoV34
from tests.control.shell import Shell

NOBODY = 65534
pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="to be another user takes root and setpriv"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="timmy-other-user-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def as_nobody(shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of a user who owns Timmy's files and the state, and not the process."""
    for path in (shell.root, *shell.root.rglob("*"), shell.state.parent, *shell.state.parent.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    privileges = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    return shell.run(*arguments, before=("setpriv", *privileges))


@pytest.mark.parametrize("command", [("flip", "tail-mode", "on"), ("restart",)])
def test_what_cannot_be_seen_is_not_restarted(folder: Path, command: tuple[str, ...]) -> None:
    with DemoV34(folder / "timmy", conversation=False) as v34:
        before = v34.contents()
        done = as_nobody(Shell(v34.root, folder / "home"), *command, "--yes", "--now")
        assert done.returncode == 1
        assert "is served by a process that cannot be seen from here" in done.stdout + done.stderr
        assert v34.contents() == before


def test_its_files_are_read_all_the_same(folder: Path) -> None:
    with DemoV34(folder / "timmy", conversation=False) as v34:
        done = as_nobody(Shell(v34.root, folder / "home"), "flags")
        assert done.returncode == 0 and "tail-mode" in done.stdout and "Traceback" not in done.stderr
