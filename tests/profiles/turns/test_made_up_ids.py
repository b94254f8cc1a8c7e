"""Ids of turns whose records have none: the same at each reading, also where the day of the log is a guess."""

from datetime import date
from pathlib import Path
from typing import Any

from tests.profiles.worlds import AT, profile, turns_of, whole_turn
from timmy_tui.model.same_turn import is_same_turn
from timmy_tui.model.turn import Turn
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.records.days import Days, LogDays
from timmy_tui.storage.history import History

UNDATED: dict[str, Any] = {
    "source": {"kind": "lines", "event": "", "line": r"^(?P<time>\d\d:\d\d:\d\d) (?P<text>.*)$"},
    "time": {"field": "time", "format": "%H:%M:%S"},
    "turn": {"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"], "failed": [], "reason": ""},
    "event": [{"name": "heard", "match": "^HEARD (?P<what>.*)", "unit": "text"}, {"name": "sound", "match": "^SOUND"}],
    "stage": [{"key": "all", "label": "ALL", "meaning": "all", "owner": "service", "critical": True, "from": ["heard"],
               "to": ["sound"]}],
}  # fmt: skip


def undated(*texts: str, day: date) -> list[Turn]:
    reading = ProfileReading(profile(**UNDATED), 60.0)
    reading.begin_log(LogDays(Days(day, 0)))
    return [*reading.read_once([("", [text.encode() for text in texts])])]


SAID = ("10:00:00 HEARD hello", "10:00:01 SOUND", "10:00:01 HEARD and", "10:00:01 SOUND",
        "10:00:00 HEARD hello", "10:00:02 SOUND", "10:00:00 HEARD hello", "10:00:01 SOUND")  # fmt: skip


def test_an_id_does_not_depend_on_a_day_that_is_a_guess() -> None:
    """Three times the same words at the same time of day: on three days."""
    one, other = (undated(*SAID, day=date(2026, 3, day)) for day in (27, 28))
    assert [turn.request_id for turn in one] == [turn.request_id for turn in other]
    assert len({turn.request_id for turn in one}) == 4
    for turn, same in zip(one, other, strict=True):
        assert turn.started is not None and same.started is not None and turn.started != same.started
        assert is_same_turn(turn, same)
    assert not is_same_turn(one[0], one[2])


def test_where_records_have_a_date_two_turns_of_one_id_are_told_apart_by_it() -> None:
    first, second = (turns_of(profile(), whole_turn(at, "a"))[0] for at in (AT, AT + 9000))
    assert first.request_id == second.request_id
    assert not is_same_turn(first, second)


def test_the_history_knows_a_turn_whose_day_was_guessed_otherwise(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db", "/log")
    try:
        assert history.put_turns(undated(*SAID, day=date(2026, 3, 27))) == 4
        assert history.put_turns(undated(*SAID, day=date(2026, 3, 28))) == 0
        assert [turn.started for turn in history.turns()] == [
            turn.started for turn in undated(*SAID, day=date(2026, 3, 28))
        ]
    finally:
        history.close()
