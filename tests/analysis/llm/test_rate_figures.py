"""The figures of the cold rate, computed once more by the written formula: what each constant is worth."""

import math

import pytest

from timmy_tui.analysis.llm.prefill.constant_head import HeadRate
from timmy_tui.analysis.llm.prefill.curve import (
    ColdSample,
    PrefillRate,
    fastest_cold,
    prior_rate,
)
from timmy_tui.analysis.llm.prefill.fit import fitted_rate, with_head


def exactly(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def fitted(*samples: ColdSample, earlier: PrefillRate | None = None, depth: float = 0.0, noise: float) -> PrefillRate:
    rate = fitted_rate(list(samples), earlier, depth, noise)
    assert rate is not None
    return rate


def cold(cost: float, tokens: int = 1000, certain: bool = True, after_load: bool = False) -> ColdSample:
    """At κ = 0."""
    return ColdSample(tokens, cost * tokens * (1.08 if after_load else 1.0), certain, after_load)


# -- deviation of one more turn


def test_the_deviation_of_cold_turns_that_differ() -> None:
    """10 % expected, which counts as four turns; the third is further off than three deviations and counts as those."""
    rate = fitted(cold(1.0), cold(1.1), cold(1.6, after_load=True), noise=0.1)
    turn = math.sqrt((4 * 0.1**2 + math.log(1.1) ** 2 + 0.3**2) / (4 + 3 - 1))
    assert rate.deviation == exactly(math.hypot(turn, math.sqrt((turn**2 + 0.07**2 / 3) / 3)))
    assert (rate.ms_per_token, rate.samples) == (exactly(1.1), 3)


def test_a_turn_just_within_three_deviations_counts_as_it_is() -> None:
    rate = fitted(cold(1.0), cold(1.0), cold(math.exp(0.29)), noise=0.1)
    turn = math.sqrt((4 * 0.1**2 + 0.29**2) / 6)
    assert rate.deviation == exactly(math.hypot(turn, turn / math.sqrt(3)))


def test_the_deviation_of_one_cold_turn() -> None:
    assert fitted(cold(1.0), noise=0.1).deviation == exactly(math.hypot(0.1, 0.1))
    loaded = fitted(cold(1.0, after_load=True), noise=0.1)
    assert loaded.deviation == exactly(math.hypot(0.1, math.hypot(0.1, 0.07)))


def test_a_presumed_cold_turn_makes_the_rate_surer_by_a_third_of_a_certain_one() -> None:
    rate = fitted(cold(1.0), cold(1.0, certain=False), noise=0.2)
    turn = math.sqrt(4 * 0.2**2 / 5)
    assert rate.deviation == exactly(math.hypot(turn, turn / math.sqrt(1.33)))


@pytest.mark.parametrize("count", [2, 20])
def test_the_rate_itself_stays_in_doubt_by_five_percent(count: int) -> None:
    turn = math.sqrt(4 * 0.08**2 / (4 + count - 1))
    doubt = max(turn / math.sqrt(count), 0.05)
    assert fitted(*[cold(1.0)] * count, noise=0.08).deviation == exactly(math.hypot(turn, doubt))


# -- an earlier run


@pytest.mark.parametrize(("samples", "counted"), [(0, 1), (1, 1), (2, 2), (9, 9)])
def test_the_deviation_of_an_earlier_rate(samples: int, counted: int) -> None:
    rate = fitted(earlier=PrefillRate(1.0, samples, True, 0.0), noise=0.12)
    assert rate.deviation == exactly(math.sqrt(0.12**2 + 0.06**2 + (0.12**2 + 0.07**2) / counted))


def test_of_an_earlier_rate_and_the_cold_turns_the_surer_one_counts() -> None:
    earlier = PrefillRate(1.0, 100, True, 0.0)
    of_earlier = math.sqrt(0.1**2 + 0.06**2 + (0.1**2 + 0.07**2) / 100)
    assert fitted(cold(1.0), earlier=earlier, noise=0.1).deviation == exactly(of_earlier)
    turn = math.sqrt(4 * 0.1**2 / 23)
    assert fitted(*[cold(1.0)] * 20, earlier=earlier, noise=0.1).deviation == exactly(math.hypot(turn, 0.05))


@pytest.mark.parametrize(("samples", "counted"), [(2, 2), (3, 3), (4, 3)])
def test_an_earlier_rate_counts_as_its_cold_turns_and_three_at_most(samples: int, counted: int) -> None:
    rate = fitted(cold(1.2), earlier=PrefillRate(1.0, samples, True, 0.0), noise=0.08)
    assert (rate.samples, rate.ms_per_token) == (1 + counted, 1.0)


def test_the_depth_of_an_earlier_rate_comes_before_what_the_shape_of_the_model_gives() -> None:
    earlier = PrefillRate(1.0, 2, True, 3e-4)
    assert fitted(cold(1.0), earlier=earlier, depth=1e-4, noise=0.08).depth == 3e-4
    assert fitted(cold(1.0), depth=1e-4, noise=0.08).depth == 1e-4


# -- where the tokens were


def test_the_tokens_before_an_evaluated_one_in_the_mean() -> None:
    """A thousand at the head, and 400 behind 600: 500 and 800."""
    behind = ColdSample(400, 400.0, True, behind=600)
    assert fitted(cold(1.0), behind, noise=0.08).learned_at == exactly(650.0)
    presumed = [cold(1.0, certain=False), cold(1.0, 400, certain=False)]
    assert fitted(*presumed, noise=0.08).learned_at == exactly((500.0 + 200.0) / 2)


def test_presumed_cold_turns_cost_the_lower_median_at_the_expected_depth() -> None:
    """1000 tokens at κ = 2e-4 take 1100 ms where a token takes 1 ms."""
    samples = [ColdSample(1000, ms, False) for ms in (2200.0, 1100.0, 3300.0, 4400.0)]
    rate = fitted(*samples, depth=2e-4, noise=0.08)
    assert (rate.ms_per_token, rate.depth, rate.samples) == (exactly(2.0), 2e-4, 4)


@pytest.mark.parametrize(("cost", "counts"), [(0.75, True), (0.749, False), (1.35, True), (1.351, False)])
def test_a_presumed_cold_turn_counts_if_it_costs_between_three_quarters_and_a_third_more(
    cost: float, counts: bool
) -> None:
    """At 2 ms a token, and on the limits themselves."""
    rate = fitted(cold(2.0), cold(2 * cost, certain=False), noise=0.08)
    assert rate.samples == (2 if counts else 1)


@pytest.mark.parametrize(("cost", "fastest"), [(1.0, 1.0), (2.0, 0.5)])
def test_a_single_cold_turn_is_doubted_by_its_decode_step(cost: float, fastest: float) -> None:
    sample = ColdSample(1000, cost * 1000, True, step_ms=8.0)
    rate = fitted(sample, noise=0.08)
    assert (rate.fastest, rate.slowest) == (exactly(fastest), 1.0)
    presumed = fitted(sample, cold(cost, certain=False), noise=0.08)
    assert presumed.fastest == 1.0


# -- depth


def power_of(longer: float, short: int, long: int, noise: float, loads: int = 0) -> int:
    """Which power of 1.25 times the expected κ is learned, if a long cold turn takes ``longer`` times b a token."""
    samples = [cold(1.0, 600, after_load=number < loads) for number in range(short)]
    rate = fitted(*samples, *[cold(longer, 4000)] * long, depth=1e-4, noise=noise)
    return round(math.log(rate.depth / 1e-4, 1.25))


@pytest.mark.parametrize(
    ("limit", "below", "turns"),
    [
        (0.826377, -3, (3, 2, 0.08, 0)),
        (1.105285, -1, (3, 2, 0.08, 0)),
        (1.972734, 6, (3, 2, 0.08, 0)),
        (0.874932, -2, (3, 2, 0.08, 1)),  # one of them after a load: 7 % more of noise for all
        (1.254279, 0, (3, 2, 0.08, 1)),
        (2.267869, 6, (3, 2, 0.08, 1)),
        (0.800725, -2, (1, 1, 0.08, 0)),
        (2.545585, 6, (1, 1, 0.08, 0)),
        (1.033332, -7, (40, 40, 0.02, 0)),
        (1.645432, 6, (40, 40, 0.02, 0)),
    ],
)
def test_where_one_depth_gives_way_to_the_next(limit: float, below: int, turns: tuple[int, int, float, int]) -> None:
    """``turns``: short ones, long ones, noise, loads.

    The limits by bisection: misfit of long and short turns over their doubt, and of κ over 35 %, squared.
    """
    assert power_of(limit * 0.99999, *turns) == below
    assert power_of(limit * 1.00001, *turns) == below + 1


@pytest.mark.parametrize(("longer", "power"), [(0.9, -7), (3.0, 7)])
def test_depth_is_between_a_fifth_and_five_times_what_was_expected(longer: float, power: int) -> None:
    assert power_of(longer, 40, 40, 0.02) == power


def test_the_middle_of_the_lengths_is_the_geometric_one_and_a_turn_there_is_a_short_one() -> None:
    """500 and 8000: 2000. Of two turns the cheaper one counts, so that it matters where the third belongs."""

    def depth(middle: int) -> float:
        samples = [cold(1.0, 500), cold(0.9, middle), cold(1.1, 8000)]
        return fitted(*samples, depth=1e-4, noise=0.02).depth

    assert depth(2000) == depth(1999)
    assert depth(2000) != depth(2001)


# -- a rate and a head


@pytest.mark.parametrize(("head_deviation", "rate_deviation"), [(0.02, 0.12), (0.1, 0.12), (0.2, 0.09), (0.06, 0.05)])
def test_a_head_and_a_rate_are_weighed_by_their_certainty(head_deviation: float, rate_deviation: float) -> None:
    """Each is in doubt by 5 % at least; a rate that was learned elsewhere in a prompt by its depth, too."""
    rate = PrefillRate(2.0, 3, True, 2e-4, 0.5, 1.5, rate_deviation, 300.0)
    found = with_head(rate, HeadRate(1.5, 400, 20, head_deviation, 2000.0), 0.08)
    of_head = max(head_deviation, 0.05)
    alone = math.sqrt(max(rate_deviation**2 - 0.08**2, 0.05**2))
    of_rate = math.hypot(alone, 0.3 * (0.4 / 1.4 - 0.06 / 1.06))
    weight = (1 / of_head**2) / (1 / of_head**2 + 1 / of_rate**2)
    both = max(1 / math.sqrt(1 / of_head**2 + 1 / of_rate**2), 0.05)
    assert found.ms_per_token == exactly(math.exp(weight * math.log(1.5) + (1 - weight) * math.log(2.0)))
    assert found.learned_at == exactly(weight * 2000.0 + (1 - weight) * 300.0)
    assert found.deviation == exactly(math.hypot(0.08, both))
    assert (found.fastest, found.slowest, found.depth, found.samples) == (1.0, 1.0, 2e-4, 3)


def test_two_that_are_as_sure_as_can_be_leave_five_percent() -> None:
    """5 % each would be 3.5 % together."""
    rate = PrefillRate(1.0, 3, True, 0.0, deviation=0.08)
    assert with_head(rate, HeadRate(1.0, 0, 20, 0.01), 0.08).deviation == exactly(math.hypot(0.08, 0.05))


@pytest.mark.parametrize("head_deviation", [0.02, 0.1])
def test_a_presumed_rate_gives_way_to_a_head(head_deviation: float) -> None:
    rate = PrefillRate(2.0, 3, False, 2e-4, 0.5, 1.5, 0.12, 300.0)
    found = with_head(rate, HeadRate(1.5, 400, 20, head_deviation, 2000.0), 0.08)
    assert (found.ms_per_token, found.learned_at) == (exactly(1.5), exactly(2000.0))
    assert found.deviation == exactly(math.hypot(0.08, max(head_deviation, 0.05)))
    assert (found.fastest, found.slowest) == (1.0, 1.0)


# -- the curve


def test_the_curve_of_a_prefill() -> None:
    """b·(e + κ·(e·n − e²/2)), with κ of llama3.2:3b where none is given."""
    assert PrefillRate(0.5, 1, True).cold_ms(3000) == exactly(0.5 * (3000 + 6.7e-5 * 3000**2 / 2))
    assert PrefillRate(0.5, 1, True).tokens_per_second == exactly(2000.0)
    deep = PrefillRate(0.5, 1, True, 3e-4)
    ms = 0.5 * (700 + 3e-4 * (700 * 2000 - 700**2 / 2))
    assert deep.evaluated(2000, ms) == exactly(700.0)
    assert deep.evaluated(2000, 2 * ms, 2.0) == exactly(700.0)
    # More than the curve ever reaches: its vertex.
    assert deep.evaluated(2000, 1e9) == exactly(1 / 3e-4 + 2000)
    flat = PrefillRate(0.5, 1, True, 0.0)
    assert (flat.evaluated(2000, 300.0), flat.evaluated(2000, 300.0, 2.0)) == (exactly(600.0), exactly(300.0))


def test_a_cost_is_less_sure_where_depth_counts_more_than_where_it_was_learned() -> None:
    rate = PrefillRate(0.5, 1, True, 2e-4, deviation=0.05, learned_at=500.0)
    depth = 2e-4 * 3750 / (1 + 2e-4 * 3750) - 0.1 / 1.1
    assert rate.deviation_of(4000, 500) == exactly(math.hypot(0.05, 0.3 * depth))
    unsaid = PrefillRate(0.5, 1, True, 2e-4)
    assert unsaid.deviation_of(4000, 500) == exactly(0.3 * 0.75 / 1.75)


def test_a_rate_is_a_figure_unless_it_is_said_to_be_a_range() -> None:
    assert not PrefillRate(0.5, 1, True).is_range
    assert (PrefillRate(0.5, 1, True).fastest, PrefillRate(0.5, 1, True).slowest) == (1.0, 1.0)
    assert PrefillRate(0.5, 1, True, fastest=0.99).is_range
    assert PrefillRate(0.5, 1, True, slowest=1.01).is_range


def test_the_cost_per_token_of_a_cold_turn() -> None:
    assert ColdSample(1000, 500.0, True).ms_per_token(2e-4) == exactly(500 / (1000 * 1.1))
    assert ColdSample(1000, 500.0, True, True).ms_per_token(2e-4) == exactly(500 / 1.08 / (1000 * 1.1))
    assert ColdSample(1000, 500.0, True, behind=2000).ms_per_token(2e-4) == exactly(500 / (1000 * 1.5))


def test_what_is_expected_of_a_card() -> None:
    """A 3B model reads 38.6 times as fast as it writes, others 25 to 65 times; 4100 tokens a second where unknown."""
    known, unknown = prior_rate(100.0), prior_rate(None)
    assert known == PrefillRate(1000 / 3860.0, 0, False, 0.0)
    assert unknown.tokens_per_second == exactly(4100.0)
    other = prior_rate(100.0, known_model=False)
    assert (other.depth, other.certain, other.samples) == (6.7e-5, False, 0)
    assert (other.fastest, other.slowest) == (exactly(38.6 / 65), exactly(38.6 / 25))
    assert (fastest_cold(100.0), fastest_cold(None)) == (exactly(6500.0), 20_000.0)
