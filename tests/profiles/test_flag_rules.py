"""What a profile may say of switches that can be changed; what does not fit together is named."""

from pathlib import Path

import pytest

from tests.profiles.worlds import PROFILE, write
from timmy_tui.core.errors import TimmyError
from timmy_tui.profiles.load import load, names, read
from timmy_tui.profiles.switches import switch_file_of, switches_of

SWITCHES = """
[control]
file = "~/box/switches.json"
unit = "box.service"
[[event]]
name = "switch"
take.value = {path = "value", unit = "text"}
[[flag]]
key = "loud"
label = "loud"
value = "switch.value"
stored = "loud_enabled"
default = false
[[flag]]
key = "speed"
label = "speed"
value = "switch.value"
stored = "speed"
type = "float"
default = 2
least = 1
most = 4
taken = "start"
"""
WHOLE = PROFILE + SWITCHES


def test_a_whole_one_is_read(tmp_path: Path) -> None:
    own = read(write(tmp_path, WHOLE))
    file = switch_file_of(own)
    assert file is not None and (file.path, file.unit) == ("~/box/switches.json", "box.service")
    loud, speed = switches_of(own)
    assert (loud.stored, loud.default, loud.taken, loud.type) == ("loud_enabled", False, "live", bool)
    assert (speed.default, type(speed.default), speed.least, speed.most, speed.taken) == (2.0, float, 1, 4, "start")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        pytest.param('[control]\nfile = "~/box/switches.json"\nunit = "box.service"\n', "",
                     "flag loud is stored as 'loud_enabled', and no control.file says where", id="no file"),
        pytest.param('"~/box/switches.json"', '"switches.json"', "is not a whole path", id="relative"),
        pytest.param('"~/box/switches.json"', '"~root/switches.json"', "is not a whole path", id="another home"),
        pytest.param("switches.json", "switches.toml", "is not a .json file", id="another kind"),
        pytest.param('"box.service"', '"box; rm -rf"', "is not the whole name of a unit", id="no unit"),
        pytest.param('"box.service"', '"-box.service"', "is not the whole name of a unit", id="an option"),
        pytest.param('"box.service"', '"box"', "such as box.service", id="half a name"),
        pytest.param("default = false\n", "", "flag loud is stored, and has no default", id="no default"),
        pytest.param("default = false", "default = 0", "default has 0, which is not of type bool", id="a number"),
        pytest.param("default = 2", "default = true", "default has True, which is not of type float", id="a bool"),
        pytest.param("default = 2", "default = 5", "its default is not one of the values", id="out of range"),
        pytest.param("default = 2", "default = 2\nchoices = [1, 3]", "its default is not one", id="not a choice"),
        pytest.param("default = 2", 'default = 2\nchoices = ["2"]', "choices has '2', which is not", id="choice"),
        pytest.param("least = 1", "least = 5", "least is above most", id="crossed"),
        pytest.param("default = false", "default = false\nleast = 0", "least and most are for numbers", id="least"),
        pytest.param('taken = "start"', 'taken = "soon"', "invalid enum value 'soon'", id="taken"),
        pytest.param('stored = "speed"', 'stored = "loud_enabled"', "two flags are stored as 'loud_enabled'", id="two"),
        pytest.param("unit =", "uni =", "uni", id="a wrong key"),
    ],
)  # fmt: skip
def test_each_fault_has_its_word(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in WHOLE
    with pytest.raises(TimmyError) as error:
        read(write(tmp_path, WHOLE.replace(old, new, 1) if old != "switches.json" else WHOLE.replace(old, new)))
    assert word in str(error.value)


def test_one_that_others_can_write_may_not_name_what_is_changed(tmp_path: Path) -> None:
    own = write(tmp_path, WHOLE)
    own.chmod(0o666)
    with pytest.raises(TimmyError, match="other users can write"):
        read(own)
    plain = write(tmp_path, PROFILE)
    plain.chmod(0o666)
    assert read(plain).control is None


def test_a_file_in_which_nothing_is_stored_is_named(tmp_path: Path) -> None:
    with pytest.raises(TimmyError, match="no ..flag.. says what is stored in it"):
        read(write(tmp_path, PROFILE + '[control]\nfile = "/box.json"\n'))


@pytest.mark.parametrize("name", sorted({*names()} - {"little-timmy-v2"}))
def test_every_other_shipped_system_is_only_read(name: str) -> None:
    assert switch_file_of(load(name)) is None


def test_little_timmy_v2_has_the_switches_of_its_source() -> None:
    """Name, type, default, and whether a process that runs takes a value of the file over (its commit cebf040)."""
    told = {one.stored: (one.type, one.default, one.taken) for one in switches_of(load("little-timmy-v2"))}
    assert told == {
        "conversation_model_id": (str, "qwen36", "live"), "tts_muted": (bool, False, "live"),
        "hearing_enabled": (bool, True, "start"), "vision_auto_poll_enabled": (bool, True, "start"),
        "face_shadow_enabled": (bool, False, "live"), "face_authority": (str, "pi", "live"),
        "face_authority_frames": (int, 3, "live"), "idle_recognition_enabled": (bool, False, "live"),
        "proactive_speech_enabled": (bool, False, "live"), "classifier_enabled": (bool, False, "live"),
        "query_resolution_enabled": (bool, False, "live"), "speculative_coref_enabled": (bool, False, "live"),
        "needs_retrieval_gate": (bool, False, "live"), "guest_mode": (bool, False, "live"),
        "conversation_idle_gate_seconds": (float, 20.0, "live"), "auto_enroll_enabled": (bool, True, "live"),
        "vision_proximity_gate_enabled": (bool, False, "live"), "capture_vad_threshold": (float, 0.3, "start"),
        "capture_energy_floor": (float, 0.0, "start"),
    }  # fmt: skip
    (model,) = (one for one in switches_of(load("little-timmy-v2")) if one.read_only)
    assert model.stored == "conversation_model_id"
