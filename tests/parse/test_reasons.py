"""The words under which lines are counted that could not be used: as the screen and the report show them."""

import pytest

from tests.turns.events import event
from timmy_tui.model.turn import Event
from timmy_tui.parse import ollama_log, v34_log
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.parse.v34_log import V34Parser
from timmy_tui.turns.assembler import TurnAssembler

SLOT = 'time=x level=INFO source=x msg="loading cache slot" id=0 prompt={} used=1 remaining={}'


def test_a_log_without_a_line_of_v34() -> None:
    parser = V34Parser()
    parser.feed([b"anything"] * 100)
    assert dict(parser.unparsed) == {"no line of v34": 100}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (SLOT.format(9, 9), "figures that do not agree"),
        (SLOT.format("9" * 30, 9), "a number out of range"),
    ],
)
def test_a_line_of_a_server_log(line: str, reason: str) -> None:
    parser = OllamaLogParser()
    assert parser.feed([line.encode()]) == []
    assert dict(parser.unreadable) == {reason: 1}


def test_tasks_of_two_servers_under_one_number() -> None:
    parser = OllamaLogParser()
    head = "slot operator(): id  0 | task 1 |"
    for _ in range(2):
        parser.feed([f"{head} new prompt, n_ctx_slot = 2048, task.n_tokens = 100".encode()])
    parser.feed([b"slot print_timing: id  0 | task 1 | prompt eval time = 1 ms / 40 tokens"])
    assert dict(parser.unreadable) == {"tasks of two servers under one number": 1}


def test_a_line_that_the_reader_cannot_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> None:
        raise KeyError(text)

    monkeypatch.setattr(ollama_log, "match_line", fail)
    parser = OllamaLogParser()
    assert parser.feed([b"x", b"y"]) == []
    assert dict(parser.unreadable) == {"a line that could not be read": 2}


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([event("v34_ollama_sent", number) for number in range(501)], "events above 500 of one turn, not kept"),
        (
            [event(f"v34_new_{number}", number) for number in range(101)],
            "unknown events above 100 names of one turn, not kept",
        ),
    ],
    ids=["many", "unknown"],
)
def test_what_is_too_much_of_one_turn(events: list[Event], reason: str) -> None:
    assembler = TurnAssembler()
    assembler.add_events(events)
    assert dict(assembler.unparsed) == {reason: 1}


@pytest.mark.parametrize(("first", "second", "number"), [(0, 1, 1), (0, 3, 3), (2, 1, 3), (2, 3, 5)])
def test_a_line_of_v34_that_the_reader_cannot_bear_is_named_by_its_number(
    monkeypatch: pytest.MonkeyPatch, first: int, second: int, number: int
) -> None:
    """In the second portion, behind so many lines of the first."""

    def fail(text: str) -> None:
        if text == "bad":
            raise KeyError(text)

    monkeypatch.setattr(v34_log, "match_line", fail)
    parser = V34Parser()
    parser.feed([b"good"] * first)
    parser.feed([*[b"good"] * (second - 1), b"bad", b"good"])
    ((reason, count),) = parser.unparsed.items()
    assert (count, parser.noise) == (1, first + second)
    assert f"line {number} of v34's log" in reason
