"""The cold rate: which turns teach it, how far one of them is believed, and how depth is learned."""

import math

import pytest

from timmy_tui.analysis.llm.prefill.cold_rate import ColdRate
from timmy_tui.analysis.llm.prefill.constant_head import HeadRate
from timmy_tui.analysis.llm.prefill.curve import ColdSample, PrefillRate, prior_rate


def cold(tokens: int, ms: float, certain: bool = True, after_load: bool = False) -> ColdSample:
    return ColdSample(tokens, ms, certain, after_load)


def rate_of(*samples: ColdSample, depth: float = 0.0) -> PrefillRate | None:
    rate = ColdRate(depth)
    for ordinal, sample in enumerate(samples):
        rate.put(ordinal, sample)
    return rate.rate


def cost(*samples: ColdSample) -> float | None:
    rate = rate_of(*samples)
    return None if rate is None else rate.ms_per_token


@pytest.mark.parametrize(("tokens", "taken"), [(199, False), (200, True)])
def test_a_short_prompt_says_nothing_of_a_rate(tokens: int, taken: bool) -> None:
    assert (rate_of(cold(tokens, float(tokens))) is not None) is taken


@pytest.mark.parametrize(("ms", "taken"), [(0.0, False), (-1.0, False), (9.999, False), (10.0, True), (10.1, True)])
def test_a_prefill_faster_than_any_card_is_no_sample(ms: float, taken: bool) -> None:
    """400 tokens; twice 20,000 tokens a second are 10 ms."""
    assert (rate_of(cold(400, ms)) is not None) is taken


def test_the_median_of_the_cold_turns_is_the_rate_and_of_two_the_faster() -> None:
    assert cost(cold(1000, 1300.0), cold(1000, 1000.0)) == 1.0
    assert cost(cold(1000, 2000.0), cold(1000, 1000.0), cold(1000, 3000.0)) == 2.0
    assert cost(*(cold(1000, ms) for ms in (2000.0, 1000.0, 3000.0, 1200.0))) == 1.2
    assert cost(*(cold(1000, ms) for ms in (1600.0, 1000.0, 1500.0, 1200.0, 1300.0, 1400.0, 1700.0))) == 1.4


def test_the_first_prompt_after_a_load_is_eight_percent_slower() -> None:
    assert cost(cold(1000, 1080.0, after_load=True)) == pytest.approx(1.0)
    assert cost(cold(1000, 1080.0)) == pytest.approx(1.08)


def deviation(*samples: ColdSample) -> float:
    rate = rate_of(*samples)
    assert rate is not None
    return rate.deviation


def test_more_cold_turns_that_agree_make_the_next_one_surer_down_to_what_a_turn_deviates_by_itself() -> None:
    """One turn deviates by 8 %, and so does the rate that one teaches; five per cent of doubt in the rate remain."""
    assert deviation(cold(1000, 1000.0)) == pytest.approx(math.hypot(0.08, 0.08))
    four = deviation(*(cold(1000, 1000.0) for _ in range(4)))
    assert (
        deviation(*(cold(1000, 1000.0) for _ in range(2))) > four > deviation(*(cold(1000, 1000.0) for _ in range(64)))
    )
    assert deviation(*(cold(1000, 1000.0) for _ in range(64))) >= 0.05


def test_a_load_is_less_sure_than_another_cold_turn_and_a_presumed_one_adds_little() -> None:
    plain, load = cold(1000, 1000.0), cold(1000, 1080.0, after_load=True)
    assert deviation(load) > deviation(plain)
    presumed = cold(1000, 1000.0, certain=False)
    assert deviation(plain, plain) < deviation(plain, presumed) < deviation(plain)


def test_cold_turns_that_differ_make_the_next_one_less_sure_but_one_spoiled_clock_not_by_much() -> None:
    alike = deviation(*(cold(1000, ms) for ms in (1000.0, 1010.0, 990.0, 1000.0)))
    apart = deviation(*(cold(1000, ms) for ms in (1000.0, 1300.0, 800.0, 1150.0)))
    spoiled = deviation(*(cold(1000, ms) for ms in (1000.0, 1010.0, 100.0, 1000.0)))
    assert alike < spoiled < 1.6 * alike
    assert alike < apart


