"""Prompt reuse on both sides of each of its limits, in figures that can be worked out in the head.

The model decodes a token a millisecond (base: 1 ms) and, read cold, a prompt token a millisecond as well: a prefill of
1 + N ms has evaluated N tokens.
"""

from typing import Any

import pytest

from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.prefill.curve import fastest_cold, prior_rate
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.request_chain import RequestChain
from timmy_tui.model.llm import Certainty, OllamaFacts, Reuse, ServedPrompt
from timmy_tui.model.turn import Turn

NEW = OllamaFacts(url="", reachable=True, since=None, version="0.12.11", depth_cost=0.0)


def version(text: str | None) -> OllamaFacts:
    return OllamaFacts(url="", reachable=True, since=None, version=text, depth_cost=0.0)


def turn(ordinal: int, prompt: int | None, evaluated: float | None, **more: Any) -> Turn:
    """A warm turn of 10 s after the one before it."""
    fields: dict[str, Any] = {
        "ordinal": ordinal, "prompt_tokens": prompt, "prefill_ms": None if evaluated is None else 1.0 + evaluated,
        "output_tokens": 50, "decode_ms": 49.0, "load_ms": 90.0, "session_id": "one", "started": 1000.0 + 10 * ordinal,
        "num_ctx": 8000, "model": "m",
    }  # fmt: skip
    return Turn(**{**fields, **more})


def loaded(ordinal: int, tokens: int = 1000, **more: Any) -> Turn:
    """Behind a load: it evaluated everything, and was slower for it."""
    return turn(ordinal, tokens, 1.08 * tokens, load_ms=2000.0, **more)


def judge(*turns: Turn, facts: OllamaFacts | None = NEW) -> list[Reuse]:
    """What is said of each at the end, in the order of time."""
    tracker = ReuseTracker()
    for one in turns:
        tracker.add(one, facts)
    return list(tracker.reuse)


def learned(tracker: ReuseTracker) -> tuple[float, int, bool] | None:
    """(ms a token, cold turns, whether they are certain)."""
    rate = tracker.rate
    return None if rate is None else (round(rate.ms_per_token, 2), rate.samples, rate.certain)


# --- the cold rate -------------------------------------------------------------------------------------------------


def test_what_a_card_may_be_expected_to_do() -> None:
    """38.6 prompt tokens for one decoded; 4,100 a second where nothing is known. More than 65, or 20,000, is none."""
    assert prior_rate(100.0).tokens_per_second == pytest.approx(3860.0)
    assert (prior_rate(100.0).samples, prior_rate(100.0).certain) == (0, False)
    assert prior_rate(None).tokens_per_second == pytest.approx(4100.0)
    assert (fastest_cold(100.0), fastest_cold(None)) == (6500.0, 20_000.0)


# --- the split ---------------------------------------------------------------------------------------------------


def test_an_estimate_against_a_load() -> None:
    first, _, second = judge(loaded(0), loaded(1), turn(2, 1200, 300))
    assert (second.certainty, second.prompt_tokens, second.reused, second.share) == (
        Certainty.ESTIMATED, 1200, 900, 0.75,
    )  # fmt: skip
    assert second.reason == "compared with 2 cold turns, 1000 tok/s"
    assert (first.reused, first.share) == (0, 0.0)


def test_the_ground_of_an_estimate_is_named() -> None:
    *_, third = judge(loaded(0), loaded(1), turn(2, 1200, 300))
    assert third.reason == "compared with 2 cold turns, 1000 tok/s"
    opened = turn(2, 1000, 1000, session_id="two")
    *_, last = judge(turn(0, 1000, 10), turn(1, 1000, 10), opened, turn(3, 1000, 500, session_id="two"))
    assert last.reason == "compared with 1 presumed cold turn, 1000 tok/s: between 50% and 75%"
    assert last.reused == 500
    unknown = judge(loaded(0), loaded(1), turn(2, 1200, 300), facts=version(None))[2]
    assert unknown.reason == "assumes Ollama 0.12.7 or newer; compared with 2 cold turns, 1000 tok/s"


