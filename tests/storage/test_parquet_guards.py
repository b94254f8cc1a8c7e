"""What guards a folder of files: whose it is, under which name, and what a fault of one file costs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.core.errors import ParquetError
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.storage.parquet.days import ParquetDays, Written
from timmy_tui.storage.parquet.files import Origin, read_head, read_rows, replace_whole

NOON = 1_795_953_600.0
"""2026-11-29 12:00 UTC."""
DAY = 86_400.0
LAPTOP = Origin("laptop", "aaaaaaaaaaaa", "0000000000ff")
TWIN = Origin("laptop", "bbbbbbbbbbbb", "0000000000ff")
"""Another machine with the same host name and the same path."""


def turn(number: int, at: float = NOON) -> Turn:
    figures = {"prompt_tokens": 600, "output_tokens": 40, "prefill_ms": 100.0 + number}
    began = at + 20 * number
    return complete_turn(number, number=number, request_id=f"{number:08x}", started=began, session=1, **figures)


def put(folder: Path, turns: Sequence[Turn], origin: Origin = LAPTOP, since: float | None = None) -> Written:
    def no_reuse() -> Mapping[int, Reuse]:
        return {}

    return ParquetDays(folder, origin).put(turns, no_reuse, since)


def stored(folder: Path) -> dict[str, list[int | None]]:
    return {
        path.parent.name.removeprefix("day="): [row.turn.number for row in read_rows(path)[1]]
        for path in sorted(folder.glob("day=*/*.parquet"))
    }


def hashes(folder: Path) -> set[str]:
    return {head.origin.timmy for path in folder.glob("*/*.parquet") if (head := read_head(path)) is not None}


# ---- whose the files are


def test_two_machines_with_one_name_and_one_path_are_refused(tmp_path: Path) -> None:
    put(tmp_path, [turn(1)])
    for turns in ([turn(2)], [turn(2, NOON + 5 * DAY)]):
        with pytest.raises(ParquetError, match="another Timmy"):
            put(tmp_path, turns, TWIN)
    assert stored(tmp_path) == {"2026-11-29": [1]}


def test_files_of_an_older_version_are_taken_over_once(tmp_path: Path) -> None:
    """They tell the two machines not apart: the first to write has them, all of them."""
    older = Origin("laptop", LAPTOP.older)
    put(tmp_path, [turn(1), turn(2, NOON + 40 * DAY)], older)
    before = stored(tmp_path)
    assert put(tmp_path, [turn(2, NOON + 40 * DAY)], since=NOON + 40 * DAY) == Written(0, 1, 1)
    assert (stored(tmp_path), hashes(tmp_path)) == (before, {LAPTOP.timmy})
    with pytest.raises(ParquetError, match="another Timmy"):
        put(tmp_path, [turn(3)], TWIN)
    inodes = {path: path.stat().st_ino for path in tmp_path.glob("*/*.parquet")}
    assert put(tmp_path, [turn(1), turn(2, NOON + 40 * DAY)]) == Written(0, 2, 2)
    assert {path: path.stat().st_ino for path in tmp_path.glob("*/*.parquet")} == inodes


def test_named_logs_do_not_take_the_guard_away(tmp_path: Path) -> None:
    put(tmp_path, [turn(1)])
    put(tmp_path, [turn(1), turn(2)], Origin("laptop"))
    assert (stored(tmp_path), hashes(tmp_path)) == ({"2026-11-29": [1, 2]}, {LAPTOP.timmy})
    with pytest.raises(ParquetError, match="another Timmy"):
        put(tmp_path, [turn(3)], TWIN)


def test_one_timmy_under_a_second_name_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    put(tmp_path, [turn(1)])
    put(tmp_path, [turn(1), turn(3, NOON + DAY)], Origin("laptop"))
    with pytest.raises(ParquetError, match="under the name laptop") as caught:
        put(tmp_path, [turn(1), turn(2)], LAPTOP._replace(machine="thinkpad"))
    assert "--machine laptop" in caught.value.hint
    assert stored(tmp_path) == {"2026-11-29": [1], "2026-11-30": [3]}
    put(tmp_path, [turn(1)], LAPTOP._replace(machine="thinkpad", timmy="cccccccccccc"))
    for path in tmp_path.glob("*/laptop.parquet"):
        path.unlink()
    put(tmp_path, [turn(1), turn(2)], Origin("desk"))


@pytest.mark.parametrize("data", [b"", b"not parquet"])
def test_another_machines_damaged_file_is_no_matter(tmp_path: Path, data: bytes) -> None:
    other = tmp_path / "day=2026-11-29/desk.parquet"
    other.parent.mkdir()
    other.write_bytes(data)
    assert put(tmp_path, [turn(1)]) == Written(1, 0, 1)
    assert other.read_bytes() == data


# ---- days


@pytest.mark.parametrize("days", [-400, -2, 2, 400])
def test_a_turn_whose_clock_was_set_by_days_leaves_its_file(tmp_path: Path, days: int) -> None:
    put(tmp_path, [turn(1), turn(2, NOON + 9 * DAY)])
    moved = [turn(1, NOON + days * DAY), turn(2, NOON + 9 * DAY)]
    put(tmp_path, moved)
    assert sorted(number or 0 for own in stored(tmp_path).values() for number in own) == [1, 2]
    assert put(tmp_path, moved) == Written(0, 2, 2)


def test_days_of_which_the_history_has_nothing_left_stay_and_are_not_read_again(tmp_path: Path) -> None:
    put(tmp_path, [turn(number, NOON + number * DAY) for number in range(1, 6)])
    old = tmp_path / "day=2026-11-30/laptop.parquet"
    size = old.stat().st_size
    with old.open("r+b") as file:  # a reader of its rows would fail, one of its footer does not
        file.seek(4)
        file.write(b"\xff" * 64)
    put(tmp_path, [turn(number, NOON + number * DAY) for number in range(4, 8)])
    assert len(list(tmp_path.glob("*/*.parquet"))) == 7 and old.stat().st_size == size


def test_a_day_of_which_turns_are_gone_is_counted_as_it_was_and_read_once(tmp_path: Path) -> None:
    put(tmp_path, [turn(1), turn(2), turn(3)])
    (path,) = tmp_path.glob("*/*.parquet")
    assert put(tmp_path, [turn(2), turn(3)]) == Written(0, 1, 2)
    assert stored(tmp_path) == {"2026-11-29": [1, 2, 3]}
    renewed = path.stat().st_ino, path.read_bytes()
    assert put(tmp_path, [turn(2), turn(3)]) == Written(0, 1, 2)
    assert (path.stat().st_ino, path.read_bytes()) == renewed


# ---- faults


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_damaged_file_costs_its_own_day(tmp_path: Path, cut: int) -> None:
    turns = [turn(number, NOON + number * DAY) for number in range(1, 4)]
    put(tmp_path, turns[:2])
    damaged = tmp_path / "day=2026-12-01/laptop.parquet"
    damaged.write_bytes(damaged.read_bytes()[:cut])
    held = damaged.read_bytes()
    for _ in range(2):
        with pytest.raises(ParquetError, match=str(damaged)) as caught:
            put(tmp_path, [*turns, turn(9, NOON + DAY)])
        assert "Move it away" in caught.value.hint and damaged.read_bytes() == held
    damaged.rename(tmp_path / "away")
    assert put(tmp_path, [*turns, turn(9, NOON + DAY)]) == Written(1, 2, 4)
    assert stored(tmp_path) == {"2026-11-30": [1, 9], "2026-12-01": [2], "2026-12-02": [3]}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_written_again_keeps_its_access_rights(tmp_path: Path, mode: int) -> None:
    put(tmp_path, [turn(1)])
    (path,) = tmp_path.glob("*/*.parquet")
    path.chmod(mode)
    put(tmp_path, [turn(1), turn(2)])
    assert path.stat().st_mode & 0o777 == mode
    assert stored(tmp_path) == {"2026-11-29": [1, 2]}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    put(tmp_path / "turns", [turn(1)])
    (path,) = tmp_path.glob("turns/*/*.parquet")
    path.rename(tmp_path / "elsewhere.parquet")
    path.symlink_to(tmp_path / "elsewhere.parquet")
    put(tmp_path / "turns", [turn(1), turn(2)])
    assert path.is_symlink() and len(read_rows(tmp_path / "elsewhere.parquet")[1]) == 2
    assert [one.name for one in tmp_path.rglob("*.tmp")] == []


def test_a_file_that_was_interrupted_leaves_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "turns.csv"
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_whole(path, b"half")
    assert list(tmp_path.iterdir()) == []


def test_rows_of_an_older_version_lose_what_another_systems_error_said(tmp_path: Path) -> None:
    put(tmp_path, [replace(turn(1), reason="Generate API call failed: my secret")])
    (path,) = tmp_path.glob("*/*.parquet")
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("reason")
    pq.write_table(table.set_column(at, "reason", [["the socket said my secret"]]), path)
    put(tmp_path, [turn(2)])
    assert b"secret" not in path.read_bytes()
    reasons = [row.turn.reason for row in read_rows(path)[1]]
    assert reasons[0].startswith("text-") and reasons[1] == ""
