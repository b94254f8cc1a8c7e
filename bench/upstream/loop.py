"""Runs upstream's own ``transcribe_audio`` and latency tracker, from a checkout, in a simulated room."""

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.upstream.world import CHUNK_S, Event, Experiment, Room, read_event

STUBBED = ("pyaudio", "faster_whisper", "flask", "flask_socketio", "requests", "requests.adapters", "urllib3")
"""Modules that upstream imports and that the run replaces."""


class RunOver(BaseException):
    """Ends the endless loop. No Exception, because the loop catches those."""


def run_upstream(checkout: Path, experiment: Experiment) -> tuple[Room, list[Event]]:
    """The events that upstream writes. Raises FileNotFoundError if ``checkout`` is not one of upstream."""
    room = Room(experiment)
    with tempfile.TemporaryDirectory() as folder, _stubs():
        log = Path(folder) / "latency.log"
        tracker = load("latency_tracker", checkout / "shared" / "latency_tracker.py")
        sys.modules["latency_tracker"] = tracker
        sys.modules["transcript_manager"] = load(
            "transcript_manager", checkout / "stt-server-v17" / "transcript_manager.py"
        )
        hears = load("timmy_hears", checkout / "stt-server-v17" / "timmy_hears.py")
        clock = _Time(room)
        # Seen by the type checker as a module, whose names any program may set.
        for module, names in ((tracker, {"time": clock, "LOG_FILE": log}), (hears, _names(room, hears, clock))):
            vars(module).update(names)
        with contextlib.suppress(RunOver), contextlib.redirect_stdout(_Nowhere()):
            hears.transcribe_audio(_SocketIo(room, hears))
        return room, _read(log)


def _names(room: Room, hears: types.ModuleType, clock: "_Time") -> dict[str, object]:
    return {
        "time": clock,
        "PAUSE_THRESHOLD": room.experiment.threshold_s,
        "audio_queue": _Queue(room),
        "model": _Whisper(room),
        "http_session": _Http(room, hears.requests.exceptions),
        "ai_mode": True,
    }


class _Time:
    def __init__(self, room: Room) -> None:
        self._room = room

    def time(self) -> float:
        return self._room.now


class _Queue:
    """What the recording thread has put into the queue: chunks that completed while the microphone was open."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._next = 0
        self._chunks: list[Any] = []

    def empty(self) -> bool:
        while (self._next + 1) * CHUNK_S <= self._room.now:
            self._chunks.append(np.array([float(self._next)]))
            self._next += 1
        return not self._chunks

    def get(self) -> Any:
        return self._chunks.pop(0)

    def drop_until(self, moment: float) -> None:
        """The microphone has been closed until ``moment``."""
        while (self._next + 1) * CHUNK_S <= moment:
            self._next += 1


class _Whisper:
    """A chunk of sound is its number here, so the model can look up what was said in it."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def transcribe(self, audio: Any, **_: object) -> tuple[list[types.SimpleNamespace], None]:
        heard = [text for text in map(self._room.heard, map(int, audio)) if text]
        self._room.now += self._room.pass_seconds(bool(heard))
        return ([types.SimpleNamespace(text=heard[-1])] if heard else []), None


class _Http:
    def __init__(self, room: Room, exceptions: Any) -> None:
        self._room = room
        self._exceptions = exceptions

    def post(self, url: str, **_: object) -> "_Response":
        if "webhook" not in url:
            return _Response(200, self._exceptions)
        status = self._room.answer()
        if status is None:
            raise self._exceptions.Timeout
        return _Response(status, self._exceptions)


class _Response:
    def __init__(self, status: int, exceptions: Any) -> None:
        self.status_code = status
        self._exceptions = exceptions

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise self._exceptions.HTTPError

    def json(self) -> dict[str, str]:
        return {"response": "yes"}


class _SocketIo:
    """What the loop is given: its sleeps move the clock, open the microphone and end the run."""

    def __init__(self, room: Room, hears: types.ModuleType) -> None:
        self._room = room
        self._hears = hears

    def sleep(self, seconds: float) -> None:
        room = self._room
        room.now += seconds
        if room.opens_at is not None and room.now >= room.opens_at:
            vars(self._hears)["is_speech_synthesis_active"] = False
            self._hears.audio_queue.drop_until(room.opens_at)
            room.open()
        if room.check_end():
            raise RunOver

    def emit(self, *_: object) -> None:
        """Nobody watches."""

    def start_background_task(self, *_: object) -> None:
        """The eyes stay as they are."""


class _Nowhere(io.TextIOBase):
    def write(self, text: str, /) -> int:
        return len(text)


@contextlib.contextmanager
def _stubs() -> Iterator[None]:
    names = (*STUBBED, "latency_tracker", "transcript_manager", "timmy_hears")
    before, path = {name: sys.modules.get(name) for name in names}, list(sys.path)
    sys.modules.update({name: _stub(name) for name in STUBBED})
    try:
        yield
    finally:
        sys.path[:] = path
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _stub(name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    request_error = type("RequestException", (Exception,), {})
    errors = {key: type(key, (request_error,), {}) for key in ("Timeout", "ConnectionError", "HTTPError")}
    exceptions = types.SimpleNamespace(RequestException=request_error, InsecureRequestWarning=Warning, **errors)
    session = types.SimpleNamespace(mount=lambda *_: None)
    vars(module).update(
        {
            "paInt16": 8,
            "PyAudio": object,
            "WhisperModel": object,
            "Flask": _App,
            "SocketIO": _App,
            "Response": object,
            "jsonify": dict,
            "request": None,
            "Session": lambda: session,
            "HTTPAdapter": lambda **_: None,
            "adapters": types.SimpleNamespace(HTTPAdapter=lambda **_: None),
            "exceptions": exceptions,
            "disable_warnings": lambda *_: None,
        }
    )
    return module


class _App:
    def __init__(self, *_: object, **__: object) -> None:
        """Takes any argument."""

    def route(self, *_: object, **__: object) -> Any:
        return lambda function: function


def load(name: str, path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(log: Path) -> list[Event]:
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    return [read_event(line) for line in lines]
