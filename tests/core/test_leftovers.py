"""What a killed process left beside its target goes, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from timmy_tui.core.private_file import replace_private
from timmy_tui.storage.parquet.files import replace_whole

KILLED = """
import os, signal, sys
from pathlib import Path
import timmy_tui.{module} as module
module.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
module.{name}(Path(sys.argv[1]), b"half")
"""


@pytest.mark.parametrize(
    ("module", "name", "write"),
    [
        ("storage.parquet.files", "replace_whole", replace_whole),
        ("core.private_file", "replace_private", replace_private),
    ],
)
def test_the_next_run_removes_what_a_killed_one_left(
    tmp_path: Path, module: str, name: str, write: Callable[[Path, bytes], None]
) -> None:
    target = tmp_path / "turns.csv"
    done = subprocess.run([sys.executable, "-c", KILLED.format(module=module, name=name), str(target)])
    assert done.returncode == -9 and [path.suffix for path in tmp_path.iterdir()] == [".tmp"]
    write(target, b"whole")
    assert [*tmp_path.iterdir()] == [target] and target.read_bytes() == b"whole"


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    gone, alive = ended.pid, os.getppid()
    foreign = [
        f".turns.csv.{alive}.tmp", f".other.csv.{gone}.tmp", f"turns.csv.{gone}.tmp", f".turns.csv.{gone}.tmp.gz",
        f".turns.csv.{gone}x.tmp", ".turns.csv.tmp", f".turnsXcsv.{gone}.tmp", f".turns.csv.0{gone}.tmp",
    ]  # fmt: skip
    for name in foreign:
        (tmp_path / name).write_text("mine")
    (tmp_path / f".turns.csv.{gone}9.tmp").mkdir()
    (tmp_path / f".turns.csv.{gone}8.tmp").symlink_to(tmp_path / foreign[0])
    before = {path.name for path in tmp_path.iterdir()}
    replace_whole(tmp_path / "turns.csv", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {*before, "turns.csv"}


def test_one_that_another_machine_still_writes_on_a_share_stays(tmp_path: Path) -> None:
    """Its process is not one of this machine; the lock that it holds tells."""
    import fcntl

    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    written = tmp_path / f".turns.csv.{ended.pid}.tmp"
    with written.open("wb") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        replace_whole(tmp_path / "turns.csv", b"whole")
        assert written.exists()
