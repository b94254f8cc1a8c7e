"""The split of one prompt where figures are missing, zero, or at the edge of what a card can do."""

from typing import Any

import pytest

from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.ollama_versions import rule_for
from timmy_tui.analysis.llm.prefill.curve import PrefillRate
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.prompt_split import Basis, PromptSplit, apparent_rate, split_prompt, uncached_ms
from timmy_tui.model.llm import Certainty, OllamaFacts
from timmy_tui.model.turn import Turn

RATE = PrefillRate(1.0, 1, True, 0.0)


def split(rate: PrefillRate | None = RATE, **figures: Any) -> PromptSplit:
    return split_prompt(request_of(Turn(ordinal=0, **figures)), None, None, Basis(rate))


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
    ("decode_ms", "usual_ms", "above_ms"),
    [
        (None, None, 91.0),  # no step is known: 9 ms
        (None, 10.0, 90.0),
        (200.0, None, 80.0),  # 10 steps of 20 ms
        (200.0, 20.0, 80.0),
        (240.0, 20.0, 76.0 / 1.2**0.55),  # this answer was slower than usual, so its prefill was too, but less
        (400.0, 20.0, 60.0 / 1.45**0.55),
        (100.0, 20.0, 90.0 / 0.9**0.55),
    ],
)
def test_the_time_above_a_full_hit(decode_ms: float | None, usual_ms: float | None, above_ms: float) -> None:
    request = request_of(Turn(ordinal=0, prompt_tokens=500, prefill_ms=100.0, output_tokens=11, decode_ms=decode_ms))
    assert uncached_ms(request, usual_ms) == pytest.approx(above_ms)


def test_a_prefill_shorter_than_a_full_hit_has_no_time_above_it() -> None:
    assert uncached_ms(request_of(Turn(ordinal=0, prompt_tokens=500, prefill_ms=3.0)), 10.0) == 0.0


@pytest.mark.parametrize(("output", "certainty"), [(8, "estimated"), (9, "unknown")])
def test_a_slow_answer_of_eight_steps_is_a_busy_machine(output: int, certainty: str) -> None:
    """14.6 ms a step where 10 are usual; fewer steps than eight say nothing."""
    turn = Turn(ordinal=0, prompt_tokens=500, prefill_ms=300.0, output_tokens=output, decode_ms=14.6 * (output - 1))
    found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), Basis(RATE, 10.0))
    assert (found.certainty, found.busy) == (certainty, certainty == "unknown")


@pytest.mark.parametrize(("step_ms", "busy"), [(14.4, False), (14.6, True)])
def test_nearly_half_as_much_again_a_token_is_a_busy_machine(step_ms: float, busy: bool) -> None:
    turn = Turn(ordinal=0, prompt_tokens=500, prefill_ms=300.0, output_tokens=51, decode_ms=step_ms * 50)
    found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), Basis(RATE, 10.0))
    assert found.busy is busy
    assert found.reason.startswith("the machine was busy: 14.6 ms a token, usually 10.0") is busy
    assert (found.share is None) is busy


@pytest.mark.parametrize(("prefill_ms", "busy"), [(1159.0, False), (1161.0, True)])
def test_slower_than_the_whole_prompt_without_the_cache_is_a_busy_machine(prefill_ms: float, busy: bool) -> None:
    """1000 tokens at 1 ms above a step of 10 ms: 15 % more than that cannot be the prompt alone."""
    turn = Turn(ordinal=0, prompt_tokens=1000, prefill_ms=prefill_ms)
    found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), Basis(RATE, 10.0))
    assert (found.busy, found.share) == ((True, None) if busy else (False, 0.0))


@pytest.mark.parametrize("why", ["loaded", "cut"])
def test_a_fact_comes_before_an_estimate_and_before_a_busy_machine(why: str) -> None:
    for prefill_ms in (20.0, 500.0, 9000.0):
        turn = Turn(ordinal=0, prompt_tokens=1000, prefill_ms=prefill_ms)
        found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), Basis(RATE, 10.0, nothing_cached=why))
        assert (found.certainty, found.reused_tokens, found.busy) == (Certainty.KNOWN, 0, False)


def test_depth_makes_the_same_time_fewer_tokens() -> None:
    """500 tokens behind 1500 at κ = 2e-4: 500 · (1 + 2e-4 · 1750) = 675 ms; without κ that reads as 675 tokens."""
    turn = Turn(ordinal=0, prompt_tokens=2000, prefill_ms=684.0)

    def evaluated(depth: float) -> int:
        basis = Basis(PrefillRate(1.0, 2, True, depth), None)
        found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), basis)
        return 2000 - (found.reused_tokens or 0)

    assert (evaluated(0.0), evaluated(2e-4)) == (675, 500)


