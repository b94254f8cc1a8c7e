"""Turns in flight and those that ended lately; which of them an event belongs to, by a profile's rules."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator

from timmy_tui.model.turn import TurnState
from timmy_tui.profiles.records.equations import equation
from timmy_tui.profiles.records.matching import Hit
from timmy_tui.profiles.spec import Profile
from timmy_tui.profiles.turns.draft import Draft, TurnMaker

MAX_CLOSED = 512
"""Closed turns that late events, or the same record fetched again, can still reach."""
MAX_OPEN = 64
MAX_WAITING = 64
"""Events that wait for the turn that they belong to."""
NO_TURN = "event that fits no turn"


class Drafts:
    """Finds the turn of an event: by its key, by its place in the log, or by captures that fit."""

    def __init__(self, profile: Profile, timeout_us: int, maker: TurnMaker, new: Callable[[Hit], Draft]) -> None:
        """``timeout_us``: silence that ends a turn. ``new`` makes the draft of a turn that an event opens."""
        rule = profile.turn
        self.in_flight: OrderedDict[int, Draft] = OrderedDict()
        """By ordinal, in the order in which they began."""
        self.fits_no_turn: Counter[str] = Counter()
        self.by_key: OrderedDict[str, Draft] = OrderedDict()
        self._by = rule.by
        self._maker = maker
        self._make = new
        self._timeout_us = timeout_us
        self._late_us = round(rule.late_s * 1e6)
        self._opens, self._complete = frozenset(rule.opens), frozenset(rule.complete)
        self._not_alone = frozenset(rule.not_alone)
        self._needs = {one.name: frozenset(one.after) for one in profile.event if one.after}
        self._joins = {join.event: (join, [equation(text) for text in join.same]) for join in rule.join}
        self._closed: deque[Draft] = deque(maxlen=MAX_CLOSED)
        self._alone: OrderedDict[str, Hit] = OrderedDict()
        """Events that open no turn alone, by key."""
        self._waiting: deque[Hit] = deque(maxlen=MAX_WAITING)
        self._is_midway = False

    def of(self, hit: Hit) -> Draft | None:
        """The turn of this event, which may be a new one; None where it has none, or none yet."""
        if hit.event in self._joins:
            return self._joined(hit)
        if self._by == "order":
            return self._in_order(hit)
        if not hit.key:
            if self._by == "record":
                return self._new(hit)
            self.fits_no_turn[NO_TURN] += 1
            return None
        known = self.by_key.get(hit.key)
        if known is not None and (self._by == "record" or self._takes(known, hit)):
            if self._by == "record":
                known.begin_again()  # The same record, which says something else now.
            return known
        if hit.event in self._not_alone:
            self._alone[hit.key] = hit
            if len(self._alone) > MAX_WAITING:
                self._alone.popitem(last=False)
            return None
        draft = self._new(hit)
        if (first := self._alone.pop(hit.key, None)) is not None:
            self._maker.add(draft, first)
        return draft

    def _in_order(self, hit: Hit) -> Draft | None:
        """The newest turn; a new one where the event opens it. What comes when none is open belongs to the last one."""
        if hit.event in self._not_alone:
            self._alone[""] = hit
            return None
        if hit.event in self._opens:
            self._is_midway = False
            draft = self._new(hit)
            if (first := self._alone.pop("", None)) is not None and self._is_near(first, hit):
                self._maker.add(draft, first)
            return draft
        needed = self._needs.get(hit.event)
        for open_one in reversed(self.in_flight.values()):
            if needed is None or needed & open_one.facts.seen:
                return open_one
        last = self._closed[-1] if self._closed else None
        if last is not None and self._takes(last, hit) and not self._is_next(last, hit):
            return last
        return self._without_beginning(hit)

    def _without_beginning(self, hit: Hit) -> Draft | None:
        """What ends a turn whose beginning is not in the log, or says other figures, is a turn all the same.

        Not where the reading began in the midst of it: read as a whole, that turn is another one.
        """
        if hit.event in self._complete and not self._is_midway:
            return self._new(hit)
        self.fits_no_turn[NO_TURN] += 1
        return None

    def _is_next(self, last: Draft, hit: Hit) -> bool:
        """An event that ends turns, and has ended this one already."""
        return hit.event in self._complete and hit.event in last.facts.seen

    def _joined(self, hit: Hit) -> Draft | None:
        """The oldest turn whose captures fit those of the event, of those in flight and those that ended lately."""
        for draft in (*self.in_flight.values(), *reversed([*self._recent(hit)])):
            if self._fits(hit, draft):
                return draft
        if hit.event in self._complete and self._by == "order":
            return self._without_beginning(hit)
        self._waiting.append(hit)
        return None

    def _recent(self, hit: Hit) -> Iterator[Draft]:
        """Turns that ended lately, the newest first; those that silence ended stand later among them than they were."""
        for draft in reversed(self._closed):
            if self._takes(draft, hit):
                yield draft
            elif not draft.is_cut:
                return

    def _fits(self, hit: Hit, draft: Draft) -> bool:
        join, equations = self._joins[hit.event]
        if hit.event in draft.facts.seen or any(name not in draft.facts.captures for name in join.needs):
            return False
        captures = {**draft.facts.captures, **hit.captures}
        return all(one.holds(captures, join.within_ms) for one in equations)

    def _is_near(self, first: Hit, hit: Hit) -> bool:
        if first.stamp_us is None or hit.stamp_us is None:
            return True
        return hit.stamp_us - first.stamp_us <= self._timeout_us

    def _takes(self, draft: Draft, hit: Hit) -> bool:
        """The event can still be of this turn: it is not over, or ended lately.

        Of a turn that silence ended, by key any is, because the key says so; by order what comes within the time-out.
        """
        if draft.state is TurnState.TIMED_OUT:
            since, limit_us = draft.last_us, self._timeout_us
            if self._by == "key":
                return True
        else:
            since, limit_us = draft.over_us, self._late_us
        return not draft.closed or hit.stamp_us is None or since is None or hit.stamp_us - since <= limit_us

    def _new(self, hit: Hit) -> Draft:
        draft = self._make(hit)
        self.in_flight[draft.ordinal] = draft
        if hit.key:
            self.by_key[hit.key] = draft
            if len(self.by_key) > MAX_CLOSED + MAX_OPEN:
                self.by_key.popitem(last=False)
        return draft

    def take_waiting(self, draft: Draft) -> Iterator[Hit]:
        """Events that have waited for a turn like this one."""
        for waiting in [*self._waiting] if self._joins else ():
            if self._fits(waiting, draft):
                self._waiting.remove(waiting)
                yield waiting

    def close(self, draft: Draft) -> None:
        """The turn is over; events that come late still find it."""
        if not draft.closed:
            self._closed.append(draft)
        self.in_flight.pop(draft.ordinal, None)

    def give_up_waiting(self) -> None:
        """What has waited until now has no turn."""
        self.fits_no_turn[NO_TURN] += len(self._waiting)
        self._waiting.clear()

    def begin_again(self) -> None:
        """A new process, which can count its keys from the first."""
        self.give_up_waiting()
        self.by_key.clear()
        self._alone.clear()
        self._is_midway = False

    def begin_midway(self) -> None:
        """The reading begins somewhere in the log: what it tells of a turn before one begins is not the whole turn."""
        self._is_midway = bool(self._opens)
