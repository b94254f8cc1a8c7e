"""Requests in order of time, each with what was in the cache's slot before it.

Turns arrive late and out of order: the debug log is buffered, typed turns come from elsewhere. What a prompt can share
with its predecessor depends on the true order, so that it is kept here, and neighbours are looked at again.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from timmy_tui.analysis.llm.requests import Request


@dataclass(eq=False)
class Link:
    """One request in its place."""

    request: Request
    at: float
    """When it began; arrival decides where no log says."""
    era: int = 0
    """Index of the version it was served under."""
    before: "Link | None" = None
    run: str | None = None
    """Session id, inherited where the turn has none."""
    nth: int = 1
    """Position in its session (or in the log, where that begins later); 2 stands for any later one."""
    first: int | None = None
    """Prompt of the session's first turn."""
    opened: bool = False
    """First prompt of a session, on a slot that held another conversation: nothing to share."""
    loaded: bool = False
    waited: bool = False
    """Only the time spent waiting hints at a load."""
    cut: bool = False
    key: tuple[str, int, int] = field(default=("", 0, 0))
    """Model, num_ctx and era: what a cold rate holds for."""

    def __lt__(self, other: "Link") -> bool:
        return (self.at, self.request.ordinal) < (other.at, other.request.ordinal)

    @property
    def reusable(self) -> int:
        """Tokens that this prompt should find in the slot, as far as the figures tell."""
        before = self.before
        if before is None or self.nth == 1 or before.request.whole is None or before.cut:
            return 0
        if self.request.context_sent:
            return before.request.held or 0
        return max(before.request.whole - (self.first or before.request.whole), 0)


class Chain:
    """The newest requests, by time."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._links: list[Link] = []
        self._by_ordinal: dict[int, Link] = {}

    def __iter__(self) -> Iterator[Link]:
        return iter(self._links)

    def __len__(self) -> int:
        return len(self._links)

    def find(self, ordinal: int) -> Link | None:
        """The link of a turn; None when it is not kept."""
        return self._by_ordinal.get(ordinal)

    @property
    def last(self) -> Link | None:
        """The newest by time."""
        return self._links[-1] if self._links else None

    def put(self, request: Request, era: int) -> list[Link]:
        """Take a request in, or revise it; returns the links to look at again: itself, and its successor if any."""
        known = self._by_ordinal.get(request.ordinal)
        if known is not None and request.started in (None, known.at):
            known.request = request
            return self._relink(known)
        if known is not None:
            self._links.remove(known)
            era = known.era
        last = self.last
        at = request.started if request.started is not None else last.at if last is not None else 0.0
        link = Link(request, at, era)
        insort(self._links, link)
        self._by_ordinal[request.ordinal] = link
        changed = self._relink(link)
        while len(self._links) > self._kept:
            oldest = self._links.pop(0)
            del self._by_ordinal[oldest.request.ordinal]
        if self._links:
            # No reference to what was forgotten: the chain of predecessors must not grow for ever.
            self._links[0].before = None
        return [link for link in changed if link.request.ordinal in self._by_ordinal]

    def _relink(self, link: Link) -> list[Link]:
        # Nearly always the newest: looked for from the end.
        index = len(self._links) - 1
        while self._links[index] is not link:
            index -= 1
        changed = self._links[index : index + 2]
        for position, one in enumerate(changed, index):
            _settle(one, self._links[position - 1] if position else None)
        return changed


def _settle(link: Link, before: Link | None) -> None:
    """Session and place in it, from the predecessor."""
    request = link.request
    new = before is None or _another_session(link, before)
    link.before = before
    if before is None or new:
        link.run = request.session_id
        link.nth, link.first = 1, request.whole
        link.opened = before is not None and before.nth > 1 and not _chained(before.request)
    else:
        link.run = request.session_id or before.run
        link.nth, link.first, link.opened = 2, before.first, False


def _another_session(link: Link, before: Link) -> bool:
    """v34 was restarted between the two: told by ids where there are any; a typed turn has none and belongs on."""
    if link.request.session_id and before.run:
        return link.request.session_id != before.run
    if link.request.session_id or before.run:
        return False
    return link.request.session != before.request.session


def _chained(request: Request) -> bool:
    """The slot begins with a first prompt, whose persona the next session's first prompt shares."""
    return request.tail_mode is True or bool(request.context_sent)
