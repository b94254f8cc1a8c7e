"""The whole demo: a simulated Little Timmy in a folder, with processes that end with the program that started it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.demo.generated.conversation import ConversationPlan, recent_start, write_logs
from timmy_tui.demo.parent_watchdog import ParentWatchdog
from timmy_tui.demo.scenarios import SCENARIOS
from timmy_tui.demo.start import V34_LOG, process_environment, start_module, start_v34, write_installation
from timmy_tui.demo.v34 import app as v34_app

HISTORY_TURNS = 40
HISTORY_PAUSES_S = (30.0, 60.0)
STOP_LIMIT_S = 3.0
"""Time that the processes have to exit before they are killed."""


@dataclass(frozen=True)
class DemoOptions:
    """What is simulated.

    ``speed`` shortens pauses and playback, which are no latency: at 1 a turn comes every 8–13 s, and all logged
    durations stay those of speed 1. ``work_speed`` also shortens the stages, and with them the logged durations, while
    the figures that Ollama reports stay as they are: for tests that need many turns soon. Timestamps are true times.
    """

    scenario: str = "steady"
    speed: float = 1.0
    seed: int = 0
    ollama_version: str = "0.12.11"
    work_speed: float = 1.0
    history: int = HISTORY_TURNS
    """Number of earlier turns in the logs at the start."""
    import_s: float = 0.2
    """How long v34's imports take, in seconds; v34 does them twice per start."""
    conversation: bool = True
    """False: nobody speaks to v34, and there is no STT and no TTS."""
    quiet_after: int = 0
    """The user says and types nothing after this many live turns, while STT goes on listening; 0: never."""
    access_form: str = "eventlet"
    """Form of v34's access lines, one of ``access.ACCESS_FORMS``."""
    raw_removed: bool = False
    """The lines that set ``raw`` are missing from ``llm.py``, while ``app.py`` still says ``raw=True``."""
    dies_in_reload: bool = False
    """A reload of v34 while it serves a turn ends it for good."""


class Demo:
    """A simulated Little Timmy. ``start`` returns its root; also a context manager."""

    def __init__(self, options: DemoOptions | None = None, root: Path | None = None) -> None:
        """``root``: use this folder and leave it in place; None: a temporary folder. Raises ValueError."""
        self.options = options or DemoOptions()
        if self.options.scenario not in SCENARIOS:
            raise ValueError(f"unknown scenario {self.options.scenario!r}")
        self.root = root
        self._keep_root = root is not None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._watchdog: ParentWatchdog | None = None
        self._reserved_port: socket.socket | None = None
        self._ports: dict[str, int] = {}
        self._environment: dict[str, str] = {}
        """Added to that of v34."""

    @property
    def urls(self) -> dict[str, str]:
        """Base URLs of ``v34``, ``ollama``, ``tts`` and ``stt``."""
        return {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """The processes started here: v34's reloader, Ollama and, with ``conversation``, the voice services."""
        return list(self._processes)

    @property
    def ollama_log(self) -> Path:
        """The server log of the simulated Ollama."""
        return self._started_root() / "ollama" / "server.log"

    def start(self) -> Path:
        """Write the installation and its history, start the processes and return the root without waiting for them."""
        if self._watchdog is not None:
            raise RuntimeError("the demo is running already")
        self.root = self.root or Path(tempfile.mkdtemp(prefix="timmy-demo-"))
        listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in ("ollama", "tts", "stt")}
        self._reserved_port = _reserve_port()
        self._ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        self._ports["v34"] = self._reserved_port.getsockname()[1]
        self._watchdog = ParentWatchdog()
        scenario = SCENARIOS[self.options.scenario]
        write_installation(self.root, self._ports, scenario.raw, self.options.raw_removed)
        if self.options.history:
            self._write_history()
        options = self.options
        environment = process_environment(self._v34_settings(scenario.v34_offset_s), self._watchdog)
        self._environment = environment
        try:
            self._processes = [start_v34(self.root, environment), self._start_ollama(listeners, environment)]
            if options.conversation:
                self._processes.append(self._start_voice_services(listeners, environment))
        except BaseException:
            self.stop()
            raise
        finally:
            for listener in listeners.values():
                listener.close()
        return self.root

    def stop(self) -> None:
        """End every process, then remove the folder if it is a temporary one."""
        if self._watchdog is None:
            return
        all_exited = self._watchdog.stop_children(STOP_LIMIT_S)
        self._watchdog = None
        for process in self._processes:
            if not all_exited and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []
        if self._reserved_port is not None:
            self._reserved_port.close()
        if self.root is not None and not self._keep_root:
            shutil.rmtree(self.root, ignore_errors=True)

    def start_v34_again(self) -> None:
        """Start v34 after its end as the control panel does: with a new log. Raises RuntimeError before ``start``."""
        root = self._started_root()
        (root / V34_LOG).unlink(missing_ok=True)
        self._processes[0].wait()
        self._processes[0] = start_v34(root, self._environment)

    def __enter__(self) -> "Demo":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _started_root(self) -> Path:
        if self.root is None:
            raise RuntimeError("the demo has not been started")
        return self.root

    def _v34_settings(self, clock_offset_s: float) -> dict[str, str]:
        """The environment variables of v34's stand-in."""
        options = self.options
        return {
            v34_app.SEED: str(options.seed),
            v34_app.WORK_SPEED: str(options.work_speed),
            v34_app.IMPORT_S: str(options.import_s),
            v34_app.CLOCK_OFFSET: str(clock_offset_s),
            v34_app.ACCESS_FORM: options.access_form,
            v34_app.DIES_IN_RELOAD: "1" if options.dies_in_reload or SCENARIOS[options.scenario].dies_in_reload else "",
        }

    def _write_history(self) -> None:
        options = self.options
        plan = ConversationPlan(
            options.history,
            options.scenario,
            options.seed + 1000,
            start=recent_start(options.history, HISTORY_PAUSES_S) + SCENARIOS[options.scenario].v34_offset_s,
            version=options.ollama_version,
            raw=not options.raw_removed,
            pauses_s=HISTORY_PAUSES_S,
            session_turns=options.history + 1,
            incidents=False,
            access_form=options.access_form,
        )
        write_logs(self._started_root(), plan)

    def _start_ollama(
        self, listeners: dict[str, socket.socket], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        fd = listeners["ollama"].fileno()
        options = {
            "fd": fd,
            "version": self.options.ollama_version,
            "seed": self.options.seed,
            "speed": self.options.work_speed,
            "log": str(self.ollama_log),
            "preload": 8000,
        }
        return start_module("ollama.server", options, self._started_root(), (fd,), environment)

    def _start_voice_services(
        self, listeners: dict[str, socket.socket], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        stt, tts = listeners["stt"].fileno(), listeners["tts"].fileno()
        options = {
            "root": str(self.root),
            "scenario": self.options.scenario,
            "seed": self.options.seed,
            "speed": self.options.speed,
            "work_speed": self.options.work_speed,
            "quiet_after": self.options.quiet_after or -1,
            "v34_port": self._ports["v34"],
            "ollama": self.urls["ollama"],
            "stt_fd": stt,
            "tts_fd": tts,
        }
        return start_module("voice.services", options, self._started_root(), (stt, tts), environment)


def _reserve_port() -> socket.socket:
    """A port for v34, which no other program can get while v34 restarts. v34 binds it too (SO_REUSEPORT)."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
