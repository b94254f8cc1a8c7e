"""Typed settings from TOML: every key with its default, its unit and what it is for.

The user's file is ``settings.toml`` in the user's configuration folder (``timmy-tui doctor`` prints where).
An unknown or wrong key is an error that names the file, the key and the nearest valid key.
"""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from timmy_tui.core.errors import SettingsError

APP = "timmy_tui"


class Paths(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Timmy's files are. Relative paths are below ``root``."""

    root: str = ""
    """Timmy's repository; empty: search (current folder, its parents, ~/timmy-backend/little-timmy)."""
    latency_log: str = "shared/latency.log"
    """The JSON-lines log of the latency tracker."""
    v34_logs: tuple[str, ...] = ("testing-interface/logs/v34.log", "v34/app_session.log")
    """Candidates for v34's captured output; the one written last is followed."""
    config: str = "v34/config.py"
    """The file that holds the flags."""
    app: str = "v34/app.py"
    """The file that holds the ``raw=`` keyword."""
    ollama_log: str = ""
    """Ollama's server log, if it is to be followed; empty: not read."""
    ollama_journal: bool = False
    """Follow ``journalctl -u ollama`` instead of a file."""


class Services(Struct, frozen=True, forbid_unknown_fields=True):
    """Base URLs. Empty: taken from v34/config.py as text, else the usual port on localhost."""

    v34: str = ""
    ollama: str = ""
    tts: str = ""
    stt: str = ""
    panel: str = ""
    """The control panel, http://localhost:5555 unless said."""
    poll: bool = True
    """Ask the services at all; off: files only."""


class View(Struct, frozen=True, forbid_unknown_fields=True):
    """The screen."""

    theme: str = "timmy-dark"
    """Name of a theme file; the choice made in the dashboard is remembered beside the settings."""
    window: int = 20
    """Complete turns behind p50, p95 and Δ."""
    turns: int = 500
    """Turns kept for the table and the charts."""
    mouse: bool = False
    """Off, because mouse tracking takes over tmux's own selection."""
    ascii: bool = False
    """No block or braille glyphs; also when the locale is not UTF-8."""
    bell: Literal["off", "regression", "fail"] = "off"
    """Ring at most once a minute and only while the microphone is muted."""


class Tail(Struct, frozen=True, forbid_unknown_fields=True):
    """Following files."""

    poll_ms: int = 250
    """Between two looks at an idle file."""
    poll_busy_ms: int = 50
    """The same while a turn is in flight."""
    notify: bool = True
    """Let the file system wake the poll early; the poll stays the truth."""
    head_kib: int = 4096
    """Read from the end first, so that the newest turns show before the backlog."""
    line_kib: int = 1024
    """A longer line is dropped and counted."""
    turn_timeout_s: float = 60.0
    """A turn without a new event for this long is timed out."""


class Control(Struct, frozen=True, forbid_unknown_fields=True):
    """Changing flags and restarting v34."""

    read_only: bool = False
    """No key, command or function changes anything."""
    strategy: Literal["reload", "panel", "command", "manual"] = "reload"
    """How v34 is restarted: its own debug reloader, the control panel, your command, or you."""
    command: tuple[str, ...] = ()
    """For ``command``: the argument list, run without a shell."""
    command_dir: str = ""
    """Where it runs; empty: the root."""
    command_limit_s: float = 60.0
    healthy_limit_s: float = 120.0
    """How long v34 may take from the restart to answering."""
    rollback_countdown_s: float = 10.0
    """Visible seconds before an automatic rollback of a change that killed the service."""
    reload_limit_s: float = 5.0
    """How long the reloader may take to notice an edit."""


class FlagSetting(Struct, frozen=True, forbid_unknown_fields=True):
    """A flag of the user's own."""

    name: str
    """Constant in the file."""
    type: Literal["bool", "int", "float", "str"]
    file: str = "v34/config.py"
    label: str = ""
    choices: tuple[Any, ...] = ()
    meaning: str = ""
    warning: str = ""


class HistorySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What outlives logs and restarts."""

    enabled: bool = True
    days: int = 365
    """Turns older than this are forgotten; 0 keeps all."""
    text: bool = False
    """Keep what was said; off: only numbers are stored."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    paths: Paths = Paths()
    services: Services = Services()
    view: View = View()
    tail: Tail = Tail()
    control: Control = Control()
    history: HistorySettings = HistorySettings()
    flags: Mapping[str, FlagSetting] = field(default_factory=dict)
    """Flags of your own: ``[flags.my-flag]``."""


def config_dir() -> Path:
    """Folder of the settings file and the user's themes."""
    if sys.platform == "linux":
        return _xdg_dir("XDG_CONFIG_HOME", ".config")
    from platformdirs import user_config_path

    return user_config_path(APP)


def state_path() -> Path:
    """Folder of journal, backups, history and the status cache, which need not exist."""
    if sys.platform == "linux":
        return _xdg_dir("XDG_STATE_HOME", ".local/state")
    from platformdirs import user_state_path

    return user_state_path(APP)


def state_dir() -> Path:
    """The same folder, made where there is none; private to the user (0700)."""
    path = state_path()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def _xdg_dir(variable: str, usual: str) -> Path:
    """The answer of platformdirs, without the 8 ms that its import takes: the status line has 100 in all."""
    base = os.environ.get(variable, "")
    # A relative path is not valid there, the convention says.
    return Path(base if os.path.isabs(base) else os.path.expanduser(f"~/{usual}")) / APP


def load_settings(path: Path | None = None) -> Settings:
    """Settings from ``path``, else from the user's file; the defaults where there is none.

    Raises SettingsError for a file that is not TOML, an unknown key, a wrong type, or a file that another
    user can write (it names commands that are run).
    """
    given = path is not None
    path = path or config_dir() / "settings.toml"
    try:
        _check_owner(path)
        content = path.read_bytes()
    except FileNotFoundError:
        if given:
            raise SettingsError(f"{path} does not exist.") from None
        return Settings()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    import tomllib  # 3 ms that nobody without a file has to wait for

    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
    _check_keys(path, data, Settings, "")
    try:
        return msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}.") from None


