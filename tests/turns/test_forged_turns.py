"""An answer that prints its own end and a whole turn behind it: Ollama's count shows that it had not ended there."""

import pytest

from tests.turns.debug_lines import BEGIN, message, step, total
from tests.turns.test_answer_ends import (
    ADDED,
    OLD_ADDED,
    SAID,
    D,
    counted,
    processed,
    read,
    received,
    spoken,
    typed,
    typed_turn,
)
from timmy_tui.parse.v34_log import V34Parser

FORGED_STEPS = [step(1, 0.05), step(3, 0.10), step(4, 0.05), step(5, 2.00)]
FORGED = [
    BEGIN, typed("never said"), processed("never said", "None"), *FORGED_STEPS, counted(9), f"{SAID}never answered",
    ADDED, total(2.25),
]  # fmt: skip
FORGED_SPOKEN = [BEGIN, message("x", "deadbeef"), processed("x", "deadbeef"), *FORGED[3:]]
REST = "This is what the model said behind it."


def with_count(lines: list[str], tokens: int) -> list[str]:
    """The count stands before the turn's own answer."""
    at = next(at for at, line in enumerate(lines) if line.startswith(SAID))
    return [*lines[:at], counted(tokens), *lines[at:]]


def turn_with(answer: list[str], words: str, tokens: int, added: str = ADDED) -> list[str]:
    return with_count(typed_turn(answer, added) if words == "typed" else spoken(answer), tokens)


@pytest.mark.parametrize("words", ["typed", "spoken"])
@pytest.mark.parametrize(
    "forged",
    [FORGED, FORGED_SPOKEN, [*FORGED[:-2], total(2.25)], [*FORGED, "", *FORGED_STEPS]],
    ids=["typed", "spoken", "without a line behind its answer", "with steps behind it"],
)
def test_a_whole_turn_within_an_answer_is_no_turn(words: str, forged: list[str]) -> None:
    """The forged end agrees with the steps, the forged turn with its own; the answer has 100 tokens, not 4 bytes."""
    answer = ["well", ADDED, total(1.45), *forged, REST]
    turns = read([*turn_with(answer, words, 100), *typed_turn(["fine"])])
    assert [(turn.reply, turn.headline_ms) for turn in turns] == [("\n".join(answer), 1410.0), ("fine", 1410.0)]
    assert turns[0].typed is (words == "typed")


@pytest.mark.parametrize("words", ["typed", "spoken"])
def test_where_the_forged_turn_has_a_total_of_the_real_one_the_end_is_not_known(words: str) -> None:
    answer = ["well", ADDED, total(1.45), *FORGED[:-1], total(1.45), REST]
    turns = read([*turn_with(answer, words, 100), *typed_turn(["fine"])])
    assert [(turn.reply, turn.stages["llm"]) for turn in turns][1:] == [("fine", 930.0)]
    assert turns[0].stages["llm"] == 930.0


@pytest.mark.parametrize("tokens", [None, 4, 100])
def test_the_length_of_a_spoken_answer_shows_it_whatever_the_count(tokens: int | None) -> None:
    answer = ["well", ADDED, total(1.45), *FORGED, REST]
    lines = spoken(answer) if tokens is None else turn_with(answer, "spoken", tokens)
    (turn,) = read(lines, received(len("\n".join(answer))))
    assert (turn.reply, turn.logs) == ("\n".join(answer), "both")


@pytest.mark.parametrize(("tokens", "turns"), [(4 + 8, 2), (4 + 8 + 1, 1)])
def test_an_end_is_doubted_from_one_token_too_many_on(tokens: int, turns: int) -> None:
    """Four bytes, and eight tokens that are no text."""
    answer = ["well", ADDED, total(1.45), *FORGED, REST]
    assert len(read(turn_with(answer, "typed", tokens))) == turns


@pytest.mark.parametrize("more", [0, 1])
def test_the_second_end_must_have_text_enough_too(more: int) -> None:
    answer = ["well", ADDED, total(1.45), *FORGED, REST]
    turns = read(turn_with(answer, "typed", len("\n".join(answer).encode()) + 8 + more))
    assert len(turns) == 1 + more


def thought(number: int) -> list[str]:
    """A turn whose answer is short for its tokens: hidden reasoning is counted."""
    return turn_with([f"answer {number}"], "typed", 900)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_turns_with_hidden_reasoning_are_all_there(count: int) -> None:
    turns = read([line for number in range(count) for line in thought(number)])
    assert [(turn.reply, turn.headline_ms) for turn in turns] == [(f"answer {n}", 1410.0) for n in range(count)]


def test_once_an_end_was_one_the_count_holds_back_no_other() -> None:
    parser = V34Parser()
    kinds = [[fact.kind for fact in parser.feed([line.encode() for line in thought(number)])] for number in range(4)]
    assert "total" not in kinds[0]
    assert kinds[2].count("answer") == 3, "the third turn begins: the first two were turns"
    assert kinds[3].count("answer") == kinds[3].count("total") == 1
    assert parser.finish() == []


def test_what_is_held_back_comes_at_the_end_of_the_log() -> None:
    parser = V34Parser()
    facts = parser.feed([line.encode() for line in thought(1)])
    assert [fact.kind for fact in facts][-1] == "counts"
    assert [fact.kind for fact in parser.finish()] == ["answer", "answer_added", "total"]
    assert parser.finish() == []


@pytest.mark.parametrize(("lines", "turns"), [(370, 1), (400, 2)])
def test_no_more_than_400_lines_are_held_back(lines: int, turns: int) -> None:
    answer = ["well", ADDED, total(1.45), *FORGED, *(f"line {number}" for number in range(lines))]
    assert len(read([*turn_with(answer, "typed", 100)])) == turns


def test_a_restart_behind_a_doubted_end_costs_no_turn() -> None:
    turns = read([*thought(1), "(35891) wsgi starting up on http://0.0.0.0:5000", *thought(2), *thought(3)])
    assert [turn.reply for turn in turns] == ["answer 1", "answer 2", "answer 3"]
    assert turns[0].session != turns[1].session


def test_the_older_form_ends_an_answer_at_once() -> None:
    """There v34 stores its answer behind it, which takes a step of its own."""
    turns = read([*turn_with(["well"], "typed", 100, OLD_ADDED), *typed_turn(["fine"])])
    assert [turn.reply for turn in turns] == ["well", "fine"]


@pytest.mark.parametrize("size", [1, 7])
def test_in_whatever_batches_the_lines_come(size: int) -> None:
    answer = ["well", ADDED, total(1.45), *FORGED, REST]
    lines = [line.encode() for line in [*turn_with(answer, "typed", 100), *thought(1), *thought(2), *thought(3)]]
    whole, pieces = V34Parser(), V34Parser()
    facts = [fact for at in range(0, len(lines), size) for fact in pieces.feed(lines[at : at + size])]
    assert facts == whole.feed(lines)
    assert D.encode() in lines[1]
