"""Ollama's server log, 0.3 to 0.33: Go's slog lines, the raw lines of three different runners, and gin's access lines.

One table of patterns, tolerant in everything but the words and numbers that count: source line numbers, field order at
the end and column widths move from release to release. Nothing in it names a request, so that a request is put together
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

from timmy_tui.core.sanitize import clean
from timmy_tui.model.llm import ServedPrompt


class LogFact(Struct, frozen=True):
    """What one line says."""

    kind: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Pattern:
    """A line worth reading."""

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
    _slog("slot", '"loading cache slot"', r".* prompt=(?P<prompt>\d+) used=(?P<used>\d+) remaining=(?P<left>\d+)",
          "0.4–0.24, debug"),
    _slog("cut", '"truncating input prompt"', r".* limit=(?P<limit>\d+) prompt=(?P<sent>\d+) .*new=(?P<new>\d+)"),
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
    _raw("cached", _TASK + r"cached n_tokens = (?P<used>\d+)", "0.30+"),
    _raw("timing", _TASK + r"prompt eval time = *(?P<ms>[\d.]+) ms / *(?P<left>\d+) tokens", "0.30+"),
    _raw("restored", r"prompt cache update took (?P<ms>[\d.]+) ms", "0.30+"),
    _raw("similar", _TASK + r"f?_?sim_best = (?P<share>[\d.]+)", "0.30+"),
    _raw("progress", r"slot progression \|.* n_past=(?P<used>\d+).*n_prompt_tokens_processed=(?P<left>\d+)"
         r"(?:.* task_id=(?P<task>\d+))?(?:.* timestamp=(?P<at>\d+))?", "0.1–0.3, debug"),
    _raw("removed", r"kv cache rm \[p0, end\) \|.* p0=(?P<used>\d+)(?:.* task_id=(?P<task>\d+))?"
         r"(?:.* timestamp=(?P<at>\d+))?", "0.1–0.3"),
    _raw("cut", r"input truncated \|.* n_ctx=(?P<limit>\d+)", "0.1–0.3"),
    _raw("access", r"^\[GIN\] (?P<at>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \| *(?P<status>\d{3}) \| *(?P<took>\S+) \| *\S+ "
         r'\| (?P<method>[A-Z]+) +"(?P<path>[^"]*)"', "all"),
)  # fmt: skip
"""The first pattern that matches counts."""

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
        found = pattern.regex.search(text)
        if found is not None:
            return LogFact(
                pattern.kind, {name: value for name, value in found.groupdict().items() if value is not None}
            )
    return None


class _Tokens(NamedTuple):
    """A prompt in tokens; None where the log does not say."""

    prompt: int | None
    reused: int | None
    evaluated: int | None


class OllamaLogParser:
    """Lines in, requests out; noise is counted, never an error."""

    def __init__(self) -> None:
        self.version: str | None = None
        """What the server called itself when it began to listen."""
        self.num_ctx: int | None = None
        """Window of the runner that was started last."""
        self.load_s: float | None = None
        """How long its start took."""
        self.facts: Counter[str] = Counter()
        """Lines by kind."""
        self.noise = 0
        self._number = 0
        self._cut = False
        self._tasks: dict[str, dict[str, int]] = {}
        self._progress: tuple[str, int] | None = None

    def feed(self, lines: Iterable[bytes]) -> list[ServedPrompt]:
        """Requests whose last needed line is among ``lines``. Never raises, whatever the bytes."""
        served: list[ServedPrompt] = []
        for line in lines:
            fact = match_line(line.decode("utf-8", "replace").rstrip("\r\n"))
            if fact is None:
                self.noise += 1
                continue
            self.facts[fact.kind] += 1
            request = self._take(fact)
            if request is not None:
                served.append(request)
        return served

    def _take(self, fact: LogFact) -> ServedPrompt | None:
        values = fact.values
        if fact.kind == "slot":
            prompt, used, left = int(values["prompt"]), int(values["used"]), int(values["left"])
            # Three figures that do not agree are not what they are taken for.
            return self._serve(values.get("at"), _Tokens(prompt, used, left)) if used + left == prompt else None
        if fact.kind == "timing":
            return self._finish(values)
        if fact.kind == "removed":
            return self._serve_old(values)
        self._remember(fact)
        return None

    def _remember(self, fact: LogFact) -> None:
        """What later lines need."""
        values = fact.values
        if fact.kind == "listening":
            self.version = clean(values["version"], 40)
        elif fact.kind == "cut":
            self._cut = True
        elif fact.kind == "starting":
            self._tasks.clear()
            self.num_ctx = int(values["num_ctx"]) if "num_ctx" in values else self.num_ctx
        elif fact.kind == "started":
            self.load_s = float(values["seconds"]) if values["seconds"].count(".") <= 1 else None
        elif fact.kind == "launched":
            self._tasks[values["task"]] = {}
        elif fact.kind == "prompt":
            task = self._tasks.setdefault(values["task"], {})
            task |= {"prompt": int(values["prompt"]), "num_ctx": int(values["num_ctx"])}
        elif fact.kind == "cached":
            # Later batches of one prompt repeat the line with what is cached by then: the first one counts.
            self._tasks.setdefault(values["task"], {}).setdefault("used", int(values["used"]))
        elif fact.kind == "progress":
            self._progress = (values.get("task", ""), int(values["used"]) + int(values["left"]))
        while len(self._tasks) > 64:
            del self._tasks[next(iter(self._tasks))]

    def _finish(self, values: Mapping[str, str]) -> ServedPrompt | None:
        """llama-server's timing line: the uncached tokens; the rest of the prompt came from the cache."""
        task = self._tasks.pop(values["task"], {})
        left, prompt = int(values["left"]), task.get("prompt")
        used = task.get("used") if prompt is None else prompt - left
        if prompt is not None and left > prompt:
            return None
        return self._serve(None, _Tokens(prompt, used, left), _number(values["ms"]), task.get("num_ctx"))

    def _serve_old(self, values: Mapping[str, str]) -> ServedPrompt | None:
        """0.1–0.3: the progression line told the whole prompt, this one what is kept of the cache."""
        used, told = int(values["used"]), self._progress
        self._progress = None
        prompt = told[1] if told is not None and told[0] == values.get("task", "") else None
        if prompt is None or used > prompt:
            return None
        return self._serve(values.get("at"), _Tokens(prompt, used, prompt - used))

    def _serve(
        self, at: str | None, tokens: _Tokens, ms: float | None = None, num_ctx: int | None = None
    ) -> ServedPrompt:
        cut, self._cut = self._cut, False
        self._number += 1
        return ServedPrompt(
            number=self._number,
            at=parse_time(at),
            prompt=tokens.prompt,
            reused=tokens.reused,
            evaluated=tokens.evaluated,
            prefill_ms=ms,
            truncated=cut,
            num_ctx=num_ctx or self.num_ctx,
        )


def parse_time(text: str | None) -> float | None:
    """Seconds since the epoch of slog's RFC 3339, a Unix stamp, or gin's local time."""
    if text is None:
        return None
    try:
        if text.isdigit():
            return float(text)
        if "/" in text:
            return time.mktime(time.strptime(text, "%Y/%m/%d - %H:%M:%S"))
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def parse_took(text: str) -> float | None:
    """Seconds of Go's durations: ``15.2285805s``, ``33.313µs``, ``1m4s``."""
    parts = re.findall(r"([\d.]+)(h|ms|µs|us|ns|m|s)", text)
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    try:
        return sum(float(number) * units[unit] for number, unit in parts) if parts else None
    except ValueError:
        return None


def is_generation(fact: LogFact) -> bool:
    """An access line of a request that used the model."""
    return fact.kind == "access" and fact.values["method"] == "POST" and fact.values["path"] in _GENERATING


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
