"""What the stand-in's GPU does beyond a fixed speed, as its engine reports it and as the dashboard reads it."""

from statistics import median

import pytest

from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama.engine import Engine, GenerateRequest, ServedRequest
from timmy_tui.demo.physics import QUIET, UPSTREAMS_NOTES, OtherWork, Physics


def served(physics: Physics, *prompts: str, seed: int = 1) -> list[ServedRequest]:
    engine = Engine("0.12.11", Latencies(seed), seed, physics)
    return [engine.serve(GenerateRequest("m", prompt, raw=True, num_ctx=100_000)) for prompt in prompts]


def text(words: int, name: str) -> str:
    return " ".join(f"{name}{number}" for number in range(words))


def prefill_per_token(physics: Physics, words: int) -> float:
    """Median over prompts of this length that share nothing, ms; the first, behind the load, is left out."""
    found = served(physics, *(text(words, chr(97 + number)) for number in range(9)))[1:]
    return median(item.prefill_ms / item.evaluated for item in found)


def test_a_token_costs_more_behind_many_others() -> None:
    def growth(physics: Physics) -> float:
        return prefill_per_token(physics, 6000) / prefill_per_token(physics, 600)

    assert growth(Physics(depth_cost=3e-4, busy_chance=0.0)) > growth(QUIET) > growth(UPSTREAMS_NOTES)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_the_first_prompt_after_a_load_is_slower(factor: float) -> None:
    physics = Physics(depth_cost=0.0, first_prompt=factor, busy_chance=0.0)
    plain = served(UPSTREAMS_NOTES, text(500, "a"), text(500, "b"))
    found = served(physics, text(500, "a"), text(500, "b"))
    assert found[0].loaded and not found[1].loaded
    assert found[0].prefill_ms == pytest.approx(factor * plain[0].prefill_ms)
    assert found[1].prefill_ms == pytest.approx(plain[1].prefill_ms)


def test_a_busy_spell_slows_prefill_and_decode_of_several_requests_alike() -> None:
    busy = Physics(depth_cost=0.0, first_prompt=1.0, first_prompt_busy=1.0, busy_chance=1.0, busy_factor=(3.0, 3.0))
    prompts = [text(300, chr(97 + number)) for number in range(5)]
    for slow, plain in zip(served(busy, *prompts), served(UPSTREAMS_NOTES, *prompts), strict=True):
        assert slow.prefill_ms == pytest.approx(3.0 * plain.prefill_ms)
        assert slow.decode_ms == pytest.approx(3.0 * plain.decode_ms)
        assert slow.evaluated == plain.evaluated


def test_a_spell_lasts_as_many_requests_as_it_should() -> None:
    work = OtherWork(Physics(busy_chance=0.1, busy_requests=(3, 3), busy_factor=(2.0, 4.0)), 1)
    factors = [work.next_request() for _ in range(2000)]
    runs = [len(run) for run in "".join("x" if factor > 1 else " " for factor in factors).split()]
    assert set(runs[:-1]) <= {3, 6, 9, 12}
    assert len(set(factors)) > 20
    assert not any(OtherWork(QUIET, seed).next_request() > 1 for seed in range(50))


def test_the_first_token_of_an_answer_comes_out_of_the_prefill() -> None:
    """An answer of N tokens takes N - 1 decode steps."""
    (one,) = served(UPSTREAMS_NOTES, text(300, "a"))
    assert one.decode_ms / (one.output_tokens - 1) == pytest.approx(9.15, rel=0.05)
