"""Who serves v34, as last seen by anyone in this program, and how it was started while it was alive."""

import time
from collections.abc import Callable
from pathlib import Path

from timmy_tui.control.service.listeners import Serving, refusal, serving_at
from timmy_tui.control.service.start_command import COMMAND_FILE, CommandFile, StartCommand, usual_command


class V34Watch:
    """One per controller. A change and the screen's state share it, so that neither knows less than the other.

    Methods may be called from any thread.
    """

    def __init__(self, url: str, folder: Path, control_folder: Path) -> None:
        """``folder``: where v34 runs, for the command of one that was never seen."""
        self._url, self._folder = url, folder
        self._file = CommandFile(control_folder / COMMAND_FILE)
        self._newest: tuple[Serving, float] | None = None
        self._command: StartCommand | None = None
        """Of the newest v34 of this folder that was seen alive."""

    def look(self) -> Serving:
        """Who listens now (37 ms)."""
        serving = serving_at(self._url)
        self._newest = serving, time.monotonic()
        if refusal(serving, self._folder) == "":
            for listener in serving.listeners:
                self._command = listener.command or self._command
        return serving

    @property
    def looked_at(self) -> float:
        """Monotonic time of the newest look; minus infinity before the first."""
        return self._newest[1] if self._newest is not None else float("-inf")

    def newest(self, fresh_enough: Callable[[Serving, float], bool]) -> Serving:
        """As last seen, if ``fresh_enough`` says so of it and its age in seconds; else as it is now."""
        if self._newest is not None:
            serving, at = self._newest
            if fresh_enough(serving, time.monotonic() - at):
                return serving
        return self.look()

    def save_command(self) -> None:
        """Keep the command of the living v34 for a program that is started after its death."""
        if self._command is not None:
            self._file.save(self._command)

    @property
    def start_hint(self) -> str:
        """``start it again: …``, the command that ran; where it is not known, the usual one. Foreign text."""
        command = self._command or self._file.read()
        if command is not None:
            return f"start it again: {command.shell_line}"
        return f"start it, for example: {usual_command(self._folder).shell_line}"
