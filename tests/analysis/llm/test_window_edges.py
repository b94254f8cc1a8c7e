"""The context window on both sides of each limit: fill, growth, forecast, and what gives a cut away."""

from typing import Any

import pytest

from timmy_tui.analysis.llm.context_window import ContextTracker
from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, Truncation, parse_version, rule_for
from timmy_tui.model.llm import ContextState, OllamaFacts, ServedPrompt
from timmy_tui.model.turn import Turn


def said(version: str | None = "0.12.11", window: int | None = None) -> OllamaFacts:
    return OllamaFacts(url="", reachable=True, since=None, version=version, context_length=window)


def turn(n: int, prompt: int | None, **more: Any) -> Turn:
    fields: dict[str, Any] = {
        "ordinal": n, "session_id": "one", "started": 100.0 + n, "prompt_tokens": prompt, "output_tokens": 50,
        "prefill_ms": 100.0, "num_ctx": 8000,
    }  # fmt: skip
    return Turn(**{**fields, **more})


def state(*turns: Turn, facts: OllamaFacts | None = None, **options: Any) -> ContextState:
    tracker = ContextTracker(**options)
    for one in turns:
        tracker.add(one, facts or said())
    found = tracker.state
    assert found is not None
    return found


def growing(*prompts: int, **more: Any) -> ContextState:
    return state(*(turn(n, prompt, **more) for n, prompt in enumerate(prompts)))


def test_the_answer_is_part_of_what_is_used() -> None:
    found = growing(600)
    assert (found.used, found.fill, found.growth, found.turns_left) == (650, 650 / 8000, None, None)
    assert growing(600, output_tokens=None).used == 600


@pytest.mark.parametrize(
    ("prompts", "growth"),
    [((600,), None), ((600, 700), None), ((600, 700, 800), 100), ((600, 700, 900), 150), ((600, 700, 900, 910), 100)],
)
def test_growth_is_the_median_of_two_steps_at_least(prompts: tuple[int, ...], growth: float | None) -> None:
    assert growing(*prompts).growth == growth


@pytest.mark.parametrize(("prompt", "growth"), [(899, None), (900, -50.0)])
def test_a_prompt_a_tenth_shorter_was_trimmed_and_is_no_step(prompt: int, growth: float | None) -> None:
    assert growing(1000, 1000, prompt).growth == growth


def test_64_steps_are_remembered() -> None:
    """32 steps of 1 and 33 of 2: the first one is forgotten, and the median lies between."""
    slow = [1000 + n for n in range(33)]
    fast = [slow[-1] + 2 * n for n in range(1, 33)]
    assert growing(*slow, *fast).growth == 1.5
    assert growing(*slow, *fast, fast[-1] + 2).growth == 2


@pytest.mark.parametrize(
    ("step", "turns_left"), [(0, None), (1, 6948), (2, 3473), (-10, None), (2316, 1), (2317, 0), (3476, 0)]
)
def test_the_forecast_is_in_whole_turns(step: int, turns_left: int | None) -> None:
    """8000 less the prompt of 1000 and two steps and the answer of 50: how many more steps fit."""
    found = growing(1000, 1000 + step, 1000 + 2 * step)
    assert found.turns_left == turns_left


def test_growth_of_less_than_a_token_is_no_forecast() -> None:
    """Steps of 0 and 1: half a token a turn."""
    found = growing(1000, 1000, 1001)
    assert (found.growth, found.turns_left) == (0.5, None)


def test_more_than_the_window_leaves_no_turns() -> None:
    assert growing(7000, 7900, 8800, num_ctx=8000).turns_left == 0


def test_a_cut_prompt_is_no_step_and_neither_is_the_one_behind_it() -> None:
    assert growing(7000, 7400, 7800, 8000, 8100).growth == 400


def test_a_new_session_grows_anew() -> None:
    first = [turn(n, 1000 + 100 * n) for n in range(4)]
    second = turn(4, 600, session_id="two")
    assert state(*first, second).growth is None
    assert state(*first, second, turn(5, 700, session_id="two"), turn(6, 810, session_id="two")).growth == 105


def test_a_revision_with_another_count_is_no_step() -> None:
    assert state(*(turn(n, 1000 + 100 * n) for n in range(4)), turn(3, 2000)).growth == 100


