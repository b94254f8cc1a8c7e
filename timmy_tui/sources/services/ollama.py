"""Reads the state of Ollama from its read-only endpoints. Nothing here generates, loads a model or keeps one loaded."""

import math
import re
from datetime import datetime
from typing import Any

from msgspec.structs import astuple, replace

from timmy_tui.core.foreign.addresses import mask_url
from timmy_tui.core.foreign.decode import decimal_number, number
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.model_names import canonical_model, is_cloud_model, same_model
from timmy_tui.sources.services.http import HttpClient, HttpResponse, as_count, clean_text

PS_INTERVAL_S = 5.0
"""Time between two requests to /api/ps."""
AFTER_TURN_S = 1.0
"""Delay of the request to /api/ps after a turn: Ollama updates expires_at when a request has ended."""
FOREVER_S = 20 * 365 * 86400.0
"""A negative keep_alive is reported as 292 years; Ollama's own command prints Forever from 20 years on."""
KEEP_ALIVE_S = 3600.0
"""The keep_alive that v34 sends, one hour."""
MAX_CLOCK_AHEAD_S = 5.0
"""How far Ollama's clock may be ahead of this machine's."""

_NOTHING_LOADED: dict[str, Any] = dict.fromkeys(("loaded", "size", "size_vram", "context_length", "expires"))
"""Fields of OllamaFacts that are only known of a loaded model."""
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class OllamaClient:
    """One method per endpoint. ``close`` it."""

    def __init__(self, base_url: str) -> None:
        self.http = HttpClient(base_url)

    def version(self) -> HttpResponse:
        """``{"version": "0.12.11"}``."""
        return self.http.request("/api/version")

    def ps(self) -> HttpResponse:
        """The loaded models; does not change the time at which they are unloaded."""
        return self.http.request("/api/ps")

    def show(self, model: str) -> HttpResponse:
        """A model's details; does not load it."""
        return self.http.request("/api/show", {"model": model})

    def close(self) -> None:
        """Close all connections."""
        self.http.close()


_SHOWN = ("details", "remote_host", "remote_model", "model_info")
"""What is kept of /api/show."""


