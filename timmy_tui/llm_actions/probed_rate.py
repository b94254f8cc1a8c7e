"""What a probe teaches of the prefill: its last two steps are a certain cold prompt and a certain full hit."""

from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, rule_for
from timmy_tui.analysis.llm.prefill.cold_rate import MIN_TOKENS
from timmy_tui.analysis.llm.prefill.curve import PRIOR_DEPTH
from timmy_tui.llm_actions.probe import Probe
from timmy_tui.model.llm import LearnedRate, PrefillKey

SAMPLES = 2
"""A probe counts as much as two cold turns."""


def probed_rate(probe: Probe) -> LearnedRate | None:
    """None where the two steps do not show both, or this version's figures do not."""
    rule = rule_for(probe.version)
    cold, hit = probe.steps[-2], probe.steps[-1]
    if rule is None or rule.counts is PromptEvalCount.MISSES or not rule.times_all_uncached or probe.verdict != "works":
        return None
    tokens, cold_ms, hit_ms = cold.prompt_tokens, cold.prefill_ms, hit.prefill_ms
    if not tokens or tokens < MIN_TOKENS or cold_ms is None or hit_ms is None or cold_ms <= hit_ms:
        return None
    return LearnedRate(
        key=PrefillKey(probe.model, probe.num_ctx or 0, probe.quantization or "", probe.version or ""),
        ms_per_token=(cold_ms - hit_ms) / (tokens * (1 + PRIOR_DEPTH * tokens / 2)),
        depth_cost=PRIOR_DEPTH,
        samples=SAMPLES,
        step_ms=hit_ms,
    )
