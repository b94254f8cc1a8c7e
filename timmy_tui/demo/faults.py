"""Faults around v34 that the scenarios inject: in its log, in its model server, in the process itself."""

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.start import start_v34


class FaultInjector:
    """Injects faults by name. After each but the reload in mid-turn Little Timmy goes on, or is started again."""

    def __init__(self, root: Path, ollama_url: str, v34_port: int) -> None:
        self.root = root
        self.log = root / "shared" / "latency.log"
        self.ollama_url = ollama_url
        self.v34_port = v34_port
        self._injectors: Mapping[str, Callable[[], None]] = {
            "unload": lambda: self._generate({"prompt": "", "keep_alive": 0}),
            "steal": lambda: self._generate({"prompt": "Summarise: the sky is blue.", "keep_alive": "1h"}),
            "torn": self._write_torn_line,
            "garbage": self._write_garbage,
            "duplicate": self._duplicate_last_line,
            "truncate": self._truncate,
            "rotate": self._rotate,
            "crash": self._crash,
            "save config": self._save_config_in_mid_turn,
            "llm 500": lambda: self._fail_next_generate("500"),
            "empty": lambda: self._fail_next_generate("empty"),
            "leak": lambda: self._fail_next_generate("leak"),
        }

    def inject(self, name: str) -> None:
        """Inject the fault now. Raises KeyError for an unknown name."""
        self._injectors[name]()

    def _write_torn_line(self) -> None:
        """Half a line followed by another one, as two writers without a lock may leave it."""
        whole = self._last_line()
        self._append(whole[: len(whole) // 2] + whole + b"\n")

    def _write_garbage(self) -> None:
        self._append(
            b"\x00" * 64 + b"\n" + b'{"timestamp": 17\xff\xfe, "event": "\xc3\x28"}\n' + b"[1, 2, 3]\nnot json\n"
        )

    def _duplicate_last_line(self) -> None:
        self._append(self._last_line() + b"\n")

    def _truncate(self) -> None:
        os.truncate(self.log, 0)

    def _rotate(self) -> None:
        self.log.rename(self.log.with_suffix(".log.1"))

    def _crash(self) -> None:
        """Kill v34 and start it again as the control panel does: after deleting its log."""
        if not Path("/proc/self/cwd").exists():
            return  # without /proc the processes of this demo cannot be told from others
        for pid in self._v34_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        log = self.root / "testing-interface" / "logs" / "v34.log"
        log.unlink(missing_ok=True)
        start_v34(self.root)

    def _save_config_in_mid_turn(self) -> None:
        """v34's config gets a later time as soon as v34 has the next turn; its reloader looks once a second."""
        size = self.log.stat().st_size if self.log.exists() else 0
        threading.Thread(target=self._save_config_after, args=(size,), name="save config", daemon=True).start()

    def _save_config_after(self, size: int) -> None:
        config = self.root / "v34" / "config.py"
        with contextlib.suppress(OSError):
            while b"v34_webhook_received" not in self.log.read_bytes()[size:]:
                time.sleep(0.02)
            later = time.time() + 1.0
            os.utime(config, (later, later))

    def _v34_pids(self) -> list[int]:
        """Processes whose working directory is this demo's v34 folder."""
        pids = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "cwd").resolve() == (self.root / "v34").resolve():
                    pids.append(int(entry.name))
        return pids

    def _last_line(self) -> bytes:
        return self.log.read_bytes().rstrip(b"\n").rsplit(b"\n", 1)[-1]

    def _append(self, content: bytes) -> None:
        with self.log.open("ab") as file:
            file.write(content)

    def _generate(self, request: Mapping[str, object]) -> None:
        options = {"num_ctx": 8000}
        self._post("/api/generate", {"model": MODEL, "stream": False, "options": options, **request})

    def _fail_next_generate(self, kind: str) -> None:
        self._post("/demo/fault", {"kind": kind})

    def _post(self, path: str, message: Mapping[str, object]) -> None:
        parts = urlsplit(self.ollama_url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(message))
            connection.getresponse().read()