@pytest.mark.parametrize(
    ("prefill_ms", "certainty"), [(9.0, "estimated"), (9.99, "estimated"), (10.0, "unknown"), (11.0, "unknown")]
)
def test_without_a_cold_turn_only_what_is_faster_than_any_card_is_an_estimate(
    prefill_ms: float, certainty: str
) -> None:
    """200 tokens where no decode rate is known: 20,000 a second are 10 ms."""
    only = judge(turn(0, 200, None, prefill_ms=prefill_ms, decode_ms=None))[0]
    assert only.certainty == certainty
    reasons = {"estimated": "prior rate, not calibrated: faster than any cold prefill",
               "unknown": "no cold turn yet to compare with"}  # fmt: skip
    assert (only.reason, only.prompt_tokens) == (reasons[certainty], 200)
    # 4,100 tokens a second above a base of 9 ms: 0.99 ms are 4 tokens, and one there always is.
    assert only.reused == {9.0: 199, 9.99: 196}.get(prefill_ms)


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({"prompt_tokens": None}, "Ollama gave no prompt count"),
        ({"prompt_tokens": 0}, "Ollama gave no prompt count"),
        ({"prefill_ms": None}, "Ollama gave no prefill time"),
    ],
)
def test_what_is_missing_is_named(figures: dict[str, Any], reason: str) -> None:
    only = judge(turn(0, 1000, 100, **figures))[0]
    assert (only.certainty, only.reason, only.share, only.reused) == (Certainty.UNKNOWN, reason, None, None)


def test_what_a_version_cannot_tell_is_named() -> None:
    only = judge(turn(0, 1000, 100), facts=version("0.12.6"))[0]
    assert only.reason == ("Ollama 0.12.6 times only the last 512 prompt tokens, so its figures do not show the reuse")
    assert only.prompt_tokens == 1000
    misses = judge(turn(0, 40, 40), facts=version("0.1.48"))[0]
    assert misses.reason == (
        "40 evaluated: Ollama 0.1.48 counts only the tokens it evaluated; on a full hit the count is absent"
    )
    assert misses.prompt_tokens is None


@pytest.mark.parametrize(
    ("cached", "prompt", "reused"),
    [(0, 1000, 0), (999, 1000, 999), (1000, 1000, 1000), (1001, 1000, 1000), (5, 0, None)],
)
def test_what_the_answer_itself_says(cached: int, prompt: int, reused: int | None) -> None:
    only = judge(turn(0, prompt, 100, cached_tokens=cached))[0]
    assert only.reused == reused
    assert (only.certainty is Certainty.MEASURED) is (reused is not None)
    assert only.reason == ("prompt_eval_cached_count" if reused is not None else "Ollama gave no prompt count")


@pytest.mark.parametrize(
    ("prompt", "reused", "told"),
    [(1000, 0, 0), (1000, 400, 400), (1000, 1001, 1000), (None, 400, None), (1000, None, None)],
)
def test_what_the_log_of_the_server_says(prompt: int | None, reused: int | None, told: int | None) -> None:
    tracker = ReuseTracker()
    line = ServedPrompt(number=1, prompt=prompt, reused=reused, evaluated=9)
    only = tracker.add(turn(0, 1000, 100), NEW, line)
    assert (only.certainty is Certainty.MEASURED) is (told is not None)
    assert only.reused == told
    if told is not None:
        assert (only.reason, only.prompt_tokens) == ("Ollama's server log", 1000)


def test_what_the_answer_says_counts_before_the_log() -> None:
    line = ServedPrompt(number=1, prompt=1000, reused=400, evaluated=600)
    assert ReuseTracker().add(turn(0, 1000, 100, cached_tokens=300), NEW, line).reused == 300


