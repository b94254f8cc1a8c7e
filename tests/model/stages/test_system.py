"""Which system a process watches: chosen once, before anything uses it; each case in a process of its own."""

import subprocess
import sys

import pytest

OTHER = """
from timmy_tui.model.stages.table import Stage, StageTable
from timmy_tui.model.stages.system import System, choose, watched
row = Stage(key="only", label="ONLY", clock="one", owner="code", group="none", meaning="the whole turn", critical=True)
other = System(name="other", title="Other", stages=StageTable([row]))
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", OTHER + code], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def test_who_chooses_nothing_watches_little_timmy() -> None:
    assert run("from timmy_tui.model.stages.watched import KEYS; print(watched().name, KEYS[0])") == "v34 endpointing\n"


def test_what_is_chosen_before_is_the_table_of_all() -> None:
    code = "choose(other)\nimport timmy_tui.model.stages.watched as at\nprint(at.CRITICAL, at.HOPS, at.NETWORK)"
    assert run(code) == "('only',) () network\n"


@pytest.mark.parametrize("chosen", ["other", "watched()"])
def test_once_in_use_another_one_is_refused_and_the_same_one_is_not(chosen: str) -> None:
    refused = "v34 is watched already, other cannot be chosen any more"
    said = run(f"import timmy_tui.model.stages.watched\nchoose({chosen})\nprint('chosen')")
    assert (refused in said) == (chosen == "other")
    assert (said == "chosen\n") == (chosen != "other")
