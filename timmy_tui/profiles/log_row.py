"""The log of a profile as a row of the table of log formats: how it is recognized, where it is, what paces a replay."""

from collections import Counter
from collections.abc import Sequence

from timmy_tui.model.log_format import EventLog
from timmy_tui.model.turn import LATEST, Event
from timmy_tui.profiles.records.matching import EventMatcher, hidden_captures, shown_event
from timmy_tui.profiles.records.reader import Pattern, RecordReader
from timmy_tui.profiles.spec import Profile


class PacedEvents:
    """Events of a log by its profile, for whoever needs no turns: a replay."""

    def __init__(self, profile: Profile) -> None:
        self._reader = RecordReader(profile.source)
        self._matcher = EventMatcher(profile)
        self._hidden = hidden_captures(profile)

    @property
    def unparsed(self) -> Counter[str]:
        """Lines that could not be read, by reason."""
        return self._reader.unparsed + self._matcher.unparsed

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        """Events of whole lines, in file order; those without a stamp are left out."""
        return [event for event in self.all_events(lines) if 0 < event.timestamp < LATEST]

    def all_events(self, lines: Sequence[bytes]) -> list[Event]:
        """Also those without a stamp, which is 0 then: as their turns have them."""
        hits = [hit for record in self._reader.feed(lines) if (hit := self._matcher.match(record)) is not None]
        return [shown_event(hit, self._hidden) for hit in hits]


def row_of(profile: Profile) -> EventLog:
    """The row of its log."""
    name = profile.profile.name
    detect = Pattern.of(profile.source.detect) if profile.source.detect else None
    return EventLog(
        kind=name,
        file_name=f"{name}.log",
        order=10,
        recognizes=lambda line: detect is not None and detect.search(line.decode("utf-8", "replace")) is not None,
        place=lambda places: places.latency_log,
        parser=lambda: PacedEvents(profile),
        is_document=profile.source.kind == "document",
    )