# --- time beside the prefill ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total_ms", "queue"), [(236.0, 0.0), (235.9, 0.0), (100.0, 0.0), (236.5, 0.5), (1236.0, 1000.0), (None, None)]
)
def test_the_queue_is_what_is_above_the_known_parts_and_their_floor(
    total_ms: float | None, queue: float | None
) -> None:
    """Load 90, prefill 11, decode 90 of 50 tokens; the floor is 3 ms and 0.84 a token: 191 and 45."""
    only = judge(turn(0, 1000, 10, decode_ms=90.0, ollama_total_ms=total_ms))[0]
    assert only.queue_ms == (None if queue is None else pytest.approx(queue))


@pytest.mark.parametrize("unknown", ["load_ms", "prefill_ms", "decode_ms"])
def test_a_queue_needs_all_its_parts(unknown: str) -> None:
    assert judge(turn(0, 1000, 10, ollama_total_ms=5000.0, **{unknown: None}))[0].queue_ms is None


def test_without_a_count_of_tokens_the_floor_is_three_milliseconds() -> None:
    only = judge(turn(0, 1000, 10, output_tokens=None, ollama_total_ms=90.0 + 11.0 + 49.0 + 3.0 + 7.0))[0]
    assert only.queue_ms == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("llm_ms", "total_ms", "decode_ms", "bound"),
    [
        (900.0, 700.0, 500.0, 400.0), (None, 700.0, 500.0, 200.0), (400.0, None, 500.0, 0.0),
        (900.0, 700.0, None, None), (None, None, 500.0, None),
    ],
)  # fmt: skip
def test_the_bound_on_the_first_token(
    llm_ms: float | None, total_ms: float | None, decode_ms: float | None, bound: float | None
) -> None:
    only = judge(turn(0, 1000, 10, decode_ms=decode_ms, ollama_total_ms=total_ms, stages={"llm": llm_ms}))[0]
    assert only.ttft_ms == bound


@pytest.mark.parametrize(
    ("output", "decode_ms", "rate"),
    [(51, 500.0, 100.0), (2, 10.0, 100.0), (1, 500.0, None), (0, 500.0, None), (None, 500.0, None), (50, 0.0, None)],
)
def test_the_rate_of_decoding(output: int | None, decode_ms: float, rate: float | None) -> None:
    assert judge(turn(0, 1000, 10, output_tokens=output, decode_ms=decode_ms))[0].decode_rate == rate


def test_a_turn_carries_its_own_figures() -> None:
    only = judge(turn(4, 1000, 10, load_ms=93.0))[0]
    assert (only.ordinal, only.load_ms, only.prefill_ms, only.decode_ms) == (4, 93.0, 11.0, 49.0)


# --- loads -------------------------------------------------------------------------------------------------------


def loads(*times: float | None) -> list[bool]:
    return [one.loaded for one in judge(*(turn(n, 1000, 10, load_ms=load) for n, load in enumerate(times)))]


@pytest.mark.parametrize(("load", "told"), [(500.0, False), (500.1, True)])
def test_half_a_second_is_a_load_on_any_machine(load: float, told: bool) -> None:
    assert loads(load) == [told]


@pytest.mark.parametrize(
    ("floor", "load", "told"),
    [
        (100.0, 300.0, False), (100.0, 300.1, True), (100.0, 299.0, False),  # three times the floor
        (50.0, 200.0, False), (50.0, 200.1, True), (50.0, 199.0, False),  # 150 ms above it
        (1.4, 150.0, False), (1.4, 152.0, True),
    ],
)  # fmt: skip
def test_less_is_a_load_three_times_and_150_ms_above_the_warm_floor(floor: float, load: float, told: bool) -> None:
    assert loads(floor, load) == [False, told]
    # The lowest load is the floor, not the last one.
    assert loads(floor, floor + 20, load)[-1] is told


