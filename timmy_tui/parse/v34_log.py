"""v34's debug log: plain lines without stamps, mixed with whatever the model and its libraries print.

One table of patterns, all anchored at the line's beginning. Inside foreign text (a prompt preview, an answer) only the
lines that can end that text are read, so that an answer cannot fake the end of its own turn.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from timmy_tui.model.log_format import DebugFact, FactLog

Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Pattern:
    """One kind of line: its form, and how the text of each named group becomes a value."""

    kind: str
    regex: re.Pattern[str]
    readers: dict[str, Reader] = field(default_factory=dict)


def _ns(text: str) -> float:
    """Nanoseconds to ms. The log labels these numbers as ms, which is wrong."""
    return int(text) / 1e6


def _bool(text: str) -> bool:
    return text == "True"


def _seconds(text: str) -> float:
    """Seconds to ms."""
    return float(text) * 1000


def _row(kind: str, regex: str, **readers: Reader) -> Pattern:
    return Pattern(kind, re.compile(regex), readers)


_D = r"^\*\*\* Debug: "
_DURATIONS = (
    r"load=(?P<load_ms>\d+) prompt_eval=(?P<prefill_ms>\d+) eval=(?P<decode_ms>\d+) total=(?P<ollama_total_ms>\d+)$"
)
_NS: dict[str, Reader] = {"load_ms": _ns, "prefill_ms": _ns, "decode_ms": _ns, "ollama_total_ms": _ns}

PATTERNS: tuple[Pattern, ...] = (
    _row("begin", r"^\*{20,}BEGIN\*{20,}$"),
    _row("message", _D + r"(?:Received user_message via webhook|Processing user message): (?P<text>.*)$"),
    _row("step", r"^--- Step (?P<step>\d) \([^)]*\) took: (?P<ms>[\d.]+)s$", step=int, ms=_seconds),
    _row("metadata", r"^>>> Fast metadata generated: .*importance=(?P<importance>[\d.]+)$", importance=float),
    _row("storage", r"^\[STORAGE BREAKDOWN[^\]]*\] request_id=(?P<request_id>[^,]+), .*total=(?P<ms>[\d.]+)ms",
         ms=float),
    _row(
        "retrieval",
        r"^\[RETRIEVAL[^\]]*\] request_id=(?P<request_id>[^,]+), embedding=(?P<embed_ms>[\d.]+)ms, "
        r"query=(?P<query_ms>[\d.]+)ms, .*total=(?P<ms>[\d.]+)ms",
        embed_ms=float, query_ms=float, ms=float,
    ),
    _row("chunks", _D + r"Retrieved (?P<chunks>\d+) memory chunks", chunks=int),
    _row("prompt", _D + r"Built unified megaprompt \((?P<prompt_chars>\d+) chars\)$", prompt_chars=int),
    _row("preview", _D + r"Megaprompt preview: "),
    _row("tail_prompt", _D + r"Tail prompt size: (?P<prompt_chars>\d+) chars", prompt_chars=int),
    _row("tail_mode", _D + r"Tail mode active=(?P<tail_mode>True|False)$", tail_mode=_bool),
    _row("context_sent", _D + r"Existing context length: (?P<context_sent>\d+)$", context_sent=int),
    _row("context_sent", _D + r"\[KV CACHE\] Sending existing context to Ollama, length: (?P<context_sent>\d+)$",
         context_sent=int),
    _row("first_request", _D + r"\[KV CACHE\] No existing context"),
    _row("call", _D + r"Calling generate API: "),
    _row("model", _D + r"Model=(?P<model>[^,]+), num_ctx=(?P<num_ctx>\d+)", model=str, num_ctx=int),
    _row("size", _D + r"Prompt size: (?P<prompt_chars>\d+) chars, ~(?P<prompt_tokens_est>\d+) tokens",
         prompt_chars=int, prompt_tokens_est=int),
    _row("raw", _D + r"raw_mode=(?P<raw>True|False|None), ", raw=_bool),
    _row("answer_head", _D + r"AI Response: "),
    _row("context_returned", _D + r"Returned context length: (?P<context_returned>\d+)$", context_returned=int),
    _row("timings", _D + r"Timings ms ~ " + _DURATIONS, **_NS),
    _row("timings", _D + r"Durations \(ns\): " + _DURATIONS, **_NS),
    _row("counts", _D + r"KV stats: prompt_eval_count=(?P<prompt_tokens>\d+) eval_count=(?P<output_tokens>\d+)",
         prompt_tokens=int, output_tokens=int),
    _row("answer", _D + r"LLM response received: (?P<reply>.*)$"),
    _row("answer_added", _D + r"Assistant response added to conversation history"),
    _row("total", r"^--- Total process_user_message took: (?P<ms>[\d.]+)s$", ms=_seconds),
    _row(
        "access",
        r'^\S+ - - \[(?P<stamp>[^\]]+)\] "POST /api/webhook HTTP/[\d.]+" (?P<code>\d+) \d+ (?P<seconds>[\d.]+)$',
        code=int, seconds=float,
    ),
    _row("failure", _D + r"(?P<error>(?:Generate API call failed|Error in handle_user_message): .*)$"),
    _row("failure", _D + r"(?P<error>Empty streamed response received)"),
    _row("tts_failure", _D + r"(?P<error>Could not connect to TTS API: .*)$"),
    _row("serving", r"^\((?P<pid>\d+)\) wsgi starting up on (?P<url>\S+)$", pid=int),
    _row("reloading", r"^ \* Detected change in '(?P<path>.*)', reloading$"),
    _row("restarting", r"^ \* Restarting with "),
    _row("health", r"^\*\*\* Health: (?P<service>\w+) (?P<word>OK|DOWN)\b(?: status=(?P<status>\d+))? "
         r"latency=(?P<ms>\d+)ms", ms=float),
    _row("traceback", r"^Traceback \(most recent call last\):$"),
)  # fmt: skip
"""Tried in order; the first match counts."""

_ID = re.compile(r"^(?P<text>.*) \[request_id=(?P<request_id>[0-9A-Za-z-]{1,64})\]$", re.DOTALL)

_ENDS: dict[str, frozenset[str]] = {
    "preview": frozenset({"tail_prompt", "tail_mode", "context_sent", "first_request", "call"}),
    "answer_head": frozenset({"context_returned", "timings"}),
    "answer": frozenset({"answer_added"}),
}
"""Kind that begins foreign text of several lines → the kinds that end it. Every other line in between is text."""

_LIMIT = 4096
"""Characters stored of a message or an answer."""
_LINE_LIMIT = 200
"""Lines stored of an answer."""


class V34Parser:
    """Lines in, facts out. A line that no pattern matches is counted as noise; it is not an error."""

    def __init__(self) -> None:
        self.unparsed: Counter[str] = Counter()
        """Always empty: a line that no pattern matches was printed by the model or a library."""
        self.noise = 0
        """Lines that no pattern matched."""
        self._inside = ""
        """Kind that began the foreign text which is being read; empty outside of foreign text."""
        self._text: list[str] = []
        self._pending_total: DebugFact | None = None
        """A total inside an answer; the next line shows whether it was the turn's or part of the answer."""

    def feed(self, lines: Iterable[bytes]) -> list[DebugFact]:
        """Facts of whole lines, in file order. Never raises, whatever the bytes."""
        facts: list[DebugFact] = []
        for line in lines:
            # A progress bar redraws its line with carriage returns: only the text after the last one is on the screen.
            text = line.decode("utf-8", "replace").replace("\0", "").rstrip("\r\n").rpartition("\r")[2]
            facts.extend(self._read(text))
        return facts

    def _read(self, text: str) -> list[DebugFact]:
        fact = match_line(text)
        if self._inside:
            return self._read_inside(fact, text)
        if fact is None:
            self.noise += 1
            return []
        if fact.kind == "message":
            return [_message(str(fact.values["text"]))]
        return self._begin_text(fact)

    def _begin_text(self, fact: DebugFact) -> list[DebugFact]:
        if fact.kind in _ENDS:
            self._inside = fact.kind
            self._text = [str(fact.values.get("reply", ""))]
            return []
        return [fact]

    def _read_inside(self, fact: DebugFact | None, text: str) -> list[DebugFact]:
        """A line inside foreign text, or the line that ends it."""
        if fact is not None and fact.kind in _ENDS[self._inside]:
            return [*self._end_text(), *self._begin_text(fact)]
        if self._inside == "answer" and fact is not None and fact.kind in ("begin", "access", "total"):
            return self._end_unmarked_answer(fact)
        if fact is not None and fact.kind in ("begin", "serving", "failure") and self._inside != "answer":
            self._inside = ""
            return [fact]
        if len(self._text) < _LINE_LIMIT:
            self._text.append(text)
        return []

    def _end_unmarked_answer(self, fact: DebugFact) -> list[DebugFact]:
        """For versions that print no line after an answer: a total counts when a begin or access line follows it."""
        if fact.kind == "total":
            self._pending_total = fact
            return []
        total = self._pending_total
        if total is None and fact.kind != "begin":
            self._text.append("")
            return []
        return [*self._end_text(), *([total] if total else []), fact]

    def _end_text(self) -> list[DebugFact]:
        """The answer as a fact. A preview gives none: it repeats the conversation."""
        inside, self._inside, self._pending_total = self._inside, "", None
        if inside != "answer":
            return []
        return [DebugFact("answer", {"reply": "\n".join(self._text)[:_LIMIT]})]


def _message(text: str) -> DebugFact:
    """The user's words and the request id after them, which versions before November 2025 do not print."""
    match = _ID.match(text)
    if match is None:
        return DebugFact("message", {"text": text[:_LIMIT]})
    return DebugFact("message", {"text": match["text"][:_LIMIT]}, match["request_id"])


def match_line(text: str) -> DebugFact | None:
    """The fact in one line; None for noise."""
    if not text or text[0] not in "*->[( T1234567890:":
        return None
    for pattern in PATTERNS:
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
                values[name] = reader(value) if reader else value
            except (ValueError, OverflowError):
                return None
        return DebugFact(pattern.kind, values, request_id)
    return None


def _recognizes(line: bytes) -> bool:
    return b"*** Debug:" in line


FORMAT = FactLog(
    kind="v34",
    file_name="v34.log",
    order=20,
    recognizes=_recognizes,
    place=lambda places: places.v34_log,
    parser=V34Parser,
)
