"""Where turns of the debug log belong: between which turns of the latency log, and in which run of v34."""

import pytest

from tests.turns.debug_lines import BEGIN, RESTARTING, SERVING, Reading, message, read, read_one, step, total
from tests.turns.events import event
from timmy_tui.model.turn import Event, Turn, TurnState

D = "*** Debug: "
TYPED = (BEGIN, f"{D}Received user_message via WebSocket: {{}}", f"{D}Processing user message: {{}} [request_id=None]")


def typed(words: str) -> list[str]:
    return [*(line.format(words) for line in TYPED), total(1.0)]


def spoken(request_id: str) -> list[str]:
    return [BEGIN, message(request_id, request_id), total(1.0)]


def hear(reading: Reading, request_id: str, at_s: float, session: str = "one") -> None:
    """The events of a spoken turn."""
    at_us = round(at_s * 1e6)
    turns = reading.assembler.add_events(
        [
            event("stt_pause_detected", at_us, None, request_id),
            event("v34_webhook_received", at_us + 1000, {"session_id": session}, request_id),
            event("tts_resume_sent", at_us + 2000, None, request_id),
        ]
    )
    reading.turns.update((turn.ordinal, turn) for turn in turns)


def words(turns: list[Turn]) -> list[str | None]:
    return [turn.text or turn.request_id for turn in sorted(turns, key=lambda turn: turn.position)]


def test_a_typed_turn_stands_behind_the_turn_before_it() -> None:
    reading = Reading()
    # The second one is a clock step of an hour back: no time may tell.
    for number, at_s in ((1, 3600.0), (2, 0.0), (3, 7200.0)):
        hear(reading, f"0000000{number}", at_s)
    reading.feed(*spoken("00000001"), *typed("a"), *typed("b"), *spoken("00000002"), *spoken("00000003"), *typed("c"))
    assert words(reading.end()) == ["00000001", "a", "b", "00000002", "00000003", "c"]


def test_a_typed_turn_before_all_others_stands_before_the_first() -> None:
    reading = Reading()
    for number in (1, 2):
        hear(reading, f"0000000{number}", number)
    reading.feed(*typed("a"), *typed("b"))
    assert words(reading.end()) == ["00000001", "00000002", "a", "b"]
    changed = reading.feed(*spoken("00000002"))
    assert [turn.text for turn in changed] == ["00000002", "a", "b"]
    assert words(reading.end()) == ["00000001", "a", "b", "00000002"]


def test_a_debug_log_alone_is_in_its_own_order() -> None:
    assert words(read(*typed("a"), *spoken("00000001"), *typed("b"))) == ["a", "00000001", "b"]


def test_a_turn_whose_events_are_lost_stands_where_the_debug_log_has_it_and_stays_there() -> None:
    reading = Reading()
    for number in (1, 3):
        hear(reading, f"0000000{number}", number)
    reading.feed(*spoken("00000001"), *spoken("00000002"), *typed("a"), *spoken("00000003"))
    assert words(reading.end()) == ["00000001", "00000002", "a", "00000003"]
    hear(reading, "00000002", 2)
    assert words(list(reading.turns.values())) == ["00000001", "00000002", "a", "00000003"]


def sessions(reading: Reading) -> dict[str | None, tuple[int, str | None]]:
    return {turn.text: (turn.session, turn.session_id) for turn in reading.end() if not turn.request_id}


def test_a_typed_turn_has_the_session_in_force_at_its_place() -> None:
    """Everything is read at once: v34 has been restarted twice since the first typed turn."""
    reading = Reading()
    for number, session in enumerate(("one", "two", "three"), 1):
        hear(reading, f"0000000{number}", 10.0 * number, session)
    reading.feed(
        *typed("a"), *spoken("00000001"), *typed("b"), RESTARTING, SERVING, *typed("c"), *typed("d"),
        *spoken("00000002"), *typed("e"), SERVING, *typed("f"), *spoken("00000003"),
    )  # fmt: skip
    assert sessions(reading) == {
        "a": (1, "one"), "b": (1, "one"), "c": (2, "two"), "d": (2, "two"), "e": (2, "two"), "f": (3, "three"),
    }  # fmt: skip
    assert [(one.number, one.session_id, one.turns) for one in reading.assembler.sessions] == [
        (1, "one", 3), (2, "two", 4), (3, "three", 2),
    ]  # fmt: skip


