"""The cold rate when what is expected changes, and what of a turn is not measured."""

import pytest

from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.prefill.cold_rate import ColdRate
from timmy_tui.analysis.llm.prefill.curve import ColdSample
from timmy_tui.model.turn import Reason, Turn


def taught(*costs: float, certain: bool = True, depth: float = 0.0) -> ColdRate:
    rate = ColdRate(depth)
    for ordinal, cost in enumerate(costs):
        rate.put(ordinal, ColdSample(1000, 1000 * cost, certain))
    return rate


@pytest.mark.parametrize(("noise", "changed"), [(0.0879, False), (0.0881, True), (0.0721, False), (0.0719, True)])
def test_another_noise_counts_from_a_tenth_more_or_less_on(noise: float, changed: bool) -> None:
    """8 % are expected at first."""
    rate = taught(1.0)
    before = rate.rate
    rate.expect_noise(noise)
    assert rate.noise == (noise if changed else 0.08)
    assert (rate.rate != before) is changed


def test_another_depth_counts_at_once() -> None:
    rate = taught(1.1)
    rate.expect_depth(2e-4)
    assert rate.depth == 2e-4
    assert rate.rate is not None and rate.rate.ms_per_token == pytest.approx(1.0)
    unknown = ColdRate(0.0)
    unknown.expect_depth(3e-4)
    assert (unknown.depth, unknown.rate) == (3e-4, None)


def test_the_fastest_is_looked_for_among_the_certain_ones_if_there_are_any() -> None:
    rate = taught(1.2, 1.0, 1.1)
    assert rate.fastest == (1, ColdSample(1000, 1000.0, True))
    rate.put(3, ColdSample(1000, 900.0, False))
    assert rate.fastest == (1, ColdSample(1000, 1000.0, True))
    presumed = taught(1.2, 1.0, 1.1, certain=False)
    assert presumed.fastest == (1, ColdSample(1000, 1000.0, False))
    assert taught().fastest is None


def test_the_fastest_is_the_one_with_the_lowest_cost_at_its_depth() -> None:
    """2000 tokens in 2300 ms cost less than 1000 in 1100, where each looks back at half of them at κ = 2e-4."""
    rate = ColdRate(2e-4)
    rate.put(0, ColdSample(1000, 1100.0, True))
    rate.put(1, ColdSample(1900, 2200.0, True))
    assert rate.fastest is not None and rate.fastest[0] == 1


def test_a_sample_is_there_until_it_is_removed() -> None:
    rate = taught(1.0)
    assert (rate.has(0), rate.has(1)) == (True, False)
    rate.remove(0)
    assert not rate.has(0)


@pytest.mark.parametrize("figure", ["prefill", "decode", "load"])
def test_a_figure_that_was_not_measured_is_not_known(figure: str) -> None:
    turn = Turn(ordinal=0, prefill_ms=1.0, decode_ms=2.0, load_ms=3.0, unmeasured={figure: Reason.STEPPED})
    request = request_of(turn)
    known = {"prefill": request.prefill_ms, "decode": request.decode_ms, "load": request.load_ms}
    measured = {"prefill": 1.0, "decode": 2.0, "load": 3.0}
    assert known == {**measured, figure: None}


@pytest.mark.parametrize(("tokens", "step_ms"), [(None, None), (0, None), (1, None), (2, 90.0), (3, 45.0)])
def test_the_first_token_of_an_answer_comes_out_of_the_prefill(tokens: int | None, step_ms: float | None) -> None:
    assert request_of(Turn(ordinal=0, output_tokens=tokens, decode_ms=90.0)).decode_step_ms == step_ms
