"""What Ollama says of the model after its turns were read: estimates follow it at once, also those of earlier turns."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.analysis.llm.test_remembered_rate import FACTS, MODEL, learned
from tests.turn_makers import complete_turn, generated_turn
from timmy_tui.analysis.llm.calibrations import Calibrations
from timmy_tui.analysis.llm.epoch_figures import epoch_figures
from timmy_tui.analysis.llm.prefill.cold_rate import ColdRate
from timmy_tui.analysis.llm.prefill.curve import ColdSample
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.summary import warnings
from timmy_tui.model.llm import Certainty, LearnedRate, OllamaFacts, Reuse

NOTHING = OllamaFacts(url="", reachable=True, since=None)


@pytest.mark.parametrize("news", [{"depth_cost": 2e-4}, {"model": "m"}, {"quantization": "Q8_0"}])
def test_each_fact_of_the_model_is_news_once(news: dict[str, Any]) -> None:
    calibrations, facts = Calibrations([None]), replace(NOTHING, **news)
    assert not calibrations.set_facts(NOTHING)
    assert calibrations.set_facts(facts)
    assert not calibrations.set_facts(facts)
    assert not calibrations.set_facts(NOTHING), "what is not said stays as it is known"
    assert not calibrations.set_facts(facts)


def estimates(tracker: ReuseTracker, facts: OllamaFacts) -> list[Reuse]:
    """Behind a load of 2000 tokens, a turn that evaluates a part of 3000; looked at both before and behind it."""
    tracker.set_facts(facts)
    for ordinal, (tokens, prefill_ms, load_ms) in enumerate(((2000, 600.0, 2200.0), (3000, 300.0, 95.0))):
        tracker.add(generated_turn(ordinal, tokens, prefill_ms, load_ms=load_ms))
    return list(tracker.reuse)


def test_another_depth_reaches_the_estimates_that_were_looked_at() -> None:
    """κ = 8e-4 of a token costs more behind 2000 others: the same time evaluated fewer tokens, so more was reused."""
    deep, tracker = replace(FACTS, depth_cost=8e-4), ReuseTracker()
    flat = estimates(tracker, FACTS)
    tracker.set_facts(deep)
    assert list(tracker.reuse) == estimates(ReuseTracker(), deep)
    assert (tracker.reuse[1].share or 0.0) > (flat[1].share or 0.0) + 0.02


@pytest.mark.parametrize("other", [learned(model="x"), learned(quantization="Q8_0")])
def test_the_name_of_the_model_chooses_among_what_earlier_runs_learned_also_for_earlier_turns(
    other: LearnedRate,
) -> None:
    tracker = ReuseTracker()
    tracker.remember([learned(), other])
    tracker.set_version(FACTS.version)
    tracker.add(generated_turn(0, 600, 9.3 + 0.25 * 400))
    assert tracker.reuse[0].certainty is Certainty.UNKNOWN, "it can be either of the two"
    tracker.set_facts(replace(NOTHING, model=MODEL, quantization="Q4_K_M"))
    assert tracker.reuse[0].share == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("place", [None, (0, -1, 0)], ids=["same place", "another place"])
def test_a_revision_stays_with_the_version_that_served_it(place: tuple[int, int, int] | None) -> None:
    """What 0.12.11 teaches says nothing of 0.13.0; its turn is told of again when 0.13.0 runs."""
    tracker = ReuseTracker()
    tracker.set_version("0.12.11")
    tracker.add(generated_turn(0, 1000, 1080.0, load_ms=2200.0))
    tracker.add(generated_turn(1, 1000, 300.0))
    tracker.set_version("0.13.0")
    again = generated_turn(1, 1000, 300.0, **({} if place is None else {"place": place}))
    assert tracker.add(again).reason.startswith("compared with 1 cold turn, ")
    assert tracker.add(generated_turn(2, 1000, 300.0)).reason == "no cold turn yet to compare with"


def test_a_new_turn_is_of_the_newest_version() -> None:
    """0.12.5 does not time all that it evaluates, 0.12.11 does."""
    tracker = ReuseTracker()
    for version in ("0.12.5", "0.12.11"):
        tracker.set_version(version)
    tracker.add(generated_turn(0, 1000, 1080.0, load_ms=2200.0))
    assert tracker.add(generated_turn(1, 1000, 300.0)).reason.startswith("compared with 1 cold turn, ")


@pytest.mark.parametrize(("taught", "earlier"), [(64, True), (65, False)])
def test_the_newest_64_cold_turns_teach(taught: int, earlier: bool) -> None:
    rate = ColdRate()
    for ordinal in range(taught):
        rate.put(ordinal, ColdSample(1000, 1000.0, True))
    assert (rate.has(0), rate.has(1), rate.has(taught - 1)) == (earlier, True, True)


def test_a_cold_turn_that_is_told_of_again_and_was_none_teaches_no_more() -> None:
    rate = ColdRate()
    rate.put(0, ColdSample(1000, 1000.0, True))
    rate.put(0, ColdSample(199, 1000.0, True))
    assert (rate.has(0), rate.rate) == (False, None)


# -- warnings, and figures of an epoch


@pytest.mark.parametrize(
    ("seconds", "when"),
    [
        (0.4, "0s"), (1.0, "1s"), (89.4, "89s"), (89.9, "90s"), (90.1, "2 min"), (149.0, "2 min"), (151.0, "3 min"),
        (209.0, "3 min"), (211.0, "4 min"), (269.0, "4 min"), (271.0, "5 min"), (299.9, "5 min"),
    ],
)  # fmt: skip
def test_when_the_model_unloads_is_said_in_seconds_and_then_in_minutes(seconds: float, when: str) -> None:
    facts = replace(NOTHING, loaded=True, expires=1000.0 + seconds)
    assert warnings(facts, None, 1000.0) == (f"the model unloads in {when}: the next turn would be cold (w warms it)",)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 300.0, 301.0])
def test_five_minutes_are_long_enough_and_a_time_that_is_over_is_set_again(seconds: float) -> None:
    assert warnings(replace(NOTHING, loaded=True, expires=1000.0 + seconds), None, 1000.0) == ()


@pytest.mark.parametrize(("share", "said"), [(994, True), (995, False), (1000, False)])
def test_half_a_percent_in_main_memory_is_none(share: int, said: bool) -> None:
    facts = replace(NOTHING, loaded=True, size=1000, size_vram=share)
    assert warnings(facts, None, 0.0) == (("1% of the model is in main memory: every token is slower",) if said else ())


@pytest.mark.parametrize(("logs", "count"), [("v34", 2), ("both", 2), ("latency", 0), ("", 0)])
def test_v34s_log_alone_has_the_replies(logs: str, count: int) -> None:
    assert epoch_figures([complete_turn(0, logs=logs), complete_turn(1, logs=logs)]).with_replies == count
    assert epoch_figures([complete_turn(0, logs=logs), complete_turn(1, logs="v34")]).with_replies == 1 + count // 2
