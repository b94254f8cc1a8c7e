"""Flips of switches that a system looks up in its file: written, taken, noticed when written over, undone."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.control.switches.standin import DEFAULTS, REPOSITORY
from tests.control.switches.world import Room, World
from timmy_tui.control.edit.transaction import plan, write
from timmy_tui.control.journal.write_ahead import Entry, FileState, file_records
from timmy_tui.control.switches import change as switch_change
from timmy_tui.control.switches.flags import SwitchFlags
from timmy_tui.core.errors import ControlError
from timmy_tui.core.settings import Settings, SystemSettings
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import CreatePoint, Flip, Restart, Restore, RestoreLatest, Undo

MUTE = Flip((("muted", "on"),))


def test_a_flip_is_shown_written_taken_and_seen_to_stay(world: World, room: Room) -> None:
    before = world.file.read_bytes()
    with world.standin() as v2:
        assert v2.get("tts_muted") is False
        shown = room.start(MUTE)
        assert shown.label == "muted off→on"
        line = before[: before.index(b"tts_muted")].count(b"\n") + 1
        assert shown.preview == (
            f"{world.file}:{line}", '- "tts_muted": false', '+ "tts_muted": true',
            "it is looked up at its next use: nothing restarts, and no turn is cut",
        )  # fmt: skip
        ended = room.ended()
        assert (ended.state, ended.message) == (ChangeState.KEPT, "kept, the file says so")
        assert v2.get("tts_muted") is True
    assert world.file.read_bytes() == before.replace(b'"tts_muted": false', b'"tts_muted": true')
    assert world.marks == [("change", "muted off→on")]
    assert (world.newest.stage, world.newest.strategy) == ("kept", "live")
    assert not world.log.exists(), "an edit of the file makes no line in the log"


def test_an_undo_is_byte_exact_while_nobody_else_has_written(world: World, room: Room) -> None:
    before = world.file.read_bytes()
    room.flip("muted", "on")
    plan = room.start(Undo())
    assert f"{world.file}: byte for byte as before" in plan.preview
    assert room.ended().state is ChangeState.ROLLED_BACK
    assert world.file.read_bytes() == before
    assert [one.stage for one in world.journal.operations()] == ["rolled back", "rolled back"]
    assert "undone already" in room.plan(Undo()).refusal


def test_an_undo_puts_back_one_value_alone_where_the_system_has_written_since(world: World, room: Room) -> None:
    world.write('{\n  "tts_muted": false,\n  "mine": [1,  2]\n}')
    with world.standin() as v2:
        room.flip("muted", "on")
        v2.set("classifier_enabled", True)
        plan = room.start(Undo())
        assert any("Only this is put back" in line for line in plan.preview)
        room.ended()
        assert (v2.get("tts_muted"), v2.get("classifier_enabled")) == (False, True)
    assert world.values() == {**DEFAULTS, "classifier_enabled": True}


@pytest.mark.usefixtures("longer")
def test_an_undo_during_the_check_is_taken_at_once(world: World, room: Room) -> None:
    before = world.file.read_bytes()
    room.start(MUTE)
    room.until_state(ChangeState.VERIFYING)
    room.controller.answer("undo")
    assert room.ended().state is ChangeState.ROLLED_BACK
    assert world.file.read_bytes() == before


def test_a_value_that_the_file_lacks_is_put_in_and_taken_out_again(world: World, room: Room) -> None:
    world.write('{\n  "hearing_enabled": true\n}')
    assert room.flag("muted").file_value == "off"
    assert room.flag("muted").meaning == "replies are not spoken (the default: not in the file)"
    assert room.plan(Flip((("muted", "off"),))).done == f"{world.file} says so already"
    room.flip("muted", "on")
    assert world.file.read_text() == '{\n  "hearing_enabled": true,\n  "tts_muted": true\n}'
    room.run(Undo())
    assert world.file.read_text() == '{\n  "hearing_enabled": true\n}'
    room.flip("muted", "on")
    world.write('{"tts_muted": true, "classifier_enabled": false}')
    room.run(Undo())
    assert world.values() == {"classifier_enabled": False}


@pytest.fixture
def longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at for a second, so that another process can write it meanwhile."""
    monkeypatch.setattr(switch_change, "VERIFY_S", 1.5)


