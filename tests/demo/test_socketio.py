"""Typed turns through a real flask-socketio server: what it prints, and what the program makes of it."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.services import free_port
from tests.demo.socketio_v34 import SESSION
from tests.waiting import wait_for
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import named_logs, read_logs
from timmy_tui.sources.services.v34 import StatsReader
from timmy_tui.turns.typed_turns import TypedTurns


class Server:
    """The process, its two logs, and a client of both kinds."""

    def __init__(self, root: Path) -> None:
        self.port, self.latency, self.log = free_port(), root / "latency.log", root / "v34.log"

    def request(self, method: str, path: str, body: str = "", kind: str = "application/json") -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body or None, {"Content-Type": kind})
            return connection.getresponse().read().decode()

    def say(self, text: str, request_id: str) -> None:
        """As STT does."""
        self.request("POST", "/api/webhook", json.dumps({"text": text, "request_id": request_id}))

    def type(self, text: str) -> str:
        """As the web chat does: Engine.IO 4 by long polling, a Socket.IO event, and the answer."""
        path = "/socket.io/?EIO=4&transport=polling"
        opened = self.request("GET", path)
        path += f"&sid={json.loads(opened[1:])['sid']}"
        self.request("POST", path, "40", "text/plain")
        self.request("GET", path)
        self.request("POST", path, f"42{json.dumps(['user_message', {'message': text}])}", "text/plain")
        answer = self.request("GET", path)
        self.request("POST", path, "41", "text/plain")
        return answer

    def lines(self) -> list[str]:
        return self.log.read_text("utf-8", "replace").splitlines()

    def turns(self) -> tuple[Turn, ...]:
        return read_logs(named_logs([self.latency, self.log]), TailSettings()).turns


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    with made.log.open("wb") as log:
        command = [sys.executable, "-m", "tests.demo.socketio_v34", str(made.port), str(made.latency)]
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[2], env=buffered
        )
    try:
        wait_for(lambda: _answers(made))
        yield made
    finally:
        process.kill()
        process.wait()


def _answers(server: Server) -> bool:
    with contextlib.suppress(OSError):
        return bool(server.request("GET", "/api/kv_stats"))
    return False


def test_spoken_and_typed_turns_of_a_real_server_are_one_conversation(server: Server) -> None:
    server.say("Can you hear me?", "aaaaaaaa")
    assert "Answer 2." in server.type("What is the time?")
    assert "Answer 3." in server.type("And now?")
    server.say("Good night.", "bbbbbbbb")
    server.request("POST", "/flush")
    lines = server.lines()
    access, totals = (
        [number for number, line in enumerate(lines) if words in line]
        for words in ('"POST /api/webhook', "Total process_user_message")
    )
    # Captured stdout is written in blocks: an access line stands before what its turn prints. Typed turns have none.
    assert (len(access), len(totals)) == (2, 4) and access[0] < totals[0]
    turns = server.turns()
    assert [(turn.request_id, turn.typed, turn.reply) for turn in turns] == [
        ("aaaaaaaa", False, "Answer 1."), ("", True, "Answer 2."),
        ("", True, "Answer 3."), ("bbbbbbbb", False, "Answer 4."),
    ]  # fmt: skip
    assert [turn.text for turn in turns] == ["Can you hear me?", "What is the time?", "And now?", "Good night."]
    assert {turn.session_id for turn in turns if turn.request_id} == {SESSION}
    assert all(turn.v2v_ms is None for turn in turns if turn.typed)
    # The server's own statistics have all four, the typed ones with the only time that anybody tells.
    statistics = StatsReader().read(json.loads(server.request("GET", "/api/kv_stats")))
    typed = TypedTurns()
    typed.add_statistics(statistics, 0.0)
    merged = {turn.ordinal: turn for turn in (*turns, *typed.take_ready(turns, 9.0, False))}
    assert len(merged) == 4
    assert all(turn.started is not None for turn in merged.values())
