"""Why a prompt that should have shared its head with the one before did not."""

from timmy_tui.analysis.llm.request_chain import Link
from timmy_tui.analysis.llm.requests import Request


def broken_cause(link: Link) -> str:
    """The likeliest cause, in words."""
    request, before = link.request, link.before
    if link.cut:
        return "the prompt was cut to fit the window"
    if before is None:
        return ""
    changed = _changed(request, before.request)
    if changed:
        return changed
    held, window = before.request.held or 0, before.request.num_ctx
    if window and held > window:
        return "the answer before ran over the window"
    now, then = request.whole, before.request.whole
    if now is not None and then is not None and now < 0.9 * then:
        return f"the history was trimmed: {then} to {now} tokens"
    if request.load_ms is None:
        return "loaded anew, another client, or a changed head"
    return "another client used the slot, or the prompt's head changed"


def _changed(request: Request, before: Request) -> str:
    """A setting that differs between the two prompts."""
    for label, now, then in (
        ("the model", request.model, before.model),
        ("num_ctx", request.num_ctx, before.num_ctx),
        ("raw", request.raw, before.raw),
        ("tail mode", request.tail_mode, before.tail_mode),
    ):
        if now is not None and then is not None and now != then:
            return f"{label} changed"
    if before.context_sent and not request.context_sent:
        return "the context array was dropped"
    return ""
