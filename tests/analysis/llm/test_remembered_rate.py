"""What an earlier run or a probe learned, in the tracker: used under its own key only."""

import pytest

from tests.turn_makers import generated_turn
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.summary import reuse_by_turn
from timmy_tui.model.llm import Certainty, LearnedRate, OllamaFacts, PrefillKey

MODEL = "llama3.2:3b"
FACTS = OllamaFacts(
    url="", reachable=True, since=None, version="0.12.11", depth_cost=0.0, model=MODEL, quantization="Q4_K_M"
)


def learned(
    model: str = MODEL, num_ctx: int = 8000, quantization: str = "Q4_K_M", version: str = "0.12.11"
) -> LearnedRate:
    key = PrefillKey(model, num_ctx, quantization, version)
    return LearnedRate(key=key, ms_per_token=0.25, depth_cost=0.0, samples=4, step_ms=9.3)


def test_the_first_turn_of_a_run_is_estimated_with_what_the_last_run_learned() -> None:
    tracker = ReuseTracker()
    tracker.remember([learned()])
    item = tracker.add(generated_turn(0, 2000, 9.3 + 0.25 * 500, model=MODEL), FACTS)
    assert (item.certainty, item.least) == (Certainty.ESTIMATED, None)
    assert item.share == pytest.approx(0.75, abs=0.01)
    # The model's name is also known from Ollama.
    nameless = ReuseTracker()
    nameless.remember([learned()])
    item = nameless.add(generated_turn(0, 2000, 9.3 + 0.25 * 500), FACTS)
    assert item.share == pytest.approx(0.75, abs=0.01)
    # The rate that is expected of such a card is nearly the same.
    assert item.reason.startswith("compared with 4 cold turns, ")


@pytest.mark.parametrize(("num_ctx", "used"), [(None, True), (8000, True), (8001, False)])
def test_a_turn_that_does_not_name_its_window_may_have_had_the_one_that_is_known(
    num_ctx: int | None, used: bool
) -> None:
    tracker = ReuseTracker()
    tracker.remember([learned()])
    item = tracker.add(generated_turn(0, 2000, 9.3 + 0.25 * 500, model=MODEL, num_ctx=num_ctx), FACTS)
    assert item.reason.startswith("compared with 4 cold turns, ") is used


@pytest.mark.parametrize(
    "other", [learned(model="x"), learned(num_ctx=4096), learned(quantization="Q8_0"), learned(version="0.13.0")]
)
def test_what_was_learned_under_another_key_is_not_used(other: LearnedRate) -> None:
    tracker = ReuseTracker()
    tracker.remember([other])
    item = tracker.add(generated_turn(0, 2000, 9.3 + 0.25 * 500, model="llama3.2:3b"), FACTS)
    assert "prior rate" in item.reason or item.certainty is Certainty.UNKNOWN


def test_a_model_is_the_same_however_it_is_written() -> None:
    """v34's config, which a probe reads, and Ollama may write the quantisation in other letters than the log."""
    tracker = ReuseTracker()
    tracker.remember([learned(model="llama3.2:3b-instruct-q4_K_M")])
    turn = generated_turn(0, 2000, 9.3 + 0.25 * 500, model="llama3.2:3b-instruct-q4_k_m")
    assert tracker.add(turn, FACTS).share == pytest.approx(0.75, abs=0.01)


def test_a_probe_in_mid_session_reaches_the_turns_before_it() -> None:
    tracker = ReuseTracker()
    item = tracker.add(generated_turn(0, 600, 9.3 + 0.25 * 400, model=MODEL), FACTS)
    assert item.certainty is Certainty.UNKNOWN
    tracker.remember([learned()])
    assert tracker.reuse[0].share == pytest.approx(1 / 3, abs=0.01)


def test_what_two_cold_turns_teach_is_worth_keeping_and_what_one_does_is_not() -> None:
    tracker = ReuseTracker()
    tracker.add(generated_turn(0, 1000, 9.3 + 270.0, load_ms=2200.0, model=MODEL), FACTS)
    assert not tracker.learned
    tracker.add(generated_turn(1, 1000, 9.3 + 270.0, load_ms=2200.0, model=MODEL), FACTS)
    (kept,) = tracker.learned
    assert kept.key == PrefillKey(MODEL, 8000, "Q4_K_M", "0.12.11")
    assert (round(kept.ms_per_token, 4), kept.samples) == (0.25, 2)
    assert kept.step_ms == pytest.approx(9.3, rel=0.05)


def test_a_version_that_is_heard_after_the_first_turn_brings_its_rate() -> None:
    tracker = ReuseTracker()
    tracker.remember([learned()])
    tracker.remember([learned(version="0.13.0")])
    tracker.add(generated_turn(0, 600, 9.3 + 0.25 * 400, model=MODEL), None)
    assert tracker.reuse[0].certainty is Certainty.UNKNOWN
    tracker.set_facts(FACTS)
    assert tracker.reuse[0].share == pytest.approx(1 / 3, abs=0.01)


def test_where_a_part_of_the_key_is_not_known_the_only_rate_that_it_can_be_is_used_until_it_is_known() -> None:
    tracker = ReuseTracker()
    tracker.remember([learned()])
    tracker.add(generated_turn(0, 600, 9.3 + 0.25 * 400, model=MODEL), None)
    assert tracker.reuse[0].share == pytest.approx(1 / 3, abs=0.01)
    assert tracker.reuse[0].reason.startswith("assumes Ollama 0.12.7 or newer; compared with 4 cold turns")
    tracker.set_version("0.13.0")
    assert tracker.reuse[0].certainty is Certainty.UNKNOWN
    assert tracker.rate is None


@pytest.mark.parametrize("other", [learned(model="x"), learned(num_ctx=4096)])
def test_a_rate_of_another_known_part_is_never_the_only_one(other: LearnedRate) -> None:
    tracker = ReuseTracker()
    tracker.remember([other])
    tracker.add(generated_turn(0, 600, 9.3 + 0.25 * 400, model=MODEL), None)
    assert tracker.reuse[0].certainty is Certainty.UNKNOWN


def test_turns_that_are_read_at_once_are_estimated_with_what_earlier_runs_learned() -> None:
    turns = [generated_turn(0, 2000, 9.3 + 0.25 * 500, model=MODEL)]
    assert reuse_by_turn(turns, facts=FACTS, rates=[learned()])[0].reason.startswith("compared with 4 cold turns, ")
    assert reuse_by_turn(turns, facts=FACTS)[0].reason.startswith("prior rate")
    assert reuse_by_turn([], facts=FACTS, rates=[learned()]) == {}
