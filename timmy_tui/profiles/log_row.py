"""The log of a profile as a row of the table of log formats: how it is recognized, where it is, what paces a replay."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from timmy_tui.model.log_format import EventLog
from timmy_tui.model.turn import LATEST, Event
from timmy_tui.profiles.matching import EventMatcher, Hit
from timmy_tui.profiles.records import Pattern, RecordReader
from timmy_tui.profiles.spec import Profile


class PacedEvents:
    """Events of a log by its profile, for whoever needs no turns: a replay."""

    def __init__(self, profile: Profile) -> None:
        self._reader = RecordReader(profile.source)
        self._matcher = EventMatcher(profile)
        talk = [profile.figures[name] for name in ("text", "reply") if name in profile.figures]
        names = (name for some in talk for name in ([some] if isinstance(some, str) else some))
        self._hidden = frozenset((*profile.private, *names))

    @property
    def unparsed(self) -> Counter[str]:
        """Lines that could not be read, by reason."""
        return self._reader.unparsed + self._matcher.unparsed

    def _shown(self, hit: Hit) -> dict[str, Any]:
        """What it carries, without words of the talk."""
        prefix = len(hit.event) + 1
        return {name[prefix:]: value for name, value in hit.captures.items() if name not in self._hidden}

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        """Events of whole lines, in file order; those without a stamp are left out."""
        hits = [hit for record in self._reader.feed(lines) if (hit := self._matcher.match(record)) is not None]
        return [
            Event(hit.stamp_us / 1e6, hit.key or "-", hit.event, hit.service, self._shown(hit))
            for hit in hits
            if hit.stamp_us is not None and 0 < hit.stamp_us / 1e6 < LATEST
        ]


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