@pytest.mark.usefixtures("longer")
def test_what_the_system_writes_over_a_flip_is_noticed(world: World, room: Room) -> None:
    """It had read the file before the flip, and stores another switch behind it: its whole state, ours not in it."""
    with world.standin() as v2:
        v2.call("load")
        room.start(MUTE)
        room.until_state(ChangeState.VERIFYING)
        v2.call("save", "classifier_enabled", True)
        ended = room.ended()
    assert ended.state is ChangeState.NEEDS_ATTENTION
    assert ended.message == "somebody has written over it, and muted says off again: flip it once more"
    assert world.newest.stage == str(FileState.CHANGED)
    assert world.values() == {**DEFAULTS, "classifier_enabled": True}
    assert room.plan(MUTE).refusal == ""


@pytest.mark.usefixtures("longer")
def test_what_the_system_writes_with_the_flip_in_it_keeps_the_flip(world: World, room: Room) -> None:
    with world.standin() as v2:
        assert v2.get("tts_muted") is False
        room.start(MUTE)
        room.until_state(ChangeState.VERIFYING)
        v2.set("classifier_enabled", True)
        ended = room.ended()
    assert ended.state is ChangeState.KEPT
    assert ended.message == "kept, the file says so; Little Timmy v2 has written it since"
    assert world.values() == {**DEFAULTS, "classifier_enabled": True, "tts_muted": True}


@pytest.mark.usefixtures("longer")
def test_of_flips_and_writes_in_turn_nothing_is_lost_without_a_word(world: World, room: Room) -> None:
    """Whatever a flip says that it wrote and that stayed is what the system uses then."""
    with world.standin() as v2:
        assert v2.get("tts_muted") is False
        for number in range(4):
            muted = number % 2 == 0
            if number % 3 == 0:
                v2.call("load")
            room.start(Flip((("muted", "on" if muted else "off"),)))
            room.until_state(ChangeState.VERIFYING)
            v2.call("save" if number % 3 == 0 else "set", "face_authority_frames", number + 4)
            said = room.ended().state
            assert v2.get("face_authority_frames") == number + 4
            assert (said is ChangeState.KEPT) is (v2.get("tts_muted") is muted), number
            if said is not ChangeState.KEPT:
                assert room.flip("muted", "on" if muted else "off").state is ChangeState.KEPT


def test_several_switches_are_one_change(world: World, room: Room) -> None:
    plan = room.start(Flip((("face-authority", "okdemerzel"), ("idle-gate", "5"))))
    assert plan.label == "face authority pi→okdemerzel, idle gate 20.0→5.0"
    assert room.ended().state is ChangeState.KEPT
    assert world.values()["conversation_idle_gate_seconds"] == 5.0
    assert '"conversation_idle_gate_seconds": 5.0' in world.file.read_text()
    assert world.values()["face_authority"] == "okdemerzel"


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("muted", "perhaps", "it takes on or off"),
        ("face-authority", "me", "it takes pi, okdemerzel"),
        ("idle-gate", "301", "it takes a number from 0 to 300"),
        ("idle-gate", "-0.1", "it takes a number from 0 to 300"),
        ("idle-gate", "nan", "it takes a number from 0 to 300"),
        ("face-frames", "2.5", "it takes a whole number from 1 to 10"),
        ("model", "llama", "its panel stops and starts model servers with it"),
        ("mutd", "on", "Did you mean muted?"),
    ],
)
def test_a_value_that_it_may_not_get_is_refused(world: World, room: Room, key: str, value: str, why: str) -> None:
    before = world.file.read_bytes()
    assert why in room.refusal((key, value))
    assert world.file.read_bytes() == before and not world.journal.path.exists()


