"""The rate of a constant head in figures: every length of a head tried once more, one by one."""

import math

import pytest

from timmy_tui.analysis.llm.prefill.constant_head import ConstantHead, HeadRate


def head_of(*turns: tuple[int, float]) -> ConstantHead:
    head = ConstantHead()
    for ordinal, (tokens, ms) in enumerate(turns):
        head.put(ordinal, tokens, ms)
    return head


def slowly(turns: list[tuple[int, float]], depth: float, noise: float) -> HeadRate | None:
    """The written formula: a cost for each turn and head, the head whose costs vary least, and those about as good."""
    shortest = min(tokens for tokens, _ in turns)
    fits = []
    for sixteenths in range(16):
        head = int(shortest * sixteenths / 16)
        costs = [math.log(ms / (tokens - head + depth * (tokens**2 - head**2) / 2)) for tokens, ms in turns]
        mean = sum(costs) / len(costs)
        fits.append((max(sum((cost - mean) ** 2 for cost in costs) / (len(costs) - 2), 1e-6), mean, head))
    best, cost, head = min(fits)
    if best > (1.3 * noise) ** 2:
        return None
    near = [mean for variance, mean, _ in fits if len(turns) * math.log(variance / best) <= 4]
    doubt = math.hypot(max(abs(mean - cost) for mean in near) / 2, noise / len(turns) ** 0.5)
    before = (sum(tokens for tokens, _ in turns) / len(turns) + head) / 2
    return HeadRate(math.exp(cost), head, len(turns), doubt, before)


def wobbling(count: int, head: int, depth: float, wobble: float) -> list[tuple[int, float]]:
    lengths = [600 + 110 * number for number in range(count)]
    return [
        (n, 0.4 * (n - head + depth * (n**2 - head**2) / 2) * math.exp(wobble * (-1, 0.3, 1, -0.4)[n // 110 % 4]))
        for n in lengths
    ]


@pytest.mark.parametrize(
    ("count", "head", "depth", "wobble"),
    [(8, 300, 0.0, 0.06), (12, 225, 2e-4, 0.08), (20, 0, 1e-4, 0.05), (24, 560, 3e-4, 0.07), (9, 410, 0.0, 0.0)],
)
def test_the_head_whose_costs_vary_least(count: int, head: int, depth: float, wobble: float) -> None:
    turns = wobbling(count, head, depth, wobble)
    found, expected = head_of(*turns).rate(depth, 0.08), slowly(turns, depth, 0.08)
    assert found is not None and expected is not None
    assert (found.head_tokens, found.turns) == (expected.head_tokens, expected.turns)
    assert found.ms_per_token == pytest.approx(expected.ms_per_token, rel=1e-9)
    assert found.deviation == pytest.approx(expected.deviation, rel=1e-9)
    assert found.learned_at == pytest.approx(expected.learned_at, rel=1e-9)


def test_the_doubt_of_turns_that_fit_a_head_to_the_last_digit() -> None:
    """No variance is taken for less than 1e-6, or no other head would be about as good."""
    turns = [(n, 0.4 * n * (1 + 1e-4 * (-1) ** (n // 110))) for n in (600 + 110 * number for number in range(12))]
    found, expected = head_of(*turns).rate(0.0, 0.08), slowly(turns, 0.0, 0.08)
    assert found is not None and expected is not None
    assert found.head_tokens == expected.head_tokens
    assert found.deviation == pytest.approx(expected.deviation, rel=1e-9)


@pytest.mark.parametrize(("noise", "fits"), [(0.99, False), (1.01, True)])
def test_turns_fit_a_head_up_to_a_third_more_than_the_noise(noise: float, fits: bool) -> None:
    turns = wobbling(12, 300, 0.0, 0.2)
    limit = next(n / 1e5 for n in range(1, 100_000) if slowly(turns, 0.0, n / 1e5) is not None)
    assert (head_of(*turns).rate(0.0, limit * noise) is not None) is fits


@pytest.mark.parametrize(("longest", "says"), [(1079, False), (1080, True)])
def test_the_longest_prompt_is_1_8_times_the_shortest(longest: int, says: bool) -> None:
    turns = [(n, 0.5 * n) for n in (600, 650, 700, 750, 800, 850, 900, longest)]
    assert (head_of(*turns).rate(0.0, 0.08) is not None) is says


@pytest.mark.parametrize("count", [48, 49])
def test_the_newest_48_turns_are_kept(count: int) -> None:
    rate = head_of(*((600 + 60 * number, 300.0 + 30 * number) for number in range(count))).rate(0.0, 0.08)
    assert rate is not None and rate.turns == 48


def test_a_turn_that_comes_again_is_the_newest_and_counts_once() -> None:
    head = head_of(*((600 + 60 * number, 300.0 + 30 * number) for number in range(48)))
    head.put(0, 700, 350.0)
    head.put(48, 800, 400.0)
    rate = head.rate(0.0, 0.08)
    # The one that is dropped is the second: the prompt of 660 tokens.
    assert rate is not None and (rate.turns, rate.head_tokens) == (48, 0)
    assert rate.learned_at == pytest.approx((sum(600 + 60 * n for n in range(2, 48)) + 700 + 800) / 48 / 2)


def test_it_is_fitted_again_when_one_turn_in_four_is_new() -> None:
    def turns_of(head: ConstantHead) -> int:
        rate = head.rate(0.0, 0.08)
        return 0 if rate is None else rate.turns

    head = head_of(*((600 + 60 * number, 300.0 + 30 * number) for number in range(17)))
    assert turns_of(head) == 17
    for ordinal in range(17, 22):
        head.put(ordinal, 600 + 60 * ordinal, 300.0 + 30 * ordinal)
    assert turns_of(head) == 17  # 5 of 22
    head.put(22, 2000, 1000.0)
    assert turns_of(head) == 23  # 6 of 23
    for ordinal in range(23, 30):
        head.put(ordinal, 600 + 60 * ordinal, 300.0 + 30 * ordinal)
    assert turns_of(head) == 23  # 7 of 30
    head.remove(0)
    head.remove(1)
    assert turns_of(head) == 28  # 7 of 28


@pytest.mark.parametrize(("depth", "noise"), [(1e-4, 0.08), (0.0, 0.09)])
def test_another_depth_or_noise_is_fitted_at_once(depth: float, noise: float) -> None:
    head = head_of(*((600 + 60 * number, 300.0 + 30 * number) for number in range(17)))
    before = head.rate(0.0, 0.08)
    assert before is not None
    after = head.rate(depth, noise)
    assert after is not None and after != before
