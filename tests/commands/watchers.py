"""``timmy-tui watch`` as a process without a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.waiting import wait_for


class Watching:
    """A running watcher, and what it has printed into a file."""

    def __init__(self, base: Path, root: Path, *options: str) -> None:
        self.out, self.err = base / f"{time.monotonic_ns()}.out", base / f"{time.monotonic_ns()}.err"
        argv = [sys.executable, "-m", "timmy_tui", "watch", "--root", str(root), *options]
        environment = {**os.environ, "XDG_STATE_HOME": str(base / "state"), "XDG_CONFIG_HOME": str(base / "config")}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True
            )

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Of ``--json``."""
        whole = self.out.read_text().rpartition("\n")[0].splitlines()
        return [one for one in map(json.loads, whole) if kind in ("", one["event"])]

    def wait_for(self, kind: str, number: int = 1) -> list[dict[str, Any]]:
        """The events of a kind, once there are so many."""

        def enough() -> list[dict[str, Any]]:
            assert self.process.poll() is None, self.err.read_text()
            found = self.events(kind)
            return found if len(found) >= number else []

        return wait_for(enough, self.out.read_text)

    def end(self, how: int = signal.SIGTERM) -> int:
        """The exit code; a word on its standard error fails the test."""
        self.process.send_signal(how)
        code = self.process.wait(20)
        assert self.err.read_text().strip() == ""
        return code
