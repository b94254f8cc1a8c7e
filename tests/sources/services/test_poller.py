"""The polling threads: the state of every service, the server log, and the end within a second."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.sources.services.servers import as_json, serving
from tests.waiting import wait_for
from timmy_tui.core.running.threads import thread_failures
from timmy_tui.core.settings import Paths, Services, Settings, TailSettings
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.sources.services import poller, urls
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.poller import ServicePoller
from timmy_tui.sources.services.server_log import (
    END_BYTES,
    JOURNAL_PAUSE_S,
    ServerJournal,
    ServerLogFile,
    end_of_server_log,
    open_server_log,
)
from timmy_tui.sources.services.urls import ServiceConfig

ENTRY = {"timestamp": 1764350011.5, "session_id": "s", "prompt_eval_count": 100, "eval_count": 5}

DEAD = "http://127.0.0.1:1"


def settings(**changed: str) -> Settings:
    dead = Services(ollama=DEAD, v34=DEAD, tts=DEAD, stt=DEAD)
    return replace(Settings(), services=replace(dead, **changed))


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


def test_a_service_whose_address_cannot_be_used_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(urls.DEFAULT_URLS, "ollama", DEAD)
    monkeypatch.setitem(urls.DEFAULT_URLS, "tts", DEAD)
    (tmp_path / "v34").mkdir()
    (tmp_path / "v34/config.py").write_text("OLLAMA_API_URL = address()\nTTS_API_URL = 'box:port'\n")
    live = ServicePoller(ServiceConfig(settings(ollama="", tts=""), tmp_path))
    live.start(lambda: None)
    wait_for(lambda: set(conditions(live).values()) == {SourceCondition.DOWN})
    details = {state.name: state.detail for state in live.states}
    live.stop()
    assert details["ollama"].startswith("OLLAMA_API_URL in v34/config.py is not a plain text; ")
    assert details["tts"].startswith("TTS_API_URL in v34/config.py is 'box:port', which is not an HTTP address; ")
    assert " in " not in details["stt"]
    assert live.facts is not None
    assert live.facts.problem == details["ollama"]


def test_the_config_holds_again_when_no_log_names_the_model(tmp_path: Path) -> None:
    config = tmp_path / "v34/config.py"
    config.parent.mkdir()
    config.write_text("MODEL_NAME = 'first'\n")
    with serving(lambda path: as_json({"version": "0.12.11", "models": []})) as (url, _):
        live = ServicePoller(ServiceConfig(settings(ollama=url), tmp_path))
        live.start(lambda: None)
        wait_for(lambda: live.facts is not None and live.facts.model == "first")
        live.set_running_model("running")
        wait_for(lambda: live.facts is not None and live.facts.model == "running")
        config.write_text("MODEL_NAME = 'second'\n")
        live.set_running_model(None)
        wait_for(lambda: live.facts is not None and live.facts.model == "second")
        live.stop()


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
        live.set_running_model("other")
        wait_for(lambda: live.facts is not None and (live.facts.model, live.facts.loaded) == ("other", False))
        live.set_running_model(MODEL.upper())
        wait_for(lambda: live.facts is not None and live.facts.loaded)
        typed = wait_for(live.take_typed_turns)
        assert [turn.prompt_tokens for turn in typed] == [100]
        assert list(live.take_typed_turns()) == []
        live.stop()


def test_what_v34_told_is_there_when_it_has_answered() -> None:
    """Who sees the answer takes the typed turns of before the start for all of them."""
    seen: list[tuple[SourceCondition, int]] = []
    with serving(lambda path: as_json({"count": 1, "stats": [ENTRY]})) as (url, _):
        live = ServicePoller(ServiceConfig(settings(v34=url), None))

        def look() -> None:
            condition = conditions(live)["v34"]
            seen.append((condition, len(live.take_typed_turns())))

        live.start(look)
        try:
            wait_for(lambda: any(condition is SourceCondition.OK for condition, _ in [*seen]))
        finally:
            live.stop()
    answered = next(at for at, (condition, _) in enumerate(seen) if condition is SourceCondition.OK)
    assert sum(count for _, count in seen[: answered + 1]) == 1


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


class Reading:
    """A server log, and everything that was read from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = ServerLogFile(path, TailSettings(poll_ms=5))
        self.lines: list[bytes] = []

    def expect(self, *lines: bytes) -> None:
        """Wait until these are the last that were read, and nothing else came before them."""
        wanted = [*self.lines, *lines]

        def read() -> bool:
            self.lines += self.log.read()
            return len(self.lines) >= len(wanted)

        wait_for(read, lambda: (self.lines, wanted))
        assert self.lines == wanted

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    opened = Reading(tmp_path / "server.log")
    yield opened
    opened.log.close()


