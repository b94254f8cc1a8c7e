"""Typed settings from a TOML file: each key with its default value, its unit and its purpose.

The file is ``settings.toml`` in the user's configuration folder (``timmy-tui doctor`` prints the path).
An unknown key is an error that names the file, the key and the most similar valid key.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from timmy_tui.core.errors import SettingsError
from timmy_tui.core.foreign.decode import Unreadable, decode_toml
from timmy_tui.core.private_file import check_only_ours

APP = "timmy_tui"
Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]
"""A time of at most a day."""
MACHINE_PATTERN = r"^([A-Za-z0-9][A-Za-z0-9._-]{0,62})?\Z"
"""A name that can be that of a file everywhere, and stand in a selection of turns."""


class Paths(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the files of Little Timmy are. Relative paths are below ``root``."""

    root: str = ""
    """Little Timmy's repository. Empty: search the current folder, its parents and ~/timmy-backend/little-timmy."""
    latency_log: str = "shared/latency.log"
    """The JSON-lines log of the latency tracker."""
    v34_logs: Annotated[tuple[str, ...], Meta(min_length=1)] = ("testing-interface/logs/v34.log", "v34/app_session.log")
    """Possible places of v34's captured output; the one that was written last is followed."""
    config: str = "v34/config.py"
    """The file that holds the flags."""
    app: str = "v34/app.py"
    """The file that holds the ``raw=`` argument."""
    stt: str = "stt-server-v17/timmy_hears.py"
    """The file of STT that holds PAUSE_THRESHOLD; it is only read."""
    ollama_log: str = ""
    """Ollama's server log. Empty: not read."""
    ollama_journal: bool = False
    """Follow ``journalctl -u ollama`` instead of a file."""


