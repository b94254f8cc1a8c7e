"""The LLM screen: every figure with its source, and a dash with a reason."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.model.llm import Certainty, LlmState, OllamaFacts, Reuse


async def test_the_llm_screen_says_where_its_figures_come_from() -> None:
    async with running_dashboard(snapshot(), size=(120, 40)) as dashboard:
        await dashboard.press("4")
        text = dashboard.text()
        for words in ("Ollama 0.12.11", "3.4 GB, 100% GPU", "unloads in 4m", "2 720 of 8 000 (loaded)",
                      "≈86 turns left", "~74%", "estimated: prefill time", "reused", "evaluated", "108/s", "cold",
                      "✗ fail", "● pass", "○ not judged LLM time", "because 2 of 10 turns known, 3 needed",
                      "● not seen   errors in logs", "✗ seen       replies degrade", "counts all tokens"):  # fmt: skip
            assert words in text, words


async def test_unknown_reuse_is_a_dash_with_its_reason() -> None:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.facts is not None
    unknown = Reuse(ordinal=30, prompt_tokens=None, reused=None, share=None, certainty=Certainty.UNKNOWN,
                    reason="no cold turn seen yet")  # fmt: skip
    down = replace(snap.llm.facts, reachable=False, since=snap.taken - 14, problem="connection refused")
    state = LlmState(down, (unknown,), None, ())
    async with running_dashboard(replace(snap, llm=state), size=(120, 30)) as dashboard:
        assert "cache — (no cold turn seen yet)" in dashboard.text() and "ollama unreachable 14s" in dashboard.text()
        await dashboard.press("4")
        assert (
            "unreachable for 14s connection refused" in dashboard.text() and "no cold turn seen yet" in dashboard.text()
        )
        assert "0%" not in dashboard.text()
    async with running_dashboard(replace(snap, llm=None)) as dashboard:
        await dashboard.press("4")
        assert "no data on the model yet" in dashboard.text()


@pytest.mark.parametrize(("in_gpu", "words"), [(3 << 30, "100% GPU"), (2 << 30, "100% GPU"), (1 << 30, "50% GPU")])
async def test_a_share_is_at_most_the_whole(in_gpu: int, words: str) -> None:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.facts is not None
    facts = replace(snap.llm.facts, size=2 << 30, size_vram=in_gpu)
    async with running_dashboard(replace(snap, llm=replace(snap.llm, facts=facts)), size=(120, 40)) as dashboard:
        await dashboard.press("4")
        assert f"2.1 GB, {words}" in dashboard.text()


async def test_a_model_in_the_cloud_is_not_called_unloaded() -> None:
    snap = snapshot()
    assert snap.llm is not None
    facts = OllamaFacts(url="", reachable=True, since=None, model="gpt-oss:120b-cloud", cloud=True)
    state = replace(snap.llm, facts=facts, warnings=())
    async with running_dashboard(replace(snap, llm=state), size=(120, 40)) as dashboard:
        assert "loaded" not in dashboard.text()
        await dashboard.press("4")
        assert "gpt-oss:120b-cloud" in dashboard.text() and "runs in the cloud" in dashboard.text()
        assert "not loaded" not in dashboard.text() and "unloads" not in dashboard.text()
