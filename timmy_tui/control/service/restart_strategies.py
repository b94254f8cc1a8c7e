"""The ways to restart v34. None of them sends a signal to a process that was not started from here.

A new way is a class here and its place in the table at the end; the rest of control asks its members, never its name.
"""

import os
import threading
import time
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import ClassVar, Protocol

from timmy_tui.control.errors import Refused
from timmy_tui.control.service.listeners import Serving, alive, starting
from timmy_tui.control.service.panel_client import START_S, STOP_S, Panel
from timmy_tui.control.service.restart_command import find_program, run_command
from timmy_tui.control.service.start_command import COMMAND_FILE, CommandFile, usual_command
from timmy_tui.core.errors import ControlError, SettingsError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.settings import Settings, config_dir
from timmy_tui.sources.timmy import Timmy

POLL_S = 0.1
"""Between two looks at a process that should end."""


class RestartFailed(ControlError):
    """The restart was requested and did not happen; the old v34 may still serve."""


class StartedBy(Enum):
    """Who starts the new v34. It decides what is done when v34 does not run, or has read the files before the edit."""

    STRATEGY = auto()
    """``restart`` does, also when v34 does not run. It can be called once more."""
    RELOADER = auto()
    """v34's own reloader, when a file gets a later time. It cannot start a v34 that does not run."""
    USER = auto()
    """The user, when they want to. They can only be asked."""


class Strategy(Protocol):
    """One way to restart v34."""

    name: ClassVar[str]
    """In the settings (``control.strategy``) and in the journal."""
    started_by: ClassVar[StartedBy]
    gone_s: ClassVar[float | None]
    """v34 has exited when it has had no process for this many seconds; None: it may stay away for any time."""

    @classmethod
    def make(cls, timmy: Timmy) -> "Strategy":
        """The strategy with its limits from the settings."""

    @property
    def limit_s(self) -> float | None:
        """Seconds from the restart until the old process must have ended; None: there is no limit."""

    def preview(self, serving: Serving) -> tuple[str, ...]:
        """Lines that say what will be done, and what that interrupts."""

    def refusal(self, serving: Serving) -> str:
        """Why v34 cannot be restarted in this way now; empty when it can."""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        """Restart v34, or ask for it, after the files ``edited`` were written. Blocks; raises RestartFailed.

        Returns a message for the status line.
        """


@dataclass(frozen=True)
class Reload:
    """v34's own debug reloader restarts it when a file was edited."""

    name: ClassVar[str] = "reload"
    started_by: ClassVar[StartedBy] = StartedBy.RELOADER
    gone_s: ClassVar[float | None] = 1.0

    config: Path
    limit_s: float

    @classmethod
    def make(cls, timmy: Timmy) -> "Reload":
        return cls(timmy.installation.config.resolve(), timmy.settings.control.reload_limit_s)

    def preview(self, serving: Serving) -> tuple[str, ...]:
        if serving.only is None:
            return ("v34 is not running: its next start reads the file",)
        unknown = "" if serving.only.reloader else " (whether it does cannot be seen)"
        return (
            f"v34 restarts itself when it sees a file's new time{unknown}",
            "Timmy hears nobody while v34 loads its models again (10–30 s)",
        )

    def refusal(self, serving: Serving) -> str:
        if serving.only is not None and serving.only.reloader is False:
            return "v34 runs without debug mode and does not restart itself after an edit; set another control.strategy"
        return ""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        if not edited:
            touch(self.config)
        names = " and ".join(clean(path.name, 40) for path in edited or (self.config,))
        return f"v34 restarts itself: {names} {'changed' if edited else 'touched'}"


@dataclass(frozen=True)
class Manual:
    """The user restarts v34; this only says how."""

    name: ClassVar[str] = "manual"
    started_by: ClassVar[StartedBy] = StartedBy.USER
    gone_s: ClassVar[float | None] = None

    folder: Path
    command_file: CommandFile
    limit_s: float | None = None

    @classmethod
    def make(cls, timmy: Timmy) -> "Manual":
        return cls(timmy.v34_folder, CommandFile(timmy.control_folder / COMMAND_FILE))

    def preview(self, serving: Serving) -> tuple[str, ...]:
        return (f"you restart v34: {self._instruction(serving)}",)

    def refusal(self, serving: Serving) -> str:
        return ""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        return self._instruction(serving)

    def _instruction(self, serving: Serving) -> str:
        stop = "Ctrl+C in its terminal, then " if serving.listeners else ""
        running = serving.only.command if serving.only is not None else None
        command = running or self.command_file.read() or usual_command(self.folder)
        return f"{stop}{command.shell_line}"


