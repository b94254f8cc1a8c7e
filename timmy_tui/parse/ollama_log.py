"""Ollama's server log: lines in, requests out.

No line names a request: a request is put together from the lines of one task, in order. Tasks belong to a server: two
of them can write to one log, and each counts from 0.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from timmy_tui.core.foreign.decode import decimal_number, whole_number, without_mark
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.llm import ServedPrompt
from timmy_tui.parse.ollama_patterns import LogFact, is_generation, is_servers_own, match_line, parse_time

MAX_TASKS = 64
"""Most unfinished tasks of one server; the oldest goes."""
MAX_SERVERS = 16
"""Most servers by name in one log; the oldest goes."""

CONTRADICTORY = "figures that do not agree"
TWO_SERVERS = "tasks of two servers under one number"
TOO_LONG = "a number out of range"
UNREADABLE = "a line that could not be read"


class _Unusable(Exception):
    """A line's figures cannot be used; the argument is the reason."""


class _Tokens(NamedTuple):
    """A prompt in tokens; None where the log does not say."""

    prompt: int | None
    reused: int | None
    evaluated: int | None


@dataclass(eq=False)
class _Task:
    """What the lines of one task have said so far."""

    at: str | None = None
    """Time of its first line."""
    prompt: int | None = None
    num_ctx: int | None = None
    reused: int | None = None
    is_mixed: bool = False
    """Another task of this number was open at the same time, and a line can be of either."""

    def fits(self, evaluated: int) -> bool:
        """So many tokens can be the part of its prompt that was not cached."""
        return self.prompt is None or evaluated <= self.prompt

    def is_sum(self, evaluated: int) -> bool:
        """So many tokens are exactly that part."""
        return self.prompt is not None and self.reused is not None and self.prompt == self.reused + evaluated


@dataclass(eq=False)
class _Server:
    """What is known of one server from the lines so far."""

    num_ctx: int | None = None
    """Context window of the runner that was started last, in tokens."""
    truncated: bool = False
    """The prompt of the next request was cut."""
    tasks: dict[str, list[_Task]] = field(default_factory=dict)
    """Tasks that are not finished, by number; more than one where two runners count on their own."""
    timed: str | None = None
    """The task whose figures stand on the next line."""
    progress: tuple[str, int] | None = None
    """Task id and prompt length of the newest progress line."""

    def begin(self, number: str, at: str | None) -> _Task:
        """A task begins."""
        task = _Task(at)
        self.tasks.setdefault(number, []).append(task)
        while sum(map(len, self.tasks.values())) > MAX_TASKS:
            oldest = next(iter(self.tasks))
            self.tasks[oldest].pop(0)
            if not self.tasks[oldest]:
                del self.tasks[oldest]
        return task

    def finish(self, number: str, evaluated: int) -> _Task:
        """The task whose evaluated tokens these are. Raises _Unusable."""
        tasks = self.tasks.get(number, [])
        if not tasks:
            return _Task()
        exact = [task for task in tasks if task.is_sum(evaluated)]
        chosen = exact or [task for task in tasks if task.fits(evaluated)]
        if not chosen:
            tasks.pop()
        else:
            tasks.remove(chosen[0])
        if not tasks:
            del self.tasks[number]
        if not chosen:
            raise _Unusable(CONTRADICTORY)
        task, *others = chosen
        if others or task.is_mixed:
            for other in others:
                other.is_mixed = True
            raise _Unusable(TWO_SERVERS)
        return task


