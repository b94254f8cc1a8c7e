"""Turns without id and figures look alike: none is taken for another, in history, in files and on the way back."""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.history import History
from timmy_tui.storage.known_turns import times_of
from timmy_tui.storage.parquet.days import ParquetDays
from timmy_tui.storage.parquet.files import Origin, file_bytes, read_rows
from timmy_tui.storage.parquet.turn_table import row_of
from timmy_tui.storage.parquet.turns import read_parquet

NOON = 1_795_953_600.0
"""2026-11-29 12:00 UTC."""
MIDNIGHT = NOON + 43_200
DAY = 86_400.0
LAPTOP = Origin("laptop", "0123456789ab")


def named(number: int, at: float | None = None, **fields: Any) -> Turn:
    """A typed turn with Ollama's figures, which no other has."""
    known = {
        "number": number, "typed": True, "logs": "v34", "started": at, "prompt_tokens": 600, "output_tokens": 40,
        "prefill_ms": 100.0 + number, "decode_ms": 400.0, "session": 1,
    }  # fmt: skip
    return complete_turn(number, **{**known, **fields})


def failed(number: int, at: float | None = None, **fields: Any) -> Turn:
    """A typed turn that Ollama did not answer; where the server tells of it, timed."""
    known = {
        "number": number, "typed": True, "logs": "v34", "started": at, "state": TurnState.FAILED, "session": 1,
        "reason": "Generate API call failed",
    }  # fmt: skip
    return complete_turn(number, **{**known, **fields})


def put(
    folder: Path, turns: Sequence[Turn], since: float | None = None, times: Mapping[int, float] | None = None
) -> None:
    def no_reuse() -> Mapping[int, Reuse]:
        return {}

    ParquetDays(folder, LAPTOP).put(turns, no_reuse, since, times)


def in_files(folder: Path) -> dict[str, list[int | None]]:
    """Day → the numbers of its turns, in order."""
    return {
        path.parent.name.removeprefix("day="): [row.turn.number for row in read_rows(path)[1]]
        for path in sorted(folder.glob("day=*/laptop.parquet"))
    }


def read_back(*paths: Path) -> list[int | None]:
    return [turn.number for turn in read_parquet(paths).machines["laptop"]]


UNTIMED = [named(1, NOON), failed(2), named(3, NOON + 30 * DAY), failed(4)]
ACROSS_MIDNIGHT = [failed(1, MIDNIGHT - 120), failed(2, MIDNIGHT + 120)]
MINUTES = [failed(number, NOON + 60 * number) for number in range(1, 7)]


# ---- files


@pytest.mark.parametrize(
    ("turns", "days", "new"),
    [
        (UNTIMED, {"2026-11-29": [1, 2], "2026-12-29": [3, 4, 9]}, named(9, NOON + 30 * DAY + 60)),
        (ACROSS_MIDNIGHT, {"2026-11-29": [1], "2026-11-30": [2, 9]}, named(9, MIDNIGHT + 600)),
    ],
)
def test_since_leaves_the_days_before_as_they_are(
    tmp_path: Path, turns: list[Turn], days: dict[str, list[int]], new: Turn
) -> None:
    put(tmp_path, turns)
    put(tmp_path, [*turns, new], since=new.started)
    assert in_files(tmp_path) == days
    put(tmp_path, [*turns, new])
    assert in_files(tmp_path) == days
    assert sorted(number or 0 for number in read_back(tmp_path)) == sorted(sum(days.values(), []))


@pytest.mark.parametrize("lost", range(7))
def test_what_the_source_has_lost_stays_although_the_rest_looks_the_same(tmp_path: Path, lost: int) -> None:
    put(tmp_path, MINUTES)
    put(tmp_path, [*MINUTES[lost:], failed(7, NOON + 420)])
    assert in_files(tmp_path) == {"2026-11-29": [1, 2, 3, 4, 5, 6, 7]}
    starts = [row.turn.started for row in read_rows(next(tmp_path.glob("*/*.parquet")))[1]]
    assert starts == [NOON + 60 * number for number in range(1, 8)]


