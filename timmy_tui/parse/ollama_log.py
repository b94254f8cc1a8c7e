"""Ollama's server log, 0.3 to 0.33: Go's slog lines, the raw lines of three different runners, and gin's access lines.

One table of patterns. They match only the words and numbers that are needed, because source line numbers, the order of
the last fields and column widths change from release to release. No line names a request: a request is put together
from the lines of one task, in order.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from timmy_tui.core.decode import decimal_number, number, whole_number
from timmy_tui.core.sanitize import clean
from timmy_tui.model.llm import ServedPrompt


class LogFact(Struct, frozen=True):
    """What one line says."""

    kind: str
    values: Mapping[str, str]


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

PATTERNS: tuple[Pattern, ...] = (
    _slog("slot", '"loading cache slot"',
          r".* prompt=(?P<prompt>\d+) used=(?P<reused>\d+) remaining=(?P<evaluated>\d+)", "0.4–0.24, debug"),
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
    _raw("prompt", _TASK + r"new prompt, n_ctx_slot = (?P<num_ctx>\d+).*task\.n_tokens = (?P<prompt>\d+)", "0.30+"),
    _raw("cached", _TASK + r"cached n_tokens = (?P<reused>\d+)", "0.30+"),
    _raw("timing", _TASK + r"prompt eval time = *(?P<ms>[\d.]+) ms / *(?P<evaluated>\d+) tokens", "0.30+"),
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

_HINTS = re.compile(
    r"msg=|\| task |\[GIN\]|prompt cache update|slot progression|kv cache rm|input truncated|launch_slot"
)
_ANSI = re.compile(r"\x1b\[[\d;]*m")
_GENERATING = frozenset(("/api/generate", "/api/chat"))


def match_line(text: str) -> LogFact | None:
    """The fact in one line; None for everything else."""
    if not _HINTS.search(text):
        return None
    text = _ANSI.sub("", text[:8192])
    for pattern in PATTERNS:
        match = pattern.regex.search(text)
        if match is not None:
            return LogFact(
                pattern.kind, {name: value for name, value in match.groupdict().items() if value is not None}
            )
    return None


class _Tokens(NamedTuple):
    """A prompt in tokens; None where the log does not say."""

    prompt: int | None
    reused: int | None
    evaluated: int | None


class OllamaLogParser:
    """Lines in, requests out. A line that no pattern matches is counted as noise; it is not an error."""

    def __init__(self) -> None:
        self.version: str | None = None
        """The server's version, printed when it begins to listen."""
        self.num_ctx: int | None = None
        """Context window of the runner that was started last, in tokens."""
        self.load_s: float | None = None
        """Duration of its start, in seconds."""
        self.facts: Counter[str] = Counter()
        """Lines by kind."""
        self.noise = 0
        self._number = 0
        self._truncated = False
        """The prompt of the next request was cut."""
        self._tasks: dict[str, dict[str, int]] = {}
        """Numbers of the tasks that are not finished, by task id."""
        self._progress: tuple[str, int] | None = None
        """Task id and prompt length of the newest progress line."""

    def feed(self, lines: Iterable[bytes]) -> list[ServedPrompt]:
        """Requests whose last needed line is among ``lines``. Never raises, whatever the bytes."""
        requests: list[ServedPrompt] = []
        for line in lines:
            fact = match_line(line.decode("utf-8", "replace").rstrip("\r\n"))
            if fact is None:
                self.noise += 1
                continue
            self.facts[fact.kind] += 1
            try:
                request = self._take(fact)
            except ValueError:
                self.noise += 1
                continue
            if request is not None:
                requests.append(request)
        return requests

    def _take(self, fact: LogFact) -> ServedPrompt | None:
        values = fact.values
        if fact.kind == "slot":
            prompt, reused, evaluated = _count(values["prompt"]), _count(values["reused"]), _count(values["evaluated"])
            # Numbers that do not add up mean something else in this version.
            if reused + evaluated != prompt:
                return None
            return self._make(values.get("at"), _Tokens(prompt, reused, evaluated))
        if fact.kind == "timing":
            return self._finish(values)
        if fact.kind == "removed":
            return self._finish_old(values)
        self._remember(fact)
        return None

    def _remember(self, fact: LogFact) -> None:
        """Store what later lines of the same request, or later requests, need."""
        values = fact.values
        if fact.kind == "listening":
            self.version = clean(values["version"], 40)
        elif fact.kind == "truncated":
            self._truncated = True
        elif fact.kind == "starting":
            self._tasks.clear()
            self.num_ctx = _count(values["num_ctx"]) if "num_ctx" in values else self.num_ctx
        elif fact.kind == "started":
            self.load_s = _number(values["seconds"])
        elif fact.kind == "launched":
            self._tasks[values["task"]] = {}
        elif fact.kind == "prompt":
            task = self._tasks.setdefault(values["task"], {})
            task |= {"prompt": _count(values["prompt"]), "num_ctx": _count(values["num_ctx"])}
        elif fact.kind == "cached":
            # Each batch of a prompt repeats the line, with the batches before it as cached: only the first line counts.
            self._tasks.setdefault(values["task"], {}).setdefault("reused", _count(values["reused"]))
        elif fact.kind == "progress":
            self._progress = (values.get("task", ""), _count(values["reused"]) + _count(values["evaluated"]))
        while len(self._tasks) > 64:
            del self._tasks[next(iter(self._tasks))]

    def _finish(self, values: Mapping[str, str]) -> ServedPrompt | None:
        """0.30+: the timing line has the evaluated tokens; the rest of the prompt came from the cache."""
        task = self._tasks.pop(values["task"], {})
        evaluated, prompt = _count(values["evaluated"]), task.get("prompt")
        reused = task.get("reused") if prompt is None else prompt - evaluated
        if prompt is not None and evaluated > prompt:
            return None
        return self._make(None, _Tokens(prompt, reused, evaluated), _number(values["ms"]), task.get("num_ctx"))

    def _finish_old(self, values: Mapping[str, str]) -> ServedPrompt | None:
        """0.1–0.3: the progress line before it had the length of the prompt; this one has the cached tokens."""
        reused, progress = _count(values["reused"]), self._progress
        self._progress = None
        prompt = progress[1] if progress is not None and progress[0] == values.get("task", "") else None
        if prompt is None or reused > prompt:
            return None
        return self._make(values.get("at"), _Tokens(prompt, reused, prompt - reused))

    def _make(
        self, at: str | None, tokens: _Tokens, ms: float | None = None, num_ctx: int | None = None
    ) -> ServedPrompt:
        """``at``: the line's time; ``ms``: the time of the evaluation; ``num_ctx``: None is the runner's."""
        truncated, self._truncated = self._truncated, False
        self._number += 1
        return ServedPrompt(
            number=self._number,
            at=parse_time(at),
            prompt=tokens.prompt,
            reused=tokens.reused,
            evaluated=tokens.evaluated,
            prefill_ms=ms,
            truncated=truncated,
            num_ctx=num_ctx or self.num_ctx,
        )


def parse_time(text: str | None) -> float | None:
    """Seconds since the epoch, from slog's RFC 3339, a Unix stamp, or gin's local time; None for anything else."""
    if text is None:
        return None
    try:
        if text.isdecimal():
            return decimal_number(text)
        if "/" in text:
            return time.mktime(time.strptime(text, "%Y/%m/%d - %H:%M:%S"))
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def parse_duration(text: str) -> float | None:
    """Seconds, from a duration as Go writes it: ``15.2285805s``, ``33.313µs``, ``1m4s``; None for anything else."""
    parts = re.findall(r"([\d.]+)(h|ms|µs|us|ns|m|s)", text)
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    try:
        return number(sum(float(size) * units[unit] for size, unit in parts)) if parts else None
    except ValueError:
        return None


def is_generation(fact: LogFact) -> bool:
    """Whether this is the access line of a request that used the model."""
    return fact.kind == "access" and fact.values["method"] == "POST" and fact.values["path"] in _GENERATING


def _number(text: str) -> float | None:
    try:
        return decimal_number(text)
    except ValueError:
        return None


def _count(text: str) -> int:
    """Raises ValueError for a number that is too large to count anything."""
    count = whole_number(text)
    if count is None:
        raise ValueError("not a count")
    return count
