"""The real thing under Timmy's name: Flask-SocketIO on eventlet with upstream's debug reloader, and a control panel."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def until(what: Callable[[], Any], limit_s: float = 30.0) -> Any:
    """Look until there is something."""
    deadline = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"waited {limit_s} s for {what}"
        time.sleep(0.02)
    return found


class RealV34:
    """``python app.py --debug`` in a folder of its own; everything that it starts ends with it."""

    def __init__(self, root: Path, port: int | None = None, import_s: float = 0.0, through_pipe: bool = False) -> None:
        self.root, self.port, self.import_s, self.through_pipe = root, port or free_port(), import_s, through_pipe
        self.folder = root / "v34"
        self.config, self.app, self.log = self.folder / "config.py", self.folder / "app.py", root / "v34.log"
        self._started: list[subprocess.Popen[bytes]] = []
        self.folder.mkdir(parents=True, exist_ok=True)
        (root / "shared").mkdir(exist_ok=True)
        if not self.config.exists():
            self.config.write_text(CONFIG % self.port)
            self.app.write_text(APP)
            (self.folder / "requests_stand_in.py").write_text("")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        """As upstream's user does it, its output into a file."""
        environment = {**os.environ, "REAL_IMPORT_S": str(self.import_s), "PYTHONWARNINGS": "ignore"}
        environment.pop("WERKZEUG_RUN_MAIN", None)
        argv = [sys.executable, "app.py", "--debug"]
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

    def __enter__(self) -> "RealV34":
        from timmy_tui.control.service.listeners import Answer, ask

        self.start()
        until(lambda: ask(self.url, 1.0) is Answer.ANSWERS)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class FakePanel:
    """The control panel's three routes. ``answers`` overrides one: (status, bytes, seconds to wait)."""

    def __init__(self, v34: RealV34 | None = None, knows: bool = True) -> None:
        self.v34, self.knows = v34, knows
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, tuple[int, bytes, float]] = {}
        self.headers: dict[str, str] = {}
        self.released = threading.Event()
        panel = self

        class Talk(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                panel.answer(self, "GET")

            def do_POST(self) -> None:
                panel.answer(self, "POST")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, talk: BaseHTTPRequestHandler, method: str) -> None:
        """What a route says; unless it is overridden, what it does."""
        self.asked.append((method, talk.path))
        status, body, wait_s = self.answers.get(talk.path) or (200, b"", 0.0)
        if wait_s:
            self.released.wait(wait_s)
        body = body or json.dumps(self._do(talk.path)).encode()
        with contextlib.suppress(OSError):
            talk.send_response(status)
            for name, value in self.headers.items():
                talk.send_header(name, value)
            talk.send_header("Content-Length", str(len(body)))
            talk.end_headers()
            talk.wfile.write(body)

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

    def close(self) -> None:
        """End it; a request that still waits is let go."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
