"""What a turn that only v34's debug log has is not believed: its steps are rounded to 10 ms, and v34's clock steps."""

import pytest

from timmy_tui.model.stages.watched import KEYS
from timmy_tui.turns.account.debug_doubts import doubt_steps
from timmy_tui.turns.account.plausibility import Limits

STEPPED, ASLEEP = "a clock stepped", "asleep, or a clock stepped: a gap above the time-out"
USUAL = {
    "classify": 30.0, "store": 370.0, "retrieve": 30.0, "embed": 7.2, "query": 21.4,
    "llm": 930.0, "prefill": 177.0, "decode": 595.0, "load": 95.0, "wait": 158.0,
}  # fmt: skip
TOTAL = 1400.0


def doubts(total_ms: float | None = TOTAL, ollama_ms: float | None = 925.9, **changed: float | None) -> dict[str, str]:
    stages = {**dict.fromkeys(KEYS), **USUAL, **changed}
    return doubt_steps(stages, total_ms, ollama_ms, Limits(gap_us=60_000_000))


def test_the_real_log_is_believed() -> None:
    assert doubts() == {}
    assert doubts(total_ms=None, ollama_ms=None, llm=None) == {}


@pytest.mark.parametrize(
    ("llm_ms", "gone"), [(915.9, set()), (915.8, {"llm", "wait", "V2V"}), (0.0, {"llm", "wait", "V2V"})]
)
def test_a_request_shorter_than_ollama_says_is_a_step_back(llm_ms: float, gone: set[str]) -> None:
    assert doubts(llm=llm_ms, wait=None) == dict.fromkeys(gone, STEPPED)


@pytest.mark.parametrize(("parts_ms", "gone"), [(40.0, set()), (40.1, {"retrieve", "merge", "V2V"})])
def test_a_retrieval_shorter_than_its_parts_is_a_step_back(parts_ms: float, gone: set[str]) -> None:
    assert doubts(embed=10.0, query=parts_ms - 10.0) == dict.fromkeys(gone, STEPPED)


@pytest.mark.parametrize(
    ("stage", "ms", "ollama_ms", "gone"),
    [
        ("store", 60_000.0, 925.9, set()),
        ("store", 60_000.1, 925.9, {"store", "V2V"}),
        ("llm", 7_200_930.0, 925.9, {"llm", "wait", "V2V"}),
        # Ollama accounts for a long answer, but for as much as the time-out.
        ("llm", 119_000.0, 59_000.0, set()),
        ("llm", 119_000.1, 59_000.0, {"llm", "wait", "V2V"}),
    ],
)
def test_a_step_longer_than_the_time_out_was_slept_through(
    stage: str, ms: float, ollama_ms: float, gone: set[str]
) -> None:
    assert doubts(TOTAL + ms - USUAL[stage], ollama_ms, **{stage: ms}) == dict.fromkeys(gone, ASLEEP)


@pytest.mark.parametrize(
    ("total_ms", "reason"),
    [(1310.0, None), (1309.9, STEPPED), (61_360.0, None), (61_360.1, ASLEEP)],
)
def test_a_total_that_its_steps_contradict(total_ms: float, reason: str | None) -> None:
    """They sum to 1 360 ms; five figures of it are rounded to 10 ms."""
    assert doubts(total_ms) == ({} if reason is None else {"V2V": reason})
