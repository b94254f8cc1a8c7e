"""The turns in the making: by id while late lines may still tell more of them, by ordinal while they are in flight."""

from collections import OrderedDict

from timmy_tui.turns.draft import Draft

REMEMBERED = 512
"""Turns that late lines may still tell more of."""

PAST = 50_000
"""Ids of still older turns that are recognised when a log is read again: at least so many, at most twice: 12 MiB."""


class Drafts:
    """Hands out ordinals, keeps the newest turns whole and of the older ones the id and the time."""

    def __init__(self, remember: int | None = REMEMBERED) -> None:
        """``remember`` bounds the closed turns that late lines can reach; None keeps all."""
        self._remember = remember
        self._known: OrderedDict[str, Draft] = OrderedDict()
        self._past: dict[str, float] = {}
        self._older: dict[str, float] = {}
        self._next = 0
        self.find = self._known.get
        """The turn that is remembered under an id."""
        self.open: dict[int, Draft] = {}
        """Those in flight, by ordinal."""

    def take_ordinal(self) -> int:
        """An ordinal for a turn that came from elsewhere."""
        self._next += 1
        return self._next - 1

    def make(self, request_id: str) -> Draft:
        """A new turn under this id; an older one with the same id is no longer found. Without an id it is not kept."""
        draft = Draft(self.take_ordinal(), request_id)
        if request_id:
            self._known.pop(request_id, None)
            self._known[request_id] = draft
            self._forget()
        return draft

    def last_heard(self, request_id: str) -> float | None:
        """Stamp of the newest event of a turn that is out of reach by now."""
        last = self._past.get(request_id)
        return self._older.get(request_id) if last is None else last

    def newest_stamp(self) -> float:
        """Of all turns that are remembered; 0.0 without any."""
        return max((draft.last for draft in self._known.values()), default=0.0)

    def in_flight(self) -> Draft | None:
        """The newest turn with text, else a pause that may become one."""
        return max(self.open.values(), key=lambda draft: (draft.begun, draft.ordinal), default=None)

    def _forget(self) -> None:
        if self._remember is None:
            return
        while len(self._known) > self._remember:
            name, draft = next(iter(self._known.items()))
            if not draft.closed:
                break
            del self._known[name]
            self._past[name] = draft.last
        if len(self._past) >= PAST:
            # Two halves, because taking out the oldest of a dict walks over all that was taken out before.
            self._past, self._older = {}, self._past
