"""A real llama.cpp engine with a model of random weights: its log and its own counts against what is read of them.

Nothing is downloaded and no time is asserted. Needs the extra ``engine`` (xllamacpp, gguf, numpy).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bench.engine.front import EngineProcess, Ollama
from bench.engine.model import BOS, TINY, WORDS_FROM, write_model
from timmy_tui.analysis.llm.summary import LlmSummary
from timmy_tui.model.llm import Certainty, OllamaFacts
from timmy_tui.model.turn import Turn
from timmy_tui.parse.ollama_log import OllamaLogParser

MISSING = [name for name in ("xllamacpp", "gguf", "numpy") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"the extra 'engine' is not installed: no {', '.join(MISSING)}")
NUM_CTX = 1024


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine") / "random.gguf"
    write_model(path, TINY)
    return path


@dataclass
class Served:
    """What the engine itself said of one completion."""

    prompt: int
    cached: int
    evaluated: int
    prefill_ms: float


@dataclass
class Run:
    """One conversation: the engine's own counts, and its log."""

    served: list[Served]
    log: list[bytes]


def words(source: random.Random, count: int) -> list[int]:
    return [source.randrange(WORDS_FROM, TINY.vocabulary) for _ in range(count)]


@pytest.fixture(scope="module", params=[False, True], ids=["one slot", "prompts kept in host memory"])
def run(model: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Run:
    """Growing, unrelated, repeated and short prompts, and a load in between. ``param``: as Ollama 0.30 and later."""
    log, source = tmp_path_factory.mktemp("log") / "server.log", random.Random(1)
    history = [BOS, *words(source, 300)]
    other = [BOS, *words(source, 120)]
    served: list[Served] = []
    with log.open("wb") as file, EngineProcess(model, file) as engine:

        def complete(prompt: list[int]) -> list[int]:
            done = engine.call("complete", prompt=prompt, predict=1)
            served.append(Served(len(prompt), done["cached"], done["evaluated"], done["prefill_ms"]))
            return list(done["tokens"])

        engine.call("load", num_ctx=NUM_CTX, host_cache=request.param)
        for _ in range(4):
            history += [*complete(history), *words(source, 40)]
        complete(history)
        complete(history)
        complete(other)
        complete(history)
        complete([BOS, *words(source, 5)])
        engine.call("load", num_ctx=NUM_CTX, host_cache=request.param)
        complete(history)
        complete([*history[:200], *words(source, 60)])
    return Run(served, log.read_bytes().splitlines())


def test_the_log_of_a_real_engine_is_read_exactly(run: Run) -> None:
    read = OllamaLogParser().feed(run.log)
    assert [(item.prompt, item.reused, item.evaluated) for item in read] == [
        (item.prompt, item.cached, item.evaluated) for item in run.served
    ]
    for item, truth in zip(read, run.served, strict=True):
        # The log has two decimals.
        assert item.prefill_ms == pytest.approx(truth.prefill_ms, abs=0.006)


def test_the_conversation_has_hits_and_misses(run: Run) -> None:
    """Else the test above would show nothing. A full hit evaluates one token; after a load nothing is cached."""
    growing, again, after_load, changed = run.served[1:5], run.served[5], run.served[-2], run.served[-1]
    assert all(item.evaluated <= 41 for item in growing)
    assert again.evaluated == 1
    assert (run.served[0].cached, after_load.cached) == (0, 0)
    assert changed.cached == 200


def test_the_measured_path_says_what_the_engine_said(run: Run) -> None:
    """Turns as v34's figures show them, joined with the log by count and duration."""
    served = tuple(OllamaLogParser().feed(run.log))
    facts = OllamaFacts(url="", reachable=True, since=None, version="0.32.14", served=served)
    summary = LlmSummary()
    for ordinal, truth in enumerate(run.served):
        turn = Turn(
            ordinal=ordinal, prompt_tokens=truth.prompt, prefill_ms=truth.prefill_ms, output_tokens=1,
            started=float(ordinal),
        )  # fmt: skip
        summary.add(turn, facts)
    found = summary.state(facts, (), (), 0.0).reuse
    assert {item.certainty for item in found} == {Certainty.MEASURED}
    assert [(item.prompt_tokens, item.reused) for item in found] == [(one.prompt, one.cached) for one in run.served]


# -- as 0.12.11 serves it


@pytest.fixture
def ollama(model: Path, tmp_path: Path) -> Iterator[Ollama]:
    with (tmp_path / "log").open("wb") as log, EngineProcess(model, log) as engine:
        yield Ollama(engine, 1)


def turn_of(ordinal: int, answer: Any) -> Turn:
    return Turn(
        ordinal=ordinal, prompt_tokens=answer.prompt_eval_count, output_tokens=answer.eval_count,
        prefill_ms=answer.prefill_ms[0], decode_ms=answer.decode_ms[0], load_ms=answer.load_ms, num_ctx=NUM_CTX,
    )  # fmt: skip


def test_cut_and_loaded_prompts_are_called_so_and_reuse_nothing(ollama: Ollama) -> None:
    source, summary = random.Random(2), LlmSummary()
    facts = OllamaFacts(url="", reachable=True, since=None, version="0.12.11")
    prompt, truths = words(source, 700), []
    for ordinal in range(8):
        if ordinal == 6:
            ollama.unload()
        answer = ollama.generate(prompt, NUM_CTX, 4)
        truths.append(answer)
        summary.add(turn_of(ordinal, answer), facts)
        prompt = [*prompt, *answer.tokens, *words(source, 90)]
    found = summary.state(facts, (), (), 0.0).reuse
    assert [item.loaded for item in found] == [answer.loaded for answer in truths] == [True, *[False] * 5, True, False]
    assert [item.cut for item in found] == [answer.cut for answer in truths]
    assert sum(item.cut for item in found) >= 3
    for item, answer in zip(found, truths, strict=True):
        if item.certainty is Certainty.KNOWN:
            assert answer.cached <= 5
            assert item.share == 0.0
        else:
            assert not (answer.loaded or answer.cut)


def test_the_context_array_is_the_text_before_the_next_prompt(ollama: Ollama) -> None:
    source = random.Random(3)
    first = ollama.generate(words(source, 200), NUM_CTX, 6, raw=False)
    assert first.context is not None and len(first.context) == 206
    second = ollama.generate(words(source, 30), NUM_CTX, 6, raw=False, context=first.context)
    # The last token of the answer was sampled and not evaluated.
    assert second.prompt_eval_count == 1 + 206 + 30
    assert second.cached == 1 + 205
    assert ollama.generate(words(source, 30), NUM_CTX, 6).context is None
