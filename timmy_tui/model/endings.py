"""Why a turn did not complete, in words that hold nothing of what was said: this program's own, and v34's."""

import re

V34_RESTARTED = "v34 was restarted before it ended"
RESTARTED = "it was restarted before the turn ended"
SILENT = "no further event"
NO_ANSWER = "the model gave no answer"
ERROR_REPORTED = "it reported an error"
A_NEW_TURN = "a new turn"
_BEGAN = "began before it ended"
_STATUS = "v34 answered with status"
_OWN = frozenset((V34_RESTARTED, RESTARTED, SILENT, NO_ANSWER, ERROR_REPORTED, f"{A_NEW_TURN} {_BEGAN}"))
_WITH_A_NAME = re.compile(rf"turn [\x21-\x7e]{{1,80}} {_BEGAN}|{_STATUS} \d{{1,6}}")
_V34 = (
    "Generate API call failed",
    "Error in handle_user_message",
    "Empty streamed response received",
    "Could not connect to TTS API",
)
"""How v34's lines of failures begin; behind a colon stands what an exception said."""


def broken_off_by(newer: str = A_NEW_TURN) -> str:
    """``newer``: the turn that began."""
    return f"{newer} {_BEGAN}"


def status_words(status: float) -> str:
    """v34 answered with an HTTP status that means a failure."""
    return f"{_STATUS} {status:.0f}"


def without_what_was_said(reason: str) -> str | None:
    """The reason, or v34's words before their colon; None for any other text, such as another system's error."""
    if not reason or reason in _OWN or _WITH_A_NAME.fullmatch(reason):
        return reason
    head = reason.partition(":")[0]
    return head if head in _V34 else None