@pytest.mark.parametrize(
    ("loaded", "logged", "config", "window"),
    [
        (4096, 8000, 2048, (4096, "loaded")), (None, 8000, 2048, (8000, "v34 log")), (0, 8000, 2048, (8000, "v34 log")),
        (None, None, 2048, (2048, "config")), (None, None, None, (None, "")), (None, 0, 0, (None, "")),
    ],
)  # fmt: skip
def test_who_says_how_large_the_window_is(
    loaded: int | None, logged: int | None, config: int | None, window: tuple[int | None, str]
) -> None:
    found = state(turn(0, 600, num_ctx=logged), facts=said(window=loaded), config_window=config)
    assert (found.window, found.window_source) == window


def test_a_turn_that_names_no_window_keeps_the_one_that_is_known() -> None:
    assert state(turn(0, 600, num_ctx=4000), turn(1, 600, num_ctx=None)).window == 4000


def test_the_newest_word_on_the_server_counts() -> None:
    tracker = ContextTracker()
    tracker.add(turn(0, 7999), said("0.30.5"))
    assert tracker.state is not None
    assert tracker.state.truncated
    tracker.set_facts(said(None, 16_000))
    tracker.set_facts(None)
    assert tracker.state.window == 16_000
    # A server that says no version is still the one it was.
    tracker.add(turn(1, 15_999, num_ctx=16_000))
    assert tracker.state.truncated


def test_a_turn_without_figures_is_passed_over() -> None:
    tracker = ContextTracker()
    tracker.add(turn(0, 600), said())
    tracker.add(turn(1, None, prefill_ms=None), said())
    assert tracker.state is not None
    assert tracker.state.used == 650


@pytest.mark.parametrize(
    ("sent", "returned", "note"),
    [
        (0, 0, ""), (None, None, ""), (5, None, "context array: 5 ids sent, none returned"),
        (0, 7, "context array: none ids sent, 7 returned"), (5, 7, "context array: 5 ids sent, 7 returned"),
    ],
)  # fmt: skip
def test_the_note_on_the_context_array(sent: int | None, returned: int | None, note: str) -> None:
    assert state(turn(0, 600, context_sent=sent, context_returned=returned)).note == note


@pytest.mark.parametrize(("limit", "told"), [(7999, True), (8000, False), (None, False)])
def test_the_note_on_the_history(limit: int | None, told: bool) -> None:
    assert bool(state(turn(0, 600), history_limit=limit).note) is told


def test_no_note_on_the_history_where_no_window_is_known() -> None:
    assert state(turn(0, 600, num_ctx=None), history_limit=10).note == ""


# --- what gives a cut away --------------------------------------------------------------------------------------------


def cut(*turns: Turn, version: str = "0.12.11") -> bool:
    return state(*turns, facts=said(version)).truncated


@pytest.mark.parametrize(
    ("version", "counts"),
    [("0.12.11", {8000}), ("0.4.0", {8000}), ("0.30.1", {7999}), ("0.30.10", {7999})],
)
def test_counts_that_only_a_cut_prompt_has(version: str, counts: set[int]) -> None:
    assert {count for count in range(7990, 8010) if cut(turn(0, count), version=version)} == counts


@pytest.mark.parametrize("count", [4001, 4002, 4003, 4004])
def test_half_a_window_is_a_cut_where_another_sign_says_so(count: int) -> None:
    both = count in (4002, 4003)
    assert cut(turn(0, count, context_sent=8001), version="0.30.11") is both
    assert not cut(turn(0, count), version="0.30.11")


@pytest.mark.parametrize(
    ("sign", "told"),
    [
        ({"prompt_tokens_est": 5203}, True), ({"prompt_tokens_est": 5202}, False),  # 1.3 × 4002 = 5202.6
        ({"context_sent": 5203}, True), ({"context_sent": 5202}, False),
    ],
)  # fmt: skip
def test_what_v34_meant_to_send_is_such_a_sign_from_three_tenths_more_on(sign: dict[str, int], told: bool) -> None:
    assert cut(turn(0, 4002, **sign), version="0.30.11") is told


@pytest.mark.parametrize(("before", "told"), [(7151, True), (7150, False), (4002, True), (4001, False), (4003, False)])
def test_the_turn_before_is_such_a_sign_where_it_filled_the_window_or_counted_the_same(before: int, told: bool) -> None:
    """Nine tenths of 8000 are 7200 tokens, the answer's 50 among them."""
    assert cut(turn(0, before), turn(1, 4002), version="0.30.11") is told


@pytest.mark.parametrize(("count", "told"), [(7991, False), (7992, True)])
def test_counted_misses_that_fill_the_window_were_cut(count: int, told: bool) -> None:
    """Eight tokens of a cut prompt's head can still match."""
    assert cut(turn(0, count), version="0.30.0") is told


