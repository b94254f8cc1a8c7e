"""In which order the logs are read at the start, whatever thread is first: so the same files are read alike each time.

A turn has its place by the log that stamps its events. Where the other one came first, its turns stood ahead of all
older ones: v34 begins its log anew at each of its starts, and the latency log goes on.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.pipeline.inputs import Feed
from timmy_tui.pipeline.snapshot_builder import LogSource

Held = tuple[Feed, LogSource, Sequence[bytes]]


def is_opened(feed: Feed) -> bool:
    """Its first lines are there, or none can be waited for."""
    return feed.opened or feed.state.condition in (SourceCondition.STALLED, SourceCondition.ERROR)


def to_be_drained(feeds: Iterable[Feed], opened: bool) -> Iterator[Feed]:
    """The feeds whose lines may be taken now, in reading order. ``opened``: all have been, or are not waited for."""
    for feed in feeds:
        # Asked before it is drained: what it tells of is drained then.
        is_read = opened or is_opened(feed)
        yield feed
        if not is_read:
            return


class HeldLines:
    """Lines for the full reading that came while the backlog of a log ahead of theirs is read."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        """``feeds``: in reading order."""
        self._feeds = feeds
        self._held: deque[Held] = deque()

    def put(self, held: Held) -> None:
        """Lines of a feed that has no backlog, or whose backlog has been read."""
        self._held.append(held)

    def take(self, reading: Iterable[Feed]) -> Iterator[Held]:
        """Those whose turn it is, oldest first. ``reading``: the feeds whose backlog is still read."""
        first = min(map(self._feeds.index, reading), default=len(self._feeds))
        while self._held and self._feeds.index(self._held[0][0]) < first:
            yield self._held.popleft()
