"""Whether Ollama truncated a prompt to fit the context window; no version says so in its answer."""

from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, Truncation, VersionRule, truncated_counts
from timmy_tui.analysis.llm.request_chain import ChainedRequest

HEAD_TOKENS = 8
"""Tokens at the head of a truncated prompt that can still match: at most num_keep, BOS and a few of a template."""


def is_truncated(chained: ChainedRequest, window: int | None, rule: VersionRule) -> bool:
    """Decided by the server log, by a count that this version gives only to truncated prompts, or by what v34 sent.

    ``window``: num_ctx in tokens; None is not known.
    """
    request = chained.request
    if request.served is not None:
        return request.served.truncated
    if window is None:
        return False
    if rule.counts is PromptEvalCount.MISSES:
        filled = request.prompt_tokens is not None and request.prompt_tokens >= window - HEAD_TOKENS
        return filled or _least_sent_tokens(chained) > window
    counts = truncated_counts(window, rule.truncation)
    if not counts:
        return _least_sent_tokens(chained) > window
    if request.prompt_tokens is None or request.prompt_tokens not in counts:
        return False
    return rule.truncation is not Truncation.HALF or _was_longer_than_counted(chained, request.prompt_tokens, window)


def _least_sent_tokens(chained: ChainedRequest) -> int:
    """Lower bound on the tokens sent: the context array, and as much text beside it as the previous request had."""
    request, previous = chained.request, chained.previous
    if not request.context_sent:
        return 0
    beside_array = 0
    if (
        previous is not None
        and not previous.truncated
        and previous.request.prompt_tokens
        and request.tail_mode == previous.request.tail_mode
    ):
        beside_array = max(previous.request.prompt_tokens - (previous.request.context_sent or 0), 0)
    return request.context_sent + beside_array


def _was_longer_than_counted(chained: ChainedRequest, count: int, window: int) -> bool:
    """A count of half a window can be the true length. These show that it is not: v34's estimate or the context array
    above it, the same count in the previous request, a previous request that nearly filled the slot."""
    request, previous = chained.request, chained.previous
    meant = (request.prompt_tokens_est, request.context_sent)
    if any(tokens is not None and tokens > 1.3 * count for tokens in meant) or _least_sent_tokens(chained) > window:
        return True
    return previous is not None and (
        previous.request.prompt_tokens == count or (previous.request.slot_tokens or 0) > 0.9 * window
    )