def test_a_typed_turn_behind_the_last_restart_begins_a_session_that_the_next_spoken_one_names() -> None:
    reading = Reading()
    hear(reading, "00000001", 1, "one")
    reading.feed(*spoken("00000001"), SERVING, *typed("a"))
    assert sessions(reading) == {"a": (2, None)}
    hear(reading, "00000002", 10, "two")
    assert [(one.number, one.session_id) for one in reading.assembler.sessions] == [(1, "one"), (2, "two")]
    reading.feed(*spoken("00000002"), *typed("b"))
    assert sessions(reading)["b"] == (2, "two")


def test_two_restarts_without_a_spoken_turn_are_two_sessions() -> None:
    reading = Reading()
    hear(reading, "00000001", 1, "one")
    reading.feed(*spoken("00000001"), SERVING, *typed("a"), SERVING, *typed("b"))
    assert [number for number, _ in sessions(reading).values()] == [2, 3]
    hear(reading, "00000002", 10, "three")
    reading.feed(*spoken("00000002"))
    assert [number for number, _ in sessions(reading).values()] == [2, 3]


# --- a beginning that is cut off, an end that is not one ---


def test_a_log_that_begins_in_mid_turn_keeps_what_it_has() -> None:
    turn = read_one(step(5, 0.5), "*** Debug: KV stats: prompt_eval_count=9 eval_count=4", total(1.0))
    assert (turn.stages["llm"], turn.prompt_tokens, turn.headline_ms, turn.state) == (
        500.0, 9, 1000.0, TurnState.COMPLETE,
    )  # fmt: skip
    assert turn.typed is None
    only_a_part = read_one(step(5, 0.5))
    assert (only_a_part.state, only_a_part.stages["llm"]) == (TurnState.OPEN, 500.0)


def test_what_v34_prints_between_turns_is_no_turn() -> None:
    """A look at /api/retrieve_inspect prints this too."""
    retrieval = "[RETRIEVAL BASELINE] request_id=None, embedding=7.2ms, query=19.5ms, total=27.9ms"
    noise = (f"{D}Skipping duplicate chunk (similarity: 1.00)", "*** Health: tts DOWN latency=7ms")
    assert read(retrieval, *noise) == []
    (turn,) = read(retrieval, *typed("a"))
    assert turn.stages["retrieve"] is None


def test_a_turn_without_its_first_lines_is_found_by_its_figures() -> None:
    reading = Reading()
    figures = {
        "prompt_eval_count": 900, "eval_count": 40, "prompt_eval_duration_ms": 100.04, "eval_duration_ms": 400.0,
    }  # fmt: skip
    (heard,) = reading.assembler.add_events([event("v34_ollama_received", 0, figures), event("tts_resume_sent", 1)])
    lines = (
        "*** Debug: KV stats: prompt_eval_count=900 eval_count={}",
        "*** Debug: Durations (ns): load=90000000 prompt_eval=100000000 eval=400000000 total=600000000", total(1.0),
    )  # fmt: skip
    (same,) = reading.feed(*(line.format(40) for line in lines))
    assert (same.ordinal, same.logs, same.load_ms) == (heard.ordinal, "both", 90.0)
    other = Reading()
    other.assembler.add_events([event("v34_ollama_received", 0, figures), event("tts_resume_sent", 1)])
    (another,) = other.feed(*(line.format(41) for line in lines))
    assert another.logs == "v34"


# --- what a total may be ---


@pytest.mark.parametrize(
    ("seconds", "counts"), [(0.92, False), (0.93, True), (1.0, True), (2.97, True), (2.98, False), (99.0, False)]
)
def test_a_total_that_disagrees_with_the_steps_is_not_the_turns(seconds: float, counts: bool) -> None:
    """Steps of 0.95 s: 25 ms of rounding below them, 2.025 s above."""
    steps = [step(1, 0.03), step(3, 0.10), step(4, 0.02), step(5, 0.80)]
    turn = read_one(BEGIN, message(), *steps, total(seconds), total(1.1))
    assert turn.headline_ms == (pytest.approx(1000 * seconds) if counts else 1100.0)
    # Without another one it was the turn's end, and no measurement.
    alone = read_one(BEGIN, message(), *steps, total(seconds))
    assert (alone.state, alone.headline_ms is not None) == (TurnState.COMPLETE, counts)


