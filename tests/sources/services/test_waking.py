"""After a sleep of the machine its network comes back behind it: for a while, no answer is not down."""

import pytest

from tests.sleeping import Machine
from tests.sources.services.test_poller import conditions, settings
from tests.waiting import wait_for
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.services import poller
from timmy_tui.sources.services.ollama import OllamaPoller
from timmy_tui.sources.services.poller import SETTLING, ServicePoller
from timmy_tui.sources.services.urls import ServiceConfig


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests come as fast as the threads go round."""
    monkeypatch.setattr(poller, "POLL_INTERVAL_S", 0.0)
    monkeypatch.setattr(poller, "SPEECH_INTERVAL_S", 0.0)
    monkeypatch.setattr(poller, "PS_INTERVAL_S", 0.0)


@pytest.mark.usefixtures("often")
def test_after_a_sleep_a_service_is_waited_for_before_it_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    live = ServicePoller(ServiceConfig(settings(), None))
    live.start(lambda: None)
    wait_for(lambda: set(conditions(live).values()) == {SourceCondition.DOWN})
    assert live.facts is not None and live.facts.reachable is False
    machine.sleep(7 * 3600)
    wait_for(lambda: set(conditions(live).values()) == {SourceCondition.WAITING})
    assert {state.detail for state in live.states} == {SETTLING}
    wait_for(lambda: live.facts is not None and live.facts.reachable is None)
    # And not for ever.
    monkeypatch.setattr("timmy_tui.core.running.interruptions.InterruptionWatch.is_settling", lambda self: False)
    wait_for(lambda: set(conditions(live).values()) == {SourceCondition.DOWN})
    live.stop()


@pytest.mark.usefixtures("often")
def test_a_set_clock_excuses_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    machine.set_clock(0.0)
    live = ServicePoller(ServiceConfig(settings(), None))
    seen: list[set[SourceCondition]] = []
    polls: list[float] = []
    poll = OllamaPoller.poll

    def note(self: OllamaPoller, now: float, turn_closed: bool = False, every_s: float = 5.0) -> OllamaFacts:
        polls.append(now)
        return poll(self, now, turn_closed, every_s)

    monkeypatch.setattr(OllamaPoller, "poll", note)
    live.start(lambda: seen.append(set(conditions(live).values())))
    wait_for(lambda: set(conditions(live).values()) == {SourceCondition.DOWN})
    machine.set_clock(7 * 3600.0)
    known = len(seen)
    asked = len(polls)
    wait_for(lambda: len(polls) > asked + 1)
    assert all(one == {SourceCondition.DOWN} for one in seen[known:])
    live.stop()
