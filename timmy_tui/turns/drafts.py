"""The drafts of all turns: by id while late lines can still reach them, by ordinal while they are in flight."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

from timmy_tui.turns.account.plausibility import USUAL_LIMITS, Limits
from timmy_tui.turns.draft import Draft

MAX_CLOSED_TURNS = 512
"""Closed turns that late lines can still reach."""

SAME_DURATION_MS = 0.06
"""A log may round durations to a tenth of a ms."""

MAX_EVENTS = 500
"""Raw events stored of one turn, which has 27."""
MAX_UNKNOWN_NAMES = 100
"""Names of events that the stage table does not know, of one turn."""
TOO_MANY_EVENTS = f"events above {MAX_EVENTS} of one turn, not kept"
TOO_MANY_NAMES = f"unknown events above {MAX_UNKNOWN_NAMES} names of one turn, not kept"

MIN_OLD_IDS = 50_000
"""Ids of older turns, to recognize them when a log is read again: at least this many, at most twice: 12 MiB."""


class Drafts:
    """Gives out ordinals. Keeps the newest turns whole, and of the older ones the id and the time."""

    def __init__(self, remember: int | None = MAX_CLOSED_TURNS, limits: Limits = USUAL_LIMITS) -> None:
        """``remember``: how many closed turns late lines can reach; None keeps all."""
        self._remember = remember
        self._limits = limits
        self._by_id: OrderedDict[str, Draft] = OrderedDict()
        self._old_stamps: dict[str, float] = {}
        self._oldest_stamps: dict[str, float] = {}
        self._next_ordinal = 0
        self.find = self._by_id.get
        """The turn with this id; None if there is none, or if it is too old."""
        self.open: dict[int, Draft] = {}
        """Turns in flight, by ordinal."""
        self.batches = 0
        """How often events have come."""
        self.dropped: Counter[str] = Counter()
        """What was too much to be stored of one turn, by what it was."""

    def take_ordinal(self) -> int:
        """An ordinal for a turn from another source."""
        self._next_ordinal += 1
        return self._next_ordinal - 1

    def create(self, request_id: str) -> Draft:
        """A new turn. An older one with the same id cannot be found any more; one without an id is not stored."""
        draft = Draft(self.take_ordinal(), request_id, limits=self._limits)
        if request_id:
            self._by_id.pop(request_id, None)
            self._by_id[request_id] = draft
            self._remove_old()
        return draft

    def find_by_figures(self, figures: Mapping[str, Any]) -> Draft | None:
        """The newest turn with Ollama's figures as in ``figures``, by field of Turn; for a turn whose id is lost."""
        counts = [(name, figures.get(name)) for name in ("prompt_tokens", "output_tokens")]
        prefill_ms = figures.get("prefill_ms")
        if prefill_ms is None or any(count is None for _, count in counts):
            return None
        for draft in reversed(self._by_id.values()):
            if all(draft.fields.get(name) == count for name, count in counts) and (
                abs(draft.fields.get("prefill_ms", prefill_ms) - prefill_ms) <= SAME_DURATION_MS
            ):
                return draft
        return None

    def with_events(self) -> list[Draft]:
        """The turns that late lines can reach and that have events, in their order."""
        return sorted((draft for draft in self._by_id.values() if draft.last_stamp), key=lambda draft: draft.position)

    def last_stamp_of_old(self, request_id: str) -> float | None:
        """Stamp of the last event of a turn that is too old to be found; None if the id is not known."""
        stamp = self._old_stamps.get(request_id)
        return self._oldest_stamps.get(request_id) if stamp is None else stamp

    def store_unknown(self, draft: Draft, name: str, stamp_us: int) -> None:
        """An event without a slot; of a repeated one the first counts."""
        if name in draft.unknown_events:
            return
        if len(draft.unknown_events) < MAX_UNKNOWN_NAMES:
            draft.unknown_events[name] = stamp_us
        else:
            self.dropped[TOO_MANY_NAMES] += 1

    def limit_events(self, draft: Draft) -> None:
        """Drop the newest events of a turn that has too many; their stamps and figures count all the same."""
        more = len(draft.events) - MAX_EVENTS
        if more > 0:
            del draft.events[MAX_EVENTS:]
            self.dropped[TOO_MANY_EVENTS] += more

    def in_flight(self) -> Draft | None:
        """The newest turn in flight."""
        return max(self.open.values(), key=lambda draft: draft.ordinal, default=None)

    def _remove_old(self) -> None:
        if self._remember is None:
            return
        while len(self._by_id) > self._remember:
            request_id, draft = next(iter(self._by_id.items()))
            if not draft.closed:
                break
            del self._by_id[request_id]
            self._old_stamps[request_id] = draft.last_stamp
        if len(self._old_stamps) >= MIN_OLD_IDS:
            # Two halves: to remove the oldest key, a dict steps over all keys that were removed before it.
            self._old_stamps, self._oldest_stamps = {}, self._old_stamps