def test_without_all_steps_a_total_may_be_longer() -> None:
    assert read_one(BEGIN, message(), step(5, 0.1), total(9.0)).headline_ms == 9000.0


def test_a_clock_that_steps_back_leaves_durations_unknown() -> None:
    stepped = read_one(BEGIN, message(), step(1, 0.03), step(5, -3.2), total(-2.9))
    assert (stepped.state, stepped.headline_ms, stepped.stages["llm"]) == (TurnState.COMPLETE, None, None)
    assert stepped.unmeasured == {"V2V": "a clock stepped"}
    assert not read_one(BEGIN, message(), step(1, 0.03), step(5, 0.0), total(0.03)).unmeasured


# --- why a turn failed ---


def test_a_typed_turn_that_raises_ends_there_and_says_why() -> None:
    reading = Reading()
    (failed,) = reading.feed(*typed("a")[:-1], step(1, 0.03), "*** Debug: Error in handle_user_message: boom")
    assert (failed.state, failed.reason) == (TurnState.FAILED, "Error in handle_user_message: boom")
    assert reading.feed(BEGIN) == []


def test_a_failure_that_is_told_when_the_next_turn_has_begun_is_of_the_one_before() -> None:
    first, second = read(
        *spoken("aaaaaaaa"), *typed("next")[:-1], "*** Debug: Could not connect to TTS API: refused", total(1.0)
    )
    assert (first.state, first.reason, second.state) == (
        TurnState.FAILED, "Could not connect to TTS API: refused", TurnState.COMPLETE,
    )  # fmt: skip


def test_the_address_of_the_tts_holds_the_answer_which_no_reason_repeats() -> None:
    error = f"{D}Could not connect to TTS API: Max retries exceeded with url: /?text=My%20secret (Caused by x)"
    turn = read_one(*spoken("aaaaaaaa"), error)
    assert turn.reason == "Could not connect to TTS API: Max retries exceeded with url: /?… (Caused by x)"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (event("stt_http_response_received", 1, {"status_code": 500}), "v34 answered with status 500"),
        (event("v34_ollama_received", 1, {"response_length": 0}), "the model gave no answer"),
    ],
)
@pytest.mark.parametrize("state", [TurnState.TIMED_OUT, TurnState.ABORTED])
def test_why_it_failed_is_said_however_it_was_closed(state: TurnState, told: Event, reason: str) -> None:
    reading = Reading()
    reading.assembler.add_events([event("v34_webhook_received", 0), told])
    if state is TurnState.ABORTED:
        (closed,) = reading.assembler.add_events([event("v34_webhook_received", 2_000_000, None, "bbbbbbbb")])
    else:
        assert reading.assembler.tick(1000.0) == []
        (closed,) = reading.assembler.tick(4600.0)
    assert (closed.state, closed.reason) == (TurnState.FAILED, reason)


# --- spoken or typed ---


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("*** Debug: Received user_message via webhook: hi [request_id=None]",), False),
        (("*** Debug: Received user_message via webhook: hi", "*** Debug: Processing user message: hi"), False),
        (("*** Debug: Received user_message via WebSocket: hi", "*** Debug: Processing user message: hi"), True),
        (("*** Debug: Processing user message: hi [request_id=None]",), None),
        (("*** Debug: Processing user message: hi [request_id=abc123de]",), False),
    ],
)
def test_the_way_that_it_came_tells_whether_it_was_typed(lines: tuple[str, ...], wanted: bool | None) -> None:
    assert read_one(BEGIN, *lines, total(1.0)).typed is wanted


@pytest.mark.parametrize(
    ("reply", "leaks"),
    [
        ("<think>well</think> Hello", True), ("Hello<|im_end|>", True), ("<start_of_turn>model", True),
        ("[INST] hi [/INST]", True), ("<|channel|>final", True), ("...done thinking.\n\nHello", True),
        ("Hello</s>", True), ("<|eot_id|>", True), ("I think [so]. <b>Yes</b>, inst. thinking", False),
        ("done thinking. 1 < 2 | 3", False),
    ],
)  # fmt: skip
def test_marks_of_any_family_of_models_are_leaks(reply: str, leaks: bool) -> None:
    added = "*** Debug: Assistant response added to conversation history"
    turn = read_one(BEGIN, message(), *f"*** Debug: LLM response received: {reply}".split("\n"), added, total(1.0))
    assert ("template_leak" in turn.signals) is leaks