@pytest.mark.parametrize("value", ["300", "0"])
def test_the_ends_of_a_range_are_in_it(room: Room, value: str) -> None:
    assert room.refusal(("idle-gate", value)) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"tts_muted": "yes"}', "The file holds a value of type str, not bool. (line 1)"),
        ('{"tts_muted": 1}', "The file holds a value of type int, not bool."),
        ('{"tts_muted": true', "The file is not JSON."),
        ("", "The file is not JSON."),
        ('{"tts_muted": true, "tts_muted": false}', "more than once"),
    ],
)
def test_a_file_that_is_not_certain_is_left_alone(world: World, room: Room, text: str, why: str) -> None:
    world.write(text)
    assert why in room.refusal(("muted", "on"))
    shown = room.flag("muted")
    assert (shown.file_value, shown.running_value, shown.editable) == ("—", "—", False)
    assert shown.override in why or why in shown.override or "line" in shown.override
    assert world.file.read_text() == text


def test_a_file_that_is_not_there_a_link_or_read_only_is_refused(world: World, room: Room) -> None:
    world.file.chmod(0o444)
    assert "marked read-only" in room.refusal(("muted", "on"))
    world.file.chmod(0o644)
    real = world.file.rename(world.folder / "real.json")
    assert "does not exist: Little Timmy v2 makes it" in room.refusal(("muted", "on"))
    world.file.symlink_to(real)
    assert "is a symbolic link" in room.refusal(("muted", "on"))
    assert json.loads(real.read_bytes()) == DEFAULTS


def test_a_file_that_was_written_behind_the_question_is_left_alone(world: World, room: Room) -> None:
    asked = room.plan(MUTE)
    world.write(json.dumps(DEFAULTS))
    room.controller.start(asked)
    ended = room.ended()
    assert ended.state is ChangeState.IDLE and "no longer what was shown" in ended.message
    assert world.values() == DEFAULTS and world.newest.stage == "refused"


def test_a_flip_waits_for_no_turn_and_cuts_none(room: Room) -> None:
    room.see(in_flight=True)
    assert room.flip("muted", "on").state is ChangeState.KEPT


@pytest.mark.parametrize("request_", [CreatePoint("x"), Restore("x"), RestoreLatest()])
def test_what_is_about_code_is_refused_in_a_plain_sentence(
    room: Room, request_: CreatePoint | Restore | RestoreLatest
) -> None:
    assert room.plan(request_).refusal.startswith("Little Timmy v2 has no restore points here")


def test_an_edit_by_somebody_else_is_marked_and_ours_is_not(world: World, room: Room) -> None:
    room.flag("muted")
    room.flip("muted", "on")
    room.flag("muted")
    world.write(world.file.read_bytes().replace(b'"tts_muted": true', b'"tts_muted": false'))
    assert room.flag("muted").file_value == "off"
    assert world.marks == [("change", "muted off→on"), ("outside", "muted on→off")]


def test_what_is_looked_up_at_each_use_runs_as_written(world: World, room: Room) -> None:
    assert (room.flag("muted").file_value, room.flag("muted").running_value) == ("off", "off")
    world.write(json.dumps({**DEFAULTS, "conversation_idle_gate_seconds": 7}))
    assert (room.flag("idle-gate").file_value, room.flag("idle-gate").running_value) == ("7.0", "7.0")
    assert room.flag("face-authority").choices == ("pi", "okdemerzel")
    assert room.flag("hearing").running_value == "—"
    assert (room.flag("model").running_value, room.flag("model").editable) == ("qwen36", False)


def test_nothing_of_another_system_is_on_the_state(room: Room) -> None:
    room.controller.poll()
    state = room.controller.state()
    assert (state.read_only, state.restore_points, state.has_points) == ("", (), False)
    assert state.service == "little-timmy.service: not on this machine"
    assert "v34" not in repr(state)


def test_a_dashboard_that_only_looks_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.opened(monkeypatch, "--read-only") as room:
        assert room.plan(MUTE).refusal == "--read-only"
    with world.opened(monkeypatch), world.opened(monkeypatch) as second:
        assert "another dashboard" in second.plan(MUTE).refusal
    assert world.values() == DEFAULTS