class OllamaLogParser:
    """Lines in, requests out. A line that no pattern matches is not an error."""

    def __init__(self) -> None:
        self.version: str | None = None
        """The server's version, printed when it begins to listen."""
        self.debug: bool | None = None
        """Whether debug lines are written; None where the log does not show it."""
        self.facts: Counter[str] = Counter()
        """Lines by kind."""
        self.noise = 0
        """Lines that no pattern matches: with the facts, all lines."""
        self.servers_own = 0
        """Lines that can only be those of an Ollama server; beyond the first, only those that a pattern matches."""
        self.generations = 0
        """Access lines of requests that used the model."""
        self.unreadable: Counter[str] = Counter()
        """Lines whose figures could not be used, by reason."""
        self._number = 0
        self._servers: dict[str, _Server] = {}

    def feed(self, lines: Iterable[bytes]) -> list[ServedPrompt]:
        """Requests whose last needed line is among ``lines``. Never raises, whatever the bytes."""
        requests: list[ServedPrompt] = []
        for line in lines:
            try:
                request = self._read(line)
            except _Unusable as reason:
                self.unreadable[str(reason)] += 1
            except Exception:  # noqa: BLE001  One odd line must not cost the others, nor end the thread that reads.
                self.unreadable[UNREADABLE] += 1
            else:
                if request is not None:
                    requests.append(request)
        return requests

    def _read(self, line: bytes) -> ServedPrompt | None:
        # What PowerShell writes is UTF-16: without its NUL bytes it is the same ASCII.
        line = without_mark(line.replace(b"\0", b""))
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        fact = match_line(text)
        if fact is None:
            self.noise += 1
            if not self.servers_own:
                self.servers_own += is_servers_own(text)
            self._note_level(text)
            return None
        self.facts[fact.kind] += 1
        self.servers_own += 1
        self.generations += is_generation(fact)
        self._note_level(text)
        return self._take(fact, self._server(fact.server))

    def _note_level(self, text: str) -> None:
        if not self.debug and "level=DEBUG" in text:
            self.debug = True

    def _server(self, name: str) -> _Server:
        server = self._servers.get(name)
        if server is None:
            server = self._servers[name] = _Server()
            if len(self._servers) > MAX_SERVERS:
                del self._servers[next(iter(self._servers))]
        return server

    def _timed(self, name: str) -> _Server | None:
        """The server whose figures these are. A line behind a line break can lack the innermost prefix."""
        waiting = {key: one for key, one in self._servers.items() if one.timed is not None and key.startswith(name)}
        if len(waiting) > 1 and name not in waiting:
            raise _Unusable(TWO_SERVERS)
        return waiting.get(name) or next(iter(waiting.values()), None)

    def _take(self, fact: LogFact, server: _Server) -> ServedPrompt | None:
        values = fact.values
        if fact.kind == "slot":
            return self._make(server, values.get("at"), _slot_tokens(values))
        if fact.kind == "timing":
            return self._finish(server, values["task"], values)
        if fact.kind == "figures":
            server = self._timed(fact.server) or server
            number, server.timed = server.timed, None
            return None if number is None else self._finish(server, number, values)
        if fact.kind == "removed":
            return self._finish_old(server, values)
        if fact.kind in ("launched", "prompt", "cached", "progress", "timing of"):
            _remember_task(fact, server)
        else:
            self._remember(fact, server)
        return None

    def _remember(self, fact: LogFact, server: _Server) -> None:
        """Store what later requests need."""
        values = fact.values
        if fact.kind == "listening":
            self.version = clean(values["version"], 40)
        elif fact.kind == "config":
            level = re.search(r"OLLAMA_DEBUG:(\w+)", values["env"])
            self.debug = level[1].lower() not in ("info", "false", "0", "warn", "error") if level else self.debug
        elif fact.kind == "truncated":
            server.truncated = True
        elif fact.kind == "starting":
            server.num_ctx = _count(values["num_ctx"]) if "num_ctx" in values else server.num_ctx

    def _finish(self, server: _Server, number: str, values: Mapping[str, str]) -> ServedPrompt:
        """0.30+: the timing line has the evaluated tokens; the rest of the prompt came from the cache."""
        evaluated = _count(values["evaluated"])
        task = server.finish(number, evaluated)
        reused = task.reused if task.prompt is None else task.prompt - evaluated
        tokens = _Tokens(task.prompt, reused, evaluated)
        return self._make(server, task.at, tokens, _number(values["ms"]), task.num_ctx)

    def _finish_old(self, server: _Server, values: Mapping[str, str]) -> ServedPrompt | None:
        """0.1–0.3: the progress line before it had the length of the prompt; this one has the cached tokens."""
        reused, progress = _count(values["reused"]), server.progress
        server.progress = None
        prompt = progress[1] if progress is not None and progress[0] == values.get("task", "") else None
        if prompt is None:
            return None
        if reused > prompt:
            raise _Unusable(CONTRADICTORY)
        return self._make(server, values.get("at"), _Tokens(prompt, reused, prompt - reused))

    def _make(
        self, server: _Server, at: str | None, tokens: _Tokens, ms: float | None = None, num_ctx: int | None = None
    ) -> ServedPrompt:
        """``at``: the line's time; ``ms``: the time of the evaluation; ``num_ctx``: None is the runner's."""
        truncated, server.truncated = server.truncated, False
        self._number += 1
        return ServedPrompt(
            number=self._number,
            at=parse_time(at),
            prompt=tokens.prompt,
            reused=tokens.reused,
            evaluated=tokens.evaluated,
            prefill_ms=ms,
            truncated=truncated,
            num_ctx=num_ctx or server.num_ctx,
        )


def _slot_tokens(values: Mapping[str, str]) -> _Tokens:
    """Of a line that has all three figures, or of a miss, which has one. Raises _Unusable."""
    evaluated = _count(values["evaluated"])
    prompt, reused = _count(values.get("prompt", values["evaluated"])), _count(values.get("reused", "0"))
    if reused + evaluated != prompt:
        # Numbers that do not add up mean something else in this version.
        raise _Unusable(CONTRADICTORY)
    return _Tokens(prompt, reused, evaluated)


def _remember_task(fact: LogFact, server: _Server) -> None:
    """Store what later lines of the same task need."""
    values = fact.values
    number = values.get("task", "")
    open_tasks = server.tasks.get(number, [])
    if fact.kind == "timing of":
        server.timed = number
    elif fact.kind == "launched":
        server.begin(number, fact.at)
    elif fact.kind == "prompt":
        prompt, num_ctx = _count(values["prompt"]), _count(values["num_ctx"])
        task = next((task for task in open_tasks if task.prompt is None), None) or server.begin(number, fact.at)
        task.prompt, task.num_ctx = prompt, num_ctx
    elif fact.kind == "cached":
        # Each batch of a prompt repeats the line, with the batches before it as cached: only the first line counts.
        reused = _count(values["reused"])
        waiting = [task for task in open_tasks if task.reused is None]
        if not open_tasks:
            server.begin(number, fact.at).reused = reused
        elif len(waiting) == 1:
            waiting[0].reused = reused
        for task in waiting if len(waiting) > 1 else ():
            task.is_mixed = True
    else:
        server.progress = (number, _count(values["reused"]) + _count(values["evaluated"]))


def _count(text: str) -> int:
    """A number of tokens. Raises _Unusable."""
    count = whole_number(text)
    if count is None:
        raise _Unusable(TOO_LONG)
    return count


def _number(text: str) -> float | None:
    try:
        return decimal_number(text)
    except ValueError:
        return None
