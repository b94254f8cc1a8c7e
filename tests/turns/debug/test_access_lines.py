"""Access lines and the turns that they answer: before, behind, far away, without a duration, without a turn."""

import calendar
from collections.abc import Sequence

import pytest

from tests.turns.debug_lines import BEGIN, RESTARTING, SERVING, Reading, access, message, read, stamp, step, total
from timmy_tui.model.turn import Turn, TurnState

IDS = ("aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "eeeeeeee", "ffffffff", "00000000", "11111111", "22222222")


def turn(number: int, seconds: float) -> list[str]:
    return [BEGIN, message("hello", IDS[number]), step(5, 0.01), total(seconds)]


def typed(seconds: float, words: str = "hi") -> list[str]:
    return [
        BEGIN, f"*** Debug: Received user_message via WebSocket: {words}",
        f"*** Debug: Processing user message: {words} [request_id=None]", total(seconds),
    ]  # fmt: skip


def clocks(turns: Sequence[Turn]) -> list[float | None]:
    return [one.ended for one in turns]


def at(*times: str | None) -> list[float | None]:
    return [None if one is None else stamp(one) for one in times]


@pytest.mark.parametrize(
    ("seconds", "fits"),
    [(1.3949, False), (1.395, True), (1.4, True), (3.5, True), (3.5001, False), (0.5, False), (60.0, False)],
)
@pytest.mark.parametrize("behind", [False, True])
def test_the_duration_of_a_request_is_its_total_and_what_the_tts_takes(
    seconds: float, fits: bool, behind: bool
) -> None:
    """From half of a hundredth below, which the total is rounded by, to 2.1 s above."""
    line = access("01:34:47", seconds)
    lines = [*turn(0, 1.4), line] if behind else [line, *turn(0, 1.4)]
    (one,) = read(*lines)
    assert (one.started, one.ended) == ((stamp("01:34:47") - seconds, stamp("01:34:47")) if fits else (None, None))


REAL = [
    # As captured: stdout in blocks, the access lines at once; the beginning of the first turn is cut off.
    "*** Debug: Processing user message: my cat's name was Tom",
    "  0%|          | 0/1 [00:00<?, ?it/s]\r100%|##########| 1/1 [00:00<00:00, 31.62it/s]",
    '172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024',
    "(35891) accepted ('172.21.128.1', 55319)",
    "--- Step 1 (Metadata Generation) took: 0.03s",
    "*** Debug: KV stats: prompt_eval_count=2616 eval_count=65",
    "--- Step 5 (Megaprompt LLM Call) took: 0.93s",
    "--- Total process_user_message took: 1.40s",
    BEGIN,
    "*** Debug: Received user_message via webhook: and now",
    "*** Debug: Processing user message: and now",
    '172.21.128.1 - - [19/Nov/2025 01:35:14] "POST /api/webhook HTTP/1.1" 200 628 1.482978',
    "--- Step 5 (Megaprompt LLM Call) took: 1.30s",
    "*** Debug: LLM response received: hello",
    "*** Debug: Assistant response added to conversation history only (not stored in vector memory)",
    "--- Total process_user_message took: 1.48s",
    BEGIN,
    "*** Debug: Received user_message via webhook: bye",
    "*** Debug: Processing user message: bye",
    '172.21.128.1 - - [19/Nov/2025 01:35:56] "POST /api/webhook HTTP/1.1" 200 349 0.838180',
    "--- Total process_user_message took: 0.83s",
    BEGIN,
    "*** Debug: Received user_message via webhook: good night",
    "*** Debug: Processing user message: good night",
    '172.21.128.1 - - [19/Nov/2025 01:37:11] "POST /api/webhook HTTP/1.1" 200 696 1.509255',
]


def test_a_log_as_v34_writes_it_dates_each_turn_by_its_own_line() -> None:
    turns = read(*REAL)
    # The capture ends before the total of the last turn.
    assert clocks(turns) == at("01:34:47", "01:35:14", "01:35:56", None)
    assert [one.headline_ms for one in turns] == [1400.0, 1480.0, 830.0, None]
    assert [one.typed for one in turns] == [None, False, False, False]
    assert turns[0].prompt_tokens == 2616


def test_lines_can_stand_three_turns_before_their_totals() -> None:
    totals = (0.7, 0.9, 0.8, 1.1)
    lines = [access(f"01:34:{n:02}", seconds + 0.004) for n, seconds in enumerate(totals)]
    turns = read(*lines, *(line for n, seconds in enumerate(totals) for line in turn(n, seconds)))
    assert clocks(turns) == at("01:34:00", "01:34:01", "01:34:02", "01:34:03")


@pytest.mark.parametrize("behind", [False, True])
def test_a_line_of_a_turn_before_the_capture_moves_no_other(behind: bool) -> None:
    """It is longer than the first total too, and so would each line be than the total of the next turn."""
    totals = (1.40, 1.20, 1.00, 0.80)
    lines = [access("01:00:00", 1.60)]
    for n, seconds in enumerate(totals):
        line = access(f"01:34:{n:02}", seconds + 0.005)
        lines += [*turn(n, seconds), line] if behind else [line, *turn(n, seconds)]
    assert clocks(read(*lines)) == at("01:34:00", "01:34:01", "01:34:02", "01:34:03")


def test_a_turn_whose_line_stands_before_the_capture_takes_no_other() -> None:
    lines = [step(5, 0.5), total(0.80), access("01:34:01", 1.204), *turn(1, 1.20), access("01:34:02", 0.903)]
    assert clocks(read(*lines, *turn(2, 0.90))) == at(None, "01:34:01", "01:34:02")


def test_a_slow_tts_moves_no_line() -> None:
    rests = (0.4, 1.9, 0.9, 2.0)
    totals = (0.8, 0.9, 0.7, 0.8)
    lines: list[str] = []
    for n, (seconds, rest) in enumerate(zip(totals, rests, strict=True)):
        lines += [*turn(n, seconds), access(f"01:34:{n:02}", seconds + rest)]
    assert clocks(read(*lines)) == at("01:34:00", "01:34:01", "01:34:02", "01:34:03")


def test_a_typed_turn_has_no_line_of_its_own() -> None:
    """Its total equals the one of the next spoken turn, to the last digit."""
    turns = read(*turn(0, 1.0), access("01:34:00", 1.004), *typed(1.2), *typed(1.2), access("01:34:02", 1.204),
                 *turn(1, 1.2))  # fmt: skip
    assert clocks(turns) == at("01:34:00", None, None, "01:34:02")
    assert [one.typed for one in turns] == [False, True, True, False]
    assert [one.request_id for one in turns] == ["aaaaaaaa", "", "", "bbbbbbbb"]


def test_werkzeug_tells_no_duration_so_that_the_order_decides() -> None:
    line = 'INFO:werkzeug:127.0.0.1 - - [19/Nov/2025 01:34:4{}] "\x1b[32mPOST /api/webhook HTTP/1.1\x1b[0m" 200 -'
    turns = read(line.format(1), *turn(0, 1.0), *turn(1, 2.0), *typed(1.0), line.format(2), line.format(3), *turn(2, 3))
    assert clocks(turns) == at("01:34:41", "01:34:42", None, "01:34:43")
    assert [one.started for one in turns if one.ended] == [
        stamp("01:34:41") - 1.0, stamp("01:34:42") - 2.0, stamp("01:34:43") - 3.0,
    ]  # fmt: skip


def test_the_form_of_gevent_is_read() -> None:
    line = '127.0.0.1 - - [2025-11-19 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.005000'
    (one,) = read(*turn(0, 1.0), line)
    assert (one.started, one.ended) == (stamp("01:34:47") - 1.005, stamp("01:34:47"))


@pytest.mark.parametrize(("zone", "later_s"), [("+0000", 0), ("+0200", -7200), ("-0530", 19800)])
def test_the_form_of_gunicorn_is_read_and_says_its_zone(zone: str, later_s: int) -> None:
    request = '"POST /api/webhook HTTP/1.1" 200 445 "-" "python-requests/2.31.0"'
    (one,) = read(*turn(0, 1.0), f"127.0.0.1 - - [19/Nov/2025:01:34:47 {zone}] {request}")
    utc = calendar.timegm((2025, 11, 19, 1, 34, 47))
    assert (one.started, one.ended) == (utc + later_s - 1.0, utc + later_s)


def test_a_request_without_a_text_is_no_turn() -> None:
    refused = access("01:00:00", 1.0, code=400)
    assert clocks(read(refused, *turn(0, 1.0), access("01:34:47", 1.0))) == at("01:34:47")


@pytest.mark.parametrize("end", [RESTARTING, SERVING])
def test_a_restart_forgets_what_waits(end: str) -> None:
    turns = read(*turn(0, 1.0), access("01:34:00", 60.0), end, access("01:34:01", 1.0), *turn(1, 1.0))
    assert clocks(turns) == at(None, "01:34:01")
    # A line that stands before the restart is not of a turn behind it.
    assert clocks(read(access("01:34:00", 1.0), end, *turn(1, 1.0))) == at(None)


@pytest.mark.parametrize("clock", ["25:00:00", "soon"])
def test_a_line_whose_time_cannot_be_read_still_has_its_turn(clock: str) -> None:
    turns = read(*turn(0, 1.0), access(clock, 1.0), *turn(1, 1.0), access("01:34:47", 1.0))
    assert clocks(turns) == at(None, "01:34:47")


def test_a_status_of_500_fails_the_turn_that_has_no_total() -> None:
    lines = [BEGIN, message("hello", IDS[0]), step(1, 0.03), access("01:34:01", 0.2, 500), *turn(1, 1.0)]
    failed, whole = read(*lines, access("01:34:02", 1.0))
    assert (failed.state, failed.reason, failed.signals) == (
        TurnState.FAILED, "v34 answered with status 500", frozenset({"error"}),
    )  # fmt: skip
    assert (failed.ended, whole.ended, whole.state) == (stamp("01:34:01"), stamp("01:34:02"), TurnState.COMPLETE)


def test_a_line_of_200_is_not_of_a_turn_without_a_total() -> None:
    aborted, whole = read(BEGIN, message("hello", IDS[0]), step(1, 0.03), access("01:34:02", 1.0), *turn(1, 1.0))
    assert (aborted.state, aborted.ended, whole.ended) == (TurnState.ABORTED, None, stamp("01:34:02"))


def test_each_turn_has_its_line_in_a_long_log() -> None:
    totals = [0.5 + (7 * n % 10) / 10 for n in range(40)]
    lines: list[str] = []
    for n, seconds in enumerate(totals):
        lines += [access(f"01:{n:02}:00", seconds + 0.003), *turn(n % 9, seconds)]
    reading = Reading()
    for line in lines:
        reading.feed(line)
    ends = [reading.turns[ordinal].ended for ordinal in sorted(reading.turns)]
    assert ends == [stamp(f"01:{n:02}:00") for n in range(40)]
    for ordinal, one in reading.turns.items():
        assert one.headline_ms == pytest.approx(1000 * totals[ordinal])


def test_a_line_that_was_lost_moves_no_other() -> None:
    totals = (1.0, 1.3, 0.8, 1.1, 0.9, 1.2)
    lines: list[str] = []
    for n, seconds in enumerate(totals):
        lines += turn(n, seconds) if n == 2 else [*turn(n, seconds), access(f"01:34:{n:02}", seconds + 0.005)]
    assert clocks(read(*lines)) == at("01:34:00", "01:34:01", None, "01:34:03", "01:34:04", "01:34:05")