def test_fifty_loads_make_the_floor() -> None:
    assert loads(100.0, *([200.0] * 49), 350.0)[-1]
    assert not loads(100.0, *([200.0] * 50), 350.0)[-1]


def test_a_revision_of_a_turn_is_no_new_load() -> None:
    """Its own load time would be its floor; another time of it is looked at."""
    tracker = ReuseTracker()
    for n, load in enumerate((100.0, 350.0)):
        tracker.add(turn(n, 1000, 10, load_ms=load), NEW)
    assert tracker.add(turn(1, 1000, 10, load_ms=350.0, reply_length=5), NEW).loaded
    assert not tracker.add(turn(1, 1000, 10, load_ms=110.0), NEW).loaded


@pytest.mark.parametrize(("wait_ms", "told"), [(1000.0, False), (1000.1, True), (None, False)])
def test_without_load_times_a_second_of_waiting_is_one(wait_ms: float | None, told: bool) -> None:
    only = judge(turn(0, 1000, 1000, load_ms=None, stages={"wait": wait_ms}))[0]
    assert only.loaded is told


def test_a_wait_with_a_known_load_is_a_queue() -> None:
    assert not judge(turn(0, 1000, 1000, stages={"wait": 5000.0}))[0].loaded


@pytest.mark.parametrize(("cached", "told"), [(199, True), (200, False)])
def test_a_wait_is_no_load_where_a_fifth_of_the_prompt_was_still_there(cached: int, told: bool) -> None:
    waited = turn(1, 1000, 10, load_ms=None, stages={"wait": 2000.0}, cached_tokens=cached)
    assert judge(turn(0, 1000, 10), waited)[1].loaded is told


# --- cold, and why ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cached", "cold"), [(199, True), (200, False)])
def test_a_first_turn_is_cold_below_a_fifth(cached: int, cold: bool) -> None:
    only = judge(turn(0, 1000, 10, cached_tokens=cached))[0]
    assert (only.cold, only.broken) == (cold, "")


def measured(*rows: tuple[int, int], **last: Any) -> Reuse:
    """Turns of one session with (prompt, tokens from the cache); what is said of the last one."""
    turns = [turn(n, prompt, 10, cached_tokens=cached) for n, (prompt, cached) in enumerate(rows)]
    fields = {name: getattr(turns[-1], name) for name in Turn.__struct_fields__}
    return judge(*turns[:-1], Turn(**{**fields, **last}))[-1]


@pytest.mark.parametrize(("cached", "cold"), [(399, True), (400, False)])
def test_a_miss_leaves_less_than_a_fifth(cached: int, cold: bool) -> None:
    """1000 of 2000 tokens should have been there: half, far from what was."""
    item = measured((1000, 0), (2000, 1000), (2000, cached))
    assert item.cold is cold
    assert bool(item.broken) is cold


@pytest.mark.parametrize(("prompt", "cold"), [(4000, True), (4001, False)])
def test_a_miss_is_a_quarter_of_the_prompt_that_should_have_been_there(prompt: int, cold: bool) -> None:
    """1000 tokens behind the first prompt's are in the slot: a quarter of 4000, not of 4001."""
    assert measured((1000, 0), (2000, 1000), (prompt, 0)).cold is cold


@pytest.mark.parametrize(("cached", "cold"), [(600, False), (599, False), (599 - 250, True)])
def test_what_was_there_counts_against_what_should_have_been(cached: int, cold: bool) -> None:
    """1200 of 3200 should be there (0.375), 600 is 0.1875 and leaves 0.1875; 349 is 0.109 and leaves 0.266."""
    assert measured((2000, 0), (3200, 1000), (3200, cached)).cold is cold


@pytest.mark.parametrize(("evaluated", "cold"), [(1800, False), (1801, True)])
def test_an_estimate_must_be_below_a_tenth(evaluated: int, cold: bool) -> None:
    turns = [loaded(0), loaded(1), turn(2, 1000, 1000), turn(3, 2000, 1000), turn(4, 2000, evaluated)]
    item = judge(*turns)[-1]
    assert item.certainty is Certainty.ESTIMATED
    assert item.cold is cold


