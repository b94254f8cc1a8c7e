"""Why a prompt that should have shared its head with the one before did not."""

from timmy_tui.analysis.llm.llm_requests import LlmRequest
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.model.flag_words import by_key
from timmy_tui.model.flags import FLAGS


def broken_cause(chained: ChainedRequest) -> str:
    """The likeliest cause, in words."""
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
    if request.load_ms is None:
        return "loaded anew, another client, or a changed head"
    return "another client used the slot, or the prompt's head changed"


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
