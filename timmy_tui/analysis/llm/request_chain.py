"""Requests in the order in which they were sent, each linked to the one before it, which filled the cache slot.

Turns arrive late and out of order: the debug log is buffered, and typed turns come from another source. How much a
prompt can share with the previous one depends on the true order. So the chain keeps that order, and names the requests
whose place changed.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from timmy_tui.analysis.llm.llm_requests import LlmRequest


@dataclass(eq=False)
class ChainedRequest:
    """One request in its place."""

    request: LlmRequest
    version_index: int = field(init=False)
    """Index of the Ollama version that served it."""
    previous: "ChainedRequest | None" = None
    following: "ChainedRequest | None" = None
    session_id: str | None = field(init=False)
    """Taken from the previous request where the turn has none."""
    first_in_session: bool = field(init=False)
    """First of its session, or of the log where that begins in the middle of a session."""
    first_prompt_tokens: int | None = field(init=False)
    """Full prompt of the session's first request."""
    slot_replaced: bool = field(init=False)
    """First prompt of a session, on a slot that holds another conversation: it can share nothing."""
    loaded: bool = field(init=False)
    """The model was loaded for it."""
    long_wait: bool = field(init=False)
    """Only the time spent waiting suggests a load."""
    truncated: bool = False
    rate_key: tuple[str, int, int] = field(default=("", 0, 0))
    """Model, num_ctx and version_index: a cold rate is valid for one such key."""

    def __lt__(self, other: "ChainedRequest") -> bool:
        return self.request.position < other.request.position

    @property
    def reusable_tokens(self) -> int:
        """Tokens of this prompt that the slot should already hold, as far as the figures show."""
        previous = self.previous
        if (
            previous is None
            or self.first_in_session
            or previous.request.full_prompt_tokens is None
            or previous.truncated
        ):
            return 0
        if self.request.context_sent:
            return previous.request.slot_tokens or 0
        previous_tokens = previous.request.full_prompt_tokens
        return max(previous_tokens - (self.first_prompt_tokens or previous_tokens), 0)


class RequestChain:
    """The newest requests, in order of their positions."""

    def __init__(self, limit: int) -> None:
        """``limit``: how many requests are kept."""
        self._limit = limit
        self._requests: list[ChainedRequest] = []
        self._by_ordinal: dict[int, ChainedRequest] = {}

    def __iter__(self) -> Iterator[ChainedRequest]:
        return iter(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    def get(self, ordinal: int) -> ChainedRequest | None:
        """The request of a turn; None when the chain does not hold it."""
        return self._by_ordinal.get(ordinal)

    @property
    def newest(self) -> ChainedRequest | None:
        """The last one."""
        return self._requests[-1] if self._requests else None

    def put(self, request: LlmRequest) -> list[ChainedRequest]:
        """Add a request, or replace the one of the same turn. Returns those to evaluate again: it and its successor."""
        known = self._by_ordinal.get(request.ordinal)
        if known is not None and request.position == known.request.position:
            known.request = request
            return self._relink(known)
        moved: list[ChainedRequest] = []
        if known is not None:
            moved = self._remove(known)
        added = ChainedRequest(request)
        insort(self._requests, added)
        self._by_ordinal[request.ordinal] = added
        changed = self._relink(added) + [chained for chained in moved if chained.previous is not added]
        while len(self._requests) > self._limit:
            oldest = self._requests.pop(0)
            del self._by_ordinal[oldest.request.ordinal]
        if self._requests:
            # Drop the reference to what was removed: the chain of previous requests must not grow for ever.
            self._requests[0].previous = None
        return [chained for chained in changed if chained.request.ordinal in self._by_ordinal]

    def _remove(self, known: ChainedRequest) -> list[ChainedRequest]:
        """Take a request out that has another place. Returns the one behind it, which has another one before it now."""
        index = self._requests.index(known)
        del self._requests[index]
        if known.previous is not None:
            known.previous.following = None
        return self._relink(self._requests[index])[:1] if index < len(self._requests) else []

    def _relink(self, chained: ChainedRequest) -> list[ChainedRequest]:
        # Nearly always the newest: search from the end.
        index = len(self._requests) - 1
        while self._requests[index] is not chained:
            index -= 1
        changed = self._requests[index : index + 2]
        for position, item in enumerate(changed, index):
            _set_place(item, self._requests[position - 1] if position else None)
        return changed


def _set_place(chained: ChainedRequest, previous: ChainedRequest | None) -> None:
    """Set the session and the place in it, from the previous request."""
    request = chained.request
    begins_session = previous is None or _begins_session(chained, previous)
    chained.previous = previous
    if previous is not None:
        previous.following = chained
    if previous is None or begins_session:
        chained.session_id = request.session_id
        chained.first_in_session, chained.first_prompt_tokens = True, request.full_prompt_tokens
        chained.slot_replaced = (
            previous is not None and not previous.first_in_session and not _begins_with_first_prompt(previous.request)
        )
    else:
        chained.session_id = request.session_id or previous.session_id
        chained.first_in_session, chained.first_prompt_tokens = False, previous.first_prompt_tokens
        chained.slot_replaced = False


def _begins_session(chained: ChainedRequest, previous: ChainedRequest) -> bool:
    """v34 was restarted between the two. Two ids decide; a turn without an id (typed) stays in the same session."""
    if chained.request.session_id and previous.session_id:
        return chained.request.session_id != previous.session_id
    if chained.request.session_id or previous.session_id:
        return False
    return chained.request.session != previous.request.session


def _begins_with_first_prompt(request: LlmRequest) -> bool:
    """The slot begins with a session's first prompt, and the next session's first prompt shares its persona."""
    return request.tail_mode is True or bool(request.context_sent)
