"""A stand-in for Little Timmy v2's switches: a process that does with its file what the real one's source says.

``python -m tests.control.switches.standin FILE LOG`` takes a line of JSON for each call: ``["get", NAME]``, ``["set",
NAME, VALUE]``, ``["load"]`` and ``["save", NAME, VALUE]``, which are the two halves of a set. It answers with a line.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

REPOSITORY = Path(__file__).parents[3]
DEFAULTS: dict[str, Any] = {
    "vision_auto_poll_enabled": True,
    "hearing_enabled": True,
    "conversation_model_id": "qwen36",
    "tts_muted": False,
    "face_authority": "pi",
    "face_authority_frames": 3,
    "conversation_idle_gate_seconds": 20.0,
    "classifier_enabled": False,
}


class Toggles:
    """The switches as that system has them: read again when time or size of the file changed, written whole."""

    def __init__(self, file: Path, log: Path) -> None:
        self._file, self._log = file, log
        self._stamp: tuple[int, int] | None = None
        self._kept: dict[str, Any] = {}
        self._loaded: dict[str, Any] = {}

    def load(self) -> dict[str, Any]:
        try:
            info = self._file.stat()
        except FileNotFoundError:
            return dict(DEFAULTS)
        stamp = (info.st_mtime_ns, info.st_size)
        if stamp != self._stamp:
            try:
                held = json.loads(self._file.read_text())
            except ValueError:
                return dict(DEFAULTS)
            self._kept, self._stamp = {**DEFAULTS, **_fitting(held)}, stamp
        return dict(self._kept)

    def save(self, state: dict[str, Any], name: str) -> None:
        """Not in one step: the file is emptied first."""
        self._file.write_text(json.dumps(state, indent=2))
        said = f"[persistence.runtime_toggles] INFO: lt_runtime_toggles: {name} = {state[name]!r}"
        with self._log.open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {said}\n")

    def answer(self, call: str, *rest: Any) -> Any:
        if call == "get":
            return self.load()[rest[0]]
        if call == "set":
            self._loaded = self.load()
        if call == "load":
            self._loaded = self.load()
        elif self._loaded.get(rest[0]) != rest[1]:
            self._loaded[rest[0]] = rest[1]
            self.save(self._loaded, rest[0])
        return None


def _fitting(held: dict[str, Any]) -> dict[str, Any]:
    """Wrong types are left out; a whole number is one of a float."""
    fitting = {}
    for name, value in held.items():
        default = DEFAULTS.get(name)
        if type(value) is type(default):
            fitting[name] = value
        elif isinstance(default, float) and type(value) is int:
            fitting[name] = float(value)
    return fitting


class Standin:
    """The process, for a ``with``."""

    def __init__(self, file: Path, log: Path) -> None:
        self._argv = [sys.executable, "-m", "tests.control.switches.standin", str(file), str(log)]

    def __enter__(self) -> "Standin":
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._argv, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=20)

    def call(self, *call: Any) -> Any:
        """What it answers."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(call) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def get(self, name: str) -> Any:
        """As any part of it asks, at each use."""
        return self.call("get", name)

    def set(self, name: str, value: Any) -> None:
        """As its own panel does it."""
        self.call("set", name, value)


if __name__ == "__main__":
    toggles = Toggles(Path(sys.argv[1]), Path(sys.argv[2]))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(toggles.answer(*json.loads(line))) + "\n")
        sys.stdout.flush()
