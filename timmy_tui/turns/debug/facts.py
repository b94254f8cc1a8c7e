"""Facts of v34's debug log, sorted into turns: joined with the events of the same id, or turns without events.

The log arrives late, because its writer buffers 8 KiB: often its facts belong to a turn that is already closed.
"""

from timmy_tui.model.log_format import DebugFact
from timmy_tui.model.turn import TurnState
from timmy_tui.parse.v34_answers import ALL_STEPS, too_short, total_agrees
from timmy_tui.turns.debug.access_lines import AccessLines, access_line
from timmy_tui.turns.debug.places import DebugPlaces
from timmy_tui.turns.debug_record import DebugRecord
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.v34_sessions import V34Sessions

_OUTSIDE = frozenset({"health", "reloading", "traceback", "topic", "parent_stored"})
"""Kinds that say nothing of a turn."""


class DebugLog:
    """Takes facts in file order; each can add to several turns."""

    def __init__(self, drafts: Drafts, sessions: V34Sessions) -> None:
        self._drafts = drafts
        self._access = AccessLines()
        self._places = DebugPlaces(drafts, sessions)
        self._current: DebugRecord | None = None
        """The record that facts are added to."""
        self._begun = False
        """A turn has begun, or v34 has: what stands before that is the rest of a turn whose beginning is cut off."""
        self._last: Draft | None = None
        """The turn that ended last."""
        self._answer_ended = False
        """The line behind the newest answer has come."""
        self._second_end = False
        self._longer: str | None = None
        """The newest answer up to its second end; None: not known."""

    @property
    def restarted(self) -> bool:
        """v34 was restarted, and has had no turn since."""
        return self._places.restarted and self._current is None

    def add_fact(self, fact: DebugFact) -> list[Draft]:
        """The turns that the fact completed or added to."""
        kind = fact.kind
        if kind == "access":
            return self._with_times(self._access.add_line(access_line(fact)))
        if kind == "begin":
            changed = self.finish_record()
            self._current, self._begun = DebugRecord(), True
            return changed
        if kind in ("serving", "restarting"):
            if self._current is not None:
                self._current.restarted = True
            changed = self.finish_record()
            self._access.restart()
            self._begun = True
            return [*changed, *self._places.restart()]
        if kind in ("tts_failure", "handler_failure") and self._is_late(kind):
            return self._add_late(fact)
        if kind in _OUTSIDE:
            return []
        if kind == "answer":
            self._second_end = self._answer_ended = False
        elif kind == "answer_added":
            # Behind an answer this line comes once; again without another answer, the first was within that answer.
            self._second_end = self._answer_ended and (self._current is None or self._current.reply is None)
            self._answer_ended = True
            self._longer = fact.values.get("reply")
        elif kind == "total" and self._second_end:
            self._second_end = False
            ended = self._turn_of_second_end(fact)
            if ended is not None:
                return self._weigh_ends(*ended, fact.values["ms"])
        if self._current is None and not self._begun:
            self._current, self._begun = DebugRecord(headless=True), True
        if self._current is None:
            return []
        self._current.add_fact(fact)
        return self.finish_record() if kind == "handler_failure" or self._current.finished else []

    def _turn_of_second_end(self, fact: DebugFact) -> tuple[Draft, DebugRecord] | None:
        """The turn that ended last, where a total behind a second end of its answer fits it, not the lines behind."""
        last, ms = self._last, fact.values.get("ms")
        if last is None or last.debug is None or ms is None:
            return None
        if "reply_length" in last.fields:
            return None  # The length of the answer has told its end.
        record, others = last.debug, {} if self._current is None else self._current.steps
        if record.reply is None or not record.steps.keys() >= ALL_STEPS or not total_agrees(record.steps, ms):
            return None
        return None if others.keys() >= ALL_STEPS and total_agrees(others, ms) else (last, record)

    def _weigh_ends(self, last: Draft, record: DebugRecord, total_ms: float) -> list[Draft]:
        """Two ends fit the steps, and what stood between them is no turn. Ollama's count can refute the first.

        Else the duration of a spoken turn's request decides, which may not have come yet; else the end is unknown.
        """
        self._current = None
        first, second = (record.total_ms, record.reply), (total_ms, self._longer)
        tokens = record.values.get("output_tokens", last.fields.get("output_tokens"))
        if tokens is not None and _is_only_second(first[1], second[1], tokens):
            record.total_ms, record.reply = second
        else:
            record.ends = (*record.ends, *([] if record.ends else [first]), second)
            record.total_ms = record.reply = None
        return [last, *(draft for draft in self._with_times(self._access.pair_again()) if draft is not last)]

    def _is_late(self, kind: str) -> bool:
        """A failure of a turn that has ended: v34 calls the TTS behind the total, when the next turn may have begun."""
        return kind == "tts_failure" or self._current is None

    def _add_late(self, fact: DebugFact) -> list[Draft]:
        if self._last is None or self._last.debug is None:
            return []
        self._last.debug.add_fact(fact)
        return [self._last]

    def finish_record(self, unended: TurnState = TurnState.ABORTED) -> list[Draft]:
        """Join the current record with the events of its turn, or make a turn of it; the turns that changed.

        ``unended``: state of a turn without a total; open where the log ends within it.
        """
        record, self._current = self._current, None
        if record is None or (record.headless and not record.is_turn):
            return []
        record.end()
        draft = self._find(record)
        if draft is None and self._drafts.last_stamp_of_old(record.request_id) is not None:
            # Its events were read so long ago that they cannot be completed: another turn of it would be one too many,
            # and each such would put one more out of reach.
            self._last = None
            return []
        if draft is None or draft.debug is not None:
            draft = self._drafts.create(record.request_id)
            draft.debug = record
            draft.closed = True
            draft.state = TurnState.COMPLETE if record.finished else unended
            self._places.add_without_events(draft)
            changed = []
        else:
            draft.debug = record
            changed = self._places.add_with_events(draft)
        self._last = draft
        if record.typed is not True:
            changed += self._with_times(self._access.add_turn(draft))
        return [draft, *(other for other in changed if other is not draft)]

    def _with_times(self, paired: list[Draft]) -> list[Draft]:
        """These turns have another access line than before; and those whose place that tells."""
        placed = [draft for one in paired for draft in self._places.add_time(one)]
        return [*paired, *(draft for draft in placed if draft not in paired)]

    def _find(self, record: DebugRecord) -> Draft | None:
        """The turn with its id. Of a turn whose first lines are cut off, the id can be lost: its figures tell it."""
        if record.request_id:
            return self._drafts.find(record.request_id)
        return self._drafts.find_by_figures(record.values) if record.headless else None


def _is_only_second(first: str | None, second: str | None, tokens: int) -> bool:
    """Of two answers only the longer one is as long as that many tokens are at least."""
    return first is not None and second is not None and too_short(first, tokens) and not too_short(second, tokens)
