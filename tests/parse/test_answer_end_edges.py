"""Where an answer ends, line by line: what is known of its turn, and a second end behind the first."""

import pytest

from tests.parse.test_v34_foreign import ADDED, BEGIN, TOTAL, D, read
from timmy_tui.model.log_format import DebugFact
from timmy_tui.parse.v34_answers import ALL_STEPS, AnswerEnd, DoubtedEnd, LongerAnswer, too_short

STEPS = dict.fromkeys(sorted(ALL_STEPS), 100.0)
"""Of the turn whose answer it is: a total of 400 ms is its own."""
LONG = "I do not print what the program prints."
END = DebugFact("answer_added", {})


def total(ms: float) -> DebugFact:
    return DebugFact("total", {"ms": ms})


@pytest.mark.parametrize(
    ("text", "tokens", "short"),
    [("well", 12, False), ("well", 13, True), ("", 8, False), ("", 9, True), ("é", 10, False)],
)
def test_eight_tokens_of_an_answer_may_be_no_text(text: str, tokens: int, short: bool) -> None:
    assert too_short(text, tokens) is short


# -- the end that is doubted


@pytest.fixture
def doubted() -> DoubtedEnd:
    """``well`` is too little for 20 tokens; v34's lines behind the first end have come."""
    doubted = DoubtedEnd(["well"], STEPS, 20)
    assert doubted.add(END, ADDED) is None
    assert doubted.add(total(400.0), TOTAL) is None, "that is the first end's own total"
    return doubted


def test_a_second_end_with_the_turns_own_total_is_the_end(doubted: DoubtedEnd) -> None:
    assert doubted.add(None, LONG) is None
    assert doubted.add(END, ADDED) is None
    assert doubted.end == 3
    assert doubted.add(DebugFact("health", {"ms": 400.0}), "health") is None, "no other line with such a figure is one"
    assert doubted.add(DebugFact("total", {}), TOTAL) is None
    assert doubted.add(total(374.0), TOTAL) is None
    assert doubted.add(total(400.0), TOTAL) is False


def test_a_second_end_with_too_little_text_is_none_either() -> None:
    doubted = DoubtedEnd(["well"], STEPS, 2000)
    for fact, line in ((END, ADDED), (None, LONG), (END, ADDED), (total(400.0), TOTAL)):
        assert doubted.add(fact, line) is None


def add_turn(doubted: DoubtedEnd, ms: float, said: bool = True) -> bool | None:
    """Another turn with four steps of 200 ms and this total."""
    doubted.add(DebugFact("begin", {}), BEGIN)
    for number in sorted(ALL_STEPS):
        assert doubted.add(DebugFact("step", {"step": number, "ms": 200.0}), "step") is None
    assert doubted.add(DebugFact("step", {"step": 2}), "a step whose figure cannot be read") is None
    if said:
        assert doubted.add(DebugFact("answer", {"reply": LONG}), LONG) is None
    assert doubted.add(END, ADDED) is None
    return doubted.add(total(ms), TOTAL)


def test_behind_a_real_end_the_next_turn_is_whole_and_another_one_begins(doubted: DoubtedEnd) -> None:
    assert add_turn(doubted, 800.0) is None
    assert doubted.add(DebugFact("begin", {}), BEGIN) is True


def test_a_turn_that_has_the_total_of_the_doubted_one_is_part_of_its_answer(doubted: DoubtedEnd) -> None:
    assert add_turn(doubted, 400.0) is False


def test_without_an_answer_or_a_total_no_turn_is_whole(doubted: DoubtedEnd) -> None:
    assert add_turn(doubted, 2500.0, said=False) is None
    assert doubted.add(DebugFact("begin", {}), BEGIN) is None


def test_the_steps_of_the_turn_before_are_not_those_of_the_next(doubted: DoubtedEnd) -> None:
    """Else the second one's total would be too low for the steps of both."""
    assert add_turn(doubted, 900.0) is None
    assert doubted.add(DebugFact("begin", {}), BEGIN) is True
    other = DoubtedEnd(["well"], dict.fromkeys(STEPS, 150.0), 20)
    other.add(END, ADDED)
    other.add(DebugFact("step", {"step": 2, "ms": 9000.0}), "step")
    assert add_turn(other, 800.0) is None, "with the stray step the total would be this turn's and not the other's"


@pytest.mark.parametrize("fact", [None, DebugFact("chunks", {"chunks": 1})])
def test_after_400_lines_the_answer_ended_where_it_seemed_to(fact: DebugFact | None) -> None:
    doubted = DoubtedEnd(["well"], STEPS, 20)
    assert [doubted.add(fact, "x") for _ in range(401)] == [None] * 400 + [True]


# -- what the answer would be if it had not ended


def test_the_first_end_is_no_second_one() -> None:
    longer = LongerAnswer()
    assert longer.at_end() is None
    for text in ("a", "b"):
        longer.begin([text])
        assert longer.lines is not None
        longer.lines.append(ADDED)
        assert longer.at_end() is None
        longer.lines.extend(["x", ADDED])
        assert longer.at_end() == f"{text}\n{ADDED}\nx"


@pytest.mark.parametrize(("lines", "known"), [(398, True), (399, False), (500, False)])
def test_of_more_than_400_lines_the_first_ones_are_gone(lines: int, known: bool) -> None:
    longer = LongerAnswer()
    longer.begin(["a"])
    longer.at_end()
    assert longer.lines is not None
    longer.lines.extend(["x"] * (lines - 1))
    longer.lines.append(ADDED)
    assert (longer.at_end() is not None) is known


