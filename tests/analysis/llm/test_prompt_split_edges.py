"""The split of one prompt where figures are missing, zero, or at the edge of what a card can do."""

from typing import Any

import pytest

from timmy_tui.analysis.llm.cold_rate import ColdRate, PrefillRate
from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.prompt_split import PromptSplit, apparent_rate, full_hit_ms, split_prompt
from timmy_tui.model.llm import Certainty
from timmy_tui.model.turn import Turn

RATE = PrefillRate(1.0, 1, True)


def split(rate: PrefillRate | None = RATE, **figures: Any) -> PromptSplit:
    return split_prompt(request_of(Turn(ordinal=0, **figures)), None, None, rate)


@pytest.mark.parametrize(
    ("tokens", "prefill_ms", "rate"),
    [
        (1, 0.0, 1e5), (1, 0.005, 1e5), (1, 0.01, 1e5), (1, 0.02, 5e4), (1000, 500.0, 2000.0), (0, 5.0, 0.0),
        (1, -3.0, 1e5),
    ],
)  # fmt: skip
def test_a_rate_has_a_shortest_time(tokens: int, prefill_ms: float, rate: float) -> None:
    assert apparent_rate(tokens, prefill_ms) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("decode_rate", "prefill_ms", "hit_ms"),
    [(None, 100.0, 9.0), (None, 9.0, 9.0), (None, 8.0, 8.0), (None, 0.0, 0.0), (100.0, 50.0, 10.0), (100.0, 5.0, 5.0)],
)
def test_a_full_hit_is_one_step_of_decoding_or_the_whole_prefill(
    decode_rate: float | None, prefill_ms: float, hit_ms: float
) -> None:
    assert full_hit_ms(decode_rate, prefill_ms) == hit_ms


def test_a_prefill_of_no_time_at_all_is_an_estimate() -> None:
    """Ten tokens in 0 ms are faster than any card; one was evaluated all the same."""
    found = split(rate=None, prompt_tokens=10, prefill_ms=0.0)
    assert (found.certainty, found.prompt_tokens, found.reused_tokens) == (Certainty.ESTIMATED, 10, 9)
    assert split(prompt_tokens=10, prefill_ms=0.0).reused_tokens == 9


@pytest.mark.parametrize(("decode_ms", "known"), [(33.0, True), (32.0, False)])
def test_one_token_in_no_time_is_a_hundred_thousand_a_second(decode_ms: float, known: bool) -> None:
    """50 tokens decoded in 33 ms: 65 times that rate is just below; in 32 ms it is just above."""
    found = split(rate=None, prompt_tokens=1, prefill_ms=0.0, output_tokens=50, decode_ms=decode_ms)
    assert (found.certainty is Certainty.ESTIMATED) is known


@pytest.mark.parametrize(("decode_ms", "short"), [(33.0, True), (32.0, False)])
def test_a_load_of_no_time_at_all_ends_the_estimates_of_an_unknown_version(decode_ms: float, short: bool) -> None:
    tracker = ReuseTracker()
    fast = Turn(
        ordinal=0, prompt_tokens=1, prefill_ms=0.1, output_tokens=50, decode_ms=decode_ms, load_ms=2000.0, started=1.0
    )
    tracker.add(fast)
    told = tracker.add(Turn(ordinal=1, prompt_tokens=2800, prefill_ms=20.0, load_ms=90.0, started=2.0)).reason
    assert told.startswith("prefill times too short") is short


@pytest.mark.parametrize(
    ("reused", "prompt", "share"),
    [(None, 100, None), (0, 100, 0.0), (25, 100, 0.25), (100, 100, 1.0), (0, 0, None), (5, None, None)],
)
def test_the_share_of_a_split(reused: int | None, prompt: int | None, share: float | None) -> None:
    assert PromptSplit(Certainty.ESTIMATED, "", prompt, reused).share == share


def test_an_unknown_split_still_says_how_long_the_prompt_was() -> None:
    assert split(rate=None, prompt_tokens=1000, prefill_ms=1000.0) == PromptSplit(
        Certainty.UNKNOWN, "no cold turn yet to compare with", 1000
    )
    assert split(prompt_tokens=1000) == PromptSplit(Certainty.UNKNOWN, "Ollama gave no prefill time", 1000)
    assert split(prefill_ms=5.0) == PromptSplit(Certainty.UNKNOWN, "Ollama gave no prompt count", None)


# -- samples that change their kind


@pytest.mark.parametrize("certain", [True, False])
def test_a_turn_is_no_sample_of_its_old_kind_any_more(certain: bool) -> None:
    """Whatever it is now: too short, or of the other kind and then taken away."""
    rate = ColdRate()
    rate.put(0, 1000, 1000.0, 0.0, certain)
    rate.put(0, 1000, 2000.0, 0.0, not certain)
    assert rate.rate == PrefillRate(2.0, 1, not certain)
    assert rate.put(0, 10, 2000.0, 0.0, certain)
    assert rate.rate is None
    rate.put(1, 1000, 1000.0, 0.0, certain)
    rate.put(1, 10, 1000.0, 0.0, not certain)
    assert rate.rate is None
    rate.put(2, 1000, 1000.0, 0.0, certain)
    assert rate.remove(2) and rate.rate is None


def test_a_sample_that_changes_nothing_says_so() -> None:
    rate = ColdRate()
    assert rate.put(0, 1000, 1000.0, 0.0, certain=True) is True
    assert rate.put(0, 1000, 1000.0, 0.0, certain=True) is False
    assert rate.put(1, 1000, 500.0, 0.0, certain=False) is False
    assert rate.remove(1) is False and rate.remove(0) is True and rate.remove(0) is False


def test_the_version_is_the_last_of_all_that_were_heard() -> None:
    tracker = ReuseTracker()
    assert tracker.version is None
    for version in ("0.12.11", "0.13.0", "0.30.5"):
        tracker.set_version(version)
        assert tracker.version == version
    tracker.set_version(None)
    assert tracker.version == "0.30.5"


def test_the_first_version_holds_for_the_turns_before_it_and_a_later_one_does_not() -> None:
    tracker = ReuseTracker()
    for ordinal, load_ms in enumerate((2000.0, 90.0)):
        tracker.add(
            Turn(ordinal=ordinal, prompt_tokens=1000, prefill_ms=1009.0, load_ms=load_ms, started=float(ordinal))
        )
    assert tracker.reuse[1].reason.startswith("assumes Ollama 0.12.7 or newer; ")
    tracker.set_version("0.12.11")
    assert tracker.reuse[1].reason == "compared with 1 cold turn, 1000 tok/s"
    tracker.set_version("0.13.0")
    assert tracker.reuse[1].reason == "compared with 1 cold turn, 1000 tok/s"
    third = tracker.add(Turn(ordinal=2, prompt_tokens=1000, prefill_ms=1009.0, started=3.0))
    assert third.reason == "no cold turn yet to compare with"


@pytest.mark.parametrize("version", ["0.30.0", "0.12.11", "0.30.11", "0.3.14"])
def test_where_no_log_names_the_window_no_prompt_is_called_cut(version: str) -> None:
    tracker = ReuseTracker()
    tracker.set_version(version)
    for ordinal in range(3):
        started = float(ordinal)
        tracker.add(Turn(ordinal=ordinal, prompt_tokens=8000, prefill_ms=10.0, context_sent=9000, started=started))
    assert not any(tracker.is_truncated(ordinal) for ordinal in range(3))