class Services(Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses: ``http://host:port``, with a proxy's path.

    Empty: read from v34/config.py, which is parsed and never run; else the default port on localhost.
    """

    v34: str = ""
    ollama: str = ""
    tts: str = ""
    stt: str = ""
    panel: str = ""
    """The control panel. Empty: http://localhost:5555."""
    poll: bool = True
    """Poll the services. Off: only files are read."""


class View(Struct, frozen=True, forbid_unknown_fields=True):
    """The screen."""

    theme: str = "timmy-dark"
    """Name of a theme file. A theme chosen in the dashboard is stored beside the settings."""
    stale_minutes: Annotated[float, Meta(ge=0.0, le=1_000_000.0)] = 10.0
    """Age of the newest line from which the status line is grey: its figures say nothing of now."""
    window: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """Number of complete turns from which p50, p95 and Δ are computed."""
    turns: Annotated[int, Meta(ge=1, le=1_000_000)] = 500
    """Number of turns in the table and the charts."""
    mouse: bool = False
    """Off by default, because mouse tracking disables tmux's own text selection."""
    title: bool = True
    """V2V in the title of the pane while the dashboard runs; the title before it comes back at the end."""
    ascii: bool = False
    """Use no block or braille characters. Always so when the locale is not UTF-8."""
    bell: Literal["off", "regression", "fail"] = "off"
    """When the terminal bell rings: at most once a minute, and only while the microphone is muted."""


class Findings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which level changes the headline, the bell and the colours tell of; the list has all of them."""

    felt_ms: Annotated[float, Meta(ge=0.0, le=1_000_000.0)] = 100.0
    """A change of this much, in ms of V2V, could be felt: a pause in a talk is heard as longer from about 120 ms on
    (Heldner 2011), and an answer stops seeming instant at 100 ms (Nielsen 1993)."""
    large_ratio: Annotated[float, Meta(ge=1.0, le=1_000_000.0)] = 1.25
    """So is one by this ratio of its stage, which says that something is wrong there before it can be felt …"""
    large_ms: Annotated[float, Meta(ge=0.0, le=1_000_000.0)] = 10.0
    """… if it is at least so many ms: below are scheduler and clock ticks (2 ms that became 4 are ×2)."""
    young_turns: Annotated[int, Meta(ge=1, le=1_000_000)] = 30
    """Turns. A finding that is older than this is no news, and stands in the list only."""


class Trials(Struct, frozen=True, forbid_unknown_fields=True):
    """The guided test: how much it measures, and what stops it while the change is tried. 0 never stops it.

    A count stops it only where such turns are also more than twice as frequent as before the change.
    """

    turns: Annotated[int, Meta(ge=5, le=100)] = 8
    """Turns measured on each side, first ones of a session apart: as many as the guide's two tests take together."""
    on_trouble: Literal["ask", "undo"] = "ask"
    """What a test does that stopped by itself: ask, or undo the change at once. A test asks once, when it begins."""
    bad: Annotated[int, Meta(ge=0, le=100)] = 2
    """Turns marked bad. One may be taste; whoever marks a second one means the change."""
    failed: Annotated[int, Meta(ge=0, le=100)] = 2
    """Turns that failed, timed out or have an error line. One is an accident: a hiccup of the network, a load."""
    empty: Annotated[int, Meta(ge=0, le=100)] = 2
    """Turns with an empty or canned reply. One happens to a small model by itself."""
    leaking: Annotated[int, Meta(ge=0, le=100)] = 1
    """Replies with tokens of the model's template. One is enough: a model whose template is applied writes none."""


class TailSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How log files are followed."""

    poll_ms: Annotated[int, Meta(ge=1, le=60_000)] = 250
    """Time between two polls of a file."""
    poll_busy_ms: Annotated[int, Meta(ge=1, le=60_000)] = 50
    """The same while a turn is in flight."""
    notify: bool = True
    """Let file system events start a poll early. Polling goes on without them."""
    head_kib: Annotated[int, Meta(ge=0, le=1 << 20)] = 4096
    """Size of a file's end that is read first, so that the newest turns are shown before the older ones."""
    line_kib: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024
    """Longest line; a longer one is dropped and counted."""
    turn_timeout_s: Annotated[float, Meta(gt=0.0, le=86_400.0)] = 60.0
    """A turn that gets no new event for this long has timed out; what seems to last longer was slept through."""
    longest_threshold_s: Seconds = 10.0
    """A pause threshold above this is not one that anybody waits for: what rests on it is unknown."""


class SystemSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Another voice pipeline than Little Timmy."""

    profile: str = ""
    """Name or file of its profile. Empty: Little Timmy, or what a log shows that a command names."""
    source: str = ""
    """The log or document that is followed. Empty: the usual one of the profile."""
    control_file: Annotated[str, Meta(pattern=r"^(~?/.*)?\Z")] = ""
    """The file whose switches are changed, from / or ~/ on. Empty: the usual one of the profile."""


class Control(Struct, frozen=True, forbid_unknown_fields=True):
    """How flags are changed and v34 is restarted."""

    read_only: bool = False
    """Nothing can be changed, neither by key nor by command."""
    strategy: str = "reload"
    """How v34 is restarted: by its debug reloader, by the control panel, by your command, or by you.

    The names are in the table of control/service/restart_strategies.py, which checks this one.
    """
    command: tuple[str, ...] = ()
    """For the strategy ``command``: the argument list, run without a shell."""
    command_dir: str = ""
    """Working directory of the command. Empty: the root."""
    command_limit_s: Seconds = 60.0
    """The command is stopped after this long."""
    healthy_limit_s: Seconds = 120.0
    """How long v34 may take from the restart until it answers requests."""
    rollback_countdown_s: Seconds = 10.0
    """Seconds shown on the screen before a change that stopped v34 is rolled back automatically."""
    reload_limit_s: Seconds = 5.0
    """How long v34's reloader may take to notice an edit."""


class FlagSetting(Struct, frozen=True, forbid_unknown_fields=True):
    """A flag that the user has added."""

    name: str
    """Name of the constant in the file."""
    type: Literal["bool", "int", "float", "str"]
    file: str = "v34/config.py"
    label: str = ""
    choices: tuple[Any, ...] = ()
    meaning: str = ""
    warning: str = ""


class HistorySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The database that keeps turns beyond logs and restarts."""

    enabled: bool = True
    days: Annotated[int, Meta(ge=0, le=1_000_000)] = 365
    """Turns older than this are deleted, except marked ones and those that the logs still have; 0 keeps all."""
    text: bool = False
    """Store the texts of the conversation. Off: only numbers are stored."""


class Otel(Struct, frozen=True, forbid_unknown_fields=True):
    """Every finished turn as a trace to a collector of OpenTelemetry, by OTLP over HTTP; needs the extra ``otel``."""

    enabled: bool = False
    """Off: nothing is sent."""
    endpoint: str = "http://127.0.0.1:4318"
    """The collector, with the path that it may have; ``/v1/traces`` and ``/v1/metrics`` are added. Headers, for a key,
    come from the environment variable OTEL_EXPORTER_OTLP_HEADERS."""
    traces: bool = True
    """Off for a server that takes metrics alone."""
    metrics: bool = True
    """Send histograms and counters as well. Off for a server that takes traces alone."""
    text: bool = False
    """Send what was said, and error lines. Off: only figures and names."""


class Prometheus(Struct, frozen=True, forbid_unknown_fields=True):
    """The figures of new turns, for a Prometheus on this machine."""

    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """Served on 127.0.0.1 at this port, under /metrics, while this program watches. 0: not served."""


class Export(Struct, frozen=True, forbid_unknown_fields=True):
    """Files that may stand beside those of another machine."""

    machine: Annotated[str, Meta(pattern=MACHINE_PATTERN)] = ""
    """Name of this machine in exported files, and the name of these files. Empty: its host name up to the first dot."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    system: SystemSettings = SystemSettings()
    paths: Paths = Paths()
    services: Services = Services()
    view: View = View()
    findings: Findings = Findings()
    trial: Trials = Trials()
    tail: TailSettings = TailSettings()
    control: Control = Control()
    history: HistorySettings = HistorySettings()
    otel: Otel = Otel()
    prometheus: Prometheus = Prometheus()
    export: Export = Export()
    flags: Mapping[str, FlagSetting] = field(default_factory=dict)
    """Flags that the user has added: ``[flags.my-flag]``."""


def config_dir() -> Path:
    """Folder of the settings file and of the user's themes."""
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


def _xdg_dir(variable: str, default: str) -> Path:
    """The same path as platformdirs gives, without its import, which takes 8 of the status line's 100 ms."""
    base = os.environ.get(variable, "")
    # The XDG specification says that a relative path is not valid and must be ignored.
    return Path(base if os.path.isabs(base) else os.path.expanduser(f"~/{default}")) / APP


def load_settings(path: Path | None = None) -> Settings:
    """Settings from ``path``; None: from the user's file, or the defaults where it does not exist.

    Raises SettingsError when ``path`` does not exist, the file is not TOML, a key is unknown, a value has a wrong
    type, or another user can write the file (it may name commands that are run).
    """
    is_required = path is not None
    path = path or config_dir() / "settings.toml"
    try:
        check_only_ours(path)
        content = path.read_bytes()
    except FileNotFoundError:
        if is_required:
            raise SettingsError(f"{path} does not exist.") from None
        return Settings()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    data = decode_toml(content)
    if isinstance(data, Unreadable):
        raise SettingsError(f"{path}{_line_of_fault(content, data.reason)} {data.reason}.")
    if _has_nul(data):
        raise SettingsError(f"{path} holds a NUL character, which no file name and no command can have.")
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise next(_problems(path, content, data), SettingsError(f"{path}: {error}.")) from None
    _check_addresses(path, content, settings)
    return settings


def settings_problems(path: Path) -> list[SettingsError]:
    """Everything that is wrong with a file, in its order; ``load_settings`` raises the first of it."""
    try:
        load_settings(path)
    except SettingsError as error:
        data = decode_toml(path.read_bytes()) if path.is_file() else Unreadable("")
        found = [] if isinstance(data, Unreadable) else list(_problems(path, path.read_bytes(), data))
        return found or [error]
    return []


def _problems(path: Path, content: bytes, data: Mapping[str, Any]) -> Iterator[SettingsError]:
    from timmy_tui.core.foreign.toml_problems import line_of, problems  # Only a wrong file pays for it.

    text = content.decode(errors="replace")
    for one in problems(data, Settings):
        yield SettingsError(f"{_place(path, line_of(text, one.key))}: {one.text}.", one.hint)


def _place(path: Path, line: int | None) -> str:
    return f"{path}:{line}" if line is not None else str(path)


def _line_of_fault(content: bytes, reason: str) -> str:
    from timmy_tui.core.foreign.toml_problems import line_of, line_of_fault

    line = line_of_fault(reason)
    if line is None and reason.startswith("sets "):
        line = line_of(content.decode(errors="replace"), reason.split()[1].split("."))
    return "" if line is None else f":{line}"


def _check_addresses(path: Path, content: bytes, settings: Settings) -> None:
    """Raises SettingsError for one that is none: the usual address in its place would be another machine's."""
    services = settings.services
    written = [("services", name, getattr(services, name)) for name in services.__struct_fields__]
    if settings.otel.endpoint != Otel().endpoint:
        written.append(("otel", "endpoint", settings.otel.endpoint or " "))
    for table, name, value in written:
        if isinstance(value, str) and value:
            from timmy_tui.core.foreign.addresses import ADVICE, base_url, not_an_address  # most settings name none

            if not base_url(value):
                from timmy_tui.core.foreign.toml_problems import line_of

                place = _place(path, line_of(content.decode(errors="replace"), (table, name)))
                raise SettingsError(f"{place}: {table}.{name} is {not_an_address(value)}.", ADVICE)


def _has_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value


def refuse_commands_in_repository(settings: Settings, path: Path | None, root: Path) -> None:
    """Raises SettingsError when the settings name a command and their file lies inside the monitored repository.

    Whoever can write to that repository could otherwise choose a command that the user's dashboard runs.
    """
    real = Path(os.path.realpath(path or config_dir() / "settings.toml"))
    if settings.control.command and real.is_relative_to(os.path.realpath(root)):
        raise SettingsError(
            f"{real} is inside {root} and names a command. Commands are only accepted from your own settings.",
            f"Move control.command to {config_dir() / 'settings.toml'}.",
        )
