"""Why a prompt that should have shared its head with the one before did not: only what there is evidence of."""

from collections.abc import Sequence

from timmy_tui.analysis.llm.llm_requests import LlmRequest
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.flags.words import by_key

NOT_KNOWN = "cause not known"
NOT_LOGGED = "which part is not logged"
"""v34 logs the length of the whole prompt, and of none of its parts."""
SHORT_HEAD = 100
"""Tokens; a shorter head is not told from none."""
CONSTANT = 2
"""So many turns before this one that reused nothing either, and its head changes every turn."""


def broken_cause(chained: ChainedRequest, heads: Sequence[int] = (), head_tokens: int | None = None) -> str:
    """The cause in words.

    ``heads``: the most tokens that can have been reused, in this turn and those directly before it that reused next to
    nothing either; ``head_tokens``: length of the head that all turns share, where their times show one.
    """
    request, previous = chained.request, chained.previous
    if chained.truncated:
        return "the prompt was cut to fit the window"
    if previous is None:
        return ""
    changed = _changed(request, previous.request)
    if changed:
        return changed
    slot_tokens, window = previous.request.slot_tokens or 0, previous.request.num_ctx
    if window and slot_tokens > window:
        return "the answer before ran over the window"
    now, then = request.full_prompt_tokens, previous.request.full_prompt_tokens
    if now is not None and then is not None and now < 0.9 * then:
        return f"the history was trimmed: {then} to {now} tokens"
    if _other_requests(request, previous.request):
        return "another request used the slot in between (server log)"
    if head_tokens is not None:
        return changes_behind(head_tokens)
    if len(heads) > CONSTANT:
        return changes_within(max(heads))
    return NOT_KNOWN


def changes_behind(head_tokens: int) -> str:
    """The same head is reused every turn, and nothing of what the conversation has added."""
    if head_tokens < SHORT_HEAD:
        return changes_within(SHORT_HEAD)
    return f"the prompt changes every turn behind its first ~{_rounded(head_tokens)} tokens; {NOT_LOGGED}"


def changes_within(tokens: int) -> str:
    """At most so many tokens were reused, turn after turn."""
    return f"the head of the prompt changes every turn: within its first ~{_rounded(tokens)} tokens; {NOT_LOGGED}"


def _rounded(tokens: int) -> int:
    """Up to tens."""
    return max(-(-tokens // 10) * 10, 10)


def _other_requests(request: LlmRequest, before: LlmRequest) -> bool:
    """Ollama's server log has requests between the two."""
    now, then = request.served, before.served
    return now is not None and then is not None and now.number - then.number > 1


def _changed(request: LlmRequest, before: LlmRequest) -> str:
    """A flag that differs between the two prompts, the first of the table."""
    table = [flag.key for flag in FLAGS if flag.changes_prompt]
    own = [key for key in request.flags if by_key(key) is None]
    for key in (*table, *own):
        now, then, flag = request.flags.get(key), before.flags.get(key), by_key(key)
        if now is not None and then is not None and now != then:
            return f"{flag.label if flag is not None else key} changed"
    if before.context_sent and not request.context_sent:
        return "the context array was dropped"
    return ""