class OllamaPoller:
    """Polls Ollama at fixed intervals. ``poll`` may block for some seconds: call it from a separate thread."""

    def __init__(self, url: str, keep_alive_s: float | None = KEEP_ALIVE_S, model: str | None = None) -> None:
        """``model``: the one that v34 uses; None: not known, so that nothing is said of those that are loaded."""
        self.client = OllamaClient(url)
        self._keep_alive_s = keep_alive_s
        self._model = model
        self._shown: dict[str, dict[str, Any]] = {}
        self._asked_at = 0.0
        """``now`` of the last request to /api/ps; 0: ask."""
        self._wanted_at = math.inf
        """When a turn wants it."""
        self._version_unknown = True
        self.facts = OllamaFacts(url=mask_url(url), reachable=None, since=None, model=clean_text(model))

    def poll(self, now: float, turn_closed: bool = False, every_s: float = PS_INTERVAL_S) -> OllamaFacts:
        """Send the requests that are due at ``now`` (time.time()); the same object if they told nothing new.

        ``every_s``: time between two of them.
        """
        if turn_closed:
            self._wanted_at = min(self._wanted_at, now + AFTER_TURN_S)
        if self.due_in_s(now, every_s) > 0:
            return self.facts
        self._asked_at, self._wanted_at = now, math.inf
        before = self.facts
        if self._version_unknown:
            self._fetch_version(now)
        if not self._version_unknown:
            self._fetch_loaded_model(now)
        if astuple(self.facts) == astuple(before):
            self.facts = before
        return self.facts

    def due_in_s(self, now: float, every_s: float = PS_INTERVAL_S) -> float:
        """Seconds until the next request; 0 or less: now, also where the clock was set back since the last one."""
        return min(self._asked_at + every_s, self._wanted_at) - now if self._asked_at <= now else 0.0

    def set_model(self, model: str | None) -> None:
        """The model that v34 uses from now on. Another one is asked for at the next ``poll``."""
        if same_model(model, self._model) or model == self._model:
            return
        self._model = model
        self._asked_at = 0.0
        # What is known is of another model.
        self.facts = replace(
            self.facts, model=clean_text(model), parameters=None, quantization=None, digest=None, last_activity=None,
            **_NOTHING_LOADED, cloud=is_cloud_model(model),
        )  # fmt: skip

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def _fetch_version(self, now: float) -> None:
        response = self.client.version()
        version = clean_text(response.body.get("version"), 40) if isinstance(response.body, dict) else None
        if response.problem or version is None:
            self._set_unreachable(now, response.problem or "answers, but is not Ollama")
            return
        self._version_unknown = False
        self.facts = replace(self.facts, version=version)

    def _fetch_loaded_model(self, now: float) -> None:
        response = self.client.ps()
        models = response.body.get("models") if isinstance(response.body, dict) else None
        if response.status == 404:
            # Before 0.1.38 there is no /api/ps: only the version is known.
            self._set_reachable(now)
            return
        if response.problem or not isinstance(models, list | None) or not isinstance(response.body, dict):
            self._set_unreachable(now, response.problem or "answers, but is not Ollama")
            return
        self._set_reachable(now)
        loaded = self._select_model([item for item in models or () if isinstance(item, dict)])
        self.facts = replace(self.facts, **self._model_facts(loaded, now))

    def _select_model(self, models: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The model that v34 uses, under any of its spellings. Others, as one that embeds, can be loaded beside it."""
        for item in models:
            if any(same_model(self._model, clean_text(item.get(key), 400)) for key in ("name", "model")):
                return item
        return None

    def _model_facts(self, item: dict[str, Any] | None, now: float) -> dict[str, Any]:
        """Fields of OllamaFacts. ``item``: the entry of /api/ps, None when the model is not loaded."""
        details = item.get("details") if item else None
        cloud = is_cloud_model(self._model)
        shown = self._show_model()
        if not isinstance(details, dict) or not details.get("quantization_level"):
            details = shown.get("details")
            cloud = cloud or bool(shown.get("remote_host") or shown.get("remote_model"))
            details = details if isinstance(details, dict) else {}
        facts: dict[str, Any] = _NOTHING_LOADED | {
            "loaded": None if self._model is None or (cloud and item is None) else item is not None,
            "cloud": cloud,
            "model": clean_text((item.get("name") or item.get("model")) if item else self._model),
            "parameters": clean_text(details.get("parameter_size"), 20),
            "depth_cost": depth_cost(shown.get("model_info")),
            "quantization": clean_text(details.get("quantization_level"), 20),
            "digest": None,
        }
        if item is None:
            return facts
        expires = parse_timestamp(item.get("expires_at"), now)
        last_activity = None
        if expires is not None and not math.isinf(expires) and self._keep_alive_s is not None:
            last_activity = expires - self._keep_alive_s
            if last_activity > now + MAX_CLOCK_AHEAD_S:
                # Another client has used another keep_alive, so the difference is not the last request.
                last_activity = None
        return facts | {
            "size": as_count(item.get("size")),
            "size_vram": as_count(item.get("size_vram")),
            "context_length": as_count(item.get("context_length")) or None,
            "digest": clean_text(item.get("digest")),
            "expires": expires,
            "last_activity": last_activity,
        }

    def _show_model(self) -> dict[str, Any]:
        """What /api/show tells of v34's model, requested once. A failed request is repeated at the next poll."""
        if self._model is None:
            return {}
        name = canonical_model(self._model)
        if name not in self._shown:
            response = self.client.show(self._model)
            if response.status is None or response.status >= 500:
                return {}
            body = response.body if isinstance(response.body, dict) else {}
            self._shown[name] = {key: body.get(key) for key in _SHOWN}
        return self._shown[name]

    def _set_reachable(self, now: float) -> None:
        if self.facts.reachable is not True:
            self.facts = replace(self.facts, reachable=True, since=now, problem="")

    def _set_unreachable(self, now: float, problem: str) -> None:
        """Its earlier state is unknown now, and it may come back as another version."""
        self._version_unknown = True
        since = self.facts.since if self.facts.reachable is False else now
        self.facts = replace(
            self.facts,
            reachable=False,
            since=since,
            problem=problem,
            **_NOTHING_LOADED,
        )


def depth_cost(model_info: object) -> float | None:
    """What a prompt token costs more for each token before it, from /api/show (0.1.45 and later); None: not known.

    Multiplications of attention (2 · layers · width) over those of the weights; a model of random weights and the
    published times of llama3.2:3b agree with it within 15 %.
    """
    if not isinstance(model_info, dict):
        return None
    architecture = model_info.get("general.architecture")
    counts = [as_count(model_info.get(f"{architecture}.{key}")) for key in ("block_count", "embedding_length")]
    layers, width = counts
    parameters = as_count(model_info.get("general.parameter_count"))
    if not layers or not width or not parameters:
        return None
    # The table of words is looked up, not multiplied.
    weights = parameters - (as_count(model_info.get(f"{architecture}.vocab_size")) or 0) * width
    return 2 * layers * width / weights if weights > layers * width * width else None


def parse_timestamp(value: object, now: float) -> float | None:
    """Seconds since 1970 of a time as Go writes it: RFC 3339 with 0–9 fraction digits. inf for never; else None."""
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    try:
        seconds = datetime.fromisoformat(match[1] + zone).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    if seconds <= 0:
        return None
    stamp = seconds + float(f"0.{match[2] or 0}")
    return math.inf if stamp - now > FOREVER_S else stamp


def parse_duration(value: object) -> float | None:
    """Seconds of a keep_alive, a number or text as Go writes it (``1h30m``); inf if negative; None if not valid."""
    seconds = number(value)
    if seconds is not None:
        return math.inf if seconds < 0 else seconds
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return parse_duration(decimal_number(text))
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|µs|us|ns|m|s)", text)
    if not parts or "".join(size + unit for size, unit in parts) != text.lstrip("-"):
        return None
    return math.inf if text.startswith("-") else number(sum(float(size) * _UNITS[unit] for size, unit in parts))
