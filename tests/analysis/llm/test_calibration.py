"""What the turns under one model teach, on both sides of each limit: busy machines, wrong samples, earlier runs.

At κ = 0 a step takes 10 ms and an evaluated token one.
"""

import math

import pytest

from timmy_tui.analysis.llm.calibration import Calibration
from timmy_tui.analysis.llm.llm_requests import LlmRequest, request_of
from timmy_tui.analysis.llm.prefill.curve import PrefillRate
from timmy_tui.analysis.llm.prompt_split import Basis
from timmy_tui.model.llm import LearnedRate, PrefillKey
from timmy_tui.model.turn import Turn

KEY = PrefillKey("m", 8000, "Q4_K_M", "0.12.11")


def request(ordinal: int, evaluated: float = 300.0, step_ms: float = 10.0, tokens: int = 1000) -> LlmRequest:
    return request_of(
        Turn(
            ordinal=ordinal, prompt_tokens=tokens, prefill_ms=step_ms + evaluated, output_tokens=51,
            decode_ms=50 * step_ms,
        )
    )  # fmt: skip


def answers(*steps_ms: float, first: int = 0) -> Calibration:
    calibration = Calibration(0.0)
    for ordinal, step_ms in enumerate(steps_ms, first):
        calibration.add(request(ordinal, step_ms=step_ms))
    return calibration


def cost(calibration: Calibration) -> float | None:
    rate = calibration.cold.rate
    return None if rate is None else round(rate.ms_per_token, 6)


# -- a cold turn that was none


def wrongly_cold(certain: bool) -> Calibration:
    """Half a millisecond a token: half of it was reused after all."""
    calibration = Calibration(0.0)
    calibration.add(request(0, 500.0))
    calibration.put_cold(request(0, 500.0), 1000, certain, False)
    assert cost(calibration) == 0.5
    return calibration


@pytest.mark.parametrize(("certain", "enough"), [(True, 6), (False, 3)])
def test_a_cold_turn_that_enough_quiet_ones_contradict_was_none(certain: bool, enough: int) -> None:
    calibration = wrongly_cold(certain)
    for ordinal in range(1, enough + 1):
        assert cost(calibration) == 0.5
        calibration.add(request(ordinal, 1300.0))
    assert cost(calibration) is None
    # Once and for all.
    calibration.put_cold(request(0, 500.0), 1000, certain, False)
    assert cost(calibration) is None
    # The next one is contradicted by six or three others.
    calibration.put_cold(request(90, 500.0), 1000, certain, False)
    for ordinal in range(101, enough + 101):
        assert cost(calibration) == 0.5
        calibration.add(request(ordinal, 1300.0))
    assert cost(calibration) is None


def test_of_several_cold_turns_the_fastest_is_the_one_that_is_wrong() -> None:
    calibration = wrongly_cold(True)
    calibration.put_cold(request(50, 1000.0), 1000, True, False)
    assert cost(calibration) == 0.5
    for ordinal in range(1, 7):
        calibration.add(request(ordinal, 1300.0))
    assert cost(calibration) == 1.0


def test_a_turn_that_is_known_better_does_not_contradict_any_more() -> None:
    calibration = wrongly_cold(True)
    for ordinal in range(1, 6):
        calibration.add(request(ordinal, 1300.0))
    calibration.add(request(5, 300.0))
    calibration.remove(4)
    for ordinal in (6, 7):
        assert cost(calibration) == 0.5
        calibration.add(request(ordinal, 1300.0))
    assert cost(calibration) == 0.5
    calibration.add(request(8, 1300.0))
    assert cost(calibration) is None


@pytest.mark.parametrize(("step_ms", "contradicts"), [(14.9, True), (15.0, False)])
def test_a_turn_in_which_the_machine_was_busy_contradicts_nothing(step_ms: float, contradicts: bool) -> None:
    """10 ms behind 1000 tokens are 10 · 1.03 / 1.03; 1.45 times as much is 14.5, and behind 2000 tokens 14.9."""
    calibration = wrongly_cold(True)
    for ordinal in range(1, 7):
        calibration.add(request(ordinal, 4000.0, step_ms, tokens=2000))
    assert (cost(calibration) is None) is contradicts


# -- the machine was busy in a cold turn


@pytest.mark.parametrize(("step_ms", "taken"), [(14.4, True), (14.6, False)])
def test_a_cold_turn_on_a_busy_machine_is_not_taken(step_ms: float, taken: bool) -> None:
    calibration = answers(10.0, 10.0)
    calibration.put_cold(request(5, 1000.0, step_ms), 1000, True, False)
    assert (cost(calibration) is not None) is taken


