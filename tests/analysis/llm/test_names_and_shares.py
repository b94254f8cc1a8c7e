"""One model under several names keeps what is known of it, and no share exceeds the whole."""

import pytest

from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.summary import reuse_by_turn, warnings
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.turn import Turn

FACTS = OllamaFacts(url="", reachable=True, since=None, version="0.33.3", model="m")


@pytest.mark.parametrize("other", ["Llama3.2", "llama3.2:latest", "registry.ollama.ai/library/llama3.2"])
def test_a_model_is_the_same_under_another_of_its_names(other: str) -> None:
    assert request_of(Turn(ordinal=0, model="llama3.2")).model == request_of(Turn(ordinal=1, model=other)).model
    assert request_of(Turn(ordinal=0, model="llama3.2:3b")).model != request_of(Turn(ordinal=1, model=other)).model
    assert request_of(Turn(ordinal=0)).model is None


@pytest.mark.parametrize(("cached", "share"), [(99, 0.99), (100, 1.0), (101, 1.0), (10**9, 1.0), (0, 0.0)])
def test_more_cached_than_sent_is_all_of_it(cached: int, share: float) -> None:
    turn = Turn(ordinal=0, prompt_tokens=100, cached_tokens=cached, prefill_ms=10.0, output_tokens=5, decode_ms=50.0)
    assert reuse_by_turn([turn], facts=FACTS)[0].share == share


@pytest.mark.parametrize(
    ("cloud", "loaded", "words"), [(True, None, ()), (False, None, ()), (False, False, ("the model is not loaded",))]
)
def test_only_what_could_be_loaded_is_missed(cloud: bool, loaded: bool | None, words: tuple[str, ...]) -> None:
    facts = OllamaFacts(url="", reachable=True, since=None, model="m", cloud=cloud, loaded=loaded)
    assert tuple(line.partition(":")[0] for line in warnings(facts, None, 0.0)) == words


@pytest.mark.parametrize(("in_gpu", "words"), [(1000, 0), (1500, 0), (995, 0), (994, 1), (0, 1)])
def test_a_model_that_is_in_gpu_memory_is_not_in_main_memory(in_gpu: int, words: int) -> None:
    facts = OllamaFacts(url="", reachable=True, since=None, model="m", loaded=True, size=1000, size_vram=in_gpu)
    assert len(warnings(facts, None, 0.0)) == words