@pytest.mark.parametrize("lost", range(6))
def test_untimed_turns_are_told_apart_by_those_around_them(tmp_path: Path, lost: int) -> None:
    turns = [named(1, NOON), failed(2), failed(3), named(4, NOON + 60), failed(5), named(6, NOON + 120)]
    put(tmp_path, turns)
    put(tmp_path, [*turns[lost:], named(7, NOON + 180), failed(8)])
    assert in_files(tmp_path) == {"2026-11-29": [1, 2, 3, 4, 5, 6, 7, 8]}


def test_logs_that_were_rotated_number_anew_and_double_nothing(tmp_path: Path) -> None:
    turns = [named(1, NOON), failed(2), failed(3), named(4, NOON + 60), failed(5)]
    put(tmp_path, turns)
    put(tmp_path, [replace(turn, number=place) for place, turn in enumerate(turns[1:], 1)])
    assert sum(map(len, in_files(tmp_path).values())) == 5
    put(tmp_path, [failed(1), named(2, NOON + 40 * DAY)])
    assert {day: len(own) for day, own in in_files(tmp_path).items()} == {"2026-11-29": 5, "2027-01-08": 2}


def test_a_first_turn_without_a_time_gets_its_day_when_the_log_has_grown(tmp_path: Path) -> None:
    put(tmp_path, [failed(1)])
    put(tmp_path, [failed(1), named(2, NOON)])
    assert in_files(tmp_path) == {"2026-11-29": [1, 2]}


def test_a_time_that_is_told_later_is_the_same_turns(tmp_path: Path) -> None:
    put(tmp_path, [named(1, NOON), failed(2), failed(3)])
    put(tmp_path, [named(1, NOON), failed(2, NOON + 5), failed(3)])
    assert in_files(tmp_path) == {"2026-11-29": [1, 2, 3]}


def test_spoken_and_typed_are_two(tmp_path: Path) -> None:
    put(tmp_path, [named(1, NOON), failed(2), named(4, NOON + 60)])
    put(tmp_path, [named(1, NOON), failed(3, typed=False), named(4, NOON + 60)])
    assert sorted(in_files(tmp_path)["2026-11-29"], key=lambda number: number or 0) == [1, 2, 3, 4]


def conversation(seed: int) -> tuple[list[Turn], dict[int, float]]:
    """Turns of a week, and when those began that do not say it, as the history has it."""
    chance, at = random.Random(seed), NOON
    turns = []
    for number in range(1, 41):
        at += chance.choice([30.0, 90.0, 3600.0, 20_000.0])
        kind, timed = chance.choice([(named, True), (named, False), (failed, True), (failed, False)])
        turns.append(kind(number, at if timed else None))
    times = zip(turns, times_of(turns), strict=True)
    return turns, {turn.number or 0: at for turn, at in times if turn.started is None and at is not None}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_history_has_let_go_each_turn_is_in_the_files_once(tmp_path: Path, seed: int) -> None:
    turns, times = conversation(seed)
    chance = random.Random(seed)
    first, last = 0, 0
    while last < len(turns):
        first = chance.randrange(first, last + 1)
        last = min(last + chance.randrange(1, 9), len(turns))
        marked = [turn for turn in turns[:first] if (turn.number or 0) % 7 == 0]
        own = [*marked, *turns[first:last]]
        since = chance.choice([None, None, own[-1].started])
        put(tmp_path, own, since, times)
        put(tmp_path, own, None, times)
        assert sorted(number or 0 for day in in_files(tmp_path).values() for number in day) == list(range(1, last + 1))
    assert sorted(number or 0 for number in read_back(tmp_path)) == list(range(1, 41))


# ---- the way back


@pytest.mark.parametrize("turns", [UNTIMED, ACROSS_MIDNIGHT, MINUTES])
def test_a_folder_is_read_whole_and_a_copy_or_a_single_file_adds_nothing(tmp_path: Path, turns: list[Turn]) -> None:
    whole = [turn.number for turn in turns]
    put(tmp_path / "turns", turns)
    put(tmp_path / "copy", turns)
    assert read_back(tmp_path / "turns") == whole
    assert read_back(*sorted((tmp_path / "turns").glob("*/*.parquet"))) == whole
    single = tmp_path / "one.parquet"
    single.write_bytes(file_bytes([row_of(turn, None) for turn in [*turns, named(9, NOON + 31 * DAY)]], LAPTOP))
    for paths in ((tmp_path / "turns", single), (single, tmp_path / "turns")):
        assert read_back(*paths) == [*whole, 9]
    assert read_back(tmp_path / "turns", tmp_path / "copy") == whole