def test_a_cold_turn_that_turns_out_to_have_been_busy_leaves() -> None:
    calibration = answers(10.0, 10.0)
    calibration.put_cold(request(5, 1000.0), 1000, True, False)
    calibration.put_cold(request(5, 1000.0, 14.6), 1000, True, False)
    assert cost(calibration) is None


@pytest.mark.parametrize(("step_ms", "stays"), [(19.9, True), (20.1, False)])
def test_calmer_answers_take_a_cold_turn_away_that_decoded_twice_as_slowly(step_ms: float, stays: bool) -> None:
    calibration = answers(step_ms)
    calibration.put_cold(request(0, 1000.0, step_ms), 1000, True, False)
    calibration.add(request(1))
    assert (cost(calibration) is not None) is stays


@pytest.mark.parametrize(("calmer", "stays"), [(9.6, True), (9.4, False)])
def test_cold_turns_are_looked_at_again_when_the_usual_step_has_changed_by_five_percent(
    calmer: float, stays: bool
) -> None:
    """19.5 ms are less than twice 10, and more than twice 9.6 or 9.4."""
    calibration = answers(19.5)
    calibration.put_cold(request(0, 1000.0, 19.5), 1000, True, False)
    calibration.add(request(1, step_ms=10.0))
    assert cost(calibration) is not None
    calibration.add(request(2, step_ms=calmer))
    assert (cost(calibration) is not None) is stays


def test_five_percent_are_counted_from_the_last_time_they_were_looked_at() -> None:
    calibration = answers(19.5)
    calibration.put_cold(request(0, 1000.0, 19.5), 1000, True, False)
    for ordinal, step_ms in enumerate((10.0, 9.8, 9.6, 9.45), 1):
        calibration.add(request(ordinal, step_ms=step_ms))
    assert cost(calibration) is None


def test_a_cold_turn_that_seemed_busy_is_taken_when_its_step_turns_out_to_be_usual() -> None:
    calibration = answers(10.0)
    calibration.add(request(1, 1000.0, 14.6))
    calibration.put_cold(request(1, 1000.0, 14.6), 1000, True, False)
    assert cost(calibration) is None
    calibration.add(request(0, step_ms=14.0))
    assert cost(calibration) is not None


# -- what a cold turn is taken for


def test_a_cold_turn_behind_cached_tokens_was_learned_there() -> None:
    calibration = answers(10.0)
    calibration.put_cold(request(1, 500.0, tokens=2000), 500, True, False)
    rate = calibration.cold.rate
    assert rate is not None and rate.ms_per_token == pytest.approx(1.0, rel=0.02)
    assert rate.learned_at == 1750.0
    calibration.put_cold(request(1, 2000.0, tokens=2000), 2000, True, False)
    rate = calibration.cold.rate
    assert rate is not None and rate.ms_per_token == pytest.approx(1.0, rel=0.02)
    assert rate.learned_at == 1000.0


def test_a_cold_turn_after_a_load_is_taken_for_eight_percent_slower() -> None:
    calibration = answers(10.0)
    calibration.put_cold(request(1, 1080.0), 1000, True, True)
    assert cost(calibration) == pytest.approx(1.0)


def test_a_request_that_belongs_elsewhere_leaves_no_trace() -> None:
    calibration = answers(10.0, 20.0)
    calibration.put_cold(request(0, 1000.0), 1000, True, False)
    calibration.remove(0)
    assert cost(calibration) is None
    assert calibration.pace.base_ms == pytest.approx(20.0 / 1.03)
    calibration.put_cold(request(1, 1000.0, 20.0), 1000, True, False)
    calibration.remove_cold(1)
    assert cost(calibration) is None


# -- what all turns show


@pytest.mark.parametrize(("slower", "noise"), [(1.0, 0.06), (1.1, 0.06), (1.2, 0.65 * math.log(1.2) / 1.15), (3, 0.4)])
def test_the_noise_of_a_turn_follows_that_of_the_decode_steps(slower: float, noise: float) -> None:
    """65 % of it, between 6 and 40 %."""
    assert answers(10.0, 10.0, 10.0 * slower).cold.noise == 0.08
    assert answers(10.0, 10.0, 10.0 * slower, 10.0 * slower).cold.noise == pytest.approx(noise)