def test_a_context_array_brings_back_the_whole_slot() -> None:
    """1000 and 50 tokens are in the slot; without the array the head alone could be shared."""
    assert measured((1000, 0), (1000, 900), (1100, 0), context_sent=1050).cold
    assert not measured((1000, 0), (1000, 900), (1100, 0)).cold


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        ({"model": "other"}, "model changed"),
        ({"num_ctx": 4096}, "context size changed"),
        ({}, "cause not known"),
        ({"load_ms": None}, "cause not known"),
        ({"prompt_tokens": 1799}, "the history was trimmed: 2000 to 1799 tokens"),
        ({"prompt_tokens": 1800}, "cause not known"),
    ],
)
def test_the_cause_of_a_miss(last: dict[str, Any], cause: str) -> None:
    assert measured((1000, 0), (2000, 1000), (2100, 0), **last).broken == cause


@pytest.mark.parametrize(("window", "over"), [(2050, False), (2049, True)])
def test_an_answer_that_ran_over_the_window(window: int, over: bool) -> None:
    """2000 tokens of prompt and 50 of answer."""
    turns = [turn(n, prompt, 10, cached_tokens=cached, num_ctx=window, raw=True)
             for n, (prompt, cached) in enumerate(((1000, 0), (2000, 1000), (2000, 0)))]  # fmt: skip
    assert (judge(*turns)[-1].broken == "the answer before ran over the window") is over


def test_an_array_that_was_dropped() -> None:
    """The array is in the request before, and gone in this one."""
    turns = [
        turn(0, 1000, 10, cached_tokens=0), turn(1, 2000, 10, cached_tokens=1000, context_sent=1050),
        turn(2, 2100, 10, cached_tokens=0, context_sent=0),
    ]  # fmt: skip
    assert judge(*turns)[-1].broken == "the context array was dropped"


# --- order, sessions, versions ---------------------------------------------------------------------------------------


def starts(*sessions: tuple[str | None, int]) -> list[bool]:
    """Which turns, by (id, number) of their session, are first ones: those of a cold first prompt."""
    turns = [
        turn(n, 1000, 10, cached_tokens=0, session_id=name, session=number) for n, (name, number) in enumerate(sessions)
    ]
    return [one.cold and not one.broken for one in judge(*turns)]


@pytest.mark.parametrize(
    ("sessions", "first"),
    [
        ([("one", 1), ("one", 1), ("two", 1)], [True, False, True]),
        ([("one", 1), (None, 2), ("one", 1)], [True, False, False]),  # a typed turn has no id and belongs on
        ([("one", 1), (None, 2), ("two", 1)], [True, False, True]),
        ([(None, 1), ("one", 2), ("two", 2)], [True, False, True]),
        ([(None, 1), (None, 1), (None, 2)], [True, False, True]),
        ([("one", 1), ("one", 2)], [True, False]),
    ],
)
def test_where_a_session_begins(sessions: list[tuple[str | None, int]], first: list[bool]) -> None:
    assert starts(*sessions) == first


def test_the_place_decides_the_order_and_a_place_that_comes_late_changes_it() -> None:
    tracker = ReuseTracker()
    for n in (0, 2, 4):
        tracker.add(turn(n, 1000, 10), NEW)
    tracker.add(turn(5, 1000, 10, started=None), NEW)
    assert [one.ordinal for one in tracker.reuse] == [0, 2, 4, 5]
    # A clock that stepped does not move it.
    tracker.add(turn(5, 1000, 10, started=1.0), NEW)
    assert [one.ordinal for one in tracker.reuse] == [0, 2, 4, 5]
    tracker.add(turn(5, 1000, 10, place=(0, 1, 1)), NEW)
    assert [one.ordinal for one in tracker.reuse] == [0, 5, 2, 4]


