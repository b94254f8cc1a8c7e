"""Flags of every type from the typed word to the byte, several as one change, and which of them is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import NO_SERVICE, ControlHarness, controller_on
from tests.control.services import Service
from tests.control.timmy_files import aged
from timmy_tui.control.change.planner import requested_values
from timmy_tui.core.settings import FlagSetting
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip, Undo

OWN = {
    "store": FlagSetting(name="STORE_ALL", type="bool", label="store all"),
    "retries": FlagSetting(name="RETRIES", type="int", file="shared/own.py"),
    "warmth": FlagSetting(name="WARMTH", type="float"),
    "voice": FlagSetting(name="VOICE", type="str", choices=("amy", "joe")),
    "model-beside": FlagSetting(name="MODEL_NAME", type="str", file="shared/own.py"),
}


@pytest.fixture
def harness(root: Path, config: Path, state: Path) -> Iterator[ControlHarness]:
    config.write_text(config.read_text() + "STORE_ALL = False\nWARMTH = 0.7\nVOICE = 'amy'  # who\n")
    (root / "shared/own.py").write_text("RETRIES = 3\nMODEL_NAME = 'small'\n")
    aged(config)
    aged(root / "shared/own.py")
    with controller_on(Service(root), state, replace(NO_SERVICE, flags=OWN)) as harness:
        yield harness


@pytest.mark.parametrize(
    ("key", "value", "file", "line"),
    [
        ("store", "on", "v34/config.py", "STORE_ALL = True\n"),
        ("retries", "-4", "shared/own.py", "RETRIES = -4\n"),
        ("warmth", "1", "v34/config.py", "WARMTH = 1.0\n"),
        ("warmth", "0.25", "v34/config.py", "WARMTH = 0.25\n"),
        ("voice", "joe", "v34/config.py", "VOICE = 'joe'  # who\n"),
    ],
)
def test_a_flag_of_the_users_own_goes_and_comes_back(
    harness: ControlHarness, key: str, value: str, file: str, line: str
) -> None:
    before = (harness.root / file).read_bytes()
    harness.flip(key, value)
    assert line in (harness.root / file).read_text()
    harness.answer("keep")
    harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert (harness.root / file).read_bytes() == before


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ((("store", "on"), ("warmth", "hot")), "warmth cannot be 'hot'; it takes a number"),
        ((("store", "on"), ("debug-mode", "on")), "overwrites it"),
        ((("store", "on"), ("no-such", "on")), "there is no flag no-such"),
        ((("store", "on"), ("voice", "eve")), "it takes amy, joe"),
        ((("store", "on"), ("store", "off")), "asked for twice"),
        ((("tail-mode", "on"), ("USE_FULL_MEGA_PROMPT", "off")), "asked for twice"),
        ((("store", "off"),), "has that value already"),
        ((("warmth", "nan"),), "cannot be 'nan'"),
    ],
)
def test_of_several_flags_one_that_is_refused_refuses_them_all(
    harness: ControlHarness, values: tuple[tuple[str, str], ...], why: str
) -> None:
    before = harness.contents()
    plan = harness.plan(Flip(values))
    assert why in plan.refusal and plan.planned == ()
    assert harness.contents() == before and harness.stages() == []


def test_a_flag_beside_a_bad_pair_is_not_forgotten(harness: ControlHarness) -> None:
    plan = harness.plan(Flip((("tail-mode", "on"), ("retrieved-chunks", "3"))))
    assert plan.label == "tail mode off→on, raw on→off, retrieved chunks 5→3"
    assert plan.other is not None and plan.other.label == "tail mode off→on, retrieved chunks 5→3"
    only = harness.plan(Flip((("tail-mode", "on"), ("retrieved-chunks", "3")), only=True))
    assert only.label == "tail mode off→on, retrieved chunks 5→3" and only.other is None


def test_several_flags_are_one_change_and_one_undo(harness: ControlHarness) -> None:
    before = harness.contents(), (harness.root / "shared/own.py").read_bytes()
    harness.start(Flip((("store", "on"), ("retries", "5"), ("raw", "off"))))
    harness.until_choice("undo")
    assert len({op for op, _ in harness.stages()}) == 1
    harness.answer("undo")
    assert (harness.contents(), (harness.root / "shared/own.py").read_bytes()) == before


def test_a_change_that_is_taken_up_knows_its_flag_by_file_and_name(harness: ControlHarness) -> None:
    """Two files may have a constant of the same name; only one of them is shown by turns."""
    harness.flip("model-beside", "tiny")
    ((flag, value),) = requested_values(harness.open_operation, harness.timmy)
    assert (flag.key, value) == ("model-beside", "tiny")


def test_a_value_of_another_type_in_the_file_is_refused_in_words(harness: ControlHarness) -> None:
    harness.config.write_text(harness.config.read_text().replace("WARMTH = 0.7", "WARMTH = 1"))
    refusal = harness.plan(Flip((("warmth", "1.0"),))).refusal
    assert refusal and "int" in refusal
