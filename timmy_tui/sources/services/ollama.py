"""What Ollama says of itself, by its read-only endpoints. Nothing here generates, loads or keeps a model alive."""

import math
import re
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from timmy_tui.model.llm import OllamaFacts
from timmy_tui.sources.services.http import Answer, HttpClient, text_of, whole_of
from timmy_tui.sources.services.urls import masked

PS_S = 5.0
"""Between two looks at what is loaded."""
AFTER_TURN_S = 1.0
"""expires_at is written anew when a request has ended."""
FOREVER_S = 20 * 365 * 86400.0
"""A negative keep_alive reads as 292 years; Ollama's own command prints Forever from 20 on."""
KEEP_ALIVE_S = 3600.0
"""v34 asks for one hour."""
CLOCK_S = 5.0
"""Ollama's clock may be this far ahead."""

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class OllamaClient:
    """One question each; an Answer always comes back. ``close`` it."""

    def __init__(self, base_url: str) -> None:
        self.wire = HttpClient(base_url)

    def version(self) -> Answer:
        """``{"version": "0.12.11"}``."""
        return self.wire.ask("/api/version")

    def ps(self) -> Answer:
        """What is loaded; does not touch the keep-alive timer."""
        return self.wire.ask("/api/ps")

    def show(self, model: str) -> Answer:
        """A model's details; does not load it."""
        return self.wire.ask("/api/show", {"model": model})

    def close(self) -> None:
        """Give the sockets back."""
        self.wire.close()


class OllamaWatch:
    """Asks by schedule. ``step`` may block for some seconds: run it in a thread of its own."""

    def __init__(self, url: str, keep_alive_s: float | None = KEEP_ALIVE_S, model: str | None = None) -> None:
        """``model`` is the one that v34 asks for; None: the longest-lived one."""
        self.client = OllamaClient(url)
        self._keep_alive_s = keep_alive_s
        self._model = model
        self._shown: dict[str, dict[str, Any]] = {}
        self._next_ps = 0.0
        self._ask_version = True
        self.facts = OllamaFacts(url=masked(url), reachable=None, since=None, model=text_of(model))

    def step(self, now: float, turn_closed: bool = False) -> OllamaFacts:
        """Ask what is due at ``now`` (time.time()); the same object comes back when nothing was."""
        if turn_closed:
            self._next_ps = min(self._next_ps, now + AFTER_TURN_S)
        if now < self._next_ps and now > self._next_ps - 10 * PS_S:
            return self.facts
        self._next_ps = now + PS_S
        if self._ask_version:
            self._learn_version(now)
        if not self._ask_version:
            self._learn_residents(now)
        return self.facts

    def close(self) -> None:
        """Give the sockets back."""
        self.client.close()

    def _learn_version(self, now: float) -> None:
        answer = self.client.version()
        version = text_of(answer.body.get("version"), 40) if isinstance(answer.body, dict) else None
        if answer.problem or version is None:
            self._failed(now, answer.problem or "answers, but not like Ollama")
            return
        self._ask_version = False
        self.facts = replace(self.facts, version=version)

    def _learn_residents(self, now: float) -> None:
        answer = self.client.ps()
        models = answer.body.get("models") if isinstance(answer.body, dict) else None
        if answer.status == 404:
            # Before 0.1.38 there is no /api/ps: the version is all that is told.
            self._reached(now)
            return
        if answer.problem or not isinstance(models, list | None) or not isinstance(answer.body, dict):
            self._failed(now, answer.problem or "answers, but not like Ollama")
            return
        self._reached(now)
        resident = self._choose([item for item in models or () if isinstance(item, dict)])
        self.facts = replace(self.facts, **self._residency(resident, now))

    def _choose(self, models: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The model that v34 uses, if it is there; else the first, which lives longest."""
        for item in models:
            if self._model and self._model in (item.get("name"), item.get("model")):
                return item
        if self._model:
            return None
        return models[0] if models else None

    def _residency(self, item: dict[str, Any] | None, now: float) -> dict[str, Any]:
        name = text_of(item.get("name") or item.get("model")) if item else text_of(self._model) or self.facts.model
        details = item.get("details") if item else None
        if not isinstance(details, dict) or not details.get("quantization_level"):
            details = self._show(name)
        gone: dict[str, Any] = {
            "loaded": item is not None,
            "model": name,
            "parameters": text_of(details.get("parameter_size"), 20),
            "quantization": text_of(details.get("quantization_level"), 20),
            "size": None,
            "size_vram": None,
            "context_length": None,
            "digest": None,
            "expires": None,
        }
        if item is None:
            return gone
        expires = parse_stamp(item.get("expires_at"), now)
        known = expires is not None and not math.isinf(expires) and self._keep_alive_s is not None
        last = (expires or 0.0) - (self._keep_alive_s or 0.0) if known else None
        return gone | {
            "size": whole_of(item.get("size")),
            "size_vram": whole_of(item.get("size_vram")),
            "context_length": whole_of(item.get("context_length")) or None,
            "digest": text_of(item.get("digest")),
            "expires": expires,
            # Another client's shorter or longer keep_alive would give a time that cannot be.
            "last_activity": last if last is not None and last <= now + CLOCK_S else None,
        }

    def _show(self, name: str | None) -> dict[str, Any]:
        """Details of a model, asked once; a failed question is asked again with the next look."""
        if name is None:
            return {}
        if name not in self._shown:
            answer = self.client.show(name)
            details = answer.body.get("details") if isinstance(answer.body, dict) else None
            if answer.status is None:
                return {}
            self._shown[name] = details if isinstance(details, dict) else {}
        return self._shown[name]

    def _reached(self, now: float) -> None:
        if self.facts.reachable is not True:
            self.facts = replace(self.facts, reachable=True, since=now, problem="")

    def _failed(self, now: float, problem: str) -> None:
        """What it said before is not known to hold any more; it may come back as another version."""
        self._ask_version = True
        since = self.facts.since if self.facts.reachable is False else now
        self.facts = replace(
            self.facts,
            reachable=False,
            since=since,
            problem=problem,
            loaded=None,
            size=None,
            size_vram=None,
            context_length=None,
            expires=None,
        )


def parse_stamp(value: object, now: float) -> float | None:
    """Seconds since the epoch of Go's RFC 3339 (0–9 fraction digits, any zone); inf for never; None for no stamp."""
    found = _STAMP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    zone = "+00:00" if found[3] == "Z" else found[3]
    try:
        whole = datetime.fromisoformat(found[1] + zone).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    if whole <= 0:
        return None
    stamp = whole + float(f"0.{found[2] or 0}")
    return math.inf if stamp - now > FOREVER_S else stamp


def parse_duration(value: object) -> float | None:
    """Seconds of a keep_alive: a number of seconds or Go's ``1h30m``; inf for a negative one; None for neither."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.inf if value < 0 else float(value)
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return parse_duration(float(text))
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|µs|us|ns|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("-"):
        return None
    return math.inf if text.startswith("-") else sum(float(number) * _UNITS[unit] for number, unit in parts)
