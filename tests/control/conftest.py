"""What several tests of control begin with: files of a Timmy, and a controller on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on, controller_on_demo
from tests.control.services import Service
from tests.control.timmy_files import aged, git, lay_out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Timmy of files."""
    return lay_out(tmp_path / "timmy")


@pytest.fixture
def config(root: Path) -> Path:
    """Its config.py."""
    return root / "v34/config.py"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The user's state folder."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def backups(state: Path) -> Path:
    """Where copies of changed files go."""
    return state / "backups"


@pytest.fixture
def repository(root: Path) -> Path:
    """The user's repository: a tag, then an uncommitted edit, a staged one and an untracked file."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "v34", "shared/latency_tracker.py")
    git(root, "commit", "-qm", "first")
    git(root, "tag", "before-kv-cache-fix")
    aged(root / "v34/config.py", (root / "v34/config.py").read_bytes().replace(b"= 8000", b"= 4096"))
    aged(root / "v34/llm.py", (root / "v34/llm.py").read_bytes() + b"# staged\n")
    git(root, "add", "v34/llm.py")
    aged(root / "v34/new.py", b"NEW = 1\n")
    return root


@pytest.fixture
def service(root: Path) -> Service:
    """A v34 that nobody runs."""
    return Service(root)


@pytest.fixture
def harness(service: Service, state: Path) -> Iterator[ControlHarness]:
    """A controller on a Timmy whose v34 nobody runs."""
    with controller_on(service, state) as harness:
        yield harness


@pytest.fixture
def demo_harness(tmp_path: Path) -> Iterator[ControlHarness]:
    """A controller on a demo whose v34 runs, and to which nobody talks."""
    with controller_on_demo(tmp_path, talk=False) as harness:
        yield harness
