"""Which turn of the latency log came behind one of the debug log, by v34's clock: where no id tells, only time does.

Both are v34's own stamps: those of its events, and its access lines, which have whole seconds.
"""

from bisect import bisect_right
from itertools import accumulate

from timmy_tui.model.stages.events import SLOT
from timmy_tui.turns.debug_record import DebugRecord
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts

HALF_A_SECOND = 0.5
"""A line of 14:30:05 was written between that second and the next."""
_V34_SLOTS = tuple(slot for name, slot in SLOT.items() if name.startswith("v34_"))


class TurnTimes:
    """The turns that have events of v34, as far as late lines can reach them."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._known = -1
        """How often events had come when the two lists were made."""
        self._turns: list[Draft] = []
        self._latest: list[float] = []
        """When v34 began each of these, or one before it if that was later: a clock may have stepped back."""

    def first_behind(self, at: float) -> Draft | None:
        """The first turn in file order that v34 began later than ``at``, in seconds; None: there is none."""
        self._look()
        index = bisect_right(self._latest, at)
        return self._turns[index] if index < len(self._turns) else None

    def _look(self) -> None:
        if self._known == self._drafts.batches:
            return
        self._known = self._drafts.batches
        begun = [(draft, at) for draft in self._drafts.with_events() if (at := _began(draft)) is not None]
        self._turns = [draft for draft, _ in begun]
        self._latest = list(accumulate((at for _, at in begun), max))


def served_at(record: DebugRecord) -> float | None:
    """When v34 began a turn of its debug log, or ended it where only that is known, in seconds."""
    at = record.started if record.started is not None else record.ended
    return None if at is None else at + HALF_A_SECOND


def _began(draft: Draft) -> float | None:
    """In seconds, by its first event of v34."""
    began_us = min((at for slot in _V34_SLOTS if (at := draft.stamps[slot]) is not None), default=None)
    return None if began_us is None else began_us / 1e6
