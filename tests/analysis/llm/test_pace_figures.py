"""The usual decode step and its spread in figures: which answer counts, and when it is looked for again."""

import math

import pytest

from timmy_tui.analysis.llm.decode_pace import DecodePace


def pace(*answers: tuple[int, float]) -> DecodePace:
    found = DecodePace()
    for ordinal, (tokens, step_ms) in enumerate(answers):
        found.put(ordinal, tokens, step_ms)
    return found


def steps(*counted: tuple[int, float]) -> DecodePace:
    """So many answers with each step, in this order, behind no prompt."""
    return pace(*((0, step_ms) for count, step_ms in counted for _ in range(count)))


@pytest.mark.parametrize(("fast", "slow", "base_ms"), [(1, 6, 5.0), (1, 7, 10.0), (2, 13, 5.0), (2, 14, 10.0)])
def test_an_eighth_of_the_answers_stay_below_the_usual_step(fast: int, slow: int, base_ms: float) -> None:
    assert steps((fast, 5.0), (slow, 10.0)).base_ms == base_ms


@pytest.mark.parametrize(
    ("answers", "base_ms"),
    [(((26, 1.0), (174, 9.0)), 1.0), (((26, 1.0), (175, 9.0)), 9.0), (((175, 9.0), (25, 1.0)), 9.0)],
)
def test_the_newest_200_answers_count(answers: tuple[tuple[int, float], ...], base_ms: float) -> None:
    """An eighth of them is 25: the 26th is the usual one."""
    assert steps(*answers).base_ms == base_ms


def test_the_growth_that_is_assumed() -> None:
    """3e-5 for each token of the prompt."""
    found = pace((1000, 10.3), (1500, 12.0))
    assert found.base_ms == pytest.approx(10.0)
    assert found.usual_ms(2000) == pytest.approx(10.6)


@pytest.mark.parametrize(("high", "growth"), [(14.0, 1e-4), (16.9, 2e-4), (40.0, 2e-4), (40.0004, 2e-4), (9.9, 0.0)])
def test_growth_is_the_one_with_which_long_and_short_prompts_are_alike(high: float, growth: float) -> None:
    """11 ms at 1000 tokens; at 10 ms a step that is four times as long at 4000 divides by nothing, or less."""
    low = 10.0 if high >= 40 else 11.0
    found = pace(*[(1000, low)] * 4, *[(4000, high)] * 4)
    base_ms, usual_ms = found.base_ms, found.usual_ms(10_000)
    assert base_ms is not None and usual_ms == pytest.approx(base_ms * (1 + 10_000 * growth), rel=1e-9)


def test_growth_is_learned_from_the_faster_of_each_and_the_mean_of_their_lengths() -> None:
    """Four of nine short ones are slower; of nine the second counts."""
    found = pace(*[(1000, 11.0)] * 5, *[(1500, 30.0)] * 4, (3000, 5.0), *[(5000, 14.0)] * 8)
    short, long = (5 * 1000 + 4 * 1500) / 9, (3000 + 8 * 5000) / 9
    growth = (14.0 - 11.0) / (11.0 * long - 14.0 * short)
    base_ms, usual_ms = found.base_ms, found.usual_ms(8000)
    assert base_ms is not None and usual_ms is not None
    assert usual_ms / base_ms == pytest.approx(1 + 8000 * growth, rel=1e-9)


def test_steps_that_do_not_grow_behind_prompts_of_a_token_or_two() -> None:
    """The divisor is half a millisecond times a token."""
    assert pace(*[(1, 0.5)] * 4, *[(2, 0.5)] * 4).usual_ms(10_000) == 0.5


@pytest.mark.parametrize(("short", "long"), [(3, 4), (4, 3), (3, 5), (5, 3)])
def test_three_of_either_length_are_too_few_to_learn_growth(short: int, long: int) -> None:
    found = pace(*[(1000, 11.0)] * short, *[(4000, 14.0)] * long)
    base_ms, usual_ms = found.base_ms, found.usual_ms(10_000)
    assert base_ms is not None and usual_ms == pytest.approx(base_ms * 1.3)


