"""An answer that prints v34's own lines: where it ends is told by its length, by its turn's steps, or by nobody."""

import json

import pytest

from tests.turns.debug_lines import BEGIN, access, message, step, total
from tests.turns.events import BASE_US
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.parse.v34_log import V34Parser
from timmy_tui.turns.ingest import Ingest

D = "*** Debug: "
ADDED = f"{D}Assistant response added to conversation history only (not stored in vector memory)"
OLD_ADDED = f"{D}Parent Document Ingestion for role=assistant..."
SAID = f"{D}LLM response received: "
STEPS = [step(1, 0.03), step(3, 0.37), step(4, 0.07), step(5, 0.93)]
FORGED_TURN = [BEGIN, message("not said", "deadbeef"), step(5, 98.0), f"{D}Generate API call failed: forged"]


def typed(words: str = "hello") -> str:
    return f"{D}Received user_message via WebSocket: {words}"


def processed(words: str, request_id: str) -> str:
    return f"{D}Processing user message: {words} [request_id={request_id}]"


def received(length: object) -> bytes:
    fields = {"timestamp": BASE_US / 1e6, "request_id": "aaaaaaaa", "service": "v34", "event": "v34_ollama_received"}
    return json.dumps({**fields, "metadata": {"response_length": length}}).encode()


def read(lines: list[str], *events: bytes) -> list[Turn]:
    ingest = Ingest(60.0)
    logs = [("latency", list(events))] if events else []
    return list(ingest.read_once([*logs, ("v34", [line.encode() for line in "\n".join(lines).split("\n")])]))


def spoken(answer: list[str]) -> list[str]:
    words = [message(), processed("hello", "aaaaaaaa")]
    return [BEGIN, *words, *STEPS, SAID + answer[0], *answer[1:], ADDED, total(1.41), access(seconds=1.412)]


def typed_turn(answer: list[str], added: str = ADDED) -> list[str]:
    words = [typed(), processed("hello", "None")]
    return [BEGIN, *words, *STEPS, SAID + answer[0], *answer[1:], added, total(1.41)]


@pytest.mark.parametrize("forged", [total(99.0), total(1.41)], ids=["any total", "the total that will come"])
@pytest.mark.parametrize(
    "behind", [FORGED_TURN, [], [" * Restarting with stat"]], ids=["a turn", "nothing", "a restart"]
)
def test_the_length_of_a_spoken_answer_decides(forged: str, behind: list[str]) -> None:
    answer = ["well \U0001f600", ADDED, forged, *behind, "so."]
    (turn,) = read(spoken(answer), received(len("\n".join(answer))))
    assert (turn.reply, turn.errors) == ("\n".join(answer), ())
    assert (turn.logs, turn.request_id) == ("both", "aaaaaaaa")


@pytest.mark.parametrize("missing", [0, 1])
def test_an_end_before_the_length_is_reached_is_text(missing: int) -> None:
    """The forged end stands where the answer is exactly as long as it says, or one character before that."""
    lines = spoken(["abcde", ADDED, total(1.41), "more"])
    turns = read(lines, received(5 + missing))
    assert turns[0].reply == ("abcde" if not missing else "\n".join(["abcde", ADDED, total(1.41), "more"]))


def test_a_progress_bar_in_an_answer_counts_with_all_its_characters() -> None:
    answer = ["d", "a\rb\rc"]
    (turn,) = read(spoken(answer), received(len("\n".join(answer))))
    assert turn.reply == "d\nc"


@pytest.mark.parametrize("forged", [total(99.0), total(0.2), BEGIN, step(5, 1.0), typed("x")])
@pytest.mark.parametrize("words", ["typed", "spoken"])
def test_without_a_length_the_steps_decide(forged: str, words: str) -> None:
    answer = ["well", ADDED, forged, *FORGED_TURN, "so."]
    (turn,) = read(typed_turn(answer) if words == "typed" else spoken(answer))
    assert (turn.reply, turn.headline_ms, turn.errors) == ("\n".join(answer), 1410.0, ())
    assert turn.typed is (words == "typed")


@pytest.mark.parametrize("between", [access(), "(7) accepted ('1.2.3.4', 5)", "*** Health: tts OK latency=7ms"])
def test_lines_of_another_stream_may_stand_before_the_total(between: str) -> None:
    lines = typed_turn(["well"])
    lines.insert(-1, between)
    (turn,) = read(lines)
    assert (turn.reply, turn.headline_ms) == ("well", 1410.0)


def test_two_ends_that_fit_are_no_end() -> None:
    """The model copied the total that v34 prints: which one is v34's is not known, and no turn is between them."""
    answer = ["well", ADDED, total(1.41), *FORGED_TURN, "so."]
    first, second = read([*typed_turn(answer), *typed_turn(["fine"])])
    assert (first.reply, first.headline_ms, first.stages["llm"]) == (None, None, 930.0)
    assert (second.reply, second.headline_ms) == ("fine", 1410.0)
    assert {first.state, second.state} == {TurnState.COMPLETE}


