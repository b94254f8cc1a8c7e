"""Logs at their edges: answers of ten thousand lines, tasks that two servers number alike, the order of the logs."""

import pytest

from tests.parse.test_ollama_log import feed
from tests.parse.test_v34_foreign import ADDED, BEGIN, TOTAL, D, kinds, read
from tests.turns.debug_lines import step, total
from timmy_tui.parse.table import FORMATS
from timmy_tui.parse.v34_foreign import FOREIGN

PROMPT = "slot   operator(): id  0 | task 5 | new prompt, n_ctx_slot = 8192, n_keep = 4, task.n_tokens = {}"
CACHED = "slot   operator(): id  0 | task 5 | cached n_tokens = {0}, memory_seq_rm [{0}, end)"
TIMING = "slot print_timing: id  0 | task 5 | prompt eval time =     420.97 ms /  {} tokens (0.22 ms per token)"
REST = (
    "       eval time =     595.06 ms /    65 tokens (    9.15 ms per token,   109.23 tokens per second)",
    "      total time =    1016.03 ms /  2007 tokens",
    "slot      release: id  0 | task 5 | stop processing: n_tokens = 2043, truncated = 0",
)
LAUNCH = "slot launch_slot_: id  0 | task 5 | processing task, is_child = 0"


def test_of_two_tasks_with_one_number_a_line_that_can_be_of_either_spoils_both() -> None:
    """Only the longer prompt can have 2 000 tokens to evaluate; whose cache the line told of is not known."""
    both = (LAUNCH, LAUNCH, PROMPT.format(1000), PROMPT.format(3000))
    found, parser = feed(*both, CACHED.format(36), TIMING.format(2000), *REST)
    assert found == []
    assert dict(parser.unreadable) == {"tasks of two servers under one number": 1}


def test_of_two_tasks_one_of_which_has_its_line_the_next_line_is_the_others() -> None:
    lines = (LAUNCH, PROMPT.format(1000), CACHED.format(36), LAUNCH, PROMPT.format(3000), CACHED.format(1000))
    found, _ = feed(*lines, TIMING.format(2000), *REST)
    assert found[:1] == [(3000, 1000, 2000, False)]


def test_a_single_task_is_told_of_by_its_first_line() -> None:
    found, parser = feed(
        LAUNCH, PROMPT.format(3000), CACHED.format(1000), CACHED.format(1500), TIMING.format(2000), *REST
    )
    assert found == [(3000, 1000, 2000, False)] and not parser.unreadable


def test_an_answer_that_leaves_only_its_beginning_is_over_after_ten_thousand_lines() -> None:
    """v34 was killed in it, and nothing shows that: what follows is v34's own again."""
    for more, told in ((9_999, ["answer", "begin"]), (9_998, ["answer"]), (9_997, [])):
        assert kinds(f"{D}LLM response received: one", *["two"] * more, BEGIN) == told


def test_every_foreign_text_has_its_length() -> None:
    lengths = {kind: text.length for kind, text in FOREIGN.items()}
    assert lengths == {
        "message": 10_000, "excerpt": 55, "summary": 103, "caption": 130, "preview": 203, "answer_head": 103,
        "answer": 10_000,
    }  # fmt: skip
    assert [kind for kind, text in FOREIGN.items() if not text.restarts] == ["answer"]


@pytest.mark.parametrize("words", ["so.", "so...", "so...'"])
def test_an_answer_may_end_as_a_text_that_is_cut_does(words: str) -> None:
    assert read(f"{D}LLM response received: one", words, ADDED, TOTAL)[0].values["reply"] == f"one\n{words}"


def test_the_logs_are_read_in_this_order_and_other_formats_have_places_between() -> None:
    assert [(row.kind, row.file_name, row.order) for row in FORMATS.values()] == [
        ("latency", "latency.log", 10), ("v34", "v34.log", 20),
    ]  # fmt: skip


def test_an_answer_that_goes_on_behind_a_second_end_is_known_whole_at_the_third() -> None:
    """The first end has too little text for twenty tokens, the second fits: a later line tells which is v34's."""
    first, second, third = "well", "I do not print what the program prints.", "and so on."
    told = read(
        BEGIN, f"{D}Received user_message via WebSocket: hi [request_id=None]",
        f"{D}Processing user message: hi [request_id=None]", *(step(number, 0.1) for number in (1, 3, 4, 5)),
        f"{D}KV stats: prompt_eval_count=1 eval_count=20",
        f"{D}LLM response received: {first}", ADDED, total(0.4), second, ADDED, total(0.4), third, ADDED,
    )  # fmt: skip
    ends = [fact for fact in told if fact.kind in ("answer", "answer_added")]
    short = "\n".join((first, ADDED, total(0.4), second))
    assert [(one.kind, one.values.get("reply")) for one in ends] == [
        ("answer", short), ("answer_added", None),
        ("answer_added", "\n".join((short, ADDED, total(0.4), third))),
    ]  # fmt: skip
