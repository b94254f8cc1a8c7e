"""The lines that v34 prints, one row each: how to recognize it, and what its figures mean.

All rows are anchored at the line's beginning, and written from v34's print statements.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from timmy_tui.core.foreign.decode import decimal_number, whole_number
from timmy_tui.model.log_format import DebugFact

Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Pattern:
    """One kind of line: its form, and how the text of each named group becomes a value; None: it is not known."""

    kind: str
    regex: re.Pattern[str]
    readers: dict[str, Reader] = field(default_factory=dict)


def _ns(text: str) -> float | None:
    """Nanoseconds to ms. The log labels these numbers as ms, which is wrong."""
    nanoseconds = whole_number(text)
    return None if nanoseconds is None else nanoseconds / 1e6


def _bool(text: str) -> bool:
    return text == "True"


def _typed(text: str) -> bool:
    """The web chat talks over a WebSocket, the speech recognizer over the webhook."""
    return text == "WebSocket"


def _seconds(text: str) -> float | None:
    """Seconds to ms."""
    seconds = decimal_number(text)
    return None if seconds is None else seconds * 1000


def _row(kind: str, regex: str, **readers: Reader) -> Pattern:
    return Pattern(kind, re.compile(regex), readers)


_D = r"^\*\*\* Debug: "
_DURATIONS = (
    r"load=(?P<load_ms>\d+) prompt_eval=(?P<prefill_ms>\d+) eval=(?P<decode_ms>\d+) total=(?P<ollama_total_ms>\d+)$"
)
_NS: dict[str, Reader] = {"load_ms": _ns, "prefill_ms": _ns, "decode_ms": _ns, "ollama_total_ms": _ns}

PATTERNS: tuple[Pattern, ...] = (
    _row("begin", r"^\*{20,}BEGIN\*{20,}$"),
    _row("message", _D + r"Received user_message via (?P<typed>webhook|WebSocket): (?P<text>.*)$", typed=_typed),
    _row("message", _D + r"Processing user message: (?P<text>.*)$"),
    _row("excerpt", r"^>>> Importance calculation for: '"),
    _row("topic", r"^    Topic: .*, Tags: \["),
    _row("step", r"^--- Step (?P<step>\d) \([^)]*\) took: (?P<ms>-?[\d.]+)s$", step=whole_number, ms=_seconds),
    _row("metadata", r"^>>> Fast metadata generated: .*importance=(?P<importance>[\d.]+)$", importance=decimal_number),
    _row("summary", r"^>>> Fast summary generated: "),
    _row("parent_stored", _D + r"Stored parent document with ID: "),
    _row("storage", r"^\[STORAGE BREAKDOWN[^\]]*\] request_id=(?P<request_id>[^,]+), .*total=(?P<ms>[\d.]+)ms",
         ms=decimal_number),
    _row(
        "retrieval",
        r"^\[RETRIEVAL[^\]]*\] request_id=(?P<request_id>[^,]+), embedding=(?P<embed_ms>[\d.]+)ms, "
        r"query=(?P<query_ms>[\d.]+)ms, .*total=(?P<ms>[\d.]+)ms",
        embed_ms=decimal_number, query_ms=decimal_number, ms=decimal_number,
    ),
    _row("chunks", _D + r"Retrieved (?P<chunks>\d+) memory chunks", chunks=whole_number),
    _row("prompt", _D + r"Built unified megaprompt \((?P<prompt_chars>\d+) chars\)$", prompt_chars=whole_number),
    _row("preview", _D + r"Megaprompt preview: "),
    _row("tail_prompt", _D + r"Tail prompt size: (?P<prompt_chars>\d+) chars", prompt_chars=whole_number),
    _row("tail_mode", _D + r"Tail mode active=(?P<tail_mode>True|False)$", tail_mode=_bool),
    _row("context_sent", _D + r"Existing context length: (?P<context_sent>\d+)$", context_sent=whole_number),
    _row("context_sent", _D + r"\[KV CACHE\] Sending existing context to Ollama, length: (?P<context_sent>\d+)$",
         context_sent=whole_number),
    _row("first_request", _D + r"\[KV CACHE\] No existing context"),
    _row("call", _D + r"Calling generate API: "),
    _row("model", _D + r"Model=(?P<model>[^,]+), num_ctx=(?P<num_ctx>\d+)", model=str, num_ctx=whole_number),
    _row("size", _D + r"Prompt size: (?P<prompt_chars>\d+) chars, ~(?P<prompt_tokens_est>\d+) tokens",
         prompt_chars=whole_number, prompt_tokens_est=whole_number),
    _row("raw", _D + r"raw_mode=(?P<raw>True|False|None), ", raw=_bool),
    _row("answer_head", _D + r"AI Response: "),
    _row("context_returned", _D + r"Returned context length: (?P<context_returned>\d+)$",
         context_returned=whole_number),
    _row("timings", _D + r"Timings ms ~ " + _DURATIONS, **_NS),
    _row("timings", _D + r"Durations \(ns\): " + _DURATIONS, **_NS),
    _row("counts", _D + r"KV stats: prompt_eval_count=(?P<prompt_tokens>\d+) eval_count=(?P<output_tokens>\d+)",
         prompt_tokens=whole_number, output_tokens=whole_number),
    _row("answer", _D + r"LLM response received: (?P<reply>.*)$"),
    _row("answer_added", _D + r"Assistant response added to conversation history"),
    # The first version of v34, of November 18, says here whether it stores its own answer.
    _row("answer_added", _D + r"Skipped storing assistant message: "),
    _row("answer_added", _D + r"Parent Document Ingestion for role=assistant\.\.\.$"),
    _row("total", r"^--- Total process_user_message took: (?P<ms>-?[\d.]+)s$", ms=_seconds),
    # eventlet and gevent tell the duration and differ in the date; Werkzeug's own server tells no duration, nor does
    # gunicorn, which puts referer and client behind it.
    _row(
        "access",
        r'^(?:INFO:werkzeug:)?\S+ - - \[(?P<stamp>[^\]]+)\] "POST /api/webhook HTTP/[\d.]+" (?P<code>\d{3}) '
        r'(?:-|\d+(?: (?P<seconds>\d+\.\d+))?)(?: "[^"]*" "[^"]*")?$',
        code=whole_number, seconds=decimal_number,
    ),
    _row("failure", _D + r"(?P<error>Generate API call failed: .*)$"),
    _row("handler_failure", _D + r"(?P<error>Error in handle_user_message: .*)$"),
    _row("failure", _D + r"(?P<error>Empty streamed response received)"),
    _row("tts_failure", _D + r"(?P<error>Could not connect to TTS API: .*)$"),
    _row("serving", r"^\((?P<pid>\d+)\) wsgi starting up on (?P<url>\S+)$", pid=whole_number),
    _row("reloading", r"^ \* Detected change in '(?P<path>.*)', reloading$"),
    _row("restarting", r"^ \* Restarting with "),
    _row("caption", r"^\*\*\* Image analysis received: caption='"),
    _row("health", r"^\*\*\* Health: (?P<service>\w+) (?P<word>OK|DOWN)\b(?: status=(?P<status>\d+))? "
         r"latency=(?P<ms>\d+)ms", ms=decimal_number),
    _row("traceback", r"^Traceback \(most recent call last\):$"),
)  # fmt: skip
"""Tried in order; the first match counts."""

_DEBUG_PREFIX = "*** Debug: "
_ADDRESS = "I0123456789:abcdefABCDEF"
"""First characters of an access line: an address, of IPv6 perhaps, or ``INFO:werkzeug:``."""


def _first_characters(row: Pattern) -> str:
    """First characters of the lines that a row matches, behind ``*** Debug: `` if that is where they begin."""
    if row.kind == "access":
        return _ADDRESS
    return row.regex.pattern.removeprefix(_D).removeprefix("^").removeprefix("(?P<error>").removeprefix("\\")[0]


def _by_first_character(rows: list[Pattern]) -> dict[str, tuple[Pattern, ...]]:
    characters = {character for row in rows for character in _first_characters(row)}
    return {one: tuple(row for row in rows if one in _first_characters(row)) for one in characters}


# Most lines are then compared with three rows instead of forty: a third of the time of reading a log.
_DEBUG = _by_first_character([row for row in PATTERNS if row.regex.pattern.startswith(_D)])
_OTHERS = _by_first_character([row for row in PATTERNS if not row.regex.pattern.startswith(_D)])


def match_line(text: str) -> DebugFact | None:
    """The fact in one line; None for noise."""
    debug = text.startswith(_DEBUG_PREFIX)
    rows = _DEBUG.get(text[11:12], ()) if debug else _OTHERS.get(text[:1], ())
    for pattern in rows:
        match = pattern.regex.match(text)
        if match is None:
            continue
        groups = match.groupdict()
        request_id = groups.pop("request_id", "") or ""
        if request_id == "None":
            # A typed turn has no id; Python prints that as None.
            request_id = ""
        values: dict[str, Any] = {}
        for name, value in groups.items():
            if value is None:
                continue
            reader = pattern.readers.get(name)
            try:
                read = reader(value) if reader else value
            except ValueError:
                return None
            if read is not None:
                values[name] = read
        return DebugFact(pattern.kind, values, request_id)
    return None
