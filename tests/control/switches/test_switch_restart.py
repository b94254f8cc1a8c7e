"""Switches that are taken over at the start: the unit restarts with the flip, but only where no password is asked for.

systemctl and sudo are stand-ins (programs.py).
"""

import os
from collections.abc import Iterator

import pytest

from tests.control.switches.programs import Programs
from tests.control.switches.world import Room, World
from timmy_tui.control.switches import change as switch_change
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip, Restart, Undo

DEAF = Flip((("hearing", "off"),))
ARGV = "sudo -n systemctl restart little-timmy.service"


@pytest.fixture
def programs(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programs]:
    made = Programs(world.folder / "programs")
    monkeypatch.setenv("PATH", str(made.path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(switch_change, "VERIFY_S", 0.1)
    monkeypatch.setattr(switch_change, "STEADY_S", 0.2)
    yield made
    made.end()


@pytest.fixture
def room(world: World, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    with world.opened(monkeypatch) as room:
        yield room


def test_the_unit_restarts_as_a_part_of_the_change(world: World, programs: Programs, room: Room) -> None:
    programs.allow()
    before = programs.pid
    plan = room.start(DEAF)
    assert plan.preview[-2:] == (f"runs {ARGV}", "nobody is heard until it has loaded its models again")
    ended = room.ended()
    assert (ended.state, ended.message) == (ChangeState.KEPT, "kept, the file says so")
    assert programs.pid != before and ended.pid == programs.pid
    assert world.values()["hearing_enabled"] is False
    assert programs.restarts == [ARGV]
    shown = room.flag("hearing")
    assert (shown.file_value, shown.running_value) == ("off", "off")
    assert room.controller.state().service == f"little-timmy.service: active, pid {programs.pid}"


def test_an_undo_restarts_it_once_more(world: World, programs: Programs, room: Room) -> None:
    programs.allow()
    before = world.file.read_bytes()
    room.run(DEAF)
    ended = room.run(Undo())
    assert ended.state is ChangeState.ROLLED_BACK and "runs with pid" in ended.message
    assert world.file.read_bytes() == before
    assert programs.restarts == [ARGV, ARGV]


def test_a_live_switch_restarts_nothing(programs: Programs, room: Room) -> None:
    programs.allow()
    assert room.flip("muted", "on").state is ChangeState.KEPT
    assert programs.restarts == []


def test_where_a_password_would_be_asked_for_nothing_is_written_and_the_line_to_type_is_said(
    world: World, programs: Programs, room: Room
) -> None:
    before = world.file.read_bytes()
    said = "would ask for a password; restart it yourself: sudo systemctl restart little-timmy.service"
    assert said in room.refusal(("hearing", "off"))
    shown = room.flag("hearing")
    assert not shown.editable and said in shown.override
    assert room.flag("muted").editable
    assert world.file.read_bytes() == before
    assert programs.restarts == [] and all(call.startswith("sudo -n ") for call in programs.asked if "sudo" in call)


def test_root_needs_no_sudo(programs: Programs, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("LC_TIMMY_UID", "0")
    plan = room.start(DEAF)
    assert "runs systemctl --no-ask-password restart little-timmy.service" in plan.preview
    assert room.ended().state is ChangeState.KEPT
    assert [call for call in programs.asked if call.startswith("sudo")] == []


def test_a_unit_that_is_not_there_is_named(world: World, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.allow()
    other = World(world.folder / "other", unit="timmy.service")
    with other.opened(monkeypatch) as room:
        assert room.refusal(("hearing", "off")) == "systemd has no unit timmy.service here"


def test_a_profile_without_a_unit_shows_such_a_switch_and_says_why(
    world: World, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = World(world.folder / "other", unit="")
    with other.opened(monkeypatch) as room:
        assert "its profile names no unit to restart" in room.refusal(("hearing", "off"))
        assert "names no unit" in room.plan(Restart()).refusal
        assert room.controller.state().service == ""
    assert programs.asked == []


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_a_restart_that_fails_asks_and_can_be_taken_back(
    world: World, programs: Programs, room: Room, how: str
) -> None:
    programs.allow()
    programs.set("how", how)
    before = world.file.read_bytes()
    room.start(DEAF)
    room.until_state(ChangeState.NEEDS_ATTENTION)
    assert "failed" in room.progress.message and room.progress.choices == ("keep", "undo")
    programs.set("how", "fails" if how == "fails" else "works")
    room.controller.answer("undo")
    ended = room.ended()
    assert world.file.read_bytes() == before
    if how == "fails":
        assert ended.state is ChangeState.NEEDS_ATTENTION and "rolled back" in ended.message
    else:
        assert ended.state is ChangeState.ROLLED_BACK


def test_a_restart_that_takes_too_long_can_be_stopped(world: World, programs: Programs, room: Room) -> None:
    programs.allow()
    programs.set("how", "slow")
    room.start(DEAF)
    room.until_state(ChangeState.RESTARTING)
    room.until(lambda: programs.restarts)
    room.controller.answer("stop waiting")
    room.until_state(ChangeState.NEEDS_ATTENTION)
    assert "was cancelled" in room.progress.message
    room.controller.answer("keep")
    assert room.ended().state is ChangeState.KEPT
    assert world.values()["hearing_enabled"] is False


def test_a_turn_in_flight_is_waited_for(programs: Programs, room: Room) -> None:
    programs.allow()
    room.see(in_flight=True)
    plan = room.start(DEAF)
    assert plan.preview[-1] == "a turn is in flight: the change waits until it is over"
    room.until_state(ChangeState.GUARDING)
    assert programs.restarts == []
    room.see()
    assert room.ended().state is ChangeState.KEPT


def test_a_turn_in_flight_can_be_waited_for_in_vain(world: World, programs: Programs, room: Room) -> None:
    programs.allow()
    before = world.file.read_bytes()
    room.see(in_flight=True)
    room.start(DEAF)
    room.until_state(ChangeState.GUARDING)
    room.controller.answer("stop waiting")
    assert room.ended().state is ChangeState.IDLE
    assert world.file.read_bytes() == before and programs.restarts == []


def test_a_restart_alone_changes_no_file(world: World, programs: Programs, room: Room) -> None:
    programs.allow()
    before = world.file.read_bytes()
    plan = room.start(Restart())
    assert plan.preview[:2] == ("no file is changed", f"runs {ARGV}")
    ended = room.ended()
    assert ended.state is ChangeState.KEPT and f"runs with pid {programs.pid}" in ended.message
    assert world.file.read_bytes() == before
    assert world.marks == [("restart", "restart little-timmy.service")]


def test_a_switch_that_was_edited_by_hand_runs_only_after_the_next_start(
    world: World, programs: Programs, room: Room
) -> None:
    programs.allow()
    assert room.flag("hearing").running_value == "on", "the process is younger than the file"
    text = world.file.read_bytes().replace(b'"hearing_enabled": true', b'"hearing_enabled": false')
    world.file.write_bytes(text)
    os.utime(world.file, None)
    shown = room.flag("hearing")
    assert (shown.file_value, shown.running_value) == ("off", "—")
