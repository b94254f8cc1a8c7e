"""Responses of Ollama's endpoints /api/ps, /api/tags and /api/show, and Go's formats of time."""

from datetime import UTC, datetime
from typing import Any

from timmy_tui.demo.ollama.engine import RequestRejected
from timmy_tui.demo.ollama.version_rules import VersionRules

MODEL = "llama3.2:3b-instruct-q4_K_M"
NAMES = (MODEL, "llama3.2")
DIGEST = "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72"
WEIGHTS = 2_019_393_189
COMPUTE_BYTES = 300_000_000
KV_BYTES_PER_TOKEN = 114_688
"""112 KiB: 28 layers × 8 heads × 128 dimensions × 2 (key, value) × 2 bytes."""
FOREVER_S = (2**63 - 1) / 1e9
"""Go's longest duration, about 292 years: what a negative keep_alive means."""
MODIFIED = "2025-09-14T11:02:44.1927731-07:00"
DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "3.2B",
    "quantization_level": "Q4_K_M",
}


def ps_response(rules: VersionRules, num_ctx: int, expires: float, gpu_share: float) -> dict[str, Any]:
    """The response of /api/ps. ``num_ctx``: 0 when no model is loaded; ``expires``: time.time()."""
    if not num_ctx:
        return {"models": []}
    size = WEIGHTS + KV_BYTES_PER_TOKEN * num_ctx + COMPUTE_BYTES
    entry: dict[str, Any] = {
        "name": MODEL,
        "model": MODEL,
        "size": size,
        "digest": DIGEST,
        "details": DETAILS,
        "expires_at": go_time(expires),
        "size_vram": int(size * gpu_share),
    }
    if rules.ps_context:
        entry["context_length"] = num_ctx
    return {"models": [entry]}


def tags_response(rules: VersionRules) -> dict[str, Any]:
    """The response of /api/tags."""
    entry: dict[str, Any] = {
        "name": MODEL,
        "model": MODEL,
        "modified_at": MODIFIED,
        "size": WEIGHTS,
        "digest": DIGEST,
        "details": dict(DETAILS),
    }
    if rules.rich_tags:
        entry["details"] |= {"context_length": 131072, "embedding_length": 3072}
        entry["capabilities"] = ["completion", "tools"]
    return {"models": [entry]}


def show_response(rules: VersionRules, request: dict[str, Any]) -> dict[str, Any]:
    """The response of /api/show. Raises RequestRejected for an unknown model."""
    require_known_model(str(request.get("model") or request.get("name") or ""))
    answer: dict[str, Any] = {
        "license": "LLAMA 3.2 COMMUNITY LICENSE AGREEMENT",
        "modelfile": f"FROM {MODEL}\n",
        "parameters": 'stop                           "<|eot_id|>"',
        "template": "{{ .System }}{{ .Prompt }}",
        "details": DETAILS,
        "model_info": {
            "general.architecture": "llama",
            "general.parameter_count": 3_212_749_888,
            "llama.block_count": 28,
            "llama.context_length": 131072,
            "llama.embedding_length": 3072,
            "llama.vocab_size": 128_256,
        },
        "modified_at": MODIFIED,
    }
    if rules.capabilities:
        answer["capabilities"] = ["completion", "tools"]
    return answer


def require_known_model(name: str) -> None:
    """Raises RequestRejected for an unknown model."""
    if name not in NAMES:
        raise RequestRejected(404, f"model '{name}' not found")


def keep_alive_s(value: object) -> float:
    """Seconds of a keep_alive: a number of seconds, or a Go duration such as ``1h``, ``5m``, ``-1``.

    Raises RequestRejected for anything else.
    """
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    try:
        return float(text[:-1]) * units[text[-1]] if text[-1:] in units else float(text)
    except ValueError:
        raise RequestRejected(400, f'time: invalid duration "{text}"') from None


def go_time(stamp: float) -> str:
    """RFC 3339 in local time with up to seven digits without trailing zeros, as Go on Windows writes it."""
    whole, ticks = divmod(round(stamp * 10_000_000), 10_000_000)
    base = datetime.fromtimestamp(whole).astimezone().isoformat()
    fraction = f"{ticks:07d}".rstrip("0")
    zone = "Z" if base.endswith("+00:00") else base[19:]
    return f"{base[:19]}{'.' + fraction if fraction else ''}{zone}"


def utc_now() -> str:
    """``created_at``: the current time in UTC with seven digits."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
