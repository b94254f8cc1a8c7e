"""The table of flags: what a row must hold, what turns show of it, and how changes are written."""

from pathlib import Path
from typing import Any

import pytest

from timmy_tui.analysis.stats.session_noise import GROUPS
from timmy_tui.core.settings import TailSettings
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
from timmy_tui.model.flags.flag import Flag, Shown
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.flags.words import by_key, change_words, epoch_words, exported_value, word
from timmy_tui.model.stages.watched import KEYS
from timmy_tui.model.turn import Epoch, FlagChange, FlagValue, Turn, TurnState
from timmy_tui.pipeline.read_logs import named_logs, read_logs

DATA = Path(__file__).parents[2] / "data"


def flag(key: str) -> Flag:
    found = by_key(key)
    assert found is not None
    return found


def turn(**facts: Any) -> Turn:
    return Turn(ordinal=0, state=TurnState.COMPLETE, **facts)


def shown(key: str, turns: tuple[Turn, ...]) -> list[FlagValue | None]:
    """What each of the turns shows."""
    read = flag(key).turn
    assert read is not None
    return [read(one) for one in turns]


def turns_of(*logs: Path) -> tuple[Turn, ...]:
    return read_logs(named_logs(logs), TailSettings()).turns


# -- rows


def test_keys_and_literals_are_unique_and_every_row_says_where_it_is_written() -> None:
    assert len({one.key for one in FLAGS}) == len({one.literal for one in FLAGS}) == len(FLAGS)
    for one in FLAGS:
        assert bool(one.constant) != bool(one.keyword[0]), one.key
        assert one.file in ("config", "app", "stt"), one.key


def test_a_row_has_a_function_of_the_turn_exactly_where_turns_show_it() -> None:
    for one in FLAGS:
        assert (one.turn is not None) == (Shown.TURN in one.shown_by), one.key


def test_what_a_row_touches_are_stages_or_groups_of_stages() -> None:
    for one in FLAGS:
        assert one.touches and set(one.touches) <= {*KEYS, *GROUPS}, one.key


def test_a_flag_that_is_never_changed_here_is_not_told_by_the_files_either() -> None:
    """Their file does not decide: the command line does, or nothing reads it. The keyword raw was once overruled."""
    told = {one.key for one in FLAGS if Shown.FILE in one.shown_by or Shown.JOURNAL in one.shown_by}
    assert told == {"tail-mode", "retrieval", "context-size", "retrieved-chunks", "recency-weight", "model"}


@pytest.mark.parametrize("name", ["tail-mode", "tail_mode", "Tail-Mode", "USE_FULL_MEGA_PROMPT"])
def test_a_flag_answers_to_its_key_and_to_its_constant(name: str) -> None:
    assert [one.key for one in FLAGS if one.is_named(name)] == ["tail-mode"]


def test_a_flag_answers_to_its_other_names_and_to_nothing_else() -> None:
    assert [one.key for one in FLAGS if one.is_named("num-ctx")] == ["context-size"]
    assert [one.key for one in FLAGS if one.is_named("generate_api_call(raw=)")] == ["raw"]
    assert not [one for one in FLAGS if one.is_named("use_full_mega_prompt") or one.is_named("")]


# -- what turns show


def test_the_golden_logs_show_what_they_ran_under() -> None:
    """Seven turns as they were, a restart, seven with tail mode on and raw off."""
    both = turns_of(DATA / "latency.log", DATA / "v34.log")
    assert shown("tail-mode", both) == [True] * 8 + [False] * 6
    assert shown("raw", both) == [True] * 7 + [False] * 7
    assert shown("retrieval", both) == [True] * 14
    assert shown("context-size", both) == [8000] * 14
    assert shown("model", both) == ["llama3.2:3b-instruct-q4_K_M"] * 14
    assert shown("debug-mode", both) == [True] * 14


def test_the_latency_log_alone_shows_less() -> None:
    latency = turns_of(DATA / "latency.log")
    assert shown("tail-mode", latency) == [True] * 8 + [False] * 6
    failed = [True] * 4 + [None] + [True] * 2
    assert shown("raw", latency) == failed + [False] * 7
    assert shown("retrieval", latency) == [True] * 14
    for key in ("context-size", "model", "debug-mode"):
        assert shown(key, latency) == [None] * 14, key


def test_the_debug_log_alone_shows_all_but_what_only_v34s_config_knows() -> None:
    debug = turns_of(DATA / "v34.log")
    for key in ("tail-mode", "raw", "retrieval", "context-size", "model", "debug-mode"):
        assert None not in shown(key, debug), key