def test_a_server_log_through_absence_rotation_and_truncation(reading: Reading, tmp_path: Path) -> None:
    wait_for(lambda: reading.log.state.detail == "does not exist yet")
    assert reading.log.state.condition is SourceCondition.WAITING
    reading.append(b"one\ntwo\nthr")
    reading.expect(b"one", b"two")
    reading.append(b"ee\n")
    reading.expect(b"three")
    reading.append(b"unread when it is renamed\n")
    reading.path.rename(tmp_path / "server-1.log")
    reading.append(b"new\n")
    reading.expect(b"unread when it is renamed", b"new")
    reading.path.write_bytes(b"truncated, and longer at the next look\n")
    reading.expect(b"truncated, and longer at the next look")
    os.truncate(reading.path, 0)
    reading.append(b"short\n")
    reading.expect(b"short")
    assert reading.log.state.gaps == 2
    reading.path.unlink()
    reading.path.mkdir()
    wait_for(lambda: reading.log.state.condition is SourceCondition.NOT_A_FILE)


def test_only_the_end_of_a_big_server_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_bytes(b"".join(b"line %06d\n" % number for number in range(100_000)))
    reading = Reading(path)
    try:
        first = wait_for(reading.log.read)
        assert first[-1] == b"line 099999"
        assert END_BYTES - 12 <= 12 * len(first) <= END_BYTES
        assert reading.log.state.behind == 0
    finally:
        reading.log.close()


