"""A flag is added in one place, and every part of the program finds it there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import timmy_tui
from tests.control.timmy_files import lay_out

ROW = """
    Flag(
        key="length-limit",
        label="length limit",
        file=_CONFIG,
        constant="LENGTH_LIMIT",
        type=int,
        meaning={"": "Characters that count."},
        shown_by=EVERYTHING,
        turn=lambda turn: turn.text_length,
        touches=("prompt", "LLM"),
    ),
"""


def test_a_row_more_is_found_by_everything_that_reads_flags(tmp_path: Path) -> None:
    package = tmp_path / "copy/timmy_tui"
    shutil.copytree(Path(timmy_tui.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    table = package / "model/flags/table.py"
    head = "FLAGS: tuple[Flag, ...] = ("
    assert table.read_text().count(head) == 1
    table.write_text(table.read_text().replace(head, head + ROW))
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("one_flag_more.py")),
            str(package),
            str(lay_out(tmp_path / "timmy")),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        timeout=50,
    )
    assert done.stdout == "found everywhere\n", done.stderr
