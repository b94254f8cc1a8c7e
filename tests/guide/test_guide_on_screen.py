"""The guide by the keys that README names for it, on the screen as tmux shows it."""

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.control.timmy_files import git
from tests.guide.timmy import TAG, GuidedTimmy, guided_timmy
from tests.programs import needs
from tests.tmux_pane import Pane

pytestmark = needs("tmux")


@pytest.fixture(scope="module")
def timmy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuidedTimmy]:
    """One Timmy for the whole guide."""
    with guided_timmy(tmp_path_factory.mktemp("guide")) as timmy:
        yield timmy


@pytest.fixture(scope="module")
def pane(timmy: GuidedTimmy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pane]:
    """The dashboard, on screen 5, as soon as it has seen a turn of this Timmy."""
    command = [sys.executable, "-m", "timmy_tui", *timmy.shell.options]
    with Pane(command, tmp_path_factory.mktemp("tmux"), (120, 40), timmy.shell.environment) as pane:
        pane.until("▆ LLM", "6 sources ok")
        pane.press("5")
        pane.until("who decides, what it means")
        yield pane


def choose(pane: Pane, row: str) -> None:
    """Go down to the row that begins so, and press Enter."""
    pane.press("Home")
    for _ in range(60):
        if re.search(rf"^> +{row}", pane.text(), re.M):
            pane.press("Enter")
            return
        before = cursor(pane.text())
        pane.press("Down")
        pane.until_it(partial(moved, before))
    raise AssertionError(pane.text())


def moved(before: str, text: str) -> bool:
    """The cursor is on another row than ``before``."""
    return cursor(text) != before


def cursor(text: str) -> str:
    """The row with the cursor."""
    found = re.search(r"^> .*", text, re.M)
    return found[0] if found else ""


def go_ahead(pane: Pane, question: str, *end: str) -> str:
    """Answer the question, and wait until its change has ended so."""
    pane.until(question, "y go ahead")
    pane.press("y")
    return pane.until(*end)


def serves(pane: Pane, question: str, change: str) -> None:
    """Answer the question, and wait until the change has ended and v34 serves."""
    go_ahead(pane, question)
    pane.until_ended(change, "done, v34 serves")


def criterion(pane: Pane, row: str) -> None:
    """Look for it among all criteria on screen 4, and return to screen 5."""
    pane.press("4")
    pane.until("more criteria  Enter")
    pane.press("Enter")
    pane.until_it(lambda text: "Esc back" in text and re.search(row, text))
    pane.press("Escape")
    pane.until("more criteria  Enter")
    pane.press("5")
    pane.until("who decides, what it means")


def test_b_makes_a_restore_point(pane: Pane, timmy: GuidedTimmy) -> None:
    pane.press("*")
    pane.until("keeps the code files", "y go ahead")
    pane.press("y")
    pane.until_it(lambda text: re.search(r"^  \S+ +[\d:]+ +own", text, re.M) and TAG in text)


def test_enter_on_raw_is_change_1_and_o_leaves_tail_mode_as_it_is(pane: Pane, timmy: GuidedTimmy) -> None:
    choose(pane, "raw ")
    pane.until("v34/app.py", "o only raw on→off")
    pane.press("o")
    pane.until("raw on→off  kept", "2 turns show it")
    assert "raw=False" in (timmy.root / "v34/app.py").read_text()
    assert "USE_FULL_MEGA_PROMPT = True" in (timmy.root / "v34/config.py").read_text()


def test_4_has_the_criteria_of_phase_1(pane: Pane, timmy: GuidedTimmy) -> None:
    criterion(pane, r"pass +context arrays returned: \d+ of \d+ turns")


def test_t_is_change_2(pane: Pane, timmy: GuidedTimmy) -> None:
    pane.press("t")
    go_ahead(pane, "tail mode off→on", "tail mode off→on  kept", "2 turns show it")
    criterion(pane, r"pass +tail mode on: on in \d+ of \d+ turns")


def test_2_has_the_newest_turns(pane: Pane) -> None:
    pane.press("2")
    assert len(re.findall(r"^.*\bV2V\b.*$", pane.until("V2V"), re.M)) >= 1
    pane.press("5")


def test_u_is_the_rollback(pane: Pane, timmy: GuidedTimmy) -> None:
    pane.press("u")
    serves(pane, "undo tail mode off→on", "undo tail mode off→on")
    assert "USE_FULL_MEGA_PROMPT = True" in (timmy.root / "v34/config.py").read_text()


def test_enter_on_the_tag_restores_it_and_return_to_latest_comes_back(pane: Pane, timmy: GuidedTimmy) -> None:
    changed = timmy.code()
    choose(pane, TAG)
    serves(pane, f"restore {TAG}", f"restore {TAG}")
    assert timmy.code() == timmy.code(TAG) != changed
    choose(pane, "return to latest")
    serves(pane, "as before the first restore", "return to latest")
    assert timmy.code() == changed
    assert git(timmy.root, "rev-parse", "--abbrev-ref", "HEAD") == "main\n"


def test_r_is_the_restart_in_the_control_panel(pane: Pane, timmy: GuidedTimmy) -> None:
    pane.press("r")
    serves(pane, "restart v34", "restart v34")


def test_every_key_of_readmes_table_was_pressed() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    table = text.split("| the guide | on the screen | from the shell |")[1].split("\n\n")[0]
    keys = {key for row in table.splitlines()[2:] for key in re.findall(r"`([^`]+)`", row.split("|")[2])}
    assert keys - {"git commit", "h"} <= {"*", "Enter", "o", "t", "r", "u", "4", "2", "5"}
