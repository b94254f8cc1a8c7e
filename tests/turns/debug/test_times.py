"""Turns of a debug log of which none has events: v34's clock tells which turn of the latency log came behind them."""

from tests.turns.debug.test_places import hear, sessions, typed, words
from tests.turns.debug_lines import BEGIN, SERVING, Reading, access, message, stamp, total
from tests.turns.events import at, event
from timmy_tui.model.turn import Turn


def spoken(request_id: str, clock: str, late: bool = False) -> list[str]:
    """Ended at that time, after 1.5 s. ``late``: its access line comes behind it."""
    lines = [BEGIN, message(request_id, request_id), access(clock), total(1.5)]
    return [*lines[:2], lines[3], lines[2]] if late else lines


def heard(*named: tuple[str, str, str]) -> Reading:
    """Spoken turns: id, when v34 began it, its session."""
    reading = Reading()
    for request_id, clock, session in named:
        serve(reading, request_id, clock, session=session)
    return reading


def serve(reading: Reading, request_id: str, clock: str, later_s: float = 0.0, session: str = "one") -> None:
    """The events of a turn that v34 began at that time."""
    hear(reading, request_id, stamp(clock) + later_s - at(0) - 0.001, session)


def placed(reading: Reading) -> list[str | None]:
    return words(reading.end())


NEWEST = ("00000009", "01:34:50", "one")


def test_a_latency_log_that_is_ahead_of_the_debug_log_stands_behind_it() -> None:
    """It was cut off, and v34 holds back the lines of its newest turn: that was shown as the oldest one."""
    for late in (False, True):
        reading = heard(NEWEST)
        reading.feed(*spoken("00000001", "01:34:30", late), *typed("a"), *spoken("00000002", "01:34:40", late))
        assert placed(reading) == ["00000001", "a", "00000002", "00000009"]
        reading.feed(*typed("b"))
        assert placed(reading) == ["00000001", "a", "00000002", "b", "00000009"]


def test_the_other_way_round_it_stands_before_it() -> None:
    reading = heard(NEWEST)
    reading.feed(*spoken("00000001", "01:35:30"), *typed("a"), *spoken("00000002", "01:35:40"))
    assert placed(reading) == ["00000009", "00000001", "a", "00000002"]


def test_turns_that_no_debug_log_has_any_more_stand_where_they_were() -> None:
    """What v34 held back is lost when it is killed."""
    reading = heard(("00000005", "01:34:20", "one"), ("00000006", "01:34:35", "one"), NEWEST)
    reading.feed(*spoken("00000001", "01:34:30"), *spoken("00000002", "01:34:40"), *typed("a"))
    assert placed(reading) == ["00000005", "00000001", "00000006", "00000002", "a", "00000009"]


def test_a_turn_within_the_second_of_its_line_is_told_apart() -> None:
    """A line of 01:34:40 was written up to a second later; the turn in it began 1.5 s before."""
    reading = Reading()
    serve(reading, "00000009", "01:34:40", 1.1)
    reading.feed(*spoken("00000001", "01:34:40"))
    assert placed(reading) == ["00000001", "00000009"]
    reading = Reading()
    serve(reading, "00000009", "01:34:40", -2.6)
    reading.feed(*spoken("00000001", "01:34:40"))
    assert placed(reading) == ["00000009", "00000001"]


def test_a_turn_that_v34_has_not_begun_yet_tells_nothing() -> None:
    """Its recognizer's clock is another one."""
    reading = Reading()
    reading.assembler.add_events([event("stt_pause_detected", 0), event("stt_transcript_finalized", 1000)])
    reading.feed(*spoken("00000001", "01:34:30"))
    assert [turn.place for turn in reading.end() if turn.text] == [()]


def changed(turns: list[Turn]) -> dict[str | None, int]:
    return {turn.text: turn.session for turn in turns}


def test_they_are_of_the_run_that_serves_the_turn_behind_them() -> None:
    """A start of v34 at the head of its log was taken for one behind all turns of the latency log."""
    reading = heard(NEWEST)
    first = reading.feed(SERVING, *typed("a"), *spoken("00000001", "01:34:30"))
    assert changed(first) == {"a": 1, "00000001": 1}
    reading.feed(*typed("b"))
    assert {turn.session for turn in reading.end()} == {1}
    assert [(one.number, one.turns) for one in reading.assembler.sessions] == [(1, 4)]
    # The run that was assumed for a moment serves nobody, and its number is given to the next.
    reading.feed(SERVING, *typed("c"))
    assert sessions(reading)["c"] == (2, None)


def test_behind_a_start_of_v34_they_are_of_another_run_than_before_it() -> None:
    reading = heard(("00000008", "01:34:10", "one"), ("00000009", "01:34:50", "two"))
    reading.feed(*spoken("00000001", "01:34:20"), *typed("a"))
    assert sessions(reading) == {"a": (2, "two")}
    assert changed(reading.feed(SERVING)) == {"00000001": 1, "a": 1}
    reading.feed(*spoken("00000002", "01:34:40"), *typed("b"))
    assert sessions(reading) == {"a": (1, "one"), "b": (2, "two")}
    assert placed(reading) == ["00000008", "00000001", "a", "00000002", "b", "00000009"]


def test_before_the_first_run_that_is_known_they_are_of_none() -> None:
    reading = heard(NEWEST)
    reading.feed(*spoken("00000001", "01:34:20"), SERVING, *spoken("00000002", "01:34:40"))
    assert {turn.text: turn.session for turn in reading.end()} == {"00000001": 0, "00000002": 1, None: 1}


def test_an_id_tells_more_than_a_clock() -> None:
    """v34's clock was set back by an hour: by it all these turns were later than the one that its log has last."""
    reading = heard(("00000003", "01:34:50", "one"), ("00000004", "01:35:50", "one"))
    reading.feed(*spoken("00000001", "02:34:30"), *typed("a"), *spoken("00000002", "02:34:40"))
    assert placed(reading) == ["00000003", "00000004", "00000001", "a", "00000002"]
    reading.feed(*spoken("00000003", "01:34:51"))
    assert placed(reading) == ["00000001", "a", "00000002", "00000003", "00000004"]


def test_the_debug_log_stays_in_its_order_whatever_the_clock_does() -> None:
    reading = heard(("00000008", "01:34:20", "one"), NEWEST)
    reading.feed(*spoken("00000001", "01:34:40"), *spoken("00000002", "01:34:10"), *spoken("00000003", "01:34:42"))
    assert placed(reading) == ["00000008", "00000001", "00000002", "00000003", "00000009"]


def test_a_turn_that_was_later_than_all_stands_behind_all() -> None:
    """The lines of the newest turn are in no log of v34: it was killed."""
    reading = heard(NEWEST)
    reading.feed(*spoken("00000001", "01:34:30"), *spoken("00000002", "01:35:30"), *typed("a"))
    assert placed(reading) == ["00000001", "00000009", "00000002", "a"]


def test_what_comes_later_of_the_turn_behind_them_moves_none() -> None:
    reading = heard(NEWEST)
    reading.feed(*spoken("00000001", "01:34:30"), *typed("a"))
    assert changed(reading.feed(*spoken("00000002", "01:34:40"), *spoken("00000009", "01:34:51"))).keys() == {
        "00000002", "00000009",
    }  # fmt: skip
    assert placed(reading) == ["00000001", "a", "00000002", "00000009"]
    serve(reading, "00000010", "01:35:00")
    reading.feed(*typed("b"), *spoken("00000010", "01:35:01"))
    assert placed(reading) == ["00000001", "a", "00000002", "00000009", "b", "00000010"]
