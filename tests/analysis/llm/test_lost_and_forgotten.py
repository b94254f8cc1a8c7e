"""How much lost reuse is a loss, which request taught a rate, and since when each rule of Ollama's is true."""

import pytest

from tests.analysis.llm.test_request_chain import request
from tests.turn_makers import generated_turn
from timmy_tui.analysis.llm.calibrations import Calibrations
from timmy_tui.analysis.llm.ollama_versions import ASSUMED_RULE, RULES, rule_for
from timmy_tui.analysis.llm.prefix_loss import has_lost, is_miss, lost_share
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.prompt_split import PromptSplit
from timmy_tui.analysis.llm.request_chain import ChainedRequest, RequestChain
from timmy_tui.model.llm import Certainty


def chained() -> ChainedRequest:
    """The second turn of a conversation: 1000 tokens, of which the slot should hold 750 (the first had 250)."""
    chain = RequestChain(9)
    for ordinal, tokens in enumerate((250, 1000, 1000)):
        chain.put(request(ordinal, tokens))
    found = chain.newest
    assert found is not None and found.reusable_tokens == 750
    return found


def split(reused: int | None, certainty: Certainty = Certainty.MEASURED, **more: float) -> PromptSplit:
    return PromptSplit(certainty, "", 1000, reused, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("reused", "lost"), [(501, False), (500, True), (499, True), (750, False), (800, False)])
def test_a_quarter_of_the_prompt_that_was_there_and_was_not_reused_is_lost(reused: int, lost: bool) -> None:
    assert has_lost(chained(), split(reused)) is lost


@pytest.mark.parametrize(("most", "lost"), [(0.501, False), (0.5, True), (0.499, True)])
def test_of_a_range_its_upper_end_counts(most: float, lost: bool) -> None:
    assert has_lost(chained(), split(100, Certainty.ESTIMATED, least=0.0, most=most)) is lost


def test_what_is_unknown_is_not_lost() -> None:
    assert lost_share(chained(), split(None)) == 0.0
    assert lost_share(chained(), PromptSplit(Certainty.UNKNOWN, "", None, None)) == 0.0
    assert lost_share(chained(), split(400)) == pytest.approx(0.35)


@pytest.mark.parametrize(("reused", "miss"), [(199, True), (200, False)])
def test_a_cold_turn_that_lost_so_much_is_a_miss(reused: int, miss: bool) -> None:
    assert is_miss(chained(), split(reused), ASSUMED_RULE) is miss


@pytest.mark.parametrize(("most", "miss"), [(0.299, True), (0.3, False)])
def test_an_estimate_that_may_reach_three_tenths_is_no_miss(most: float, miss: bool) -> None:
    assert is_miss(chained(), split(50, Certainty.ESTIMATED, least=0.0, most=most), ASSUMED_RULE) is miss


def test_rules_are_true_since_these_versions() -> None:
    assert [rule.since for rule in RULES] == [
        (0, 1, 0), (0, 2, 0), (0, 4, 0), (0, 12, 5), (0, 12, 7), (0, 30, 0), (0, 30, 1), (0, 30, 11), (0, 33, 3),
    ]  # fmt: skip
    assert [rule.ram_cache for rule in RULES] == [False] * 5 + [True] * 4
    assert [rule.reports_cached_tokens for rule in RULES] == [False] * 8 + [True]
    assert ASSUMED_RULE is rule_for("0.12.11")


@pytest.mark.parametrize(
    ("version", "before"),
    [
        ("0.2.0", "0.1.999"), ("0.4.0", "0.3.999"), ("0.12.5", "0.12.4"), ("0.12.7", "0.12.6"), ("0.30.0", "0.29.999"),
        ("0.30.1", "0.30.0"), ("0.30.11", "0.30.10"), ("0.33.3", "0.33.2"),
    ],
)  # fmt: skip
def test_a_rule_begins_with_its_version_and_not_one_before(version: str, before: str) -> None:
    rules = [rule_for(before), rule_for(version), rule_for(f"{version}-rc1")]
    places = [RULES.index(rule) for rule in rules if rule is not None]
    assert places == [places[1] - 1, places[1], places[1]]


# -- a rate is of the model that the request was served by


def rate_of(tracker: ReuseTracker) -> float | None:
    return None if tracker.rate is None else tracker.rate.tokens_per_second


def test_a_request_teaches_the_model_that_a_later_word_says_it_was_of() -> None:
    """The latency log told of it first, without a model; the debug log, which names another one, comes behind."""
    tracker = ReuseTracker()
    tracker.set_version("0.12.11")
    tracker.add(generated_turn(0, 2000, 1000.0, model="a", load_ms=2000.0))
    of_a = rate_of(tracker)
    assert of_a == pytest.approx(2300, rel=0.05)
    tracker.add(generated_turn(0, 2000, 1000.0, model="b", load_ms=2000.0))
    assert rate_of(tracker) == of_a
    tracker.add(generated_turn(1, 2100, 90.0, model="a"))
    assert tracker.rate is None, "what taught it was of the other model"


def test_what_was_learned_by_a_key_that_nothing_was_learned_by_is_nothing() -> None:
    calibrations = Calibrations(["0.12.11"])
    calibrations.forget(("a", 8000, 0), 7)
    assert calibrations.learned == ()


# -- a head that changes is told of estimates alone


@pytest.mark.parametrize(("cached", "said"), [(None, True), (700, False)])
def test_what_a_growing_prefill_shows_is_not_said_of_a_turn_whose_reuse_is_measured(
    cached: int | None, said: bool
) -> None:
    """A persona of 420 tokens, and memories behind it that change; the last turn may tell what it reused: a quarter."""
    tracker = ReuseTracker()
    tracker.set_version("0.12.11")
    for n in range(25):
        prompt = 700 + 90 * n
        evaluated = prompt - 420 if n else prompt
        told = {"cached_tokens": cached} if n == 24 else {}
        prefill_ms = 9.3 + evaluated / 4.1 * (1.0 if n else 1.08)
        tracker.add(generated_turn(n, prompt, prefill_ms, load_ms=95.0 if n else 2200.0, **told))
    newest = tracker.reuse[-1]
    assert newest.certainty is (Certainty.ESTIMATED if said else Certainty.MEASURED)
    assert newest.broken.startswith("the prompt changes every turn behind its first") is said
    assert bool(newest.broken) is said
