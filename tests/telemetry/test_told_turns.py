"""What was told already, beyond restarts, kills and full disks."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.telemetry.turns import GOLDEN
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.telemetry.identity import TurnKey, key_of
from timmy_tui.telemetry.told_turns import MOST_BYTES, MOST_TURNS, ToldTurns


def key(number: int, started: float | None = 1000.0, request_id: str = "") -> TurnKey:
    return TurnKey(f"{number:032x}", request_id, started)


def held(path: Path | None) -> ToldTurns:
    told = ToldTurns(path)
    assert told.hold()
    return told


def test_the_next_run_knows_what_was_told(tmp_path: Path) -> None:
    first = held(tmp_path / "turns")
    first.add("t", [key(1)])
    first.add("c", [key(2)])
    first.release()
    again = held(tmp_path / "turns")
    assert [again.has("t", key(1)), again.has("c", key(1)), again.has("t", key(2)), again.has("c", key(2))] == [
        True, False, False, True,
    ]  # fmt: skip


def test_it_is_private_and_holds_no_more_than_ids_and_times(tmp_path: Path) -> None:
    told = held(tmp_path / "turns")
    told.add("t", [key(1, request_id="abc123de")])
    assert (tmp_path / "turns").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "turns").read_text() == f"t {1:032x} abc123de 1000.000\n"


def test_of_two_processes_one_tells_and_the_other_takes_over_with_what_the_first_had_told(tmp_path: Path) -> None:
    first, second = held(tmp_path / "turns"), ToldTurns(tmp_path / "turns")
    assert not second.hold()
    first.add("t", [key(1)])
    first.release()
    assert second.hold()
    assert second.has("t", key(1))


@pytest.mark.parametrize(("apart", "same"), [(119.9, True), (120.0, False)])
def test_a_request_told_under_another_start_keeps_its_key(tmp_path: Path, apart: float, same: bool) -> None:
    told = held(tmp_path / "turns")
    told.add("t", [key(1, 1000.0, "abc123de")])
    later = key(2, 1000.0 + apart, "abc123de")
    assert told.has("t", later) is same
    assert (told.known(later) == key(1, 1000.0, "abc123de")) is same


def test_torn_and_foreign_lines_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "turns"
    path.write_bytes(f"t {1:032x} - -\nhello\nt {2:032x} - soon\n\xff\n".encode("latin-1") + b"t 0000")
    told = held(path)
    assert told.has("t", key(1)) and not told.has("t", key(2))
    told.add("t", [key(3)])
    told.release()
    assert held(path).has("t", key(3))


def test_a_long_file_is_cut_to_its_newest_turns(tmp_path: Path) -> None:
    path = tmp_path / "turns"
    path.write_text("".join(f"t {number:032x} - 1000.000\n" for number in range(40_000)))
    assert path.stat().st_size > MOST_BYTES
    told = held(path)
    assert path.read_text().count("\n") == MOST_TURNS
    assert told.has("t", key(39_999)) and not told.has("t", key(0))
    told.release()
    assert held(path).has("t", key(39_999))


@pytest.mark.parametrize("place", ["folder", "link", "nowhere"])
def test_where_no_file_can_be_it_remembers_for_this_run(tmp_path: Path, place: str) -> None:
    path = tmp_path / "turns"
    if place == "folder":
        path.mkdir()
    elif place == "link":
        (tmp_path / "other").write_text("")
        path.symlink_to(tmp_path / "other")
    told = held(path / "no" / "turns" if place == "nowhere" else path)
    assert "known to this run only" in told.problem
    told.add("c", [key(1)])
    assert told.has("c", key(1)) and not told.has("c", key(2))
    assert not (tmp_path / "other").exists() or (tmp_path / "other").read_text() == ""


def test_a_full_disk_is_remembered_too_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.path.exists("/dev/full"):
        pytest.fail("no /dev/full")
    # That device is one for all processes, so another run of this test may have its lock.
    monkeypatch.setattr("timmy_tui.telemetry.told_turns.fcntl.flock", lambda fd, how: None)
    told = held(Path("/dev/full"))
    assert told.problem == ""
    told.add("t", [key(1)])
    told.release()
    assert told.has("t", key(1))
    assert "No space left on device" in told.problem


def test_a_request_is_forgotten_with_its_turn_and_not_before() -> None:
    told, again = held(None), key(2, 1000.0, "abc123de")
    told.add("t", [key(1, 1000.0, "abc123de")])
    told.add("c", [key(1, 1000.0, "abc123de")])
    others = [key(number) for number in range(10, 10 + 2 * MOST_TURNS)]
    told.add("t", others[:-1])
    assert told.has("t", again) and told.has("c", again)
    told.add("t", others)
    assert told.has("c", again) and told.known(again) == key(1, 1000.0, "abc123de"), "the other mark has it"
    told.add("c", others)
    assert not told.has("c", again) and told.known(again) == again


def test_a_disk_that_was_full_for_a_while_costs_no_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel writes what fits: half of a line, and the next one would stand behind it."""
    told = held(tmp_path / "turns")
    true_write = os.write
    room = [60]

    def write(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = true_write(fd, data[: room[0]])
        room[0] -= written
        return written

    with monkeypatch.context() as patched:
        patched.setattr("timmy_tui.telemetry.told_turns.os.write", write)
        told.add("c", [key(1), key(2)])
        assert told.problem
    told.add("c", [key(3)])
    assert told.problem == ""
    told.release()
    again = held(tmp_path / "turns")
    assert all(again.has("c", key(number)) for number in (1, 2, 3))


def test_a_line_that_is_torn_for_good_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "turns").write_text(f"c {1:032x} - 1000.000\nc {2:032x} - 10")
    told = held(tmp_path / "turns")
    told.add("c", [key(3)])
    told.release()
    again = held(tmp_path / "turns")
    assert [again.has("c", key(number)) for number in (1, 3)] == [True, True]