def test_the_request_behind_one_that_moved_has_another_one_before_it() -> None:
    chain = RequestChain(9)
    for n in (0, 1, 2):
        chain.put(request_of(turn(n, 1000, 10)))
    changed = chain.put(request_of(turn(1, 1000, 10, place=(2, 1, 1))))
    assert {one.request.ordinal for one in changed} == {1, 2}
    before = [one.previous.request.ordinal if one.previous else None for one in chain]
    assert [(one.request.ordinal) for one in chain] == [0, 2, 1]
    assert before == [None, 0, 2]


def test_a_turn_that_is_pushed_out_is_not_taken_in_again_as_a_revision() -> None:
    tracker = ReuseTracker(limit=2)
    for n in range(3):
        tracker.add(turn(n, 1000, 10), NEW)
    assert [one.ordinal for one in tracker.reuse] == [1, 2]
    old = tracker.add(turn(0, 1000, 10), NEW)
    assert (old.certainty, old.reason) == (Certainty.UNKNOWN, "Ollama gave no figures for this turn")
    assert [one.ordinal for one in tracker.reuse] == [1, 2]


def test_two_hundred_turns_are_remembered() -> None:
    tracker = ReuseTracker()
    for n in range(201):
        tracker.add(turn(n, 1000, 10), NEW)
    assert [one.ordinal for one in tracker.reuse] == list(range(1, 201))


def test_a_first_prompt_on_a_slot_that_held_another_conversation_is_a_sample() -> None:
    """Two turns before it, so that the slot holds another conversation; none of them in tail mode."""

    def rate(*before: Turn) -> object:
        tracker = ReuseTracker()
        for one in (*before, turn(9, 1000, 1000, session_id="two")):
            tracker.add(one, NEW)
        return learned(tracker)

    plain = turn(0, 1000, 10), turn(1, 1100, 10)
    assert rate(*plain) == (1.0, 1, False)
    assert rate(plain[0]) is None
    assert rate() is None
    assert rate(plain[0], turn(1, 1100, 10, tail_mode=True)) is None
    assert rate(plain[0], turn(1, 1100, 10, context_sent=900)) is None
    assert rate(plain[0], turn(1, 1100, 10, tail_mode=False, context_sent=0)) == (1.0, 1, False)


def test_where_displaced_prompts_are_restored_a_new_prefix_is_no_sample() -> None:
    tracker = ReuseTracker()
    for one in (turn(0, 1000, 10), turn(1, 1100, 10), turn(2, 1000, 1000, session_id="two")):
        tracker.add(one, version("0.30.5"))
    assert tracker.rate is None


def test_a_measured_turn_is_a_sample_of_what_it_evaluated() -> None:
    tracker = ReuseTracker()
    tracker.add(turn(0, 1000, 600, cached_tokens=400), NEW)
    assert learned(tracker) == (1.0, 1, True)


def test_a_turn_that_proves_not_to_have_been_cold_is_no_sample_any_more() -> None:
    tracker = ReuseTracker()
    tracker.add(loaded(0), NEW)
    assert tracker.rate is not None
    tracker.add(turn(0, 1000, 1000, load_ms=90.0), NEW)
    assert tracker.rate is None


def test_another_model_of_the_same_turn_takes_its_sample_along() -> None:
    tracker = ReuseTracker()
    tracker.add(loaded(0), NEW)
    tracker.add(loaded(0, model="other"), NEW)
    tracker.add(turn(1, 1000, 300, model="m"), NEW)
    assert tracker.rate is None


def test_a_turn_that_names_no_model_is_of_the_one_before() -> None:
    tracker = ReuseTracker()
    tracker.add(loaded(0), NEW)
    tracker.add(loaded(1), NEW)
    assert tracker.add(turn(2, 1000, 300, model=None, num_ctx=None), NEW).reused == 700


