"""Numbers, order and identity of stored turns: a number is given once, an exchange is one row, in its place."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.history import History

START = 1_764_350_000.0


def spoken(place: int, /, **fields: Any) -> Turn:
    """Turn ``place`` of a conversation, as both logs have it, with figures of its own."""
    known = {
        "request_id": f"{place:08x}", "started": START + 20 * place, "prompt_tokens": 900, "output_tokens": 40,
        "prefill_ms": 100.0 + place, "decode_ms": 400.0, "logs": "both",
    }  # fmt: skip
    return complete_turn(place, **{**known, **fields})


def typed(place: int, /, **fields: Any) -> Turn:
    """As the debug log alone has it."""
    return spoken(place, **{"request_id": "", "started": None, "typed": True, "logs": "v34", **fields})


def told_late(place: int, /, **fields: Any) -> Turn:
    """A typed turn as v34's statistics have it."""
    known = {"started": START + 20 * place, "answered": START + 20 * place + 1, "logs": "kv_stats", "typed": None}
    return typed(place, **{**known, "session_id": "one", "load_ms": 90.0, **fields})


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History(tmp_path / "history.db", "/timmy")
    yield opened
    opened.close()


def stored(history: History) -> list[tuple[int | None, int]]:
    """(number, place in the conversation) of each, in the order of the history."""
    return [(turn.number, round(turn.prefill_ms or 0) - 100) for turn in history.turns()]


def test_numbers_are_given_in_the_order_of_the_reading_and_kept(history: History) -> None:
    assert history.store([spoken(3), spoken(1), typed(2)]).new == 3
    assert stored(history) == [(1, 1), (2, 2), (3, 3)]
    again = history.store([replace(spoken(3), ordinal=7), spoken(4, ordinal=8)])
    assert {ordinal: turn.number for ordinal, turn in again.turns.items()} == {7: 3, 8: 4}
    assert again.new == 1


def test_a_number_is_not_given_again_when_its_turn_is_deleted(tmp_path: Path, history: History) -> None:
    history.store([spoken(1), spoken(2)])
    later = History(tmp_path / "history.db", "/timmy")
    assert later.delete_old_turns(1, START + 10 * 86_400) == 2
    later.store([spoken(3)])
    assert stored(later) == [(3, 3)]
    later.close()


def test_what_the_logs_still_have_is_not_deleted(history: History) -> None:
    """It would come back at once, under another number."""
    history.store([spoken(1), spoken(2)])
    assert history.delete_old_turns(1, START + 10 * 86_400) == 0


def test_old_turns_of_another_timmy_are_deleted_too(tmp_path: Path, history: History) -> None:
    history.store([spoken(1)])
    other = History(tmp_path / "history.db", "/other")
    other.store([spoken(1)])
    assert other.delete_old_turns(1, START + 10 * 86_400) == 1
    assert (history.turns(), len(other.turns())) == ([], 1)
    other.close()


def test_each_timmy_counts_for_itself(tmp_path: Path, history: History) -> None:
    history.store([spoken(1), spoken(2)])
    other = History(tmp_path / "history.db", "/other")
    other.store([spoken(2)])
    assert stored(other) == [(1, 2)]
    other.close()


def test_a_turn_with_a_number_of_another_reading_gets_that_of_the_history(history: History) -> None:
    history.store([spoken(1, number=40), spoken(2, number=17)])
    assert stored(history) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("first", [typed, told_late])
def test_a_typed_turn_whose_time_is_told_later_is_one_row_with_all_of_it(history: History, first: Any) -> None:
    second = told_late if first is typed else typed
    history.store([spoken(1), first(2), spoken(3)])
    assert history.store([second(2, ordinal=9, place=(1, 1))], [spoken(1), spoken(3)]).new == 0
    assert stored(history) == [(1, 1), (2, 2), (3, 3)]
    turn = history.turns()[1]
    assert (turn.started, turn.answered) == (START + 40, START + 41)
    assert (turn.load_ms, turn.session_id) == (90.0, "one")


@pytest.mark.parametrize(
    ("difference", "same"),
    [
        ({}, True),
        ({"prefill_ms": 102.0599}, True),
        ({"prefill_ms": 102.061}, False),
        ({"decode_ms": 399.9401}, True),
        ({"decode_ms": 399.939}, False),
        ({"prompt_tokens": 901}, False),
        ({"output_tokens": 41}, False),
        ({"session_id": "two"}, False),
        ({"session_id": None}, True),
        ({"answered": None, "started": START + 40 + 600}, True),
        ({"answered": None, "started": START + 40 + 600.001}, False),
        ({"answered": None, "started": None}, True),
        ({"prefill_ms": None}, True),
        ({"prefill_ms": None, "decode_ms": None}, False),
    ],
)
def test_the_same_exchange_by_its_figures(history: History, difference: dict[str, Any], same: bool) -> None:
    history.store([told_late(2)])
    assert (history.store([told_late(2, **difference)]).new == 0) is same


def test_two_turns_of_one_reading_are_two_rows_whatever_their_figures(history: History) -> None:
    twins = [typed(1), typed(2, prefill_ms=101.0)]
    assert [history.store(twins).new, history.store(twins).new] == [2, 0]


