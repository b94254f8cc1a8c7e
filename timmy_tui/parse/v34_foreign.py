"""The foreign texts in v34's debug log: which line begins each, and which of v34's own lines ends it."""

import re
from typing import NamedTuple

from timmy_tui.model.log_format import DebugFact

LIMIT = 4096
"""Characters stored of a message or an answer."""
_ID = re.compile(r"^(?P<text>.*) \[request_id=(?P<request_id>[0-9A-Za-z-]{1,64})\]$", re.DOTALL)


class ForeignText(NamedTuple):
    """A foreign text of several lines: how it ends."""

    ends: frozenset[str]
    """Kinds of the lines that v34 prints next. Every other line is text."""
    length: int = 10_000
    """Characters of the whole text, where v34 cuts it and puts ``...`` behind it. It has no more lines than that."""
    restarts: bool = True
    """A line of a restart ends it: v34 was killed while it printed, or before its buffer was written."""


FOREIGN: dict[str, ForeignText] = {
    "message": ForeignText(frozenset()),
    "excerpt": ForeignText(frozenset({"topic"}), length=55),
    "summary": ForeignText(frozenset({"parent_stored"}), length=103),
    "caption": ForeignText(frozenset(), length=130),
    "preview": ForeignText(
        frozenset({"tail_prompt", "tail_mode", "context_sent", "first_request", "call"}), length=203
    ),
    "answer_head": ForeignText(frozenset({"context_returned", "timings"}), length=103),
    "answer": ForeignText(frozenset({"answer_added"}), restarts=False),
}
"""By the kind of the line that begins it. The user's words end where v34 begins to process them: it repeats them."""

LAST_LINE = {
    "excerpt": re.compile(r"\.\.\.'$"),
    "summary": re.compile(r"\.\.\.$"),
    "preview": re.compile(r"\.\.\.$"),
    "answer_head": re.compile(r"\.\.\.$"),
    "caption": re.compile(r"' faces=\d+ known=\[[^\[]*\]$"),
}
"""By the kind of the text: how its last line ends."""


def message_of(text: str, typed: bool | None) -> DebugFact:
    """The user's words and the request id after them, which versions before November 2025 do not print."""
    match = _ID.match(text)
    if typed and match is not None and match["request_id"] != "None":
        # A typed turn has no id: the user wrote that.
        match = None
    request_id = "" if match is None or match["request_id"] == "None" else match["request_id"]
    words = text if match is None else match["text"]
    values: dict[str, object] = {"text": words[:LIMIT]}
    if typed is not None:
        values["typed"] = typed
    return DebugFact("message", values, request_id)
