"""A killed change, and a second writer: the harness of bench/changes/control.py with fewer rounds."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(what: str, rounds: int) -> dict[str, int]:
    """In a process of its own: it forks."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.changes.control", what, str(rounds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=55,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def test_c6_a_kill_at_any_instant_leaves_old_or_new_and_is_classified() -> None:
    counts = run("kills", 12)
    assert counts["torn"] == counts["changed by someone else"] == counts["wrong rollback"] == counts["left"] == 0
    assert counts["open"] == counts["not applied"] + counts["half applied"] + counts["applied"] == 12


def test_c4_no_save_of_another_writer_is_lost() -> None:
    counts = run("flips", 60)
    assert counts["lost"] == 0
    assert counts["made"] == 60 and counts["user edits"] > 0
