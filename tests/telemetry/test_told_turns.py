"""What was told already, beyond restarts, kills and full disks."""

import os
from pathlib import Path

import pytest

from timmy_tui.telemetry.identity import TurnKey
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
    told.add("c", [key(1)])
    assert told.has("c", key(1)) and not told.has("c", key(2))
    assert not (tmp_path / "other").exists() or (tmp_path / "other").read_text() == ""


def test_a_full_disk_is_remembered_too() -> None:
    if not os.path.exists("/dev/full"):
        pytest.fail("no /dev/full")
    told = held(Path("/dev/full"))
    told.add("t", [key(1)])
    assert told.has("t", key(1))


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
