"""Why a prompt that should have shared its head with the one before did not: only what there is evidence of."""

from timmy_tui.analysis.llm.llm_requests import LlmRequest
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.model.flag_words import by_key
from timmy_tui.model.flags import FLAGS

NOT_KNOWN = "cause not known"
CONSTANT = 2
"""So many turns before this one that reused nothing either, and its head changes every turn."""


def broken_cause(chained: ChainedRequest, misses_before: int = 0) -> str:
    """The cause in words; ``misses_before``: turns directly before this one that reused next to nothing either."""
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
    if misses_before >= CONSTANT:
        return "the head of the prompt changes every turn"
    return NOT_KNOWN


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
