"""What the growth of the prefill with the prompt shows, and in which conversations it shows nothing."""

import math

import pytest

from timmy_tui.analysis.llm.prefill.constant_head import ConstantHead, HeadRate

NOISE = 0.08


def found(*turns: tuple[int, float], depth: float = 0.0) -> HeadRate | None:
    """(prompt tokens, ms)."""
    head = ConstantHead()
    for ordinal, (tokens, ms) in enumerate(turns):
        head.put(ordinal, tokens, ms)
    return head.rate(depth, NOISE)


def growing(count: int = 20, first: int = 600, step: int = 60) -> list[int]:
    return [first + step * number for number in range(count)]


@pytest.mark.parametrize("head", [0, 150, 400])
def test_memories_behind_a_persona_cost_a_token_for_each_token_more(head: int) -> None:
    rate = found(*((tokens, 0.5 * (tokens - head) * (1.05 if tokens % 120 else 0.95)) for tokens in growing()))
    assert rate is not None
    assert rate.ms_per_token == pytest.approx(0.5, rel=0.06)
    assert rate.head_tokens == pytest.approx(head, abs=60)
    assert rate.deviation < 0.08


def test_depth_is_part_of_the_cost() -> None:
    depth = 3e-4
    rate = found(*((n, 0.5 * (n - 300) * (1 + depth * (n + 300) / 2)) for n in growing()), depth=depth)
    assert rate is not None and rate.ms_per_token == pytest.approx(0.5, rel=0.05)


def test_history_first_costs_the_same_however_long_the_prompt_and_says_nothing() -> None:
    assert found(*((tokens, 300.0) for tokens in growing())) is None


def test_a_mixture_of_cold_and_warm_turns_says_nothing() -> None:
    assert found(*((tokens, 0.5 * (tokens if tokens % 180 else 300)) for tokens in growing())) is None


@pytest.mark.parametrize(("count", "step", "says"), [(8, 80, True), (7, 90, False), (8, 60, False)])
def test_it_takes_eight_turns_and_prompts_of_nearly_twice_the_length(count: int, step: int, says: bool) -> None:
    """600 to 1160 tokens span 1.93; 600 to 1020 span 1.7, less than 1.8."""
    assert (found(*((tokens, 0.5 * tokens) for tokens in growing(count, step=step))) is not None) is says


def test_turns_that_took_no_time_or_were_removed_do_not_count() -> None:
    head = ConstantHead()
    for ordinal, tokens in enumerate(growing()):
        head.put(ordinal, tokens, 0.5 * tokens)
    head.put(20, 1000, 0.0)
    rate = head.rate(0.0, NOISE)
    assert rate is not None and rate.turns == 20
    for ordinal in range(15):
        head.remove(ordinal)
    for ordinal in range(30, 32):
        head.put(ordinal, 1000, 500.0)
    assert head.rate(0.0, NOISE) is None


def test_the_newest_48_turns_count() -> None:
    head = ConstantHead()
    for ordinal, tokens in enumerate(growing(100, first=100, step=30)):
        head.put(ordinal, tokens, (0.5 if ordinal >= 52 else 5.0) * tokens)
    rate = head.rate(0.0, NOISE)
    assert rate is not None
    assert (rate.turns, round(rate.ms_per_token, 2)) == (48, 0.5)
    assert math.isfinite(rate.deviation)
