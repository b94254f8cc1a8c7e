"""The four ways in which v34 is restarted. None of them signals a process that was not started here."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from timmy_tui.control.errors import Refused
from timmy_tui.control.service.listeners import Serving, alive, starting
from timmy_tui.control.service.panel_client import Panel
from timmy_tui.control.service.restart_command import find_program, run_command
from timmy_tui.core.errors import ControlError
from timmy_tui.core.settings import Settings
from timmy_tui.sources.services.urls import ServiceUrls

PANEL_STOP_S, PANEL_START_S = 20.0, 10.0
LOOK_S = 0.1
STARTS_NOTHING = frozenset({"reload", "manual"})
"""Ways that cannot bring back a v34 that does not run."""


class RestartFailed(ControlError):
    """The restart was asked for and did not happen; what served before may still serve."""


class Strategy(Protocol):
    """One way."""

    @property
    def name(self) -> str:
        """``reload``, ``panel``, ``command`` or ``manual``."""

    @property
    def limit_s(self) -> float | None:
        """Until the old service must be gone; None has no limit."""

    def preview(self, serving: Serving) -> tuple[str, ...]:
        """What will be done, and what that interrupts."""

    def refusal(self, serving: Serving) -> str:
        """Why it cannot work now; empty when it can."""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        """Do it, after ``edited`` were written; a word for the status line. Blocks; raises RestartFailed."""


@dataclass(frozen=True)
class Reload:
    """v34's own debug reloader: an edit is all that it needs."""

    config: Path
    limit_s: float
    name: str = "reload"

    def preview(self, serving: Serving) -> tuple[str, ...]:
        if not serving.listeners:
            return ("v34 is not running: its next start reads the file",)
        told = "" if serving.listeners[0].reloader else " (whether it has one cannot be seen)"
        return (
            f"v34 restarts itself: its debug reloader notices the edit{told}",
            "nobody is heard while it loads its models again (10–30 s)",
        )

    def refusal(self, serving: Serving) -> str:
        if serving.listeners and serving.listeners[0].reloader is False:
            return "v34 runs without its debug reloader and would not notice; set control.strategy to another way"
        return ""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        if not edited:
            touch(self.config)
        return "the reloader looks once a second"


@dataclass(frozen=True)
class Manual:
    """The user types; this only says what, and watches."""

    folder: Path
    name: str = "manual"
    limit_s: float | None = None

    def preview(self, serving: Serving) -> tuple[str, ...]:
        return (f"you restart v34: {self._words(serving)}",)

    def refusal(self, serving: Serving) -> str:
        return ""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        return self._words(serving)

    def _words(self, serving: Serving) -> str:
        end = "Ctrl+C in its terminal, then " if serving.listeners else ""
        return f"{end}cd {self.folder} && python app.py --debug"


@dataclass(frozen=True)
class Command:
    """The user's own argument list, from the user's own settings file."""

    argv: tuple[str, ...]
    folder: Path
    limit_s: float
    log: Path
    name: str = "command"

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
        return "the command has ended well"


@dataclass(frozen=True)
class ByPanel:
    """The control panel's stop, then its start; never its stop_all."""

    panel: Panel
    folder: Path
    name: str = "panel"
    limit_s: float = PANEL_STOP_S + PANEL_START_S

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
        return "the panel has started it"

    def _await_gone(self, serving: Serving, cancelled: threading.Event) -> None:
        deadline = time.monotonic() + PANEL_STOP_S
        while any(alive(one.pid, one.started) for one in serving.listeners):
            if cancelled.is_set():
                raise Refused("Not waited for; nothing was started.")
            if time.monotonic() > deadline:
                raise Refused(f"The panel says v34 is stopped; pid {serving.listeners[0].pid} still runs.")
            time.sleep(LOOK_S)


def touch(path: Path) -> None:
    """A time in a later whole second: to a reloader that is an edit. Raises RestartFailed."""
    try:
        later = (max(path.stat().st_mtime_ns, time.time_ns()) // 10**9 + 1) * 10**9
        os.utime(path, ns=(later, later))
    except OSError as error:
        raise RestartFailed(f"{path} cannot be touched: {error.strerror}.") from None


def make_strategy(settings: Settings, root: Path, urls: ServiceUrls, log_dir: Path) -> Strategy:
    """The one that the settings name; ``log_dir`` is private, for what a command prints."""
    control = settings.control
    folder = (root / settings.paths.app).resolve().parent
    if control.strategy == "panel":
        return ByPanel(Panel(urls.panel, urls.masked_url("panel")), folder)
    if control.strategy == "command":
        where = Path(control.command_dir).expanduser() if control.command_dir else root
        return Command(control.command, where, control.command_limit_s, log_dir / "command.log")
    if control.strategy == "manual":
        return Manual(folder)
    return Reload((root / settings.paths.config).resolve(), control.reload_limit_s)
