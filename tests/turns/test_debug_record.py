"""What the debug log's record of a turn believes, on both sides of each limit, and which lines make one at all."""

from typing import Any

import pytest

from tests.turns.debug_lines import BEGIN, SERVING, Reading, message, read, read_one, step, total
from tests.turns.events import event
from timmy_tui.model.stages.watched import KEYS
from timmy_tui.model.turn import TurnState

D = "*** Debug: "
STEPS = (1, 3, 4, 5)


@pytest.mark.parametrize(
    ("seconds", "believed"),
    [("0.99", True), ("0.989", False), ("0.9895", False), ("0.98999999905", True), ("0.98999999895", False)],
)
def test_a_total_below_its_steps_is_the_models(seconds: str, believed: bool) -> None:
    """One step of 1 s: both are rounded by 5 ms at most, and a float by less than a millionth of one."""
    line = f"--- Total process_user_message took: {seconds}s"
    first, *_ = read(BEGIN, message(), step(5, 1.0), line, BEGIN)
    assert first.headline_ms == (float(seconds) * 1000 if believed else None)


@pytest.mark.parametrize("left_out", [None, *STEPS])
@pytest.mark.parametrize(
    ("seconds", "believed"),
    [("2.425", True), ("2.426", False), ("2.4255", False), ("2.42500000095", True), ("2.42500000105", False)],
)
def test_a_total_two_seconds_above_all_four_steps_is_the_models(
    left_out: int | None, seconds: str, believed: bool
) -> None:
    """They sum to 400 ms, and five figures are rounded by 5. Where a step is missing nobody can know."""
    present = [number for number in STEPS if number != left_out]
    lines = [step(number, 0.4 - 0.1 * len(present[1:]) if number == present[0] else 0.1) for number in present]
    line = f"--- Total process_user_message took: {seconds}s"
    first, *_ = read(BEGIN, message(), *lines, line, BEGIN)
    assert first.headline_ms == (float(seconds) * 1000 if believed or left_out else None)


def test_a_total_of_the_models_ends_no_turn_but_the_only_one_is_the_turns() -> None:
    """The model says it; then v34 does. Where v34 never does, the turn is over and its duration unknown."""
    said = total(0.5)
    assert read_one(BEGIN, message(), step(5, 1.0), said, total(1.4)).headline_ms == 1400.0
    first, _ = read(BEGIN, message(), step(5, 1.0), said, BEGIN)
    assert (first.state, first.headline_ms) == (TurnState.COMPLETE, None)
    first, _ = read(BEGIN, message(), step(5, 1.0), BEGIN)
    assert first.state is TurnState.ABORTED


@pytest.mark.parametrize(("seconds", "stepped"), [(-0.01, True), (0.0, False), (0.01, False)])
def test_a_duration_below_nothing_is_a_clock_that_was_set_back(seconds: float, stepped: bool) -> None:
    """Then nothing says how long the turn took, and the total is v34's whatever it says."""
    turn = read_one(BEGIN, message(), step(1, seconds), total(1.0))
    assert turn.stages["classify"] == (None if stepped else 1000 * seconds)
    assert (turn.headline_ms, turn.unmeasured.get("V2V")) == ((None, "a clock stepped") if stepped else (1000.0, None))
    turn = read_one(BEGIN, message(), step(5, 5.0), step(1, seconds), total(1.0))
    assert turn.state is (TurnState.COMPLETE)
    (first, *rest) = read(BEGIN, message(), step(1, 0.1), total(seconds), BEGIN)
    assert (first.unmeasured.get("V2V"), first.state) == ("a clock stepped" if stepped else None, TurnState.COMPLETE)
    assert len(rest) == 1


@pytest.mark.parametrize(
    "line",
    [
        total(1.0), step(5, 0.5), message(), D + "Processing user message: hello",
        D + "KV stats: prompt_eval_count=9 eval_count=4",
    ],
)  # fmt: skip
def test_a_capture_that_begins_in_mid_turn_has_one_where_a_line_is_of_a_turn_alone(line: str) -> None:
    assert len(read(line, BEGIN, message("next", "bbbbbbbb"))) == 2


@pytest.mark.parametrize(
    "line",
    [
        D + "Retrieved 5 memory chunks", D + "Built unified megaprompt (13843 chars)", D + "Tail mode active=True",
        D + "Model=m:3b, num_ctx=8000", D + "Returned context length: 0", D + "Generate API call failed: x",
    ],
)  # fmt: skip
def test_what_else_v34_prints_makes_no_turn_of_a_beginning_that_is_cut_off(line: str) -> None:
    """It prints it for other callers too. Behind a BEGIN each is a turn's."""
    assert len(read(line, BEGIN, message("next", "bbbbbbbb"))) == 1
    assert len(read(BEGIN, line, BEGIN, message("next", "bbbbbbbb"))) == 2


