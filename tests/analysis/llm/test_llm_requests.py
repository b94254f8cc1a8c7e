"""What is read of a turn for the LLM analyses: what is no measurement is not known, what the turn shows comes first."""

from typing import Any

import pytest

from timmy_tui.analysis.llm.llm_requests import LlmRequest, request_of
from timmy_tui.analysis.llm.prompt_split import uncached_ms
from timmy_tui.model.llm import ServedPrompt
from timmy_tui.model.turn import Turn

FIGURES: dict[str, Any] = {
    "prompt_tokens": 1000, "output_tokens": 50, "cached_tokens": 400, "prefill_ms": 100.0, "decode_ms": 490.0,
    "load_ms": 90.0, "ollama_total_ms": 700.0, "num_ctx": 8000, "tail_mode": True, "prompt_tokens_est": 900,
    "context_sent": 700, "context_returned": 1050, "session_id": "one", "session": 3, "started": 5.0, "ended": 9.0,
}  # fmt: skip


def request(served: ServedPrompt | None = None, **more: Any) -> LlmRequest:
    return request_of(Turn(ordinal=7, **{**FIGURES, **more}), served)


def test_its_figures_are_those_of_the_turn() -> None:
    found = request(stages={"llm": 720.0, "wait": 130.0})
    assert {name: getattr(found, name) for name in FIGURES} == FIGURES
    assert (found.ordinal, found.llm_ms, found.wait_ms, found.model, found.served) == (7, 720.0, 130.0, None, None)
    assert (request().llm_ms, request().wait_ms) == (None, None)


@pytest.mark.parametrize("stage", ["prefill", "decode", "load"])
def test_a_time_that_is_no_measurement_is_not_known(stage: str) -> None:
    """It is longer than what it is a part of; the others stay."""
    found = request(unmeasured={stage: "longer than the request"})
    times = {one: getattr(found, f"{one}_ms") for one in ("prefill", "decode", "load")}
    assert times == {"prefill": 100.0, "decode": 490.0, "load": 90.0} | {stage: None}


def test_a_prefill_that_is_not_known_shows_no_time_of_evaluated_tokens() -> None:
    assert uncached_ms(request(prefill_ms=None), 10.0) == 0.0
    assert uncached_ms(request(prefill_ms=0.0), 10.0) == 0.0


@pytest.mark.parametrize(
    ("output", "decode_ms", "step_ms"),
    [(50, 490.0, 10.0), (2, 10.0, 10.0), (1, 10.0, None), (0, 10.0, None), (None, 10.0, None), (50, None, None),
     (50, 0.0, None)],
)  # fmt: skip
def test_a_decode_step_needs_a_second_token(output: int | None, decode_ms: float | None, step_ms: float | None) -> None:
    """The first token comes out of the prefill."""
    found = request(output_tokens=output, decode_ms=decode_ms)
    assert found.decode_step_ms == step_ms
    assert found.decode_rate == (None if step_ms is None else 1000 / step_ms)


@pytest.mark.parametrize(
    ("counted", "logged", "output", "full", "slot"),
    [
        (1000, None, 50, 1000, 1050), (1000, None, None, 1000, 1000), (1000, None, 0, 1000, 1000),
        (None, None, 50, None, None), (30, 1000, 50, 1000, 1050), (None, 1000, 50, 1000, 1050),
    ],
)  # fmt: skip
def test_the_slot_holds_the_whole_prompt_and_the_answer(
    counted: int | None, logged: int | None, output: int | None, full: int | None, slot: int | None
) -> None:
    """The server's log has the full prompt also where the count has only what was evaluated."""
    line = None if logged is None else ServedPrompt(number=1, prompt=logged, reused=None, evaluated=None)
    found = request(line, prompt_tokens=counted, output_tokens=output)
    assert (found.full_prompt_tokens, found.slot_tokens) == (full, slot)


@pytest.mark.parametrize("known", [*[{name} for name in ("prompt_tokens", "prefill_ms", "decode_ms")], set()])
def test_one_figure_is_enough_to_have_figures(known: set[str]) -> None:
    missing = {"prompt_tokens", "prefill_ms", "decode_ms"} - known
    assert request(**dict.fromkeys(missing)).has_figures is bool(known)


def test_what_the_turn_shows_comes_before_what_its_session_runs_under() -> None:
    found = request_of(
        Turn(ordinal=0, raw=True, num_ctx=4096), None, {"raw": False, "context-size": 8000, "recency-weight": 0.1}
    )
    assert found.flags == {"raw": True, "context-size": 4096, "recency-weight": 0.1}
    assert request_of(Turn(ordinal=0)).flags == {}


def test_two_spellings_of_a_model_are_one() -> None:
    assert request(model="qwen3").model == request(model="qwen3:latest").model
    assert request(model="").model is None