@pytest.mark.parametrize("version", ["0.30.0", "0.3.14"])
@pytest.mark.parametrize(("sent", "told"), [(8000, False), (8001, True), (0, False)])
def test_an_array_longer_than_the_window_was_cut(version: str, sent: int, told: bool) -> None:
    assert cut(turn(0, 100, context_sent=sent), version=version) is told


@pytest.mark.parametrize(
    ("before", "told"),
    [
        # 600 tokens of the turn before were no array: as much is beside the array now. 7400 and 600 fit, 7401 do not.
        ({"context_sent": 1000, "prompt_tokens": 1600}, True),
        ({"context_sent": 1001, "prompt_tokens": 1600}, False),
        ({"context_sent": None, "prompt_tokens": 600}, True),
        ({"context_sent": None, "prompt_tokens": 599}, False),
        ({"context_sent": 0, "prompt_tokens": 600, "tail_mode": True}, False),
        ({"context_sent": 0, "prompt_tokens": None}, False),
        ({"context_sent": 2000, "prompt_tokens": 1000}, False),
        ({"context_sent": 8001, "prompt_tokens": 8700}, False),
    ],
)
def test_what_the_turn_before_sent_beside_its_array_counts(before: dict[str, Any], told: bool) -> None:
    first = turn(0, **{"prompt": before.pop("prompt_tokens"), **before})
    assert cut(first, turn(1, 100, context_sent=7401), version="0.3.14") is told


def test_without_a_window_nothing_is_called_cut() -> None:
    assert not cut(turn(0, 8000, num_ctx=None))


@pytest.mark.parametrize("truncated", [True, False])
def test_the_log_of_the_server_decides(truncated: bool) -> None:
    tracker = ContextTracker()
    line = ServedPrompt(number=1, prompt=8000, reused=0, evaluated=8000, truncated=truncated)
    tracker.add(turn(0, 8000), said(), line)
    assert tracker.state is not None
    assert tracker.state.truncated is truncated


def test_a_cut_window_is_full_whatever_is_left_in_it() -> None:
    half = state(turn(0, 4003, context_sent=8100), facts=said("0.30.11"))
    assert (half.used, half.fill) == (8150, 8150 / 8000)
    estimate = state(turn(0, 4003, prompt_tokens_est=5300), facts=said("0.30.11"))
    assert (estimate.used, estimate.fill) == (5350, 1.0)


def test_the_log_tells_the_whole_prompt_where_misses_are_counted() -> None:
    tracker = ContextTracker()
    tracker.add(turn(0, 40), said("0.30.0"), ServedPrompt(number=1, prompt=900, reused=860, evaluated=40))
    assert tracker.state is not None
    assert tracker.state.used == 950


# --- the version table --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "differs"),
    [
        ("0.2.0", "counts"), ("0.4.0", "truncation"), ("0.12.5", "times_all_uncached"),
        ("0.12.7", "times_all_uncached"), ("0.30.0", "counts"), ("0.30.0", "truncation"), ("0.30.0", "ram_cache"),
        ("0.30.1", "counts"), ("0.30.11", "truncation"), ("0.33.3", "reports_cached_tokens"),
    ],
)  # fmt: skip
def test_a_row_holds_from_its_release_on(version: str, differs: str) -> None:
    """The release before it (its last number one less, or far above) is of another row."""
    major, minor, patch = (int(part) for part in version.split("."))
    before = f"{major}.{minor}.{patch - 1}" if patch else f"{major}.{minor - 1}.999"
    assert getattr(rule_for(version), differs) != getattr(rule_for(before), differs)
    assert getattr(rule_for(version), differs) == getattr(rule_for(f"{major}.{minor}.{patch}-rc1"), differs)


def test_what_is_older_than_the_first_row_is_of_it() -> None:
    oldest = rule_for("0.0.1")
    assert oldest is not None
    assert (oldest.counts, oldest.truncation) == (PromptEvalCount.MISSES, Truncation.BLOCKS)
    assert (oldest.times_all_uncached, oldest.ram_cache) == (True, False)


@pytest.mark.parametrize(
    ("text", "version"),
    [("0.0.1", (0, 0, 1)), ("0.0", None), ("v0.0.0", None), ("12345.1.1", None), ("1.2.", None), ("x0.1.2", None),
     ("9999.9999.9999", (9999, 9999, 9999)), ("0.1.2.3", None), ("0.12", (0, 12, 0)), ("1", None)],
)  # fmt: skip
def test_what_is_a_version(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version