def test_a_loop_of_links_is_the_state_of_the_server_log(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.symlink_to(path)
    configured = replace(settings(), paths=Paths(ollama_log=str(path)))
    live = ServicePoller(ServiceConfig(configured, None), OllamaLogParser())
    assert conditions(live)["ollama.log"] is SourceCondition.WAITING
    live.start(lambda: None)
    wait_for(lambda: conditions(live)["ollama.log"] is SourceCondition.ERROR)
    live.stop()


@pytest.mark.parametrize(
    "line",
    [
        b'time=x level=INFO source=x msg="llama runner started in . seconds"',
        b'time=x level=DEBUG source=x msg="loading cache slot" id=0 prompt=' + b"9" * 5000 + b" used=0 remaining=0",
        b'{"log":' * 5000 + b"| task 1 |",
    ],
)
def test_an_odd_line_in_the_server_log_ends_no_thread_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    monkeypatch.setattr(poller, "TICK_S", 0.01)
    path = tmp_path / "server.log"
    slot = b'time=2025-11-19T01:34:47Z level=DEBUG source=x msg="loading cache slot" prompt=40 used=26 remaining=14\n'
    path.write_bytes(slot + line + b"\n" + slot)
    configured = replace(settings(), paths=Paths(ollama_log=str(path)))
    live = ServicePoller(ServiceConfig(configured, None), OllamaLogParser())
    live.start(lambda: None)
    wait_for(lambda: live.facts is not None and len(live.facts.served) == 2)
    state = next(state for state in live.states if state.name == "ollama.log")
    assert (state.condition, state.dropped) == (SourceCondition.OK, int(b"9999" in line))
    live.stop()
    assert thread_failures() == ()


def test_a_journal_is_a_process_that_ends_with_us() -> None:
    journal = ServerJournal((sys.executable, "-uc", "print('a line'); import time; time.sleep(60)"))
    assert wait_for(journal.read) == [b"a line"]
    journal.close()
    assert journal.read() == []
    missing = ServerJournal(("/no/such/journalctl",))
    assert missing.read() == []
    assert missing.state.condition is SourceCondition.ERROR
    assert missing.state.detail == "/no/such/journalctl cannot be run: No such file or directory"
    missing.close()


def test_a_journal_that_ends_is_started_again_with_what_was_written_since(tmp_path: Path) -> None:
    now = [1000.0]
    program = "import sys; print(sys.argv[1:])"
    journal = ServerJournal((sys.executable, "-uc", program), lambda: now[0])
    assert wait_for(journal.read) == [b"[]"]
    wait_for(lambda: (journal.read(), journal.state.condition is SourceCondition.ERROR)[1])
    assert "has ended" in journal.state.detail
    began = time.time()
    now[0] += JOURNAL_PAUSE_S - 0.1
    assert journal.read() == []
    assert journal.state.condition is SourceCondition.ERROR
    now[0] += 0.2
    (line,) = wait_for(journal.read)
    assert line.startswith(b"['--since=@")
    assert abs(int(line[11:-2]) - began) < 60
    assert (journal.state.gaps, journal.state.lines) == (1, 2)
    journal.close()


def test_what_the_settings_name_is_followed(tmp_path: Path) -> None:
    assert open_server_log(Settings(), tmp_path) is None
    (tmp_path / "o.log").write_bytes(b"here\n")
    named = open_server_log(replace(Settings(), paths=Paths(ollama_log="o.log")), tmp_path)
    assert named is not None
    assert wait_for(named.read) == [b"here"]
    named.close()


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


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is asked all the time, and never again once nobody speaks and all of them answer."""
    monkeypatch.setattr(poller, "STEADY_AFTER_S", 0.0)
    monkeypatch.setattr(poller, "STEADY_INTERVAL_S", 3600.0)
    for name in ("POLL_INTERVAL_S", "SPEECH_INTERVAL_S", "PS_INTERVAL_S", "TICK_S"):
        monkeypatch.setattr(poller, name, 0.01)


@pytest.mark.usefixtures("seldom")
def test_services_that_answer_are_asked_seldom_until_a_turn_begins_or_one_does_not_answer() -> None:
    bodies: dict[str, Any] = {"/api/version": {"version": "0.12.11"}, "/api/ps": {"models": []}}
    broken: list[str] = []

    def reply(path: str) -> tuple[int, bytes]:
        return as_json(bodies.get(path, {"count": 0, "stats": []}), 500 if path in broken else 200)

    with serving(reply) as (url, requested):
        live = ServicePoller(ServiceConfig(settings(ollama=url, v34=url, tts=url, stt=url), None))
        live.start(lambda: None)
        wait_for(lambda: live.is_steady)
        assert set(conditions(live).values()) == {SourceCondition.OK}
        wait_for(lambda: asked_no_more(requested))
        live.set_busy(True)
        wait_for(lambda: requested.count("/health") > 5 and requested.count("/api/ps") > 5)
        live.set_busy(False)
        wait_for(lambda: asked_no_more(requested))
        broken.append("/health")
        live.set_busy(True)
        wait_for(lambda: conditions(live)["tts"] is SourceCondition.ERROR)
        live.set_busy(False)
        known = len(requested)
        wait_for(lambda: len(requested) > known + 20 and not live.is_steady)
        live.stop()


def asked_no_more(requested: list[str]) -> bool:
    """No request came while a hundred would have."""
    known = len(requested)
    time.sleep(0.5)
    return len(requested) == known


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
@pytest.mark.parametrize("name", ["ollama", "v34", "tts", "stt"])
@pytest.mark.usefixtures("seldom")
def test_one_that_dies_in_a_quiet_room_is_told_though_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It was told 20 s later. The next request is an hour away here."""
    monkeypatch.setattr(poller, "LOOK_S", 0.02)
    bodies: dict[str, Any] = {"/api/version": {"version": "0.12.11"}, "/api/ps": {"models": []}}

    def reply(path: str) -> tuple[int, bytes]:
        return as_json(bodies.get(path, {"count": 0, "stats": []}))

    with serving(reply) as (others, requested):
        with serving(reply) as (one, _):
            urls = {"ollama": others, "v34": others, "tts": others, "stt": others} | {name: one}
            live = ServicePoller(ServiceConfig(settings(**urls), None))
            live.start(lambda: None)
            wait_for(lambda: live.is_steady)
            wait_for(lambda: asked_no_more(requested))
        wait_for(lambda: conditions(live)[name] is SourceCondition.DOWN)
        assert [one for one, condition in conditions(live).items() if condition is not SourceCondition.OK] == [name]
        live.stop()