@pytest.mark.parametrize("logs", [("latency",), ("v34",), ("latency", "v34")])
def test_retrieval_that_is_off_shows_in_every_log(tmp_path: Path, logs: tuple[str, ...]) -> None:
    """v34 then still writes both events, 0.1 ms apart, or a step of 0.00 s."""
    write_logs(tmp_path, ConversationPlan(12, retrieval=False))
    paths = {"latency": tmp_path / "shared/latency.log", "v34": tmp_path / "testing-interface/logs/v34.log"}
    values = shown("retrieval", turns_of(*(paths[log] for log in logs)))
    assert len(values) >= 12 and set(values) == {False}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"stages": {"retrieve": 0.0}}, False),
        ({"stages": {"retrieve": 2.99}, "chunks": 0}, False),
        ({"stages": {"retrieve": 3.0}, "chunks": 0}, None),
        ({"stages": {"retrieve": 50.0}}, None),
        ({"stages": {"retrieve": 0.1}, "chunks": 1}, True),
        ({"stages": {"retrieve": 2.0, "embed": 0.0}}, True),
        ({"stages": {"retrieve": 2.0, "query": 1.0}}, True),
        ({"stages": {"query": 1.0}, "chunks": 0}, True),
        ({"stages": {"retrieve": None, "llm": 800.0}}, None),
        ({}, None),
    ],
)
def test_retrieval_is_off_where_it_took_no_time_and_found_nothing(facts: dict[str, Any], expected: bool | None) -> None:
    assert shown("retrieval", (turn(**facts),)) == [expected]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"raw": True, "context_returned": 9, "output_tokens": 5}, True),
        ({"raw": False, "context_returned": 0, "output_tokens": 5}, False),
        ({"context_returned": 0, "output_tokens": 1}, True),
        ({"context_returned": 1, "output_tokens": 1}, False),
        ({"context_returned": 0, "output_tokens": 0}, None),
        ({"context_returned": 0}, None),
        ({"context_returned": None, "output_tokens": 5}, None),
    ],
)
def test_raw_is_what_the_log_says_or_whether_a_context_came_back(facts: dict[str, Any], expected: bool | None) -> None:
    assert shown("raw", (turn(**facts),)) == [expected]


def test_a_turn_that_failed_shows_raw_only_where_the_log_says_it() -> None:
    failed = Turn(ordinal=0, state=TurnState.FAILED, context_returned=0, output_tokens=5)
    assert shown("raw", (failed,)) == [None]


@pytest.mark.parametrize(("logs", "expected"), [("v34", True), ("both", True), ("latency", None), ("kv_stats", None)])
def test_a_debug_log_is_there_only_with_debug(logs: str, expected: bool | None) -> None:
    assert shown("debug-mode", (turn(logs=logs),)) == [expected]


# -- words


def test_values_are_written_in_the_users_words() -> None:
    tail = flag("tail-mode")
    assert (word(tail, False), word(tail, True), word(tail, None)) == ("on", "off", "—")
    assert (word(flag("raw"), False), word(flag("context-size"), 0), word(flag("recency-weight"), 1.0)) == (
        "off", "0", "1.0",
    )  # fmt: skip
    assert (word(None, True), word(None, False), word(None, 0), word(None, "x")) == ("on", "off", "0", "x")


def test_a_number_is_never_taken_for_a_switch() -> None:
    """0 and False are equal in Python."""
    assert word(flag("tail-mode"), 0) == "0"
    assert [type(exported_value(None, value)) for value in (True, 1, 0.5, "x")] == [str, int, float, str]
    assert exported_value(flag("tail-mode"), False) == "on"


def change(key: str, before: FlagValue, after: FlagValue) -> FlagChange:
    return FlagChange(flag=key, label=flag(key).label, before=before, after=after)


def test_a_change_of_a_flag_of_the_users_own_needs_no_row() -> None:
    own = FlagChange(flag="store", label="store all", before=True, after=False)
    assert change_words(own) == "store all on→off"


@pytest.mark.parametrize(
    ("restarted", "changes", "words"),
    [
        (False, (), "first turn"),
        (True, (), "restart"),
        (True, (change("tail-mode", True, False),), "restart, tail mode off→on"),
        (False, (change("context-size", 8000, 4096),), "context size 8000→4096"),
        (
            True,
            (change("raw", True, False), change("model", "a", "b")),
            "restart, raw on→off, model a→b",
        ),
    ],
)
def test_what_began_an_epoch(restarted: bool, changes: tuple[FlagChange, ...], words: str) -> None:
    epoch = Epoch(number=2, session_id=None, started=None, first=1, turns=1, restarted=restarted, changes=changes)
    assert epoch_words(epoch) == words
