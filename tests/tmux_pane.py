"""A program in a pane of tmux, as its user has it: keys in, the screen out."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.waiting import wait_for


class Pane:
    """One program on a tmux server of its own, until the end of a ``with``."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        size: tuple[int, int] = (120, 30),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``folder``: for the server's socket; ``size``: columns and rows; ``environment``: added to ours."""
        self._command, self._size = command, size
        self._socket = folder / "tmux.socket"
        self.environment = {**os.environ, "TERM": "xterm-256color", **(environment or {})}
        for name in ("TMUX", "COLUMNS", "LINES"):  # The last two would be believed instead of the pane.
            self.environment.pop(name, None)

    def argv(self, *arguments: str) -> list[str]:
        """The call of a command of tmux, for this server."""
        return ["tmux", "-S", str(self._socket), "-f", "/dev/null", *arguments]

    def tmux(self, *arguments: str) -> str:
        """A command of tmux; what it prints."""
        return subprocess.run(
            self.argv(*arguments), check=True, capture_output=True, text=True, timeout=30, env=self.environment
        ).stdout

    def press(self, *keys: str) -> None:
        """Type these keys, by tmux's names."""
        self.tmux("send-keys", "-t", "pane", *keys)

    def type(self, line: str) -> None:
        """Type a line, to its end."""
        self.tmux("send-keys", "-t", "pane", "-l", line)
        self.press("Enter")

    def alternate(self) -> bool:
        """It is on the screen that full-screen programs use."""
        return self.tmux("display-message", "-p", "-t", "pane", "#{alternate_on}").strip() == "1"

    def process(self) -> psutil.Process:
        """The program."""
        return psutil.Process(int(self.tmux("display-message", "-p", "-t", "pane", "#{pane_pid}")))

    def text(self) -> str:
        """The screen as it is now, a line a row."""
        return self.tmux("capture-pane", "-p", "-t", "pane")

    def until(self, *parts: str) -> str:
        """The screen as soon as all of these stand on it."""
        return self.until_it(lambda text: all(part in text for part in parts))

    def until_it(self, look: Callable[[str], object]) -> str:
        """The screen as soon as ``look`` finds something true in it."""

        def shown() -> list[str]:
            text = self.text()
            return [text] if look(text) else []

        return wait_for(shown, self.text)[0]

    def until_ended(self, change: str, words: str) -> str:
        """The screen as soon as it says of a change of flags that it has ended, and in these words.

        Its line says so; a notice does only where that line has no room for all of them.
        """
        ended = rf"{re.escape(change)}(: | +(kept|rolled back)\b[^\n]*(\n[^\n]*)?){re.escape(words)}"
        return self.until_it(lambda text: re.search(ended, text))

    def __enter__(self) -> "Pane":
        columns, rows = self._size
        self.tmux("new-session", "-d", "-s", "pane", "-x", str(columns), "-y", str(rows), *self._command)
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        return self

    def __exit__(self, *_: object) -> None:
        """End the server and what runs in it."""
        self.tmux("kill-server")
