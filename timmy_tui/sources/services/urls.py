"""URLs of the services: from the settings, else from v34's config, else the default port on localhost.

v34's config is parsed and never run.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from timmy_tui.core.decode import MAX_FIGURE
from timmy_tui.core.foreign_python import called_name, parse_python
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings

DEFAULT_URLS: Mapping[str, str] = {
    "ollama": "http://localhost:11434",
    "v34": "http://localhost:5000",
    "tts": "http://localhost:5051",
    "stt": "http://localhost:8888",
    "panel": "http://localhost:5555",
}
_URL_CONSTANTS: Mapping[str, str] = {"ollama": "OLLAMA_API_URL", "tts": "TTS_API_URL", "stt": "STT_API_URL"}
"""Service → name of the constant in v34/config.py."""
_MODEL_CONSTANTS = ("MODEL_NAME", "LLM_CONTEXT_SIZE", "MAX_TOKENS", "KEEP_ALIVE", "LLM_KEEP_ALIVE", "OLLAMA_KEEP_ALIVE")
_KNOWN = frozenset((*_URL_CONSTANTS.values(), *_MODEL_CONSTANTS, "V34_PORT", "PORT"))
"""The only constants that are read, because the file also contains a password."""
CONFIG_LIMIT = 1 << 20
Constants = Mapping[str, str | int | float | bool]
"""Name → value of a Python file's plain constants."""


@dataclass(frozen=True)
class ServiceUrls:
    """Base URLs: scheme, host and port, perhaps with user and password. To show one, use ``masked_url``."""

    ollama: str
    v34: str
    tts: str
    stt: str
    panel: str

    def masked_url(self, service: str) -> str:
        """The URL of a service without user and password."""
        return mask_url(str(getattr(self, service)))


@dataclass(frozen=True)
class ModelConfig:
    """Constants about the language model in v34's config; None: not in it."""

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
    urls = dict(DEFAULT_URLS)
    for service, name in _URL_CONSTANTS.items():
        base = base_url(config.get(name))
        if base:
            urls[service] = base
    port = config.get("V34_PORT", config.get("PORT"))
    if isinstance(port, int) and 0 < port < 65536:
        urls["v34"] = f"http://localhost:{port}"
    for service in urls:
        base = base_url(getattr(settings.services, service))
        if base:
            urls[service] = base
    return ServiceUrls(**urls)


def _model_config(config: Constants) -> ModelConfig:
    model, size, limit = config.get("MODEL_NAME"), config.get("LLM_CONTEXT_SIZE"), config.get("MAX_TOKENS")
    keep = next((config[name] for name in _MODEL_CONSTANTS[3:] if name in config), None)
    return ModelConfig(
        model=model if isinstance(model, str) and model else None,
        num_ctx=size if isinstance(size, int) and size > 0 else None,
        max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
        keep_alive=str(keep) if isinstance(keep, str | int) and not isinstance(keep, bool) else None,
    )


def read_constants(path: Path, names: frozenset[str] = _KNOWN) -> Constants:
    """The constants ``names`` of a Python file, which is parsed and never run; empty when it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > CONFIG_LIMIT:
            return {}
        tree = parse_python(path.read_bytes())
    except (OSError, SyntaxError):
        return {}
    constants: dict[str, str | int | float | bool] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        if not isinstance(target, ast.Name) or target.id not in names:
            continue
        value = _literal_value(node.value) if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None:
            constants[target.id] = value
    return constants


def _literal_value(node: ast.expr | None) -> str | int | float | bool | None:
    """The value of a literal, or of the default in ``os.getenv("NAME", "default")``; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return node.value if isinstance(node.value, str) or -MAX_FIGURE < node.value < MAX_FIGURE else None
    if (
        isinstance(node, ast.Call)
        and len(node.args) == 2
        and called_name(node.func).endswith(("getenv", "environ.get"))
    ):
        return _literal_value(node.args[1])
    return None


def base_url(value: object) -> str:
    """``http://host:11434`` for a URL with or without a path; empty if it is not a URL."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value.strip())
        # ``port`` raises ValueError if it is not a number.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            return ""
        if any(character <= " " or character == "\x7f" for character in parts.netloc):
            return ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def mask_url(url: str) -> str:
    """A URL to show: without user, password and control characters."""
    scheme, separator, rest = url.partition("://")
    host = rest.rpartition("@")[2] if separator else url
    return clean(f"{scheme}://{host}" if separator else host, 120)