def test_a_rate_holds_for_one_version() -> None:
    tracker = ReuseTracker()
    tracker.add(loaded(0), version("0.12.11"))
    assert tracker.add(turn(1, 1000, 300), version("0.13.0")).certainty is Certainty.UNKNOWN
    assert tracker.version == "0.13.0"
    # Nothing heard of it keeps the last word.
    assert tracker.add(turn(2, 1000, 300), version(None)).reason == "no cold turn yet to compare with"


def test_times_too_short_for_a_cold_prompt_end_the_estimates_of_an_unknown_version() -> None:
    """100 decoded a second, 10 ms of base: 2600 tokens in less than 400 ms are more than 65 times as many."""
    fast = turn(0, 2600, None, prefill_ms=310.0, decode_ms=500.0, load_ms=2000.0)
    tracker = ReuseTracker()
    tracker.add(fast, None)
    assert tracker.add(turn(1, 2800, 20), None).reason.startswith("prefill times too short")
    known = ReuseTracker()
    known.add(fast, NEW)
    assert known.rate is not None
    for prefill_ms, sample in ((410.0, True), (409.9, False)):
        edge = ReuseTracker()
        edge.add(turn(0, 2600, None, prefill_ms=prefill_ms, decode_ms=490.0, load_ms=2000.0), None)
        assert (edge.rate is not None) is sample
    opened = turn(2, 2600, None, prefill_ms=310.0, decode_ms=500.0, session_id="two")
    presumed = [turn(0, 1000, 10), turn(1, 1100, 10), opened]
    assert (
        judge(*presumed, facts=None)[-1].reason != "prefill times too short for a cold prompt: Ollama 0.12.5 or 0.12.6?"
    )


@pytest.mark.parametrize(("count", "cut"), [(7999, False), (8000, True)])
def test_a_cut_prompt_is_told(count: int, cut: bool) -> None:
    tracker = ReuseTracker()
    tracker.add(turn(0, 1000, 10), NEW)
    tracker.add(turn(1, count, count), NEW)
    assert (tracker.is_truncated(0), tracker.is_truncated(1), tracker.is_truncated(2)) == (False, cut, False)


def test_a_cut_prompt_is_cold_where_nothing_but_its_head_is_left() -> None:
    first = turn(0, 7000, 10, cached_tokens=0)
    for cached, cold in ((1599, True), (1600, False)):
        item = judge(first, turn(1, 8000, 10, cached_tokens=cached))[1]
        assert (item.cold, item.broken) == (cold, "the prompt was cut to fit the window" if cold else "")


def test_a_cut_prompt_of_unknown_reuse_is_cold_but_where_blocks_are_dropped() -> None:
    """0.12.6 cannot tell, and slides; 0.3.14 drops blocks, and an array of 8001 is more than the window."""
    assert judge(turn(0, 8000, 10), facts=version("0.12.6"))[0].cold
    blocks = turn(0, 6000, None, prefill_ms=None, context_sent=8001)
    assert judge(blocks, facts=version("0.12.6"))[0].cold is False
    assert judge(blocks, facts=version("0.3.14"))[0].cold is False


def test_a_slid_window_is_a_certain_sample() -> None:
    tracker = ReuseTracker()
    tracker.add(turn(0, 7000, 10), NEW)
    tracker.add(turn(1, 8000, 8000), NEW)
    assert learned(tracker) == (1.0, 1, True)
    blocks = ReuseTracker()
    blocks.add(turn(0, 7000, 10), version("0.3.14"))
    blocks.add(turn(1, 6000, 6000, context_sent=8001), version("0.3.14"))
    assert blocks.is_truncated(1)
    assert blocks.rate is None


def test_counted_misses_are_samples_of_what_they_counted() -> None:
    tracker = ReuseTracker()
    tracker.add(turn(0, 600, 600), version("0.30.0"))
    assert learned(tracker) == (1.0, 1, True)
