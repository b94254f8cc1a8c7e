"""The table of lines of Ollama's server log, 0.1 to 0.33: Go's slog lines, the raw lines of the runners, access lines.

The patterns match only the words and numbers that are needed, because source line numbers, the order of the last fields
and column widths change from release to release.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from timmy_tui.parse.ollama_prefix import ANSI, strip_prefixes

MAX_CHARACTERS = 8192
"""So much of a line is looked at."""


class LogFact(Struct, frozen=True):
    """What one line says."""

    kind: str
    values: Mapping[str, str]
    server: str = ""
    """What the line's prefix says of the server that wrote it."""
    at: str | None = None
    """The time of the line's prefix, where the line has none itself."""


@dataclass(frozen=True)
class Pattern:
    """One kind of line."""

    kind: str
    regex: re.Pattern[str]
    era: str
    """Versions that write it."""


def _slog(kind: str, message: str, rest: str = "", era: str = "0.4+") -> Pattern:
    head = r"^time=(?P<at>\S+) level=\w+ source=\S+ msg="
    return Pattern(kind, re.compile(head + message + r"(?=\s|$)" + rest), era)


def _raw(kind: str, regex: str, era: str) -> Pattern:
    return Pattern(kind, re.compile(regex), era)


_TASK = r"\| task (?P<task>\d+) \| .*?"
_EVALUATED = r"prompt eval time = *(?P<ms>[\d.]+) ms / *(?P<evaluated>\d+) tokens"

PATTERNS: tuple[Pattern, ...] = (
    _slog("slot", '"loading cache slot"',
          r".* prompt=(?P<prompt>\d+) used=(?P<reused>\d+) remaining=(?P<evaluated>\d+)", "0.4–0.24, debug"),
    # MLX. What was matched can be more than what was reused: a cache that cannot be cut is restored at a step before.
    _slog("slot", '"[Cc]ache (?:hit|miss|restore)"',
          r" total=(?P<prompt>\d+)(?: matched=\d+)? (?:cached|restored)=(?P<reused>\d+) left=(?P<evaluated>\d+)",
          "0.14+"),
    _slog("slot", '"[Cc]ache miss"', r" left=(?P<evaluated>\d+)", "0.14+"),
    _slog("truncated", '"truncating input prompt"',
          r".* limit=(?P<limit>\d+) prompt=(?P<before>\d+) .*new=(?P<after>\d+)"),
    _slog("listening", r'"Listening on \S+ \(version (?P<version>[^)\s]+)\)"'),
    _slog("config", '"server config"', r' env="?(?P<env>.*)'),
    _slog("starting", "load", r' request="\{Operation:commit.* KvSize:(?P<num_ctx>\d+)', "0.11–0.24"),
    _slog("starting", '"starting (?:llama-server|runner|llama server)"', r"(?:.*? -c (?P<num_ctx>\d+)\b)?"),
    _slog("started", r'"(?:llama runner|llama-server) started in (?P<seconds>[\d.]+) seconds"'),
    _slog("unloading", '"(?:runner expired event received|stopping llama[ -]server)"', era="debug"),
    _slog("shifting", '"context limit hit - shifting"', era="0.4–0.24, debug"),
    _slog("deprecated", '"the context field is deprecated[^"]*"', era="0.5+"),
    _slog("aborted", '"aborting completion request due to client closing the connection"'),
    _raw("launched", r"\blaunch_slot_.*\| task (?P<task>\d+) \| processing task", "0.30+"),
    _raw("prompt", _TASK + r"new prompt, n_ctx_slot = (?P<num_ctx>\d+).*"
         r"(?:task\.n_tokens|n_prompt_tokens) = (?P<prompt>\d+)", "0.30+"),
    _raw("cached", _TASK + r"(?:cached n_tokens = |(?:memory_seq_rm|kv cache rm) \[)(?P<reused>\d+)", "0.30+"),
    _raw("timing", _TASK + _EVALUATED, "0.30+"),
    # As llama.cpp wrote it until mid 2026: the task on one line, the figures on the next.
    _raw("timing of", r"\bprint_timing.*\| task (?P<task>\d+) \| *$", "0.30+"),
    _raw("figures", rf"^\s*{_EVALUATED}", "0.30+"),
    _raw("restored", r"prompt cache update took (?P<ms>[\d.]+) ms", "0.30+"),
    _raw("similar", _TASK + r"f?_?sim_best = (?P<share>[\d.]+)", "0.30+"),
    _raw("progress", r"slot progression \|.* n_past=(?P<reused>\d+).*n_prompt_tokens_processed=(?P<evaluated>\d+)"
         r"(?:.* task_id=(?P<task>\d+))?(?:.* timestamp=(?P<at>\d+))?", "0.1–0.3, debug"),
    _raw("removed", r"kv cache rm \[p0, end\) \|.* p0=(?P<reused>\d+)(?:.* task_id=(?P<task>\d+))?"
         r"(?:.* timestamp=(?P<at>\d+))?", "0.1–0.3"),
    _raw("truncated", r"input truncated \|.* n_ctx=(?P<limit>\d+)", "0.1–0.3"),
    _raw("access", r"^\[GIN\] (?P<at>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \| *(?P<status>\d{3}) \| *(?P<duration>\S+) "
         r'\| *\S+ \| (?P<method>[A-Z]+) +"(?P<path>[^"]*)"', "all"),
)  # fmt: skip
"""Tried in order; the first match counts."""

HINTS = re.compile(
    r"msg\\?=|\"msg\":|\| task |\[GIN\]|eval time|prompt cache update|slot progression|kv cache rm|input truncated"
    r"|launch_slot"
)
"""Lines without any of these are passed over; inside docker's JSON a quote is escaped."""
_SERVERS_OWN = re.compile(r"^time=\S+ level=\w+ |^\[GIN\] |\| task -?\d+ \||^(?:slot|srv) ")
_GENERATING = frozenset(("/api/generate", "/api/chat"))


def match_line(text: str) -> LogFact | None:
    """The fact in one line; None for everything else."""
    if "\x1b" in text:
        text = ANSI.sub("", text[: 2 * MAX_CHARACTERS])
    if not HINTS.search(text):
        return None
    line = strip_prefixes(text[:MAX_CHARACTERS])
    for pattern in PATTERNS:
        match = pattern.regex.search(line.text)
        if match is not None:
            values = {name: value for name, value in match.groupdict().items() if value is not None}
            return LogFact(pattern.kind, values, line.server, line.at)
    return None


def is_servers_own(text: str) -> bool:
    """The line can only be one of Ollama's server, whatever it says."""
    return _SERVERS_OWN.search(strip_prefixes(text[:MAX_CHARACTERS]).text) is not None


def parse_time(text: str | None) -> float | None:
    """Seconds since the epoch, from slog's RFC 3339, a Unix stamp, or gin's local time; None for anything else."""
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{1,11}(?:\.\d{1,9})?", text):
            return float(text)
        if "/" in text:
            return time.mktime(time.strptime(text, "%Y/%m/%d - %H:%M:%S"))
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def is_generation(fact: LogFact) -> bool:
    """Whether this is the access line of a request that used the model."""
    return fact.kind == "access" and fact.values["method"] == "POST" and fact.values["path"] in _GENERATING
