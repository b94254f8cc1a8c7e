"""From events to turns by a profile's rules: what an event says of its turn, which turns are over, how they ended."""

from collections.abc import Iterable

from timmy_tui.core.running.failures import Failures
from timmy_tui.model import endings
from timmy_tui.model.snapshot import Listening
from timmy_tui.model.turn import Session, Turn, TurnState
from timmy_tui.profiles.records.matching import Hit
from timmy_tui.profiles.spec import Profile
from timmy_tui.profiles.switches import Switches
from timmy_tui.profiles.turns.draft import Draft, TurnMaker
from timmy_tui.profiles.turns.drafts import MAX_OPEN, Drafts
from timmy_tui.profiles.turns.made_up_ids import MadeUpIds
from timmy_tui.profiles.turns.sessions import Sessions


class ProfileAssembler:
    """Takes events in the order of the log. Returns closed turns; the same ordinal again is a revision."""

    listening = Listening()
    restarted = False
    lone_pauses = 0

    def __init__(self, profile: Profile, timeout_s: float, keep_events: bool) -> None:
        """``timeout_s``: silence that ends a turn."""
        rule = profile.turn
        self.failures = Failures()
        """Turns that raised; each is left out."""
        self.maker = TurnMaker(profile, timeout_s, keep_events)
        self._by = rule.by
        self._rule = rule
        self._timeout_us = round(timeout_s * 1e6)
        self._timeout_s = timeout_s
        self._complete, self._enough = frozenset(rule.complete), frozenset(rule.enough)
        self._failed, self._aborted = frozenset(rule.failed), frozenset(rule.aborted)
        self._typed, self._restarts = frozenset(rule.typed), frozenset(rule.restarts)
        self._unanswered = frozenset(rule.unanswered)
        self._sessions = Sessions()
        self._switches = Switches(profile)
        self._has_keys = rule.by == "key" and not rule.join
        self._ends = self._complete | self._aborted | self._restarts | self._typed | self._failed | self._unanswered
        self._ends |= {rule.session.partition(".")[0]} | self._switches.events
        """Events that do more than tell of their turn."""
        self._next = 0
        self._drafts = Drafts(profile, self._timeout_us, self.maker, self._new)
        self._open = self._drafts.in_flight
        self.unparsed = self._drafts.fits_no_turn
        self._now_us: int | None = None
        self._ids = MadeUpIds()
        self.arrived: float | None = None
        """``elapsed()`` of the newest lines; None in a backlog or a replay."""

    def add(self, hits: Iterable[Hit]) -> list[Turn]:
        """Events in the order of the log."""
        changed: dict[int, Draft] = {}
        for hit in hits:
            if hit.stamp_us is not None:
                self._now_us = hit.stamp_us
            known = self._drafts.by_key.get(hit.key) if self._has_keys else None
            if known is None or known.state is not TurnState.OPEN or hit.event in self._ends:
                self._add(hit, changed)
            else:  # Nearly all events of a log with keys: their turn is in flight, and nothing ends it.
                self.maker.add(known, hit)
                known.arrived = self.arrived
        if self.arrived is None:
            self._end_silent(changed)
        return self._turns(changed)

    def _turns(self, changed: dict[int, Draft]) -> list[Turn]:
        turns: list[Turn] = []
        closed = [changed[ordinal] for ordinal in sorted(changed) if changed[ordinal].closed]
        new = {draft.ordinal for draft in closed if not draft.is_counted}
        self.failures.run(
            closed,
            lambda remaining: turns.extend(map(self.maker.turn, remaining)),
            lambda _, draft: f"turn {draft.key or draft.ordinal}",
        )
        for turn in turns:
            if turn.ordinal in new:
                changed[turn.ordinal].is_counted = True
                self._sessions.count(turn)
        return turns

    def _add(self, hit: Hit, changed: dict[int, Draft]) -> None:
        if self._switches.take(hit):
            return
        if self._by == "order" and hit.stamp_us is not None:
            # Also between two lines that are read at once: else the same log has other turns live than read as a whole.
            self._end_older(hit.stamp_us, changed)
        if hit.event in self._restarts:
            self._restart(changed)
            return
        draft = self._drafts.of(hit)
        if draft is None:
            return
        self._give(draft, hit, changed)
        for waiting in self._drafts.take_waiting(draft):
            self._give(draft, waiting, changed)

    def _restart(self, changed: dict[int, Draft]) -> None:
        """What is open was cut off, and what waits has no turn. A new process can count its keys from the first."""
        for cut in [*self._open.values()]:
            self._close(cut, TurnState.FAILED, endings.RESTARTED, changed)
        self._drafts.begin_again()
        self._sessions.begin(None)

    def _give(self, draft: Draft, hit: Hit, changed: dict[int, Draft]) -> None:
        """An event that belongs to this turn: what it says, and whether it ends the turn."""
        event = hit.event
        self.maker.add(draft, hit)
        draft.arrived = self.arrived
        if event in self._typed:
            draft.typed = True
        if self._rule.session and isinstance(name := hit.captures.get(self._rule.session), str):
            draft.session, draft.session_id = self._sessions.begin(name), name
        if event in self._failed:
            draft.went_wrong = True
        if event in self._unanswered:
            draft.has_doubt = True
        if event in self._aborted:
            self._close(draft, TurnState.ABORTED, "it was interrupted", changed)
        elif event in self._complete or self._by == "record":
            self._close(draft, TurnState.FAILED if draft.went_wrong else TurnState.COMPLETE, "", changed)
        if draft.is_cut:
            draft.state = self._without_end(draft, draft.state)
            draft.reason = draft.reason if draft.state in (TurnState.TIMED_OUT, TurnState.ABORTED) else ""
        if draft.closed:
            changed[draft.ordinal] = draft

    def _new(self, hit: Hit) -> Draft:
        draft = Draft(self.take_ordinal(), hit.key or self._ids.of(hit), self._sessions.current, self._sessions.name)
        draft.switches, draft.switches_at = self._switches.values, self._switches.said_at
        return draft

    def _close(
        self, draft: Draft, state: TurnState, reason: str, changed: dict[int, Draft], is_cut: bool = False
    ) -> None:
        """The turn is over; older ones in flight that nothing ended were broken off by it."""
        if self._by == "order":
            # First, so that the turn itself is the last one closed: what comes late without an id belongs to it.
            for older in [one for one in self._open.values() if one.ordinal < draft.ordinal]:
                cut = self._without_end(older, TurnState.ABORTED)
                self._drafts.close(older)
                older.end(cut, endings.broken_off_by() if cut is TurnState.ABORTED else "", is_cut=True)
                changed[older.ordinal] = older
        self._drafts.close(draft)
        draft.end(state, reason, is_cut)
        changed[draft.ordinal] = draft

    def _end_silent(self, changed: dict[int, Draft]) -> None:
        for draft in [*self._open.values()]:
            if self.arrived is not None and draft.arrived is not None:
                is_over = self.arrived - draft.arrived > self._timeout_s
            else:
                is_over = self._now_us is not None and self._is_silent(draft, self._now_us)
            if is_over or len(self._open) > MAX_OPEN:
                self._time_out(draft, changed)

    def _end_older(self, now_us: int, changed: dict[int, Draft]) -> None:
        """End turns that have been silent too long when the next event comes."""
        for draft in [one for one in self._open.values() if self._is_silent(one, now_us)]:
            self._time_out(draft, changed)

    def _is_silent(self, draft: Draft, now_us: int) -> bool:
        return draft.last_us is not None and now_us - draft.last_us > self._timeout_us

    def _time_out(self, draft: Draft, changed: dict[int, Draft]) -> None:
        state = self._without_end(draft, TurnState.TIMED_OUT)
        self._close(draft, state, endings.SILENT if state is TurnState.TIMED_OUT else "", changed, is_cut=True)

    def _without_end(self, draft: Draft, state: TurnState) -> TurnState:
        """How a turn ended that nothing ended."""
        if draft.went_wrong or draft.has_doubt:
            return TurnState.FAILED
        return TurnState.COMPLETE if self._enough & draft.facts.seen else state

    def tick(self, now: float) -> list[Turn]:
        """End turns that have been silent too long; ``now``: ``elapsed()``."""
        self.arrived = now
        self.begin_live(now)
        changed: dict[int, Draft] = {}
        self._end_silent(changed)
        return self._turns(changed)

    def begin_midway(self) -> None:
        """The reading begins somewhere in the log: what it tells of a turn before one begins is not the whole turn."""
        self._drafts.begin_midway()

    def begin_live(self, arrived: float) -> None:
        """A backlog has ended, and its last line was written at ``arrived``."""
        for draft in self._open.values():
            if draft.arrived is None:
                draft.arrived = arrived

    def finish(self) -> list[Turn]:
        """At the end of the log: the turns that it leaves open, and what waits in vain is counted."""
        self._drafts.give_up_waiting()
        return [self.maker.turn(draft) for draft in self._open.values()]

    def take_ordinal(self) -> int:
        """An ordinal for a turn from another source."""
        self._next += 1
        return self._next - 1

    def session_of(self, session_id: str) -> int:
        """Number of the session with this name; a new name begins a new session."""
        return self._sessions.begin(session_id)

    @property
    def open_turn(self) -> Turn | None:
        """The turn in flight; None when there is none."""
        draft = next(reversed(self._open.values()), None)
        return None if draft is None else self.maker.turn(draft, with_events=False)

    @property
    def busy(self) -> bool:
        """A turn is in flight."""
        return bool(self._open)

    @property
    def phase(self) -> str:
        """Key of the stage that runs now; empty where no event shows it."""
        draft = next(reversed(self._open.values()), None)
        seen = draft.facts.stamps if draft is not None else {}
        rows = self.maker.settler.table.rows
        return next(
            (row.key for row in rows if row.critical and any(name in seen for name in row.starts)
             and not any(name in seen for name in row.ends)),
            "",
        )  # fmt: skip

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Sessions so far that have turns, oldest first."""
        return self._sessions.all