def refuse_commands_from(settings: Settings, path: Path | None, root: Path) -> None:
    """Raise SettingsError for a command that comes with the monitored repository instead of from its user."""
    real = Path(os.path.realpath(path or config_dir() / "settings.toml"))
    if settings.control.command and real.is_relative_to(os.path.realpath(root)):
        raise SettingsError(
            f"{real} lies inside {root} and names a command; commands come from your own settings alone.",
            f"Move control.command to {config_dir() / 'settings.toml'}.",
        )


def _check_owner(path: Path) -> None:
    info = path.stat()
    if path.is_symlink():
        folder = Path(os.path.realpath(path)).parent
        held = folder.stat()
        if held.st_uid != os.getuid() or held.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise SettingsError(f"{path} is a link into {folder}, which others can write to; it is ignored.")
    if not stat.S_ISREG(info.st_mode):
        raise SettingsError(f"{path} is not a regular file.")
    if info.st_uid != os.getuid() or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(
            f"{path} can be written by others, and it may name commands; it is ignored.",
            f"chmod 600 {path}",
        )


def _check_keys(path: Path, data: Mapping[str, Any], struct: type[Struct], where: str) -> None:
    """Refuse unknown keys by name, with the nearest valid one; msgspec alone would not suggest."""
    fields = {item.name: item.type for item in msgspec.structs.fields(struct)}
    for key, value in data.items():
        if key not in fields:
            import difflib

            near = difflib.get_close_matches(key, fields, n=1)
            raise SettingsError(f"{path}: unknown key {where}{key}.", f"Did you mean {where}{near[0]}?" if near else "")
        inner = FlagSetting if key == "flags" else fields[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            tables = value.items() if key == "flags" else [("", value)]
            for name, table in tables:
                if isinstance(table, dict):
                    _check_keys(path, table, inner, f"{where}{key}." + (f"{name}." if name else ""))
