"""URLs of the services: from the settings, else from v34's config, else the default port on localhost.

v34's config is parsed and never run.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from timmy_tui.core.foreign.addresses import base_url, mask_url, not_an_address
from timmy_tui.core.foreign.decode import MAX_FIGURE
from timmy_tui.core.foreign.python import called_name, parse_python
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
Bindings = Mapping[str, str | int | float | bool | None]
"""The same with every name that the file binds; None: to something that is only known when the file runs."""
USUAL_PORTS: Mapping[str, int] = {name: int(url.rpartition(":")[2]) for name, url in DEFAULT_URLS.items()}


@dataclass(frozen=True)
class ServiceUrls:
    """Base URLs: scheme, host, port and a proxy's path, perhaps with a password. To show one, use ``masked_url``."""

    ollama: str
    v34: str
    tts: str
    stt: str
    panel: str
    unusable: Mapping[str, str] = field(default_factory=dict)
    """Service → which setting of it cannot be used as it stands, and why; its URL is then another's, or the usual."""

    def masked_url(self, service: str) -> str:
        """The URL of a service without user and password."""
        return mask_url(str(getattr(self, service)))

    def why_not(self, service: str, problem: str) -> str:
        """Why a service does not answer: which setting could not be used, if so, then the problem."""
        return "; ".join(part for part in (self.unusable.get(service, ""), problem) if part)


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
    def _bindings(self) -> Bindings:
        return read_bindings(self.root / self.settings.paths.config) if self.root is not None else {}

    @cached_property
    def urls(self) -> ServiceUrls:
        """Of every service."""
        return _resolve_urls(self.settings, self._bindings)

    @cached_property
    def model(self) -> ModelConfig:
        """Model, window and keep_alive as v34 would ask for them."""
        return _model_config(self._bindings)

    def reread(self) -> "ServiceConfig":
        """The same with the config as it is now."""
        return ServiceConfig(self.settings, self.root)


def _resolve_urls(settings: Settings, config: Bindings) -> ServiceUrls:
    urls, unusable = dict(DEFAULT_URLS), {}
    file = settings.paths.config
    for service, name in _URL_CONSTANTS.items():
        base = base_url(config.get(name), USUAL_PORTS[service])
        if base:
            urls[service] = base
        elif name in config:
            unusable[service] = f"{name} in {file} {_why_unusable(config[name])}"
    name = "V34_PORT" if "V34_PORT" in config else "PORT"
    port = config.get(name)
    if isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536:
        urls["v34"] = f"http://localhost:{port}"
    elif name in config:
        unusable["v34"] = f"{name} in {file} is not a plain port number"
    for service in urls:
        value = getattr(settings.services, service)
        base = base_url(value, USUAL_PORTS[service])
        if base:
            urls[service] = base
            unusable.pop(service, None)
        elif value:
            unusable[service] = f"services.{service} is {not_an_address(value)}"
    return ServiceUrls(**urls, unusable=unusable)


def _why_unusable(value: object) -> str:
    return f"is {not_an_address(value)}" if isinstance(value, str) else "is not a plain text"


def _model_config(config: Bindings) -> ModelConfig:
    model, size, limit = config.get("MODEL_NAME"), config.get("LLM_CONTEXT_SIZE"), config.get("MAX_TOKENS")
    keep = next((config[name] for name in _MODEL_CONSTANTS[3:] if config.get(name) is not None), None)
    return ModelConfig(
        model=model if isinstance(model, str) and model else None,
        num_ctx=size if isinstance(size, int) and size > 0 else None,
        max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
        keep_alive=str(keep) if isinstance(keep, str | int) and not isinstance(keep, bool) else None,
    )


def read_constants(path: Path, names: frozenset[str] = _KNOWN) -> Constants:
    """The constants ``names`` of a Python file, which is parsed and never run; empty when it cannot be read."""
    return {name: value for name, value in read_bindings(path, names).items() if value is not None}


def read_bindings(path: Path, names: frozenset[str] = _KNOWN) -> Bindings:
    """Of ``names`` those that the file binds, with their values as far as they are certain."""
    try:
        if not path.is_file() or path.stat().st_size > CONFIG_LIMIT:
            return {}
        tree = parse_python(path.read_bytes())
    except (OSError, SyntaxError):
        return {}
    bindings: dict[str, str | int | float | bool | None] = {}
    for statement in tree.body:
        value = _literal_value(statement.value) if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            continue
        bindings.update((name, value) for name in _bound_by(statement) if name in names)
    return bindings


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the file's top level binds, also under a condition; those of a function are its own."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


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