@pytest.mark.usefixtures("longer")
def test_one_change_at_a_time(room: Room) -> None:
    room.start(MUTE)
    room.until_state(ChangeState.VERIFYING)
    assert room.plan(Flip((("guests", "on"),))).refusal == "muted off→on is still under way"
    room.controller.answer("keep")
    assert room.ended().message == "kept, not verified"


def test_a_restart_that_is_asked_for_needs_a_unit(room: Room) -> None:
    assert "there is no systemctl here" in room.plan(Restart()).refusal


def test_the_users_own_path_takes_the_place_of_the_profiles(world: World, tmp_path: Path) -> None:
    own = Settings(system=SystemSettings(control_file=str(tmp_path / "own.json")))
    assert SwitchFlags(world.system, own).path == tmp_path / "own.json"
    assert SwitchFlags(world.system, Settings()).path == world.file


# -- a dashboard that was killed


def left_by_a_kill(world: World, written: bool) -> None:
    """What a process leaves that dies behind its journal's line: before the file was swapped, or behind that."""
    flags = SwitchFlags(world.system, world.settings)
    flag = next(one for one in flags.flags if one.key == "muted")
    planned = plan([flags.edit(flag, True)], world.timmy.control_folder / "backups")
    entry = Entry(op="killed", stage="editing", label="muted off→on", strategy="live", files=file_records(planned))
    world.journal.append(entry)
    if written:
        write(planned)
    else:
        planned[0].temp.write_bytes(planned[0].new)


def test_killed_before_the_file_was_swapped_nothing_is_changed_and_that_is_said(world: World, room: Room) -> None:
    left_by_a_kill(world, written=False)
    room.controller.poll()
    assert world.newest.stage == "not applied"
    assert ("muted off→on: interrupted earlier, not applied", "warn") in world.notices
    assert [path.name for path in world.file.parent.iterdir()] == [world.file.name]
    assert room.flip("muted", "on").state is ChangeState.KEPT


def test_killed_behind_the_swap_the_next_start_looks_at_the_file_and_keeps_it(world: World, room: Room) -> None:
    left_by_a_kill(world, written=True)
    assert "was interrupted" in room.refusal(("guests", "on"))
    room.controller.poll()
    assert room.ended().message == "kept, the file says so"
    assert (world.newest.op, world.newest.stage) == ("killed", "kept")
    room.run(Undo())
    assert world.values() == DEFAULTS


KILL_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
import tests.control.switches.world as w
from timmy_tui.control.edit import atomic_replace
from timmy_tui.control import systems
from timmy_tui.control.controller import Controller
from timmy_tui.model.user_requests import Flip

world = w.World(Path(sys.argv[1]))
systems.watched = lambda: world.system

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

atomic_replace.exchange = die
controller = Controller(world.timmy)
controller.open(watch=False)
controller.start(controller.plan(Flip((("muted", "on"),))))
import time
time.sleep(30)
"""


def test_a_process_killed_at_the_swap_leaves_the_old_file_and_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "killed"
    died = subprocess.run([sys.executable, "-c", KILL_IN_THE_MIDDLE, str(folder)], cwd=REPOSITORY, timeout=50)
    assert died.returncode == -signal.SIGKILL
    world = World(folder, fresh=False)
    assert world.values() == DEFAULTS
    (backup,) = (world.timmy.control_folder / "backups").iterdir()
    assert json.loads(backup.read_bytes()) == DEFAULTS
    with world.opened(monkeypatch) as room:
        room.controller.poll()
        assert world.newest.stage == "not applied"
        assert [path.name for path in world.file.parent.iterdir()] == [world.file.name]
        assert room.flip("muted", "on").state is ChangeState.KEPT


def test_an_answer_after_the_end_is_refused(room: Room) -> None:
    room.flip("muted", "on")
    with pytest.raises(ControlError):
        room.controller.answer("undo")