def test_words_that_v34_did_not_process_end_what_is_known_of_the_answer_before_them() -> None:
    """A later end would else give that answer all lines since, the user's words twice."""
    told = read(
        f"{D}LLM response received: a", ADDED, TOTAL,
        BEGIN, f"{D}Received user_message via WebSocket: one", "two", BEGIN,
        f"{D}Received user_message via webhook: b [request_id=bbbbbbbb]",
        f"{D}Processing user message: b [request_id=bbbbbbbb]", ADDED,
    )  # fmt: skip
    assert [fact.kind for fact in told] == [
        "answer", "answer_added", "total", "begin", "message", "begin", "message", "message", "answer_added",
    ]  # fmt: skip
    assert told[-1].values == {}


# -- what is known of the turn


def test_a_new_turn_forgets_what_is_known_of_the_one_before() -> None:
    """It begins with BEGIN, or with the line that says how the words came; their repetition begins none."""
    end = AnswerEnd()
    end.reply_length_of = {"a": 5}.get
    beginnings = [
        DebugFact("begin", {}), DebugFact("message", {"typed": True}), DebugFact("message", {"typed": False}),
    ]  # fmt: skip
    for fact in beginnings:
        end.note(DebugFact("counts", {"output_tokens": 20}))
        end.note(DebugFact("storage", {}, "a"))
        end.note(DebugFact("message", {"text": "x"}))
        end.begin(f"{D}LLM response received: well")
        assert (end.by_length(), end.doubt(["well"]) is not None) == (False, True)
        end.add("")
        assert end.by_length() is True
        end.note(fact)
        assert (end.by_length(), end.doubt(["well"])) == (None, None)
    assert AnswerEnd().by_length() is None


def test_the_total_behind_an_end_is_compared_with_the_turns_own_steps() -> None:
    end = AnswerEnd()
    end.note(DebugFact("step", {"step": 5, "ms": 9000.0}))
    end.note(DebugFact("begin", {}))
    end.held = [ADDED]
    for number, ms in STEPS.items():
        end.note(DebugFact("step", {"step": number, "ms": ms}))
    end.note(DebugFact("step", {"step": 1}))
    facts = [total(400.0), total(374.0), total(-1.0), total(0.0), DebugFact("total", {})]
    assert [end.by_next(fact) for fact in facts] == [True, False, True, False, False]


# -- restarts within answers


@pytest.mark.parametrize("restarts", [1, 2, 3])
def test_two_restarts_in_a_row_may_each_cut_an_answer(restarts: int) -> None:
    said, restart = f"{D}LLM response received: ", " * Restarting with stat"
    turn = [BEGIN, f"{D}Received user_message via webhook: hi [request_id=bbbbbbbb]", "--- Step 1 (Name) took: 0.03s"]
    lines = [f"{said}0"]
    for number in range(1, restarts):
        lines += [restart, f"{said}{number}"]
    told = read(*lines, restart, *turn, f"{said}last", ADDED, TOTAL)
    replies = [fact.values["reply"] for fact in told if fact.kind == "answer"]
    third = "\n".join(["2", restart, *turn, f"{said}last"])
    assert replies == [["0", "last"], ["0", "1", "last"], ["0", "1", third]][restarts - 1]


def test_of_a_turn_without_an_id_no_length_is_known() -> None:
    """Before any turn, and behind the BEGIN of one whose id has not come yet."""
    asked: list[str] = []
    end = AnswerEnd()
    end.reply_length_of = lambda request_id: asked.append(request_id)
    assert end.by_length() is None
    end.note(DebugFact("step", {"step": 1, "ms": 1.0}, "aaaaaaaa"))
    assert end.by_length() is None and asked == ["aaaaaaaa"]
    end.note(DebugFact("begin", {}))
    assert end.by_length() is None and asked == ["aaaaaaaa"]


# -- what stands between, and how long an answer is


@pytest.mark.parametrize("kind", [None, "", "access", "health", "tts_failure"])
@pytest.mark.parametrize("held", [ADDED, f"{D}Assistant response added"])
def test_what_another_thread_prints_behind_an_answer_decides_nothing(kind: str | None, held: str) -> None:
    """Fifty lines are waited for; then v34's line counts, unless v34 prints nothing but the total behind it."""
    end = AnswerEnd()
    fact = None if kind is None else DebugFact(kind, {})
    end.held = [held] * 49
    assert end.by_next(fact) is None
    end.held = [held] * 50
    assert end.by_next(fact) is (held != ADDED)


@pytest.mark.parametrize(
    ("kind", "ended"),
    [("serving", True), ("restarting", True), ("begin", False), ("step", False), ("answer", False), ("storage", False)],
)
def test_behind_v34s_last_line_only_the_total_or_another_run_of_v34_comes(kind: str, ended: bool) -> None:
    end = AnswerEnd()
    end.held = [ADDED]
    assert end.by_next(DebugFact(kind, {})) is ended
    end.held = [f"{D}Assistant response added"]
    assert end.by_next(DebugFact(kind, {})) is True, "an older v34 stores the answer there"


@pytest.mark.parametrize(("lines", "length"), [([], 5), (["four"], 10), ([""], 6), (["", ""], 7), (["four", "x"], 12)])
def test_the_length_of_an_answer_has_one_character_for_each_break(lines: list[str], length: int) -> None:
    end, told = AnswerEnd(), [length - 1, length, length + 1]
    end.reply_length_of = lambda request_id: told.pop(0)
    end.note(DebugFact("step", {}, "aaaaaaaa"))
    end.begin(f"{D}LLM response received: hello")
    for one in lines:
        end.add(one)
    assert [end.by_length() for _ in range(3)] == [True, True, False]
