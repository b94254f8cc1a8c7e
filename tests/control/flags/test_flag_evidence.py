"""What runs, from the turns themselves: the first turn of a session is never a tail turn."""

import msgspec
import pytest

from tests.turn_makers import tail_mode_turns
from timmy_tui.control.flags.evidence import Evidence, evidence, running_value
from timmy_tui.control.flags.readings import word
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import Turn, TurnState


def flag(key: str) -> Flag:
    return next(flag for flag in FLAGS if flag.key == key)


@pytest.mark.parametrize(
    ("shown", "running"),
    [
        ([], "—"),
        ([False], "—"),
        ([False, False], "off"),
        ([False, True], "on"),
        ([False, True, None], "on"),
        ([None, False], "off"),
        ([True], "on"),
    ],
)
def test_the_first_turn_of_a_session_says_nothing_of_tail_mode(shown: list[bool | None], running: str) -> None:
    older = tail_mode_turns(False, True, session=0)
    tail = flag("tail-mode")
    assert word(tail, running_value(tail, [*older, *tail_mode_turns(*shown)] if shown else [])) == running


@pytest.mark.parametrize(
    ("shown", "requested", "expected"),
    [
        ([], False, Evidence(0)),
        ([False], False, Evidence(0)),
        ([False, True], False, Evidence(1)),
        ([False, True, True], False, Evidence(2)),
        ([False, True, True, True], False, Evidence(2)),
        ([False, False], False, Evidence(0, contradicts=True)),
        ([False], True, Evidence(0)),
        ([False, False], True, Evidence(1)),
        ([False, False, False], True, Evidence(2)),
        ([False, True], True, Evidence(0, contradicts=True)),
    ],
)
def test_two_turns_behind_the_first_of_a_new_session_prove_tail_mode(
    shown: list[bool | None], requested: bool, expected: Evidence
) -> None:
    assert evidence(flag("tail-mode"), requested, tail_mode_turns(*shown)) == expected


def turn(**facts: object) -> Turn:
    return msgspec.structs.replace(Turn(ordinal=1, session=1), **facts)


@pytest.mark.parametrize(
    ("facts", "running"),
    [
        ({"raw": True}, True),
        ({"raw": False, "context_returned": 0, "output_tokens": 5}, False),
        ({"context_returned": 8398, "output_tokens": 5}, False),
        ({"context_returned": 0, "output_tokens": 5}, True),
        ({"context_returned": 0}, None),
        ({"context_returned": 0, "output_tokens": 5, "state": TurnState.FAILED}, None),
        ({}, None),
    ],
)
def test_raw_is_seen_in_its_log_line_or_in_the_context_that_comes_back(
    facts: dict[str, object], running: bool | None
) -> None:
    assert running_value(flag("raw"), [turn(**facts)]) is running


def test_the_other_flags_are_seen_where_a_turn_shows_them() -> None:
    old = Turn(ordinal=0, session=0, num_ctx=4096, model="old")
    new = turn(num_ctx=8000, model="new", chunks=5)
    assert running_value(flag("context-size"), [old, new]) == 8000
    assert running_value(flag("model"), [old, new]) == "new"
    assert running_value(flag("retrieval"), [old, new]) is True
    without = turn(state=TurnState.COMPLETE, logs="latency", stages={"llm": 800.0, "retrieve": 0.1}, chunks=0)
    assert running_value(flag("retrieval"), [without]) is False
    assert running_value(flag("context-size"), [new, without, old]) == 4096
    assert running_value(flag("context-size"), [new, turn()]) == 8000
    assert running_value(flag("context-size"), []) is None
