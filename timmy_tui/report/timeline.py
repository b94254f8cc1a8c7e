"""The events of a turn one under the other, with when each was: for reports and the screen."""

from collections.abc import Iterable, Iterator

from timmy_tui.core.formatting import MISSING, duration, local_time
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import Event


def in_time(events: Iterable[Event]) -> list[Event]:
    """By their stamps; one without a stamp stands behind the event that it came after."""
    last = 0.0
    keys: list[tuple[float, Event]] = []
    for event in events:
        last = event.timestamp or last
        keys.append((last, event))
    return [event for _, event in sorted(keys, key=lambda one: one[0])]


def timeline(events: Iterable[Event]) -> Iterator[tuple[str, Event]]:
    """Time since the first event and the event. Where stamps only order, the time of day that the log has."""
    ordered = in_time(events)
    first = next((event.timestamp for event in ordered if event.timestamp), None)
    for event in ordered:
        if not watched().stamps_measure:
            yield local_time(event.timestamp or None, "%H:%M:%S"), event
        else:
            since = watched().step_ms(first, event.timestamp)
            yield MISSING if since is None else duration(since), event
