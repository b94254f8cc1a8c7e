"""When the events of a turn were: as durations only where stamps measure."""

import pytest
from msgspec.structs import replace

from timmy_tui.core.formatting import local_time
from timmy_tui.model.stages.system import LITTLE_TIMMY, System
from timmy_tui.model.turn import Event
from timmy_tui.report import timeline as module
from timmy_tui.report.timeline import in_time, timeline
from timmy_tui.ui.panels.log import events as log_events
from timmy_tui.ui.panels.log.events import event_entries

NOON = 1_764_000_000.0


def event(name: str, at: float) -> Event:
    return Event(at, "a", name, "box")


def ordering_only() -> System:
    return System(name="box", title="Box", stages=LITTLE_TIMMY.stages, stamps_measure=False)


def test_times_are_counted_from_the_first_event_and_unknown_without_a_stamp() -> None:
    events = [event("a", NOON), event("no stamp", 0.0), event("b", NOON + 1.5)]
    assert [(at, one.event) for at, one in timeline(events)] == [("0.0ms", "a"), ("—", "no stamp"), ("1.50s", "b")]
    assert [one.event for one in in_time(reversed(events))] == ["a", "b", "no stamp"]


def test_stamps_that_only_order_are_shown_as_the_log_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "watched", ordering_only)
    found = [at for at, _ in timeline([event("a", NOON), event("b", NOON + 2), event("c", 0.0)])]
    assert found == [local_time(NOON, "%H:%M:%S"), local_time(NOON + 2, "%H:%M:%S"), "—"]


def test_the_strip_has_no_step_where_stamps_only_order(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event("a", NOON), event("b", NOON + 2), event("c", NOON + 1)]
    assert [one.delta_ms for one in event_entries(events)] == [None, 2000.0, -1000.0]
    monkeypatch.setattr(log_events, "watched", ordering_only)
    assert [one.delta_ms for one in event_entries(events)] == [None, None, None]


def test_no_step_is_measured_from_an_event_without_a_stamp() -> None:
    assert LITTLE_TIMMY.step_ms(0.0, NOON) is None and LITTLE_TIMMY.step_ms(NOON, 0.0) is None
    assert replace(LITTLE_TIMMY, stamps_measure=False).step_ms(NOON, NOON + 1) is None
