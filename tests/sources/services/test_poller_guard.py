"""A thread that asks services and fails says so in their state, and asks them again."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.sources.services.servers import as_json, serving
from tests.waiting import wait_for
from timmy_tui.core.running.threads import clear_failure, thread_failures
from timmy_tui.core.settings import Services, Settings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.services import poller
from timmy_tui.sources.services.ollama import OllamaPoller
from timmy_tui.sources.services.poller import ServicePoller
from timmy_tui.sources.services.urls import ServiceConfig
from timmy_tui.sources.services.v34 import StatsReader

DEAD = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("timmy_tui.core.running.threads.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(poller, "TICK_S", 0.01)
    monkeypatch.setattr(poller, "POLL_INTERVAL_S", 0.01)
    monkeypatch.setattr(poller, "SPEECH_INTERVAL_S", 0.01)
    yield
    for failure in thread_failures():
        clear_failure(failure.where)


def settings(**urls: str) -> Settings:
    return replace(Settings(), services=replace(Services(ollama=DEAD, v34=DEAD, tts=DEAD, stt=DEAD), **urls))


def condition(live: ServicePoller, name: str) -> tuple[SourceCondition, str]:
    return next((state.condition, state.detail) for state in live.states if state.name == name)


def test_an_answer_that_cannot_be_read_is_an_error_and_the_other_services_are_still_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def odd(reader: StatsReader, body: object) -> list[object]:
        raise TypeError("an odd answer")

    monkeypatch.setattr(StatsReader, "read", odd)
    asked: list[str] = []

    def answer(path: str) -> tuple[int, bytes]:
        asked.append(path)
        return as_json({"count": 0, "stats": []})

    with serving(answer) as (url, _):
        live = ServicePoller(ServiceConfig(settings(v34=url, tts=url, stt=url), None))
        live.start(lambda: None)
        wait_for(lambda: "TypeError: an odd answer" in condition(live, "v34")[1])
        assert condition(live, "v34")[0] is SourceCondition.ERROR
        assert [failure.where for failure in thread_failures()] == ["services"]
        wait_for(lambda: asked.count("/health") > 1 and asked.count("/transcript") > 1)
        monkeypatch.undo()
        monkeypatch.setattr("timmy_tui.core.running.threads.FIRST_PAUSE_S", 0.01)
        wait_for(lambda: condition(live, "v34")[0] is SourceCondition.OK)
        live.stop()


def test_ollamas_thread_that_fails_is_no_longer_called_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [True]
    real = OllamaPoller.poll

    def poll(self: OllamaPoller, now: float, turn_closed: bool = False, every_s: float = 5.0) -> object:
        if broken[0]:
            raise ValueError("an odd model")
        return real(self, now, turn_closed, every_s)

    monkeypatch.setattr(OllamaPoller, "poll", poll)
    with serving(lambda path: as_json({"version": "0.12.11", "models": []})) as (url, _):
        live = ServicePoller(ServiceConfig(settings(ollama=url), None))
        live.start(lambda: None)
        wait_for(lambda: condition(live, "ollama")[0] is SourceCondition.ERROR)
        assert "an odd model" in condition(live, "ollama")[1]
        broken[0] = False
        wait_for(lambda: condition(live, "ollama")[0] is SourceCondition.OK)
        live.stop()
