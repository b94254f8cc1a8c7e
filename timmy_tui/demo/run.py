"""The whole demo: a temporary Timmy with its processes, ended with the program that started it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from timmy_tui.demo.child_processes import Lifeline
from timmy_tui.demo.generate import recent_start, write_logs
from timmy_tui.demo.scenarios import SCENARIOS
from timmy_tui.demo.start import environment, lay_out, start_module, start_v34

HISTORY_TURNS = 40
HISTORY_PAUSES_S = (10.0, 80.0)
STOP_LIMIT_S = 3.0


class Demo:
    """A stand-in Timmy in a temporary folder. ``start`` gives its root; also a context manager.

    ``speed`` shortens pauses and playback, which are nobody's latency: at 1 a turn comes every 6–10 s, and all logged
    durations stay those of speed 1. ``work_speed`` shortens the stages as well, and with them the logged durations,
    while the figures that Ollama reports stay physical: for tests that want many turns soon. Stamps are true times.
    """

    def __init__(
        self,
        scenario: str = "steady",
        speed: float = 1.0,
        seed: int = 0,
        root: Path | None = None,
        ollama_version: str = "0.12.11",
        *,
        work_speed: float = 1.0,
        history: int = HISTORY_TURNS,
        import_s: float = 0.2,
        talk: bool = True,
    ) -> None:
        """``root``: use this folder and leave it in place. ``history``: earlier turns in the logs at the start.

        ``import_s``: how long v34's imports take, twice per start. ``talk``: off, nobody speaks to v34.
        """
        if scenario not in SCENARIOS:
            raise ValueError(f"unknown scenario {scenario!r}")
        self.scenario = scenario
        self.speed = speed
        self.seed = seed
        self.ollama_version = ollama_version
        self.work_speed = work_speed
        self.history = history
        self.import_s = import_s
        self.talk = talk
        self.root: Path | None = root
        self._keep_root = root is not None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._line: Lifeline | None = None
        self._reserved: socket.socket | None = None
        self._ports: dict[str, int] = {}

    @property
    def urls(self) -> dict[str, str]:
        """Base URLs of ``v34``, ``ollama``, ``tts`` and ``stt``."""
        return {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Ollama, v34's reloader and the talker, as they were started here."""
        return list(self._processes)

    @property
    def ollama_log(self) -> Path:
        """The stand-in's server log."""
        return self._started_root() / "ollama" / "server.log"

    def start(self) -> Path:
        """Lay out the folder, write the history, start the processes; returns the root at once."""
        if self._line is not None:
            raise RuntimeError("the demo is running already")
        self.root = self.root or Path(tempfile.mkdtemp(prefix="timmy-demo-"))
        listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in ("ollama", "tts", "stt")}
        self._reserved = _reserve_port()
        self._ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        self._ports["v34"] = self._reserved.getsockname()[1]
        self._line = Lifeline()
        lay_out(self.root, self._ports, SCENARIOS[self.scenario].raw)
        if self.history:
            start = recent_start(self.history, HISTORY_PAUSES_S)
            self._write_history(start)
        extra = environment(self.seed, self.work_speed, self.import_s, self._line)
        try:
            self._processes = [start_v34(self.root, extra), self._start_ollama(listeners, extra)]
            if self.talk:
                self._processes.append(self._start_talker(listeners, extra))
        except BaseException:
            self.stop()
            raise
        finally:
            for listener in listeners.values():
                listener.close()
        return self.root

    def stop(self) -> None:
        """End every process, then remove the folder (unless it was given)."""
        if self._line is None:
            return
        gone = self._line.cut(STOP_LIMIT_S)
        self._line = None
        for process in self._processes:
            if not gone and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []
        if self._reserved is not None:
            self._reserved.close()
        if self.root is not None and not self._keep_root:
            shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> "Demo":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _started_root(self) -> Path:
        if self.root is None:
            raise RuntimeError("the demo has not been started")
        return self.root

    def _write_history(self, start: float) -> None:
        raw = True if self.scenario == "overflow" else None
        write_logs(
            self._started_root(),
            self.history,
            self.scenario,
            self.seed + 1000,
            start=start,
            version=self.ollama_version,
            raw=raw,
            pauses_s=HISTORY_PAUSES_S,
            session_turns=self.history + 1,
            acts=False,
        )

    def _start_ollama(self, listeners: dict[str, socket.socket], extra: dict[str, str]) -> subprocess.Popen[bytes]:
        fd = listeners["ollama"].fileno()
        order = {
            "fd": fd,
            "version": self.ollama_version,
            "seed": self.seed,
            "speed": self.work_speed,
            "log": str(self.ollama_log),
            "preload": 8000,
        }
        return start_module("ollama.server", order, self._started_root(), (fd,), extra)

    def _start_talker(self, listeners: dict[str, socket.socket], extra: dict[str, str]) -> subprocess.Popen[bytes]:
        stt, tts = listeners["stt"].fileno(), listeners["tts"].fileno()
        order = {
            "root": str(self.root),
            "scenario": self.scenario,
            "seed": self.seed,
            "speed": self.speed,
            "work_speed": self.work_speed,
            "v34_port": self._ports["v34"],
            "ollama": self.urls["ollama"],
            "stt_fd": stt,
            "tts_fd": tts,
        }
        return start_module("talker", order, self._started_root(), (stt, tts), extra)


def _reserve_port() -> socket.socket:
    """A port that the system gives to nobody else while v34, which shares it, comes and goes."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