@pytest.mark.parametrize(
    "line",
    [
        "*** Health: tts OK status=200 latency=7ms", " * Detected change in 'config.py', reloading",
        "Traceback (most recent call last):", "    Topic: t, Tags: ['a']", D + "Stored parent document with ID: 7",
    ],
)  # fmt: skip
def test_what_says_nothing_of_a_turn_begins_none(line: str) -> None:
    """A failure that is of no turn, and then the rest of one whose beginning is cut off."""
    (turn,) = read(line, D + "Error in handle_user_message: boom", step(5, 0.5), total(1.0))
    assert (turn.stages["llm"], turn.headline_ms, turn.errors) == (500.0, 1000.0, ())


@pytest.mark.parametrize(
    "line", [D + "Retrieved 5 memory chunks", D + "Model=m:3b, num_ctx=8000", D + "Tail mode active=True", message("x")]
)
def test_what_v34_prints_between_two_turns_is_of_neither(line: str) -> None:
    first = (BEGIN, message(), step(5, 0.5), total(1.0))
    turns = read(*first, line, BEGIN, message("next", "bbbbbbbb"))
    assert turns == read(*first, BEGIN, message("next", "bbbbbbbb"))


def test_a_begun_turn_is_one_whatever_is_known_of_it() -> None:
    assert [turn.state for turn in read(BEGIN, BEGIN)] == [TurnState.ABORTED, TurnState.OPEN]


FIGURES = (
    D + "Durations (ns): load=0 prompt_eval=100000000 eval=500000000 total=700000000",
    D + "KV stats: prompt_eval_count=900 eval_count=40",
)


@pytest.mark.parametrize(("begins", "turns"), [((), 1), ((BEGIN,), 2)])
def test_only_a_turn_whose_beginning_is_cut_off_is_told_by_its_figures(begins: tuple[str, ...], turns: int) -> None:
    """One that has its BEGIN has all its lines: without an id it is a typed one, or of another log."""
    told = {"prompt_eval_count": 900, "eval_count": 40, "prompt_eval_duration_ms": 100.0, "eval_duration_ms": 500.0}
    reading = Reading()
    closed = reading.assembler.add_events([event("v34_ollama_received", 0, told), event("tts_resume_sent", 1000)])
    reading.turns.update((turn.ordinal, turn) for turn in closed)
    reading.feed(*begins, *FIGURES, total(1.0))
    assert len(reading.end()) == turns


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("GET http://x:5051/say?text=my%20secret refused", "GET http://x:5051/say?… refused"),
        ("a?b c?d", "a?… c?…"), ("why ? because", "why ?… because"), ("refused", "refused"),
    ],
)  # fmt: skip
def test_the_query_of_an_address_is_no_part_of_an_error(error: str, told: str) -> None:
    reading = Reading()
    reading.feed(BEGIN, message(), total(1.0), f"{D}Could not connect to TTS API: {error}")
    assert reading.turns[0].errors == (f"Could not connect to TTS API: {told}",)
    # Of the others it may be the sentence that the user asked.
    (turn,) = read(BEGIN, message(), f"{D}Generate API call failed: {error}", total(1.0))
    assert turn.errors == (f"Generate API call failed: {error}",)


def test_ollamas_own_total_tells_a_step_of_which_nothing_is_shown() -> None:
    """v34 says that the request took 1 s, Ollama 1.0101 s: no figure that holds v34's request is a measurement."""
    timings = D + "Durations (ns): load=0 prompt_eval=0 eval=0 total={}"
    turn = read_one(BEGIN, timings.format(1_010_100_000), step(1, 0.1), step(5, 1.0), total(1.2))
    assert dict(turn.unmeasured) == dict.fromkeys(("llm", "wait", "V2V"), "a clock stepped")
    assert (turn.stages["llm"], turn.stages["wait"], turn.headline_ms, turn.gaps) == (None, None, None, ())
    assert turn.stages["classify"] == 100.0
    assert set(turn.stages) == set(KEYS)
    turn = read_one(BEGIN, timings.format(1_010_000_000), step(1, 0.1), step(5, 1.0), total(1.2))
    assert (dict(turn.unmeasured), turn.stages["llm"], turn.unattributed_ms) == ({}, 1000.0, 100.0)


@pytest.mark.parametrize(("llm_ms", "stepped"), [(0.0, False), (-0.01, True)])
def test_a_request_of_no_time_is_believed_where_ollama_says_nothing(llm_ms: float, stepped: bool) -> None:
    turn = read_one(BEGIN, step(5, llm_ms), total(1.0))
    assert (turn.unmeasured.get("V2V") is not None) is stepped


@pytest.mark.parametrize(
    ("lines", "field", "expected"),
    [
        ((SERVING,), "state", TurnState.ABORTED),
        ((), "state", TurnState.OPEN),
    ],
)
def test_a_restart_ends_a_turn_and_the_end_of_the_log_does_not(
    lines: tuple[str, ...], field: str, expected: Any
) -> None:
    (turn,) = read(BEGIN, message(), step(1, 0.1), *lines)
    assert getattr(turn, field) == expected
