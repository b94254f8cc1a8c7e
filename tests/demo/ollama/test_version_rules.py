"""What Ollama's figures mean depends on its version: the table of rules, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.demo.ollama.version_rules import rules_for, truncate_prompt

VERSIONS = ["0.1.48", "0.3.14", "0.12.5", "0.12.11", "0.30.0", "0.30.11", "0.33.3"]
LONG = " ".join(f"line {number} of a long story." for number in range(170))
"""About 1200 tokens."""


@pytest.fixture(params=VERSIONS)
def stand_in(request: pytest.FixtureRequest) -> Iterator[OllamaStandIn]:
    with OllamaStandIn(StandInOptions(request.param, seed=3, speed=500)) as running:
        yield running


def generate(stand_in: OllamaStandIn, prompt: str = LONG, num_ctx: int = 8000, **more: Any) -> httpx.Response:
    body = {"model": MODEL, "prompt": prompt, "stream": False, "options": {"num_ctx": num_ctx}, **more}
    return httpx.post(stand_in.url + "/api/generate", json=body, verify=False, trust_env=False, timeout=20)


def test_count_and_duration_of_the_same_raw_prompt_twice(stand_in: OllamaStandIn) -> None:
    first, second = (generate(stand_in, raw=True).json() for _ in range(2))
    cold, warm = stand_in.requests
    total = cold.prompt_tokens
    assert (cold.reused, warm.reused, warm.evaluated) == (0, total - 1, 1)
    counts = (first.get("prompt_eval_count"), second.get("prompt_eval_count"))
    assert counts == (total, {"0.1.48": None, "0.30.0": 1}.get(stand_in.version, total))
    cached = (first.get("prompt_eval_cached_count"), second.get("prompt_eval_cached_count"))
    assert cached == ((0, total - 1) if stand_in.version == "0.33.3" else (None, None))
    if stand_in.version == "0.12.5":
        assert first["prompt_eval_duration"] < 0.4 * cold.prefill_ms * 1e6
        assert first["total_duration"] > cold.prefill_ms * 1e6
    else:
        assert first["prompt_eval_duration"] == pytest.approx(cold.prefill_ms * 1e6, rel=1e-4)
        assert second["prompt_eval_duration"] < 0.2 * first["prompt_eval_duration"]


def test_durations_tick_as_their_writer_does(stand_in: OllamaStandIn) -> None:
    answer = generate(stand_in, raw=True).json()
    tick = 1000 if stand_in.version.startswith(("0.30", "0.33")) else 100
    assert answer["prompt_eval_duration"] % tick == 0
    assert answer["eval_duration"] % tick == 0
    parts = ("load_duration", "eval_duration")
    assert answer["total_duration"] > sum(answer[part] for part in parts)


def test_context_comes_back_only_without_raw_and_extends_the_prefix(stand_in: OllamaStandIn) -> None:
    assert "context" not in generate(stand_in, raw=True).json()
    first = generate(stand_in).json()
    chained = generate(stand_in, prompt="And then?", context=first["context"]).json()
    served = stand_in.requests[-1]
    assert served.context_sent == len(first["context"])
    assert served.reused == len(first["context"]) + 1
    assert chained["context"][: len(first["context"])] == first["context"]


def test_raw_refuses_context_template_and_system(stand_in: OllamaStandIn) -> None:
    for extra in ({"context": [1, 2]}, {"system": "be brief"}, {"template": "{{ .Prompt }}"}):
        answer = generate(stand_in, raw=True, **extra)
        assert answer.status_code == 400
        assert answer.json() == {"error": "raw mode does not support template, system, or context"}
    assert generate(stand_in, raw=True, context=[]).status_code == 200
    assert len(stand_in.requests) == 1


def test_a_prompt_over_num_ctx_is_cut(stand_in: OllamaStandIn) -> None:
    for _ in range(2):
        answer = generate(stand_in, num_ctx=1024, raw=True)
    cold, again = stand_in.requests
    expected = {"0.12.5": 1024, "0.12.11": 1024, "0.30.0": 1023, "0.30.11": 514, "0.33.3": 514}
    blocks = len(truncate_prompt(list(range(cold.sent_tokens)), 1024, rules_for("0.3.14")))
    assert cold.truncated
    assert cold.prompt_tokens == expected.get(stand_in.version, blocks)
    assert cold.prompt_tokens < cold.sent_tokens
    if stand_in.version not in ("0.1.48", "0.30.0"):
        assert answer.json()["prompt_eval_count"] == cold.prompt_tokens
    if stand_in.version == "0.12.11":
        assert again.reused <= 5, "the reply shifted the full slot: nothing but the head is left"


def test_a_sliding_window_leaves_only_the_head(stand_in: OllamaStandIn) -> None:
    generate(stand_in, num_ctx=1024, raw=True)
    generate(stand_in, prompt=LONG + " One more line.", num_ctx=1024, raw=True)
    reused = stand_in.requests[-1].reused
    if stand_in.version in ("0.1.48", "0.3.14"):
        assert reused > 100, "whole blocks are dropped: the window moves only now and then"
    else:
        assert reused <= 5


def test_truncate_false_refuses_where_it_exists(stand_in: OllamaStandIn) -> None:
    answer = generate(stand_in, num_ctx=1024, raw=True, truncate=False)
    if stand_in.version in ("0.1.48", "0.3.14", "0.12.5"):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["error"]) == (400, "the input length exceeds the context length")


def test_ps_tags_and_show_have_the_fields_of_their_time(stand_in: OllamaStandIn) -> None:
    generate(stand_in, keep_alive="1h")
    get = {
        path: httpx.get(stand_in.url + path, verify=False, trust_env=False).json() for path in ("/api/ps", "/api/tags")
    }
    new, newer = stand_in.version not in ("0.1.48", "0.3.14"), stand_in.version.startswith(("0.30", "0.33"))
    (resident,) = get["/api/ps"]["models"]
    assert resident.get("context_length") == (8000 if new else None)
    assert resident["size_vram"] == resident["size"] > 2_000_000_000
    (tag,) = get["/api/tags"]["models"]
    assert ("capabilities" in tag, "context_length" in tag["details"]) == (newer, newer)
    shown = httpx.post(stand_in.url + "/api/show", json={"model": MODEL}, verify=False, trust_env=False).json()
    assert ("capabilities" in shown) == new
    assert shown["model_info"]["general.architecture"] == "llama"


def test_warm_load_is_not_zero_until_the_header_is_cached(stand_in: OllamaStandIn) -> None:
    cold, warm = (generate(stand_in, prompt="Hi").json()["load_duration"] for _ in range(2))
    assert cold > 1e9
    assert warm < 5e6 if stand_in.version == "0.33.3" else 90e6 < warm < 100e6


def test_another_prompt_takes_the_slot_unless_it_is_kept_in_memory(stand_in: OllamaStandIn) -> None:
    generate(stand_in, raw=True)
    generate(stand_in, prompt="Something else entirely", raw=True)
    generate(stand_in, raw=True)
    kept = stand_in.version.startswith(("0.30", "0.33"))
    back = stand_in.requests[-1]
    assert back.restored == kept
    assert (back.reused > 1000) == kept


@pytest.mark.parametrize(("text", "since"), [("0.0.0", (0, 1, 0)), ("0.34.0-rc1", (0, 33, 3)), ("0.24", (0, 12, 7))])
def test_any_version_finds_its_row(text: str, since: tuple[int, int, int]) -> None:
    assert rules_for(text).since == since
