"""timmy-tui from the shell, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.started import run_python


class Shell:
    """Commands on one Timmy, with folders of their own; nothing stands on their input unless a test says."""

    def __init__(self, root: Path, folder: Path, settings: str = "") -> None:
        """``folder``: state and settings go there; ``settings``: text of the settings file."""
        self.root, self.state = root, folder / "timmy_tui"
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONUNBUFFERED": "1",
        }
        self._settings = folder / "settings.toml"
        self.state.mkdir(parents=True, exist_ok=True)
        self.write_settings(settings)

    def write_settings(self, text: str) -> None:
        """The settings file, readable by its owner alone."""
        self._settings.write_text(text)
        self._settings.chmod(0o600)

    @property
    def options(self) -> tuple[str, ...]:
        """Of every command: the Timmy and the settings."""
        return ("--root", str(self.root), "--settings", str(self._settings))

    def start(
        self, *arguments: str, stdin: int = subprocess.DEVNULL, before: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        """Begin a command. ``before``: a program that runs it."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "timmy_tui", *arguments, *self.options],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
        )  # fmt: skip

    def run(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """A command to its end; ``before`` as in ``start``."""
        if not before:
            return run_python(["-m", "timmy_tui", *arguments, *self.options], self.environment)
        process = self.start(*arguments, before=before)
        out, err = process.communicate(timeout=55)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)