@pytest.mark.parametrize(("step_ms", "fastest"), [(8.0, 1.0), (8.1, 1.0), (4.0, 0.5), (None, 1.0)])
def test_a_single_cold_turn_that_read_too_slowly_for_its_decode_step_is_doubted(
    step_ms: float | None, fastest: float
) -> None:
    """1 ms a token: at 8 ms a decode step it read eight tokens in a step, which is the least that a machine does."""
    one = rate_of(ColdSample(1000, 1000.0, True, step_ms=step_ms))
    assert one is not None and one.fastest == pytest.approx(fastest)
    two = rate_of(*(ColdSample(1000, 1000.0, True, step_ms=step_ms) for _ in range(2)))
    assert two is not None and not two.is_range


@pytest.mark.parametrize(("ms", "samples"), [(749.0, 1), (751.0, 2), (1349.0, 2), (1351.0, 1)])
def test_a_presumed_cold_turn_counts_where_it_agrees_with_a_certain_one(ms: float, samples: int) -> None:
    rate = rate_of(cold(1000, 1000.0), cold(1000, ms, certain=False))
    assert rate is not None and rate.samples == samples
    assert rate.certain


def test_presumed_cold_turns_alone_may_have_reused_half() -> None:
    rate = rate_of(*(cold(1000, 1000.0, certain=False) for _ in range(5)))
    assert rate is not None
    assert (rate.certain, rate.samples, rate.fastest, rate.slowest) == (False, 5, 1.0, 2.0)


def test_the_last_word_on_a_turn_counts() -> None:
    rate = ColdRate(0.0)
    rate.put(0, cold(1000, 1000.0))
    rate.put(0, cold(1000, 2000.0))
    assert rate.rate is not None and rate.rate.ms_per_token == 2.0
    rate.put(0, cold(1000, 1500.0, certain=False))
    assert rate.rate is not None and not rate.rate.certain
    rate.put(0, cold(10, 2000.0))
    assert rate.rate is None
    rate.put(1, cold(1000, 1000.0))
    rate.remove(1)
    assert rate.rate is None
    rate.remove(1)


def test_64_samples_are_kept() -> None:
    rate = ColdRate(0.0)
    for number in range(65):
        rate.put(number, cold(1000, 500.0 if number == 0 else 1000.0))
    assert rate.rate is not None
    assert rate.rate.samples == 64
    assert rate.fastest is not None and rate.fastest[1].uncached_ms == 1000.0


# -- depth


def at_depth(tokens: int, depth: float) -> ColdSample:
    return cold(tokens, tokens * (1 + depth * tokens / 2))


@pytest.mark.parametrize(("long", "learned"), [(1199, False), (1200, True)])
def test_depth_is_learned_from_cold_turns_that_span_twice_the_length(long: int, learned: bool) -> None:
    rate = rate_of(at_depth(600, 4e-3), at_depth(long, 4e-3), depth=4e-4)
    assert rate is not None
    assert (rate.depth != 4e-4) is learned


def test_a_depth_that_is_learned_is_near_the_true_one() -> None:
    """As far as they outweigh what was expected: with a few of them, it stays between the two."""
    few = rate_of(*(at_depth(tokens, 3e-4) for tokens in (600, 900, 3000, 7000)), depth=1.5e-4)
    many = rate_of(*(at_depth(tokens, 3e-4) for tokens in (600, 900, 3000, 7000) * 8), depth=1.5e-4)
    assert few is not None and many is not None
    assert 1.5e-4 < few.depth <= many.depth
    assert 2.2e-4 < many.depth < 3.8e-4
    assert 0.95 < many.ms_per_token < 1.12


def test_two_cold_turns_do_not_move_depth_far() -> None:
    """A short one that was 15 % slow and a long one that was 15 % fast look as if depth cost next to nothing."""
    rate = rate_of(cold(600, 1.15 * 600 * 1.06), cold(4000, 0.85 * 4000 * 1.4), depth=2e-4)
    assert rate is not None
    assert 1e-4 < rate.depth < 2e-4


def test_a_tenth_of_noise_does_not_make_depth_vanish() -> None:
    """600 tokens 10 % slow and 1300 tokens 10 % fast look as if depth cost nothing."""
    rate = rate_of(cold(600, 1.1 * 600 * 1.03), cold(1300, 0.9 * 1300 * 1.065), depth=1e-4)
    assert rate is not None
    assert rate.depth >= 2e-5


