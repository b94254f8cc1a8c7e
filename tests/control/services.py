"""What may serve under v34's name: the demo, Flask-SocketIO on eventlet with upstream's debug reloader; and a panel."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.waiting import wait_for
from timmy_tui.control.service.listeners import Answer, ask
from timmy_tui.demo.run import Demo, DemoOptions

CONFIG = """\
USE_FULL_MEGA_PROMPT = True
NUM_RETRIEVED_CHUNKS = 5
MAX_TOKENS = 7000
DB_CONFIG = {"password": "canary-7f3a-never-show-this"}
V34_PORT = %d
"""
APP = """\
import os
import time

time.sleep(float(os.environ.get("REAL_IMPORT_S", "0")))

import requests_stand_in
from flask import Flask, jsonify, request
from flask_socketio import SocketIO

import config

limit = config.MAX_TOKENS
app = Flask(__name__)
socketio = SocketIO(app)


class llm:
    @staticmethod
    def generate_api_call(prompt, raw=True):
        return {"raw": raw}


@app.route("/api/kv_stats")
def kv_stats():
    return jsonify(count=0, stats=[], value=config.USE_FULL_MEGA_PROMPT, pid=os.getpid())


@app.route("/api/webhook", methods=["POST"])
def webhook():
    time.sleep(float(request.get_json()["seconds"]))
    return jsonify(llm.generate_api_call("p", raw=True))


if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=config.V34_PORT, debug=True)
"""


def free_port() -> int:
    """A port that nobody holds at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def cancel_when(cancelled: threading.Event, look: Callable[[], object]) -> None:
    """In another thread: set the event as soon as ``look`` returns something true."""

    def run() -> None:
        wait_for(look)
        cancelled.set()

    threading.Thread(target=run, daemon=True).start()


class Service:
    """A Timmy of files whose v34 nobody runs; with ``kill``, what the others have in common."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "v34"
        self.config, self.app = self.folder / "config.py", self.folder / "app.py"

    def contents(self) -> tuple[bytes, bytes]:
        """Of config.py and app.py."""
        return self.config.read_bytes(), self.app.read_bytes()

    def kill(self) -> None:
        """End v34 at once, as kill -9 does."""


class DemoV34(Service):
    """The demo's v34 and Ollama, and somebody who talks to it; a turn takes some 50 ms."""

    def __init__(self, root: Path, **options: Any) -> None:
        """``options``: those of DemoOptions that differ from a quick demo without a history."""
        super().__init__(root)
        quick = {"history": 0, "speed": 50.0, "work_speed": 50.0, "import_s": 0.05}
        self._demo = Demo(DemoOptions(**{**quick, **options}), root)

    def kill(self) -> None:
        """End v34's reloader and its child; Ollama goes on."""
        os.killpg(self._demo.processes[0].pid, signal.SIGKILL)

    def start(self) -> None:
        """Start v34 again, after ``kill``, as the control panel does."""
        self._demo.start_v34_again()

    @property
    def url(self) -> str:
        """Of v34."""
        return self._demo.urls["v34"]

    def __enter__(self) -> "DemoV34":
        self._demo.start()
        try:
            wait_for(lambda: ask(self._demo.urls["v34"], 1.0) is Answer.ANSWERS)
        except BaseException:
            self._demo.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._demo.stop()


class RealV34(Service):
    """``python app.py --debug`` in a folder of its own; everything that it starts ends with it."""

    def __init__(self, root: Path, port: int | None = None, import_s: float = 0.0, through_pipe: bool = False) -> None:
        super().__init__(root)
        self.port, self.import_s, self.through_pipe = port or free_port(), import_s, through_pipe
        self.url, self.log = f"http://127.0.0.1:{self.port}", root / "v34.log"
        self._started: list[subprocess.Popen[bytes]] = []
        self.folder.mkdir(parents=True)
        (root / "shared").mkdir()
        self.config.write_text(CONFIG % self.port)
        self.app.write_text(APP)
        (self.folder / "requests_stand_in.py").write_text("")

    def edit_app(self, old: str, new: str) -> None:
        """Before the start."""
        text = self.app.read_text()
        assert old in text
        self.app.write_text(text.replace(old, new))

    def drop_reloader(self) -> None:
        """Before the start: an edit is noticed by nobody, so that another way of restarting is under test."""
        self.edit_app("debug=True", "debug=True, use_reloader=False")

    def start(self) -> subprocess.Popen[bytes]:
        """As upstream's user does it, its output into a file."""
        environment = {**os.environ, "REAL_IMPORT_S": str(self.import_s), "PYTHONWARNINGS": "ignore"}
        environment.pop("WERKZEUG_RUN_MAIN", None)
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        argv = ["python", "app.py", "--debug"]
        with self.log.open("ab") as log:
            output = subprocess.PIPE if self.through_pipe else log
            process = subprocess.Popen(
                argv, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._started.append(process)
        return process

    def kill(self) -> None:
        """All that was started."""
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._started.clear()

    @property
    def started_pid(self) -> int:
        """Of the process that ``start`` started first: with a reloader, not the one that serves."""
        return self._started[0].pid

    def served_value(self) -> bool:
        """USE_FULL_MEGA_PROMPT as the process that serves has imported it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/api/kv_stats")
            return bool(json.loads(connection.getresponse().read())["value"])
        finally:
            connection.close()

    def __enter__(self) -> "RealV34":
        self.start()
        wait_for(lambda: ask(self.url, 1.0) is Answer.ANSWERS)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class FakePanel:
    """The control panel's three routes, until the end of a ``with``."""

    def __init__(self, v34: RealV34 | DemoV34 | None = None, knows: bool = True) -> None:
        """``v34``: what it stops and starts; ``knows``: it says that v34 runs.

        ``answers`` overrides a route: (status, bytes, seconds to wait).
        """
        self.v34, self.knows = v34, knows
        self.requests: list[tuple[str, str]] = []
        self.answers: dict[str, tuple[int, bytes, float]] = {}
        self.headers: dict[str, str] = {}
        self.released = threading.Event()
        panel = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                panel.answer(self, "GET")

            def do_POST(self) -> None:
                panel.answer(self, "POST")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler, method: str) -> None:
        """What a route says; unless it is overridden, what it does."""
        self.requests.append((method, request.path))
        status, body, wait_s = self.answers.get(request.path) or (200, b"", 0.0)
        if wait_s:
            self.released.wait(wait_s)
        body = body or json.dumps(self._do(request.path)).encode()
        with contextlib.suppress(OSError):
            request.send_response(status)
            for name, value in self.headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

    def _do(self, path: str) -> dict[str, Any]:
        if path == "/api/services":
            return {"v34": {"name": "v34", "running": self.knows, "pid": 77}, "tts": {"running": False}}
        if path == "/api/stop/v34":
            if not self.knows:
                return {"success": False, "error": "V34Service not running"}
            if self.v34 is not None:
                self.v34.kill()
            return {"success": True}
        if path == "/api/start/v34":
            if self.v34 is not None:
                self.v34.start()
            self.knows = True
            return {"success": True, "pid": 78}
        return {"success": False, "error": "no such route"}

    def __enter__(self) -> "FakePanel":
        return self

    def __exit__(self, *_: object) -> None:
        """End it; a request that still waits is let go."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