def test_turns_one_after_the_other_have_their_own_ends() -> None:
    turns = read([*typed_turn(["one"]), *typed_turn(["two"]), *spoken(["three"]), *typed_turn(["four"], OLD_ADDED)])
    assert [turn.reply for turn in turns] == ["one", "two", "three", "four"]
    assert {turn.headline_ms for turn in turns} == {1410.0}


def test_the_older_form_ends_an_answer_whatever_v34_prints_next() -> None:
    parser = V34Parser()
    facts = parser.feed([line.encode() for line in [*STEPS, f"{SAID}a", OLD_ADDED, step(3, 0.1)]])
    assert [fact.kind for fact in facts[4:]] == ["answer", "answer_added", "step"]


@pytest.mark.parametrize("shown", [total(99.0), total(0.2), "--- Total process_user_message took: " + "9" * 309 + "s"])
def test_a_total_that_a_clock_has_spoiled_swallows_no_turn(shown: str) -> None:
    """The next answer shows that v34's own lines had gone on; what the total says is not the turn's duration."""
    turns = read([*typed_turn(["one"])[:-1], shown, *typed_turn(["two", "lines"]), *spoken(["three"])])
    assert [(turn.reply, turn.headline_ms) for turn in turns] == [
        ("one", None), ("two\nlines", 1410.0), ("three", 1410.0),
    ]  # fmt: skip


def counted(tokens: int) -> str:
    return f"{D}KV stats: prompt_eval_count=2616 eval_count={tokens}"


LONG = "I do not print what the program prints."
"""39 bytes, which eight tokens or so make."""


@pytest.mark.parametrize("words", ["typed", "spoken"])
@pytest.mark.parametrize(
    ("tokens", "second"),
    [(8, False), (4 + 8, False), (4 + 8 + 1, True), (100, True)],
    ids=["few", "as many as fit", "one too many", "many"],
)
def test_an_answer_has_a_byte_for_each_of_its_tokens(words: str, tokens: int, second: bool) -> None:
    """Both totals fit the steps; four bytes and eight tokens without a text are twelve tokens at most."""
    answer = ["well", ADDED, total(1.45), *FORGED_TURN, LONG]
    lines = typed_turn(answer) if words == "typed" else spoken(answer)
    lines = [line for one in lines for line in ([counted(tokens), one] if one.startswith(SAID) else [one])]
    (turn,) = read([line for line in lines if " 200 445 " not in line])
    whole = "\n".join(answer)
    assert (turn.reply, turn.headline_ms) == ((whole, 1410.0) if second else (None, None))
    assert turn.typed is (words == "typed") or turn.typed is None


@pytest.mark.parametrize("emoji", ["\U0001f600", "é"])
def test_a_letter_can_be_as_many_tokens_as_bytes(emoji: str) -> None:
    tokens = 10 * len(emoji.encode()) + 8
    answer = [10 * emoji, ADDED, total(1.45), *FORGED_TURN, LONG]
    lines = typed_turn(answer)
    (turn,) = read([*lines[:1], counted(tokens), *lines[1:]])
    assert turn.reply is None, "the first end is possible"


@pytest.mark.parametrize(
    ("first", "seconds", "end"),
    [
        (1.45, 1.415, 2), (1.45, 1.444, 2),
        (1.45, 1.446, None), (3.3, 1.412, 2), (3.3, 3.3, None), (3.3, 3.509, None), (3.3, 3.511, 1),
        (1.405, 1.412, None), (1.45, 0.2, None), (1.45, 9.0, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["before the total", "behind the total", "behind the first end"])
def test_the_duration_of_the_request_decides_where_only_one_end_fits(
    first: float, seconds: float, end: int | None, place: str
) -> None:
    answer = ["well", ADDED, total(first), *FORGED_TURN, LONG]
    lines = [line for line in spoken(answer) if " 200 445 " not in line]
    at = {"before the total": len(lines) - 1, "behind the total": len(lines), "behind the first end": 10}[place]
    lines.insert(at, access(seconds=seconds))
    (turn, *others) = read([*lines, *typed_turn(["fine"])])
    told = {1: ("well", 1000 * first), 2: ("\n".join(answer), 1410.0), None: (None, None)}[end]
    if end == 2 and place == "behind the first end":
        told = ("\n".join([*answer[: 10 - 7], access(seconds=seconds), *answer[10 - 7 :]]), 1410.0)
    assert (turn.reply, turn.headline_ms) == told
    assert [one.reply for one in others] == ["fine"]


@pytest.mark.parametrize(("lines", "known"), [(100, True), (395, True), (396, False)])
def test_an_answer_of_very_many_lines_is_not_put_together(lines: int, known: bool) -> None:
    answer = ["well", ADDED, total(1.45), *(f"line {number} of many" for number in range(lines))]
    made = typed_turn(answer)
    (turn,) = read([*made[:1], counted(20), *made[1:]])
    assert (turn.reply == "\n".join(answer)[:4096]) is known
    assert (turn.reply is None) is not known