def test_a_file_is_cut_while_it_is_used_and_no_process_has_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "turns"
    told, many = held(path), [key(number) for number in range(40_000)]
    told.add("t", many)
    assert path.read_text().count("\n") == MOST_TURNS
    assert not ToldTurns(path).hold(), "the new file is locked as well"
    told.add("t", [key(50_000)])
    told.release()
    again = held(path)
    assert again.has("t", key(50_000)) and again.has("t", key(39_999)) and not again.has("t", key(0))
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_lock_on_a_file_that_was_replaced_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that cut it has the lock of the new one."""
    path, true_flock = tmp_path / "turns", fcntl.flock

    def lock_late(fd: int, how: int) -> None:
        true_flock(fd, how)
        (tmp_path / "new").write_text("")
        (tmp_path / "new").replace(path)

    with monkeypatch.context() as patched:
        patched.setattr("timmy_tui.telemetry.told_turns.fcntl.flock", lock_late)
        assert not ToldTurns(path).hold()
    assert ToldTurns(path).hold()


def test_a_file_that_cannot_be_cut_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "turns"
    path.write_text("".join(f"c {number:032x} - 1000.000\n" for number in range(40_000)))

    def fail(source: Path, target: Path) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr("timmy_tui.telemetry.told_turns.os.replace", fail)
    held(path).add("c", [key(50_000)])
    assert path.read_text().count("\n") == 40_001
    assert sorted(tmp_path.iterdir()) == [path]


def spoken(**changes: Any) -> Turn:
    return replace(GOLDEN[3], ordinal=7, **changes)


BY_STATISTICS = {"request_id": "", "started": None, "logs": "kv_stats"}
BY_LENGTHS = {"request_id": "", "prompt_tokens": None, "state": TurnState.FAILED}


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (BY_STATISTICS, {}),
        (BY_LENGTHS, {"request_id": ""}),
        (BY_LENGTHS, {**BY_LENGTHS, "state": TurnState.COMPLETE}),
        ({"request_id": "6e0c5f9a-3b1d-4f6e-9a1c-0123456789ab"}, {"request_id": "6e0c5f9a-3b1d-4f6e-9a1c-0123456789ab",
          "prompt_tokens": 1, "started": 1.0}),
    ],
    ids=["statistics, then a log", "lengths, then figures", "failed, then complete", "an id with hyphens"],
)  # fmt: skip
def test_a_turn_keeps_its_first_key_also_for_the_next_run(
    tmp_path: Path, first: dict[str, Any], later: dict[str, Any]
) -> None:
    told = held(tmp_path / "turns")
    key = told.key(spoken(**first), "/timmy")
    told.add("c", [key])
    assert told.key(spoken(**later), "/timmy").trace_id == key.trace_id
    told.release()
    again = held(tmp_path / "turns")
    known = again.key(replace(spoken(**later), ordinal=1), "/timmy")
    assert known.trace_id == key.trace_id
    assert again.has("c", known)
    assert not again.has("c", again.key(replace(GOLDEN[5], ordinal=2), "/timmy"))


def test_an_id_that_is_text_is_in_no_file(tmp_path: Path) -> None:
    told = held(tmp_path / "turns")
    turn = spoken(request_id="bitte grandmother hydrangea")
    told.add("t", [told.key(turn, "/timmy")])
    assert "grandmother" not in (tmp_path / "turns").read_text()
    told.release()
    assert held(tmp_path / "turns").has("t", key_of(turn, "/timmy"))


def test_another_process_may_look_while_one_tells(tmp_path: Path) -> None:
    telling, looking = held(tmp_path / "turns"), ToldTurns(tmp_path / "turns")
    telling.add("t", [key(1)])
    looking.look()
    assert looking.has("t", key(1)) and not looking.held
    looking.add("t", [key(2)])
    looking.release()
    telling.release()
    assert held(tmp_path / "turns").has("t", key(2))


def test_it_does_not_grow_without_end() -> None:
    told = held(None)
    many = [key(number, 1000.0, f"{number:08x}") for number in range(4 * MOST_TURNS)]
    told.add("t", many)
    assert told.has("t", many[-1]) and not told.has("t", many[0])
    assert told.known(many[0]._replace(trace_id="x")).trace_id == "x"
