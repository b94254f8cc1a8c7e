"""The LLM screen: every figure with its source, and a dash with a reason."""

from __future__ import annotations

from msgspec.structs import replace

from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.model.llm import Certainty, LlmState, Reuse


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
