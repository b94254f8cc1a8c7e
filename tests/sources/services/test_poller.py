"""The polling threads: the state of every service, the server log, and the end within a second."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.sources.services.servers import as_json, serving
from tests.waiting import wait_for
from timmy_tui.core.settings import Paths, Services, Settings
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.sources.services import poller
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.poller import ServicePoller
from timmy_tui.sources.services.server_log import (
    ServerJournal,
    ServerLogFile,
    end_of_server_log,
    open_server_log,
)
from timmy_tui.sources.services.urls import ServiceConfig

ENTRY = {"timestamp": 1764350011.5, "session_id": "s", "prompt_eval_count": 100, "eval_count": 5}

DEAD = "http://127.0.0.1:1"


def settings(**urls: str) -> Settings:
    dead = Services(ollama=DEAD, v34=DEAD, tts=DEAD, stt=DEAD)
    return replace(Settings(), services=replace(dead, **urls))


def conditions(live: ServicePoller) -> dict[str, SourceCondition]:
    return {state.name: state.condition for state in live.states}


def test_everything_down_is_a_state() -> None:
    woken = threading.Event()
    live = ServicePoller(ServiceConfig(settings(), None))
    assert {state.condition for state in live.states} == {SourceCondition.WAITING}
    live.start(woken.set)
    wait_for(lambda: set(conditions(live).values()) == {SourceCondition.DOWN})
    assert woken.is_set()
    assert all(state.detail and state.since for state in live.states)
    facts = live.facts
    assert facts is not None
    assert (facts.reachable, facts.url) == (False, DEAD)
    began = time.monotonic()
    live.stop()
    assert time.monotonic() - began < 1.0


def test_everything_up_with_the_server_log(tmp_path: Path) -> None:
    def speech(path: str) -> Any:
        bodies = {
            "/api/kv_stats?limit=50": {"count": 1, "stats": [ENTRY]},
            "/health": {"status": "ok"},
            "/transcript": {},
        }
        return as_json(bodies[path])

    log = tmp_path / "server.log"
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000, log_path=log)) as stand_in, serving(speech) as (url, _):
        configured = settings(ollama=stand_in.url, v34=url, tts=url, stt=url)
        configured = replace(configured, paths=Paths(ollama_log=str(log)))
        live = ServicePoller(ServiceConfig(configured, None), OllamaLogParser())
        live.start(lambda: None)
        wait_for(lambda: set(conditions(live).values()) == {SourceCondition.OK})
        client = HttpClient(stand_in.url, timeout_s=20)
        client.request("/api/generate", {"model": MODEL, "prompt": "hello there", "raw": True, "stream": False})
        client.close()
        live.on_turn_closed()
        served = wait_for(lambda: live.facts.served if live.facts is not None else ())
        assert (served[0].prompt, served[0].reused) == (stand_in.requests[0].prompt_tokens, 0)
        wait_for(lambda: live.facts is not None and live.facts.loaded)
        typed = wait_for(live.take_typed_turns)
        assert [turn.prompt_tokens for turn in typed] == [100]
        assert list(live.take_typed_turns()) == []
        live.stop()


def test_a_dead_v34_is_noticed_though_turns_stay_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody goes on talking to STT: there is always a turn in flight."""
    monkeypatch.setattr(poller, "BUSY_INTERVAL_S", 5.5)
    live = ServicePoller(ServiceConfig(settings(), None))
    live.set_busy(True)
    live.start(lambda: None)
    wait_for(lambda: conditions(live)["v34"] is SourceCondition.DOWN)
    live.stop()


def test_a_timeout_is_busy_and_v34_is_not_polled_during_a_turn() -> None:
    free = threading.Event()

    def blocking(path: str) -> Any:
        free.wait(10)
        return as_json({"count": 0, "stats": []})

    with serving(blocking) as (url, requested):
        live = ServicePoller(ServiceConfig(settings(v34=url), None))
        live.set_busy(True)
        live.start(lambda: None)
        wait_for(lambda: conditions(live)["stt"] is SourceCondition.DOWN)
        assert requested == []
        live.set_busy(False)
        wait_for(lambda: conditions(live)["v34"] is SourceCondition.BUSY)
        live.stop()
        free.set()


@pytest.mark.parametrize("answer", [(404, b"no"), (200, b"<html>"), (499, b"")])
def test_a_server_error_is_an_error_and_any_other_answer_proves_that_the_service_is_there(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes]
) -> None:
    monkeypatch.setattr(poller, "SPEECH_INTERVAL_S", 0.01)
    monkeypatch.setattr(poller, "TICK_S", 0.01)
    answers = [as_json({"error": "x"}, 500)]
    with serving(lambda path: answers[0]) as (url, _):
        live = ServicePoller(ServiceConfig(settings(tts=url), None))
        live.start(lambda: None)
        wait_for(lambda: conditions(live)["tts"] is SourceCondition.ERROR)
        answers[0] = answer
        wait_for(lambda: conditions(live)["tts"] is SourceCondition.OK)
        live.stop()


def test_polling_can_be_off() -> None:
    live = ServicePoller(ServiceConfig(replace(Settings(), services=Services(poll=False)), None))
    live.start(lambda: None)
    assert (live.states, live.facts, list(live.take_typed_turns())) == ((), None, [])
    live.stop()


def test_a_server_log_through_absence_rotation_and_truncation(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    lines = ServerLogFile(path)
    assert lines.read() == []
    path.write_bytes(b"one\ntwo\nthr")
    assert lines.read() == [b"one", b"two"]
    with path.open("ab") as file:
        file.write(b"ee\n")
    assert lines.read() == [b"three"]
    path.rename(tmp_path / "server-1.log")
    assert lines.read() == []
    path.write_bytes(b"new\n")
    assert lines.read() == [b"new"]
    path.write_bytes(b"x\n")
    assert lines.read() == [b"x"]
    path.unlink()
    path.mkdir()
    assert lines.read() == []


def test_a_journal_is_a_process_that_ends_with_us() -> None:
    journal = ServerJournal((sys.executable, "-uc", "print('a line'); import time; time.sleep(60)"))
    assert wait_for(journal.read) == [b"a line"]
    journal.close()
    assert journal.read() == []
    missing = ServerJournal(("/no/such/journalctl",))
    assert missing.read() == []
    missing.close()


def test_what_the_settings_name_is_followed(tmp_path: Path) -> None:
    assert open_server_log(Settings(), tmp_path) is None
    (tmp_path / "o.log").write_bytes(b"here\n")
    named = open_server_log(replace(Settings(), paths=Paths(ollama_log="o.log")), tmp_path)
    assert named is not None
    assert named.read() == [b"here"]


def test_the_end_of_the_server_log_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "server.log"
    in_file = replace(Settings(), paths=replace(Settings().paths, ollama_log=str(path)))
    assert end_of_server_log(in_file, None) == []
    path.write_text("a line\nthe next one\nno end yet")
    assert end_of_server_log(in_file, None) == [b"a line", b"the next one"]
    assert end_of_server_log(Settings(), None) == []


def test_the_end_of_the_journal_is_read_without_following_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_journal = replace(Settings(), paths=replace(Settings().paths, ollama_journal=True))
    command = tmp_path / "journalctl"
    command.write_text('#!/bin/sh\ncase " $* " in *" -f "*) sleep 60;; esac\necho "a line"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert end_of_server_log(in_journal, None) == [b"a line"]
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert end_of_server_log(in_journal, None) == []
