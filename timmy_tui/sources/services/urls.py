"""Where the services are: from the settings, else from v34's config read as text, else the usual port on localhost."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings

USUAL: Mapping[str, str] = {
    "ollama": "http://localhost:11434",
    "v34": "http://localhost:5000",
    "tts": "http://localhost:5051",
    "stt": "http://localhost:8888",
    "panel": "http://localhost:5555",
}
_CONSTANTS: Mapping[str, str] = {"ollama": "OLLAMA_API_URL", "tts": "TTS_API_URL", "stt": "STT_API_URL"}
"""Service → name in v34/config.py."""
_MODEL = ("MODEL_NAME", "LLM_CONTEXT_SIZE", "MAX_TOKENS", "KEEP_ALIVE", "LLM_KEEP_ALIVE", "OLLAMA_KEEP_ALIVE")
_KNOWN = frozenset((*_CONSTANTS.values(), *_MODEL, "V34_PORT", "PORT"))
"""The only names that are read: the file also holds a password."""
CONFIG_LIMIT = 1 << 20
Constants = Mapping[str, str | int | float | bool]
"""Name → value of a Python file's plain constants."""


@dataclass(frozen=True)
class ServiceUrls:
    """Base URLs: scheme, host and port, perhaps with a user. For a screen use ``shown``."""

    ollama: str
    v34: str
    tts: str
    stt: str
    panel: str

    def shown(self, service: str) -> str:
        """The URL without its password."""
        return masked(str(getattr(self, service)))


@dataclass(frozen=True)
class ModelConfig:
    """What v34's config says of the model; None where it does not."""

    model: str | None = None
    num_ctx: int | None = None
    max_tokens: int | None = None
    keep_alive: str | None = None


class ServiceConfig(Struct, frozen=True, eq=False, dict=True):
    """How one Timmy's services are reached, and what v34 asks of the model: the settings, then v34's config.

    The config is read once, when something of it is first asked for; ``reread`` after it may have changed.
    """

    settings: Settings
    root: Path | None
    """Timmy's folder; None where there is none: then the settings and the usual ports hold."""

    @cached_property
    def _constants(self) -> Constants:
        return read_constants(self.root / self.settings.paths.config) if self.root is not None else {}

    @cached_property
    def urls(self) -> ServiceUrls:
        """Of every service."""
        return _resolve_urls(self.settings, self._constants)

    @cached_property
    def model(self) -> ModelConfig:
        """Model, window and keep_alive as v34 would ask for them."""
        return _model_config(self._constants)

    def reread(self) -> "ServiceConfig":
        """The same with the config as it is now."""
        return ServiceConfig(self.settings, self.root)


def _resolve_urls(settings: Settings, config: Constants) -> ServiceUrls:
    found = dict(USUAL)
    for service, name in _CONSTANTS.items():
        base = base_url(config.get(name))
        if base:
            found[service] = base
    port = config.get("V34_PORT", config.get("PORT"))
    if isinstance(port, int) and 0 < port < 65536:
        found["v34"] = f"http://localhost:{port}"
    for service in found:
        base = base_url(getattr(settings.services, service))
        if base:
            found[service] = base
    return ServiceUrls(**found)


def _model_config(config: Constants) -> ModelConfig:
    model, size, limit = config.get("MODEL_NAME"), config.get("LLM_CONTEXT_SIZE"), config.get("MAX_TOKENS")
    keep = next((config[name] for name in _MODEL[3:] if name in config), None)
    return ModelConfig(
        model=model if isinstance(model, str) and model else None,
        num_ctx=size if isinstance(size, int) and size > 0 else None,
        max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
        keep_alive=str(keep) if isinstance(keep, str | int) and not isinstance(keep, bool) else None,
    )


def read_constants(path: Path, names: frozenset[str] = _KNOWN) -> Constants:
    """The plain constants ``names`` of a Python file, read as text and never run; empty when it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > CONFIG_LIMIT:
            return {}
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, str | int | float | bool] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        if not isinstance(target, ast.Name) or target.id not in names:
            continue
        value = _plain(node.value) if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None:
            found[target.id] = value
    return found


def _plain(node: ast.expr | None) -> str | int | float | bool | None:
    """A literal; or the default of ``os.getenv("NAME", "default")``, which is what runs unless somebody set it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return node.value
    if (
        isinstance(node, ast.Call)
        and len(node.args) == 2
        and ast.unparse(node.func).endswith(("getenv", "environ.get"))
    ):
        return _plain(node.args[1])
    return None


def base_url(value: object) -> str:
    """``http://host:11434`` of a URL with or without a path; empty when it is none."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value.strip())
        # The port raises ValueError where it is none.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            return ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def masked(url: str) -> str:
    """A URL that can be shown: no user, no password, no control characters."""
    scheme, found, rest = url.partition("://")
    host = rest.rpartition("@")[2] if found else url
    return clean(f"{scheme}://{host}" if found else host, 120)