def growing(shortest: int = 200, plain: bool = True, last_step_ms: float = 10.0) -> Calibration:
    """Eight turns of which all but a head of no length is evaluated; seven show nothing."""
    calibration = Calibration(0.0)
    for ordinal in range(7):
        tokens = 1000 - 100 * ordinal
        calibration.add(request(ordinal, float(tokens), tokens=tokens))
    calibration.add(request(7, float(shortest), last_step_ms, shortest), plain)
    return calibration


def test_a_constant_head_is_looked_for_in_the_plain_and_quiet_turns_of_some_length() -> None:
    head = growing().cold.head
    assert head is not None and (head.turns, head.head_tokens) == (8, 0)
    assert head.ms_per_token == pytest.approx(1.0, rel=0.02)
    assert growing(shortest=199).cold.head is None
    assert growing(plain=False).cold.head is None
    assert growing(last_step_ms=20.0).cold.head is None


# -- an earlier run


def earlier(step_ms: float | None = 10.0, samples: int = 4) -> LearnedRate:
    return LearnedRate(key=KEY, ms_per_token=0.5, depth_cost=1e-4, samples=samples, step_ms=step_ms)


def test_what_an_earlier_run_learned_is_compared_with_at_once() -> None:
    calibration = Calibration(0.0)
    calibration.remember(earlier())
    rate = calibration.cold.rate
    assert rate is not None
    assert (rate.ms_per_token, rate.samples, rate.certain, rate.depth) == (0.5, 4, True, 1e-4)
    assert calibration.pace.base_ms == 10.0
    calibration.remember(None)
    assert calibration.cold.rate is None
    assert calibration.pace.base_ms is None


@pytest.mark.parametrize(
    ("step_ms", "factor"),
    [(12.0, 1.2**0.55), (14.0, 1.4**0.55), (20.0, 1.45**0.55), (8.0, 0.8**0.55), (7.0, 0.75**0.55)],
)
def test_an_earlier_rate_follows_the_clock_of_today(step_ms: float, factor: float) -> None:
    """By the usual step without a prompt, and not below three quarters."""
    calibration = Calibration(0.0)
    calibration.remember(earlier())
    for ordinal in range(8):
        calibration.add(request(ordinal, step_ms=step_ms, tokens=1))
    assert calibration.pace.base_ms == pytest.approx(step_ms, rel=1e-4)
    rate = calibration.cold.rate
    assert rate is not None and rate.ms_per_token == pytest.approx(0.5 * factor, rel=1e-4)


def test_an_earlier_rate_without_a_step_is_used_as_it_is() -> None:
    calibration = Calibration(0.0)
    calibration.remember(earlier(step_ms=None))
    assert cost(calibration) == 0.5
    calibration.add(request(0, step_ms=30.0))
    assert cost(calibration) == 0.5


@pytest.mark.parametrize(("certain", "turns", "kept"), [(True, 2, True), (True, 1, False), (False, 2, False)])
def test_two_certain_cold_turns_are_worth_keeping(certain: bool, turns: int, kept: bool) -> None:
    calibration = answers(10.0, 10.0)
    for ordinal in range(turns):
        calibration.put_cold(request(ordinal, 1000.0), 1000, certain, False)
    learned = calibration.learned(KEY)
    if not kept:
        assert learned is None
        return
    assert learned is not None
    assert (learned.key, learned.ms_per_token, learned.depth_cost, learned.samples) == (KEY, 1.0, 0.0, 2)
    assert learned.step_ms == pytest.approx(10.0 / 1.03)


# -- what an estimate is compared with


def test_an_estimate_is_compared_with_the_rate_and_the_usual_step() -> None:
    calibration = answers(10.3)
    calibration.put_cold(request(0, 1000.0), 1000, True, False)
    rate = calibration.cold.rate
    basis = calibration.basis(request(1, tokens=2000))
    assert basis == Basis(rate, basis.step_ms, False, "", False)
    assert basis.step_ms == pytest.approx(10.6)
    assert calibration.basis(request(1, tokens=2000), True, "cut", True) == Basis(
        rate, basis.step_ms, True, "cut", True
    )


def test_nothing_is_compared_with_before_the_first_turn() -> None:
    assert Calibration(0.0).basis(request(0)) == Basis(None, None, False, "", False)


def test_a_calibration_begins_with_the_depth_of_the_model() -> None:
    calibration = Calibration(3e-4)
    assert calibration.cold.depth == 3e-4
    calibration.put_cold(request(0, 1150.0), 1000, True, False)
    assert isinstance(calibration.cold.rate, PrefillRate)
    assert cost(calibration) == 1.0