def test_a_spoken_turn_that_only_the_statistics_told_of_gets_its_id(history: History) -> None:
    history.store([told_late(2)])
    assert history.store([spoken(2)]).new == 0
    assert history.turns()[0].request_id == "00000002"


def test_one_id_on_two_clocks_is_one_turn_by_its_figures(history: History) -> None:
    """The debug log alone has v34's time; the latency log, read later, has the recognizer's, an hour away."""
    history.store([spoken(1, logs="v34")])
    assert history.store([spoken(1, started=START - 3600)]).new == 0
    assert history.store([spoken(1, started=START - 7200, prefill_ms=300.0)]).new == 1


def test_turns_without_figures_are_told_apart_by_their_order(history: History) -> None:
    """Two requests that failed, of the same length, without a time."""
    nothing = {"prompt_tokens": None, "output_tokens": None, "prefill_ms": None, "decode_ms": None}
    failed = [typed(place, **nothing, text_length=5, state=TurnState.FAILED) for place in (1, 2)]
    history.store(failed[:1])
    assert history.store(failed[1:], failed).new == 1
    assert history.store(failed).new == 0
    assert history.store([replace(failed[0], text_length=6)]).new == 1


def test_typed_turns_without_a_time_stand_where_the_reading_has_them(history: History) -> None:
    history.store([spoken(1), typed(2), spoken(3), spoken(5)])
    history.store([typed(4)], [spoken(1), typed(2), spoken(3), typed(4), spoken(5)])
    assert stored(history) == [(1, 1), (2, 2), (3, 3), (5, 4), (4, 5)]


def test_a_clock_that_steps_back_does_not_change_the_order(history: History) -> None:
    turns = [spoken(1), typed(2), spoken(3, started=START - 3600), spoken(4, started=START - 3580)]
    for turn in turns:
        history.store([turn], turns[: turns.index(turn)])
    assert [place for _, place in stored(history)] == [1, 2, 3, 4]


def test_a_turn_that_belongs_elsewhere_than_was_thought_is_moved(history: History) -> None:
    """Placed by v34's clock first, then by the log."""
    known = [spoken(1), spoken(2), spoken(3)]
    history.store([*known, told_late(4, place=(3, 1))])
    assert [place for _, place in stored(history)] == [1, 2, 3, 4]
    history.store([typed(4, place=(1, 1))], known)
    assert stored(history) == [(1, 1), (4, 4), (2, 2), (3, 3)]


def test_an_older_log_that_is_read_later_stands_before(history: History) -> None:
    history.store([spoken(place) for place in (7, 8)])
    history.store([spoken(1), typed(2), spoken(3)])
    assert stored(history) == [(3, 1), (4, 2), (5, 3), (1, 7), (2, 8)]


def test_older_turns_of_a_log_whose_end_is_stored_stand_before(history: History) -> None:
    history.store([spoken(place) for place in (3, 4)])
    history.store([spoken(1), typed(2), spoken(3), spoken(4), typed(5)])
    assert stored(history) == [(3, 1), (4, 2), (1, 3), (2, 4), (5, 5)]


def test_turns_fit_between_two_as_often_as_one_likes(history: History) -> None:
    """A double can be halved 50 times between two places, then the places are spaced out anew."""
    first, last = spoken(0), spoken(200)
    history.store([first, last])
    for place in range(1, 150):
        history.store([spoken(place, started=None)], [first, last, *([spoken(place - 1)] if place > 1 else [])])
    assert [place for _, place in stored(history)] == [*range(150), 200]


def test_a_turn_without_a_time_counts_as_of_the_time_before_it(history: History) -> None:
    history.store([typed(0), spoken(1), typed(2), spoken(3)])
    since = [turn.number for turn in history.turns(since=START + 20, until=START + 60)]
    assert since == [1, 2, 3], "the first one has that of the next"


def test_several_processes_give_no_number_twice(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from timmy_tui.storage.history import History\n"
        "from tests.storage.test_numbers import spoken\n"
        "history = History(Path(sys.argv[1]), '/timmy')\n"
        "for place in range(int(sys.argv[2]), int(sys.argv[2]) + 40):\n"
        "    history.store([spoken(place)])\n"
        "history.close()\n"
    )
    path = tmp_path / "history.db"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(base)]) for base in (0, 20)]
    assert [writer.wait(timeout=50) for writer in writers] == [0, 0]
    history = History(path, "/timmy")
    assert numbers(history.turns()) == list(range(1, 61))
    assert [place for _, place in stored(history)] == list(range(60)), "by their times, whoever was first"
    history.close()


def numbers(turns: Iterable[Turn]) -> list[int]:
    return sorted(turn.number or 0 for turn in turns)


def test_lost_turns_are_those_that_no_log_has(history: History) -> None:
    history.store([spoken(1), told_late(2), spoken(3), spoken(4), told_late(5)])
    assert [(before, turn.number) for before, turn in history.lost_turns({1, 3})] == [(1, 2), (3, 5)]
    assert [(before, turn.number) for before, turn in history.lost_turns({3})] == [(3, 5)]
    assert history.lost_turns(set()) == []
    history.store([typed(5, ordinal=4)], [])
    assert [turn.number for _, turn in history.lost_turns({1, 3})] == [2]
