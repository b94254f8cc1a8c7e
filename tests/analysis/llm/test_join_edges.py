"""Lines of Ollama's log and turns on both sides of each tolerance, and the warnings on both sides of each limit."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from timmy_tui.analysis.llm.log_join import LogJoin
from timmy_tui.analysis.llm.summary import LlmSummary, warnings
from timmy_tui.model.llm import Certainty, ContextState, OllamaFacts, ServedPrompt
from timmy_tui.model.turn import Event, Turn

UP = OllamaFacts(url="", reachable=True, since=0.0, version="0.12.11", loaded=True)


def turn(n: int = 0, **more: Any) -> Turn:
    """1000 tokens in 90 ms, from 1000 s on, 8 s long, and ten seconds behind the one before it."""
    fields: dict[str, Any] = {
        "ordinal": n, "started": 1000.0 + 10 * n, "ended": 1008.0 + 10 * n, "prompt_tokens": 1000, "prefill_ms": 90.0,
    }  # fmt: skip
    return Turn(**{**fields, **more})


def sent(at: float) -> tuple[Event, ...]:
    return (Event(timestamp=at, request_id="a", event="v34_ollama_sent"),)


def line(number: int = 1, at: float | None = None, ms: float | None = None, **more: Any) -> ServedPrompt:
    fields: dict[str, Any] = {"number": number, "at": at, "prompt": 1000, "reused": 700, "evaluated": 300}
    return ServedPrompt(**{**fields, "prefill_ms": ms, **more})


def joined(one: Turn, *lines: ServedPrompt) -> ServedPrompt | None:
    join = LogJoin()
    join.add_requests(lines)
    return join.match(one)


@pytest.mark.parametrize(("count", "fits"), [(1000, True), (300, True), (999, False), (700, False), (301, False)])
def test_the_count_is_of_the_whole_prompt_or_of_what_was_evaluated(count: int, fits: bool) -> None:
    assert (joined(turn(prompt_tokens=count), line()) is not None) is fits


@pytest.mark.parametrize(("ms", "fits"), [(90.0109, True), (89.9891, True), (90.012, False), (89.988, False)])
def test_a_duration_is_printed_with_two_decimals(ms: float, fits: bool) -> None:
    assert (joined(turn(), line(ms=ms)) is not None) is fits
    assert (joined(turn(prompt_tokens=None), line(ms=ms)) is not None) is fits


def test_a_count_or_a_duration_must_be_known() -> None:
    assert joined(turn(prompt_tokens=None), line()) is None
    assert joined(turn(prompt_tokens=None, prefill_ms=None), line(ms=90.0)) is None
    assert joined(turn(prefill_ms=None), line(ms=5.0)) is not None


@pytest.mark.parametrize(
    ("at", "fits"), [(994.0, True), (993.999, False), (1014.0, True), (1014.001, False), (None, True)]
)
def test_two_clocks_may_be_six_seconds_apart(at: float | None, fits: bool) -> None:
    """Begun at 1000 s, ended at 1008."""
    assert (joined(turn(), line(at=at)) is not None) is fits


@pytest.mark.parametrize(("at", "fits"), [(995.0, True), (994.999, False), (1007.0, True), (1007.001, False)])
def test_where_the_request_is_stamped_that_counts(at: float, fits: bool) -> None:
    """Sent at 1001 s."""
    assert (joined(turn(events=sent(1001.0)), line(at=at)) is not None) is fits


@pytest.mark.parametrize(
    ("figures", "until"),
    [
        ({"load_ms": 2000.0}, 1009.0), ({"stages": {"wait": 2500.0}}, 1009.5),
        ({"load_ms": 2000.0, "stages": {"wait": 9000.0}}, 1009.0),
        ({"load_ms": 0.0, "stages": {"wait": 500.0}}, 1007.5), ({}, 1007.0),
    ],
)  # fmt: skip
def test_a_request_that_waited_is_logged_later(figures: dict[str, Any], until: float) -> None:
    """Sent at 1001 s, six seconds of clocks, and the wait."""
    one = turn(events=sent(1001.0), **figures)
    assert joined(one, line(at=until)) is not None
    assert joined(one, line(at=until + 0.001)) is None


def test_a_turn_without_an_end_is_as_long_as_its_beginning() -> None:
    assert joined(turn(ended=None), line(at=1006.0)) is not None
    assert joined(turn(ended=None), line(at=1006.1)) is None
    assert joined(turn(started=None), line(at=1.0)) is not None


def test_two_lines_that_fit_are_nobodys() -> None:
    assert joined(turn(), line(1), line(2)) is None
    assert joined(turn(), line(1), line(2, prompt=5, evaluated=5)) is not None


def test_a_request_is_matched_once_and_a_match_stays() -> None:
    join = LogJoin()
    join.add_requests([line(1)])
    assert join.match(turn(0)) is not None
    assert join.match(turn(1)) is None
    assert join.match(turn(0, prompt_tokens=5)) is not None


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [(1000.0, 1001.0, 2), (1000.0, 1000.999, None), (1000.0, 999.001, None), (1000.0, 998.999, 0)],
)
def test_neighbours_keep_the_order_where_stamps_tell_it(first: float, second: float, number: int | None) -> None:
    """Of three alike the middle one is known; a second earlier or later tells the one before it from the one behind."""
    join = LogJoin()
    join.add_requests([line(1, ms=50.0)])
    assert join.match(turn(0, prefill_ms=50.0, started=first)) is not None
    join.add_requests([line(0), line(2)])
    found = join.match(turn(1, started=second))
    assert (None if found is None else found.number) == number


def test_a_revised_start_moves_a_neighbour() -> None:
    join = LogJoin()
    join.add_requests([line(1, ms=50.0)])
    join.match(turn(0, prefill_ms=50.0, started=2000.0))
    join.match(turn(0, prefill_ms=50.0, started=1000.0))
    join.add_requests([line(0), line(2)])
    found = join.match(turn(1, started=1500.0))
    assert found is not None
    assert found.number == 2


def test_a_turn_without_a_time_has_no_neighbours() -> None:
    join = LogJoin()
    join.add_requests([line(1, ms=50.0)])
    join.match(turn(0, prefill_ms=50.0, started=None))
    join.add_requests([line(2)])
    assert join.match(turn(1)) is not None
    join.add_requests([line(0, prompt=7, evaluated=7)])
    assert join.match(turn(2, started=None, prompt_tokens=7)) is not None


def test_new_lines_are_told_from_known_ones() -> None:
    join = LogJoin()
    assert join.add_requests([line(1), line(2)])
    assert not join.add_requests([line(2), line(1)])
    assert join.add_requests([line(2), line(3)])
    assert not join.add_requests([])


def test_256_lines_are_remembered() -> None:
    def matches(count: int) -> bool:
        join = LogJoin()
        join.add_requests(line(number, prompt=5000 + number, evaluated=5000 + number) for number in range(count))
        return join.match(turn(prompt_tokens=5000)) is not None

    assert matches(256)
    assert not matches(257)


def test_256_matches_are_remembered() -> None:
    def stays(count: int) -> bool:
        join = LogJoin()
        for number in range(count):
            join.add_requests([line(number, prompt=number, evaluated=number)])
            join.match(turn(number, prompt_tokens=number))
        # A revision that fits no line any more.
        return join.match(turn(0, prompt_tokens=99_999)) is not None

    assert stays(256)
    assert not stays(257)


# --- the summary ---------------------------------------------------------------------------------------------------


def certain(summary: LlmSummary, facts: OllamaFacts | None = None) -> list[bool]:
    state = summary.state(facts or UP, (), (), 0.0)
    return [one.certainty is Certainty.MEASURED for one in state.reuse]


def unique(n: int, **more: Any) -> Turn:
    """A turn that one line alone fits: its count is its own."""
    return turn(n, prompt_tokens=1000 + n, **more)


def its_line(n: int) -> ServedPrompt:
    return line(n, prompt=1000 + n, evaluated=300)


@pytest.mark.parametrize(("late", "reached"), [(16, True), (17, False)])
def test_later_lines_reach_sixteen_turns_back(late: int, reached: bool) -> None:
    summary = LlmSummary()
    summary.add(unique(0), UP)
    assert certain(summary, replace(UP, served=(its_line(0),))) == [True]
    for n in range(1, 1 + late):
        summary.add(unique(n), UP)
    told = certain(summary, replace(UP, served=(its_line(0), its_line(1))))
    assert told == [True, reached, *([False] * (late - 1))]


def test_the_first_lines_reach_all_turns() -> None:
    summary = LlmSummary()
    for n in range(40):
        summary.add(unique(n), UP)
    assert certain(summary, replace(UP, served=(its_line(0),)))[0]


def test_nothing_known_of_the_server_changes_nothing() -> None:
    summary = LlmSummary()
    summary.add(turn(0), UP)
    state = summary.state(None, (), (), 0.0)
    assert (state.facts, state.warnings, len(state.reuse)) == (None, (), 1)


def test_a_version_that_is_heard_of_later_holds_for_the_turns_before() -> None:
    summary = LlmSummary()
    summary.add(turn(0), None)
    state = summary.state(replace(UP, version="0.12.6"), (), (), 0.0)
    assert "last 512" in state.reuse[0].reason


def context(turns_left: int | None = None, truncated: bool = False) -> ContextState:
    return ContextState(
        window=8000,
        window_source="loaded",
        fill=0.9,
        used=7200,
        growth=400.0,
        turns_left=turns_left,
        truncated=truncated,
    )


@pytest.mark.parametrize(
    ("turns_left", "words"),
    [
        (5, ()), (4, ("the context window is full in about 4 turns",)),
        (1, ("the context window is full in about 1 turn",)), (0, ("the context window is full in about 0 turns",)),
        (None, ()),
    ],
)  # fmt: skip
def test_the_window_is_nearly_full_below_five_turns(turns_left: int | None, words: tuple[str, ...]) -> None:
    assert warnings(None, context(turns_left), 0.0) == words
    assert warnings(None, context(turns_left, truncated=True), 0.0) == (
        "the newest prompt was cut silently: Timmy forgets, and every turn is cold",
    )


@pytest.mark.parametrize(
    ("in_s", "when"),
    [
        (300.0, None), (299.9, "in 5 min"), (120.0, "in 2 min"), (90.0, "in 2 min"), (89.9, "in 90s"), (1.0, "in 1s"),
        (0.0, None), (-1.0, None), (math.inf, None),
    ],
)  # fmt: skip
def test_a_model_that_unloads_soon(in_s: float, when: str | None) -> None:
    told = warnings(replace(UP, expires=1000.0 + in_s), None, 1000.0)
    assert told == (() if when is None else (f"the model unloads {when}: the next turn would be cold (w warms it)",))


@pytest.mark.parametrize(
    ("size", "inside", "share"),
    [(1000, 995, None), (1000, 994, "1%"), (1000, 0, "100%"), (0, 0, None), (None, 5, None), (9, None, None)],
)
def test_a_model_that_sits_in_main_memory_in_part(size: int | None, inside: int | None, share: str | None) -> None:
    told = warnings(replace(UP, size=size, size_vram=inside), None, 0.0)
    assert told == (() if share is None else (f"{share} of the model is in main memory: every token is slower",))


@pytest.mark.parametrize(("loaded", "told"), [(True, False), (None, False), (False, True)])
def test_a_model_that_is_not_loaded(loaded: bool | None, told: bool) -> None:
    lines = warnings(replace(UP, loaded=loaded, expires=1010.0, size=10, size_vram=5), None, 1000.0)
    assert (lines == ("the model is not loaded: the next turn waits for it (w warms it)",)) is told
    assert len(lines) == (1 if told else 2)


@pytest.mark.parametrize(
    ("reachable", "problem", "words"),
    [
        (False, "refused", ("Ollama does not answer: refused",)), (False, "", ("Ollama does not answer",)),
        (None, "", ()), (True, "", ("the model is not loaded: the next turn waits for it (w warms it)",)),
    ],
)  # fmt: skip
def test_a_server_that_does_not_answer(reachable: bool | None, problem: str, words: tuple[str, ...]) -> None:
    assert warnings(replace(UP, reachable=reachable, problem=problem, loaded=False), None, 0.0) == words


@pytest.mark.parametrize(("ours", "theirs", "fits"), [(0.0, 0.0, True), (0.0, 0.02, False), (0.02, 0.0, False)])
def test_a_duration_of_nothing_is_one_too(ours: float, theirs: float, fits: bool) -> None:
    assert (joined(turn(prefill_ms=ours), line(ms=theirs)) is not None) is fits