@dataclass(frozen=True)
class Command:
    """A command of the user, from the user's own settings file."""

    name: ClassVar[str] = "command"
    started_by: ClassVar[StartedBy] = StartedBy.STRATEGY
    gone_s: ClassVar[float | None] = 10.0
    """A command may take some seconds to start v34."""

    argv: tuple[str, ...]
    folder: Path
    limit_s: float
    log: Path

    @classmethod
    def make(cls, timmy: Timmy) -> "Command":
        control = timmy.settings.control
        folder = Path(control.command_dir).expanduser() if control.command_dir else timmy.root
        return cls(control.command, folder, control.command_limit_s, timmy.control_folder / "command.log")

    def preview(self, serving: Serving) -> tuple[str, ...]:
        return (f"runs {' '.join((find_program(self.argv[0]) or self.argv[0], *self.argv[1:]))} in {self.folder}",)

    def refusal(self, serving: Serving) -> str:
        if not self.argv:
            return "the settings name no control.command"
        if find_program(self.argv[0]) is None:
            return f"{self.argv[0]} is not a program that can be found"
        return "" if self.folder.is_dir() else f"{self.folder} is not a folder"

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        try:
            run_command(self.argv, self.folder, self.limit_s, self.log, cancelled)
        except Refused as refused:
            raise RestartFailed(refused.message, refused.hint) from None
        return "the command has succeeded"


@dataclass(frozen=True)
class ByPanel:
    """The control panel's stop, then its start; never its stop_all."""

    name: ClassVar[str] = "panel"
    started_by: ClassVar[StartedBy] = StartedBy.STRATEGY
    gone_s: ClassVar[float | None] = 10.0
    """The panel may take some seconds to start v34."""

    panel: Panel
    folder: Path
    limit_s: float = STOP_S + START_S

    @classmethod
    def make(cls, timmy: Timmy) -> "ByPanel":
        urls = timmy.services.urls
        return cls(Panel(urls.panel, urls.masked_url("panel")), timmy.v34_folder)

    def preview(self, serving: Serving) -> tuple[str, ...]:
        return (
            f"the control panel at {self.panel.shown} stops v34 and starts it again",
            "its stop runs pkill -9 -f app.py: every process with app.py in its command line dies, an editor too",
        )

    def refusal(self, serving: Serving) -> str:
        try:
            running = self.panel.running()
        except Refused as refused:
            return refused.message
        if serving.listeners and not running:
            return (
                "the control panel did not start the v34 that serves: it cannot stop it, and would start a second one"
            )
        return ""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        try:
            if serving.listeners:
                self.panel.stop(cancelled)
                self._await_gone(serving, cancelled)
            elif starting(self.folder):
                raise Refused("v34 is just starting; the panel would start a second one.")
            self.panel.start(cancelled)
        except Refused as refused:
            raise RestartFailed(refused.message, refused.hint) from None
        return "the panel has started v34"

    def _await_gone(self, serving: Serving, cancelled: threading.Event) -> None:
        deadline = time.monotonic() + STOP_S
        while living := next((one for one in serving.listeners if alive(one.pid, one.started)), None):
            if cancelled.is_set():
                raise Refused("Not waited for; nothing was started.")
            if time.monotonic() > deadline:
                raise Refused(f"The panel says v34 is stopped; pid {living.pid} still runs.")
            time.sleep(POLL_S)


def touch(path: Path) -> None:
    """Give a file a time in a later whole second, which a reloader takes for an edit. Raises RestartFailed."""
    try:
        later = (max(path.stat().st_mtime_ns, time.time_ns()) // 10**9 + 1) * 10**9
        os.utime(path, ns=(later, later))
    except OSError as error:
        raise RestartFailed(f"{path} cannot be touched: {error.strerror}.") from None


_ALL: tuple[type[Strategy], ...] = (Reload, ByPanel, Command, Manual)
STRATEGIES: dict[str, type[Strategy]] = {strategy.name: strategy for strategy in _ALL}
"""The table, by the names that the settings use."""


def check_strategy(settings: Settings, path: Path | None = None) -> None:
    """Raise SettingsError for a ``control.strategy`` that is not in the table.

    ``path``: the settings file that the error names; None is the user's own.
    """
    name = settings.control.strategy
    if name not in STRATEGIES:
        file = path or config_dir() / "settings.toml"
        raise SettingsError(
            f"{file}: Invalid enum value {name!r} - at `$.control.strategy`.", f"Known are {', '.join(STRATEGIES)}."
        )


def make_strategy(timmy: Timmy) -> Strategy:
    """The one that the settings name. Raises SettingsError."""
    check_strategy(timmy.settings)
    return STRATEGIES[timmy.settings.control.strategy].make(timmy)