@pytest.mark.parametrize(("slowest", "shown"), [(1.0, None), (2.0, (0.4, 0.7)), (5.0, (0.4, 0.88)), (10.0, "unknown")])
def test_a_range_is_an_estimate_while_it_says_something(slowest: float, shown: object) -> None:
    """600 of 1000 tokens evaluated if a token takes 1 ms; half as many if it takes 2. From 1 to 10 says too little."""
    turn = Turn(ordinal=0, prompt_tokens=1000, prefill_ms=609.0)
    basis = Basis(PrefillRate(1.0, 1, True, 0.0, 1.0, slowest), None)
    found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), basis)
    if shown == "unknown":
        assert (found.certainty, found.share) == (Certainty.UNKNOWN, None)
        return
    assert found.share == 0.4
    assert (None if found.least is None else (round(found.least, 2), round(found.most or 0, 2))) == shown


def test_a_prefill_of_no_time_at_all_is_an_estimate() -> None:
    """A hundred tokens in 0 ms are faster than any card; one was evaluated all the same."""
    found = split(rate=None, prompt_tokens=100, prefill_ms=0.0)
    assert (found.certainty, found.prompt_tokens, found.reused_tokens) == (Certainty.ESTIMATED, 100, 99)
    assert split(prompt_tokens=100, prefill_ms=0.0).reused_tokens == 99


@pytest.mark.parametrize(("deviation", "least", "most"), [(0.0, None, None), (0.13, None, None), (0.2, 0.46, 0.64)])
def test_an_estimate_is_a_figure_where_it_is_known_to_ten_points(
    deviation: float, least: float | None, most: float | None
) -> None:
    """400 of 1000 tokens, 409 with the step in question: e to the power of 1.38 deviations more and less."""
    rate = PrefillRate(1.0, 2, True, 0.0, deviation=deviation)
    turn = Turn(ordinal=0, prompt_tokens=1000, prefill_ms=409.0)
    found = split_prompt(request_of(turn), "0.12.11", rule_for("0.12.11"), Basis(rate))
    assert (found.reused_tokens, found.certainty) == (600, Certainty.ESTIMATED)
    assert found.least == (None if least is None else pytest.approx(least, abs=0.01))
    assert found.most == (None if most is None else pytest.approx(most, abs=0.07))


@pytest.mark.parametrize(("tokens", "short"), [(17, True), (18, False)])
def test_what_takes_less_than_two_steps_is_too_short_to_tell(tokens: int, short: bool) -> None:
    """A step of 9 ms where none is known, and 1 ms a token."""
    assert split(prompt_tokens=tokens, prefill_ms=12.0).reason.startswith("too short to tell") is short


@pytest.mark.parametrize(("decode_ms", "short"), [(32.0, True), (31.0, False)])
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
    for ordinal, load_ms in enumerate((2000.0, 2000.0, 90.0)):
        prefill_ms = 1009.0 if load_ms < 500 else 1089.0
        turn = Turn(ordinal=ordinal, prompt_tokens=1000, prefill_ms=prefill_ms, load_ms=load_ms, started=float(ordinal))
        tracker.add(turn, OllamaFacts(url="", reachable=True, since=None, depth_cost=0.0))
    assert tracker.reuse[2].reason.startswith("assumes Ollama 0.12.7 or newer; ")
    tracker.set_version("0.12.11")
    assert tracker.reuse[2].reason.startswith("compared with 2 cold turns, 1000 tok/s")
    tracker.set_version("0.13.0")
    assert tracker.reuse[2].reason.startswith("compared with 2 cold turns, 1000 tok/s")
    third = tracker.add(Turn(ordinal=3, prompt_tokens=1000, prefill_ms=1009.0, started=3.0))
    assert third.reason == "no cold turn yet to compare with"


@pytest.mark.parametrize("version", ["0.30.0", "0.12.11", "0.30.11", "0.3.14"])
def test_where_no_log_names_the_window_no_prompt_is_called_cut(version: str) -> None:
    tracker = ReuseTracker()
    tracker.set_version(version)
    for ordinal in range(3):
        started = float(ordinal)
        tracker.add(Turn(ordinal=ordinal, prompt_tokens=8000, prefill_ms=10.0, context_sent=9000, started=started))
    assert not any(tracker.is_truncated(ordinal) for ordinal in range(3))


@pytest.mark.parametrize(("deviation", "factor"), [(0.05, 1.15), (0.06, 1.15), (0.1, 1.2586), (0.3, 1.9937)])
def test_how_well_the_rate_is_known_is_how_slow_a_prompt_may_be(deviation: float, factor: float) -> None:
    """2.3 standard deviations of 1000 tokens at 1 ms, above a step of 10 ms; at least 15 %."""
    rate = PrefillRate(1.0, 9, True, 0.0, deviation=deviation)
    for prefill_ms, busy in ((10 + 1000 * factor - 1, False), (10 + 1000 * factor + 1, True)):
        request = request_of(Turn(ordinal=0, prompt_tokens=1000, prefill_ms=prefill_ms))
        assert split_prompt(request, "0.12.11", rule_for("0.12.11"), Basis(rate, 10.0)).busy is busy