def test_tokens_behind_cached_ones_cost_their_depth() -> None:
    """500 behind 1500 at κ = 2e-4 take 675 ms."""
    sample = ColdSample(500, 675.0, True, behind=1500)
    assert sample.ms_per_token(2e-4) == pytest.approx(1.0)


@pytest.mark.parametrize(("tokens", "prompt"), [(1, 8000), (500, 2000), (2000, 2000), (7999, 8000)])
def test_the_curve_and_its_inverse_agree(tokens: int, prompt: int) -> None:
    rate = PrefillRate(0.25, 2, True, 3e-4)
    ms = 0.25 * (tokens + 3e-4 * (tokens * prompt - tokens * tokens / 2))
    assert rate.evaluated(prompt, ms) == pytest.approx(tokens)
    assert rate.cold_ms(2000) == pytest.approx(0.25 * (2000 + 3e-4 * 2000 * 1000))


def test_a_time_longer_than_any_prompt_is_more_tokens_than_it_has() -> None:
    rate = PrefillRate(0.25, 2, True, 3e-4)
    assert rate.evaluated(1000, 1e6) > 1000
    assert rate.evaluated(1000, -5.0) == 0.0


# -- earlier runs


def test_an_earlier_rate_stands_until_this_run_knows_better() -> None:
    rate = ColdRate(0.0)
    earlier = PrefillRate(1.0, 9, True, 0.0)
    rate.remember(earlier)
    first = rate.rate
    assert first is not None and (first.ms_per_token, first.samples) == (1.0, 9)
    rate.put(0, cold(1000, 3000.0, certain=False))
    assert rate.rate == first
    rate.put(0, cold(1000, 1200.0))
    assert rate.rate is not None
    assert (rate.rate.ms_per_token, rate.rate.is_range) == (1.0, False)


def test_an_earlier_rate_that_is_wrong_now_is_outweighed() -> None:
    """A driver halved the speed: the earlier rate weighs as much as three turns, of which the median counts."""
    rate = ColdRate(0.0)
    rate.remember(PrefillRate(1.0, 50, True, 0.0))
    for number in range(3):
        rate.put(number, cold(1000, 2000.0))
        assert rate.rate is not None and rate.rate.ms_per_token == 1.0
    rate.put(3, cold(1000, 2000.0))
    assert rate.rate is not None and rate.rate.ms_per_token == 2.0


def test_a_prior_is_a_figure_for_the_model_it_was_measured_on_and_a_range_for_another() -> None:
    assert not prior_rate(100.0).is_range
    other = prior_rate(100.0, known_model=False)
    assert other.is_range
    assert 1000 / (other.ms_per_token * other.fastest) == pytest.approx(6500.0)
    assert 1000 / (other.ms_per_token * other.slowest) == pytest.approx(2500.0)


# -- how the prefill grows with the prompt


def test_a_constant_head_and_a_cold_turn_count_by_their_certainty() -> None:
    rate = ColdRate(0.0)
    rate.put(0, cold(1000, 1000.0))
    rate.expect_head(HeadRate(1.2, 400, 30, 0.02))
    assert rate.rate is not None and rate.of_cold_turns is not None
    assert 1.1 < rate.rate.ms_per_token < 1.2
    assert rate.rate.deviation < rate.of_cold_turns.deviation
    assert rate.of_cold_turns.ms_per_token == 1.0
    rate.expect_head(None)
    assert rate.rate == rate.of_cold_turns


def test_a_constant_head_is_surer_than_turns_that_are_only_presumed_cold_and_nothing_alone() -> None:
    rate = ColdRate(0.0)
    rate.expect_head(HeadRate(1.2, 400, 30, 0.02))
    assert rate.rate is None
    rate.put(0, cold(1000, 1000.0, certain=False))
    assert rate.rate is not None
    assert (rate.rate.ms_per_token, rate.rate.is_range) == (pytest.approx(1.2), False)


def test_far_deeper_than_the_cold_turns_the_cost_is_less_sure() -> None:
    rate = rate_of(cold(600, 600.0 * 1.06), depth=2e-4)
    assert rate is not None
    assert rate.deviation_of(600, 600) == pytest.approx(rate.deviation)
    assert rate.deviation_of(7000, 500) > 1.2 * rate.deviation