def test_a_prompt_of_the_geometric_mean_is_a_short_one() -> None:
    """1000 and 4000: 2000."""
    found = pace(*[(1000, 11.0)] * 2, *[(2000, 12.0)] * 2, *[(4000, 14.0)] * 4)
    growth = (14.0 - 11.0) / (11.0 * 4000 - 14.0 * 1500)
    base_ms, usual_ms = found.base_ms, found.usual_ms(10_000)
    assert base_ms is not None and usual_ms == pytest.approx(base_ms * (1 + 10_000 * growth), rel=1e-9)


# -- when it is computed again


def test_it_is_computed_again_when_one_answer_in_sixteen_is_new() -> None:
    found = steps((2, 5.0), (13, 10.0))
    assert found.base_ms == 5.0
    found.put(15, 0, 10.0)
    assert found.base_ms == 10.0  # the third of sixteen
    found.put(16, 0, 5.0)
    assert found.base_ms == 10.0
    found.put(17, 0, 10.0)
    assert found.base_ms == 5.0


@pytest.mark.parametrize(("count", "again"), [(16, True), (17, False)])
def test_an_answer_that_is_taken_back_counts_at_once_where_fewer_than_sixteen_are_left(count: int, again: bool) -> None:
    found = steps((count // 8 + 1, 5.0), (count - count // 8 - 1, 10.0))
    assert found.base_ms == 5.0
    for ordinal in range(count // 8 + 1 if again else 1):
        found.remove(ordinal)
    assert found.base_ms == (10.0 if again else 5.0)


def test_one_of_seventeen_that_is_taken_back_waits_for_the_next_answer() -> None:
    found = steps((3, 5.0), (14, 10.0))
    assert found.base_ms == 5.0
    found.remove(0)
    assert found.base_ms == 5.0  # the third of the sixteen that are left takes 10
    found.put(17, 0, 10.0)
    found.put(18, 0, 10.0)
    assert found.base_ms == 10.0


def test_an_ordinal_that_is_not_there_changes_nothing() -> None:
    found = steps((2, 5.0), (13, 10.0))
    assert found.base_ms == 5.0
    assert found.spread == pytest.approx(math.log(2) / 1.15)
    found.remove(99)
    assert found.base_ms == 5.0
    assert found.spread == pytest.approx(math.log(2) / 1.15)


# -- spread


@pytest.mark.parametrize("count", [0, 3])
def test_three_answers_have_no_spread(count: int) -> None:
    assert steps((count, 10.0)).spread is None


def test_four_answers_have_one() -> None:
    """The third of them over the first, which are 1.15 standard deviations apart."""
    assert pace((0, 10.0), (0, 30.0), (0, 20.0), (0, 12.0)).spread == pytest.approx(math.log(2.0) / 1.15, rel=1e-9)


def test_the_spread_is_that_of_steps_behind_the_same_prompt() -> None:
    """The second and the fifth of eight, each without what its prompt adds."""
    prompts = (1000, 1900, 1100, 1800, 1200, 1700, 1300, 1600)
    found = pace(*((tokens, step * (1 + 3e-5 * tokens)) for step, tokens in enumerate(prompts, 10)))
    assert found.spread == pytest.approx(math.log(14 / 11) / 1.15, rel=1e-9)


def test_the_spread_follows_the_answers() -> None:
    found = pace(*[(0, 10.0)] * 8)
    assert found.spread == 0.0
    for ordinal in range(8, 24):
        found.put(ordinal, 0, 20.0)
    assert found.usual_ms(0) == 10.0
    assert found.spread == pytest.approx(math.log(2.0) / 1.15, rel=1e-9)


# -- an earlier run


def test_an_earlier_step_is_one_more_answer_and_can_be_taken_back() -> None:
    """Seven answers and the earlier one: the second of eight."""
    found = steps((1, 8.0), (6, 10.0))
    assert found.base_ms == 8.0
    found.remember(5.0)
    assert found.base_ms == 8.0
    found.remove(0)
    assert found.base_ms == 5.0  # the first of seven
    found.remember(None)
    assert found.base_ms == 10.0


def test_with_an_earlier_step_alone_a_prompt_has_its_usual_growth() -> None:
    found = pace()
    found.remember(10.0)
    assert found.base_ms == 10.0
    assert found.usual_ms(1000) == pytest.approx(10.3)
    assert found.spread is None