# ---- history


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History(tmp_path / "history.db", "/timmy")
    yield opened
    opened.close()


def test_logs_that_lost_their_beginning_leave_the_stored_turns_as_they_are(history: History) -> None:
    history.store(MINUTES)
    assert history.store(MINUTES[3:]).new == 0
    assert [turn.started for turn in history.turns()] == [turn.started for turn in MINUTES]
    assert history.store([*MINUTES[3:], failed(7, NOON + 420)]).new == 1
    assert [turn.number for turn in history.turns()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_log_that_begins_with_a_failed_turn_is_another_ones(history: History) -> None:
    history.store([named(1, NOON), failed(2), named(3, NOON + 60)])
    later = [failed(1), named(5, NOON + 30 * DAY)]
    assert [history.store(later).new, history.store(later).new] == [2, 0]
    assert [turn.number for turn in history.turns()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("last", range(5, 8))
def test_a_part_of_the_log_again_adds_nothing(history: History, first: int, last: int) -> None:
    turns = [
        named(1, NOON), failed(2), failed(3), named(4), failed(5, NOON + 90), failed(6), named(7, NOON + 600),
    ]  # fmt: skip
    history.store(turns)
    assert history.store(turns[first:last]).new == 0
    assert [turn.started for turn in history.turns()] == [turn.started for turn in turns]
    assert [turn.state for turn in history.turns()] == [turn.state for turn in turns]


def test_each_failed_turn_is_stored_as_it_comes_whatever_is_stored_already(history: History) -> None:
    history.store([named(1, NOON - DAY), failed(2), failed(3), named(4, NOON - DAY + 60)])
    turns = [named(5, NOON), failed(6), failed(7), failed(8), named(9, NOON + 900), failed(10)]
    for count in range(1, len(turns) + 1):
        assert history.store(turns[count - 1 : count], turns[:count]).new == 1
    assert [turn.number for turn in history.turns()] == list(range(1, 11))


def test_a_first_turn_without_a_time_is_known_when_the_log_has_grown(history: History) -> None:
    assert history.store([failed(1)]).new == 1
    assert history.store([failed(1), named(2, NOON)]).new == 1
    assert history.store([failed(1), named(2, NOON), failed(3)]).new == 1


def test_a_time_told_later_is_stored_with_its_turn(history: History) -> None:
    history.store([named(1, NOON), failed(2), failed(3)])
    assert history.store([failed(2, NOON + 7)], [named(1, NOON), failed(3)]).new == 0
    assert [turn.started for turn in history.turns()] == [NOON, NOON + 7, None]


def test_the_number_of_a_turn_that_cannot_be_told_apart_is_that_of_the_newest(history: History) -> None:
    history.store([named(1, NOON), failed(2), named(3, NOON + DAY), failed(4)])
    assert history.number_of(failed(9)) == 4
    assert [history.number_of(one) for one in (named(9, NOON + DAY, prefill_ms=103.0), failed(9, NOON + 5))] == [
        3,
        None,
    ]


def test_a_marked_turn_without_a_time_stays_on_its_day_when_the_others_are_gone(tmp_path: Path) -> None:
    path, folder = tmp_path / "history.db", tmp_path / "turns"
    turns = [named(1, NOON), failed(2), named(3, NOON + 9 * DAY), failed(4), named(5, NOON + 10 * DAY)]
    history = History(path, "/timmy")
    history.store(turns)
    history.mark(2, "bad")
    put(folder, history.turns(), None, history.times_beside())
    before = in_files(folder)
    history.close()
    for days in (8, 1):
        history = History(path, "/timmy")
        history.delete_old_turns(days, NOON + 10.5 * DAY)
        put(folder, history.turns(), None, history.times_beside())
        history.close()
        assert in_files(folder) == before
    assert before == {"2026-11-29": [1, 2], "2026-12-08": [3, 4], "2026-12-09": [5]}
