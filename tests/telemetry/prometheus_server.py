"""Debian's Prometheus on a loopback port, which scrapes a page until the test ends."""

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_S = 30.0
CONFIG = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}
scrape_configs:
  - job_name: timmy_tui
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
"""


class Prometheus:
    """A running server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each row now."""
        answer = self._get(f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        assert answer["status"] == "success"
        return [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]

    def wait(self, expression: str, value: float | None = None) -> list[tuple[dict[str, str], float]]:
        """The rows, once there are any, and once the first has this value."""
        until = time.monotonic() + START_S
        rows: list[tuple[dict[str, str], float]] = []
        while time.monotonic() < until:
            rows = self.query(expression)
            if rows and (value is None or rows[0][1] == value):
                return rows
            time.sleep(0.1)  # Another program's scrapes: nothing tells of them but the question.
        raise AssertionError(f"{expression}: {rows}")

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=10) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def scraping(target: int, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that reads ``127.0.0.1:target`` five times a second, with its data below ``folder``."""
    program = shutil.which("prometheus")
    assert program is not None
    config, port = folder / "prometheus.yml", free_port()
    config.write_text(CONFIG.format(target=target))
    arguments = [
        program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)
    server = Prometheus(port)
    try:
        until = time.monotonic() + START_S
        while not server.is_ready():
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def promtool(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """What ``promtool`` says."""
    program = shutil.which("promtool")
    assert program is not None
    return subprocess.run([program, *arguments], input=text, capture_output=True, text=True, timeout=50)
