"""Whether Ollama shortened a prompt to fit the context window; no version says so in its answer."""

from timmy_tui.analysis.llm.ollama_versions import Counts, VersionRule, cut_counts
from timmy_tui.analysis.llm.request_chain import Link

HEAD = 8
"""Tokens at the head of a cut prompt that can still match: at most num_keep, BOS and a few of a template."""


def was_cut(link: Link, window: int | None, rule: VersionRule) -> bool:
    """By the server log, by the count that gives it away in this version, or by what v34 must have sent."""
    request = link.request
    if request.served is not None:
        return request.served.truncated
    if window is None:
        return False
    if rule.counts is Counts.MISSES:
        return (request.prompt or 0) >= window - HEAD or _sent(link) > window
    counts = cut_counts(window, rule.cut)
    if not counts:
        return _sent(link) > window
    if request.prompt not in counts:
        return False
    return max(counts) > 0.9 * window or _must_be_longer(link, window)


def _sent(link: Link) -> int:
    """Tokens that were sent at the least: the context array, and beside it as much as the turn before sent."""
    request, before = link.request, link.before
    if not request.context_sent:
        return 0
    beside = 0
    if (
        before is not None
        and not before.cut
        and before.request.prompt
        and request.tail_mode == before.request.tail_mode
    ):
        beside = max(before.request.prompt - (before.request.context_sent or 0), 0)
    return request.context_sent + beside


def _must_be_longer(link: Link, window: int) -> bool:
    """Half a window can be an honest prompt: v34's estimate, the array, the count before or a full slot speak."""
    request, before = link.request, link.before
    count = request.prompt or 0
    if max(request.estimate or 0, request.context_sent or 0) > 1.3 * count or _sent(link) > window:
        return True
    return before is not None and (before.request.prompt == count or (before.request.held or 0) > 0.9 * window)
