"""What the bytes of a single line tell before it is parsed: whose turn, which event, when, and whether it failed.

For a reader that goes through a whole log backwards: it asks this of every line, and parses only those that are shown.
"""

import re

from timmy_tui.core.foreign.decode import decimal_number
from timmy_tui.model.turn import LATEST

_STAMPED_ID = re.compile(rb'"request_id": ?"([^"\\]{1,64})"')
_EVENT = re.compile(rb'"event": ?"([^"\\]{1,64})"')
_SERVICE = re.compile(rb'"service": ?"([^"\\]{1,16})"')
_STAMP = re.compile(rb'"timestamp": ?([0-9.eE+-]{1,24})')
_PRINTED_ID = re.compile(rb"request_id=([0-9A-Za-z-]{1,64})")
_BEGIN = re.compile(rb"\*{20,}BEGIN\*{20,}$")
_TYPED = re.compile(rb"\*\*\* Debug: Received user_message via WebSocket: (.*)$")
_STATUS = re.compile(rb'"status_code": ?"?[45]\d\d\b')

PLACES: tuple[tuple[bytes, bytes], ...] = (
    (b">>> Fast metadata generated", b"v34_classification_complete"),
    (b"--- Step 1", b"v34_classification_complete"),
    (b"[STORAGE BREAKDOWN", b"v34_memory_storage_complete"),
    (b"--- Step 3", b"v34_memory_storage_complete"),
    (b"[RETRIEVAL", b"v34_retrieval_complete"),
    (b"*** Debug: Retrieved ", b"v34_retrieval_complete"),
    (b"--- Step 4", b"v34_retrieval_complete"),
    (b"*** Debug: Built unified", b"v34_prompt_built"),
    (b"*** Debug: Calling generate API", b"v34_ollama_sent"),
    (b"*** Debug: Ollama done chunk", b"v34_ollama_received"),
    (b"*** Debug: AI Response", b"v34_ollama_received"),
    (b"*** Debug: Timings ms", b"v34_ollama_received"),
    (b"*** Debug: Generate API call failed", b"v34_ollama_received"),
    (b"*** Debug: Empty streamed response", b"v34_ollama_received"),
    (b"--- Step 5", b"v34_ollama_received"),
    (b"*** Debug: LLM response received", b"v34_ollama_received"),
    (b"*** Debug: Could not connect to TTS", b"v34_sending_to_tts"),
)
"""Beginning of a line of v34's debug log → the event of the same turn behind which it was printed."""
_BEHIND = re.compile(b"|".join(b"(" + re.escape(beginning) + b")" for beginning, _ in PLACES))
STARTS = (b"v34_webhook_received", b"v34_flask_handler_entry")
"""Events behind which v34 prints its first line of a turn."""

_PRINTED_FAILED = re.compile(
    rb"^\*\*\* Debug: (?:Generate API call failed|Empty streamed response|Could not connect to|Error in )"
    rb"|^\*\*\* Health: \w+ DOWN\b|^Traceback \(most recent call last\)|^[\w.]*(?:Error|Exception)\b"
    # The canned reply where the model gave none.
    rb'|I appear to be having trouble speaking|HTTP/[\d.]+" [45]\d\d '
)

_ACCEPTED = re.compile(rb"\(\d+\) accepted \(")
"""The first of two lines that v34's web server prints of every request."""
_ASKED = b'"GET /api/kv_stats'
_PRINTED_AT_ONCE = re.compile(rb'\(\d+\) accepted \(|\r? *\d+%\||\S+ - \S+ \[[^\]]{1,40}\] "[A-Z]+ \S+ HTTP/')
"""The web server's lines, and a bar of progress."""


def asks_for_statistics(line: bytes) -> bool:
    """v34's web server printed it because a dashboard asked for v34's statistics."""
    return _ASKED in line


def tells_of_our_question(line: bytes) -> bool:
    """The same, or what is printed ahead of it, as ahead of every request: nothing has happened."""
    return _ASKED in line or _ACCEPTED.match(line) is not None


def printed_at_once(line: bytes) -> bool:
    """It is not held back until 8 KiB are full, as v34's own lines are: it may be of a later turn than they."""
    return _PRINTED_AT_ONCE.match(line) is not None


def stamped_id(line: bytes) -> bytes:
    """The id in a line of a stamped log; empty without one."""
    found = _STAMPED_ID.search(line)
    return found[1] if found else b""


def stamped_event(line: bytes) -> bytes:
    """The event's name; empty without one."""
    found = _EVENT.search(line)
    return found[1] if found else b""


def stamped_service(line: bytes) -> bytes:
    """The service's name; empty without one."""
    found = _SERVICE.search(line)
    return found[1] if found else b""


def stamp(line: bytes) -> float | None:
    """Seconds since 1970; None where there are none, or none of this century."""
    found = _STAMP.search(line)
    try:
        seconds = decimal_number(found[1].decode("ascii")) if found else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 < seconds < LATEST else None


def printed_id(line: bytes) -> bytes:
    """The id that v34 prints in a line; ``None`` of a typed turn, empty where it prints none."""
    found = _PRINTED_ID.search(line) if b"request_id=" in line else None
    return found[1] if found else b""


def begins_turn(line: bytes) -> bool:
    """v34's first line of a turn."""
    return b"*BEGIN*" in line and _BEGIN.search(line) is not None


def typed_text(line: bytes) -> bytes:
    """What was typed, in the line that says so; empty in any other."""
    found = _TYPED.search(line) if b"via WebSocket: " in line else None
    return found[1] if found else b""


def stamped_failed(line: bytes) -> bool:
    """A stamped line that tells of a failure: an HTTP status, or a request to the model that has no figures."""
    if b'"v34_ollama_received"' in line and b'"prompt_eval_count"' not in line:
        return True
    return _STATUS.search(line) is not None


def printed_behind(line: bytes) -> bytes:
    """The event of its turn behind which v34 printed this line; empty where the line does not tell."""
    found = _BEHIND.match(line) if line[:1] in (b"*", b"-", b">", b"[") else None
    return PLACES[found.lastindex - 1][1] if found is not None and found.lastindex else b""


def printed_failed(line: bytes) -> bool:
    """A line of v34's that tells of a failure."""
    return _PRINTED_FAILED.search(line) is not None
