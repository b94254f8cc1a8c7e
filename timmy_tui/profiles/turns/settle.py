"""The ledger of a turn by a profile's rules: every microsecond of the headline belongs to a stage or a gap.

Integer µs throughout. It knows one clock, or two with hops between them whose sum no difference of the clocks
changes. A gap beyond the time-out is a sleep; a smaller step of a clock is not looked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.model.stages.table import CROSS, V2V, StageTable
from timmy_tui.model.turn import Gap, Reason, Span
from timmy_tui.profiles.records.matching import Capture, Part
from timmy_tui.profiles.spec import HeadlineRule, Profile, StageRule, stage_row

STEP_US = 1000
"""A hop this far below zero is two clocks that differ; less is two threads that stamp at once."""


class Account(Struct, frozen=True, gc=False):
    """Where the time of one turn went, in ms from whole µs."""

    span: Span
    headline_ms: float | None
    stages: dict[str, float | None]
    skipped: frozenset[str]
    unattributed_ms: float | None
    gaps: tuple[Gap, ...]
    unmeasured: Mapping[str, str]


class Facts(Struct, gc=False):
    """What is known of a turn so far."""

    stamps: dict[str, int]
    """Event → µs since 1970; of one that comes twice the first."""
    captures: dict[str, Capture]
    """By ``event.name``; durations in ms."""
    parts: list[Part]
    pairs: dict[str, int]
    """Stage → the sum of its pairs of events, µs."""
    seen: set[str]
    """Events, also those without a stamp."""


class _Edge(Struct, frozen=True, gc=False):
    """A measured stage of the critical path; without a place, where only its length is known."""

    key: str
    start: int | None
    us: int
    clock: str

    @property
    def end(self) -> int:
        return (self.start or 0) + self.us


class Settler:
    """Settles turns by one profile."""

    def __init__(self, profile: Profile, timeout_s: float) -> None:
        """``timeout_s``: between two stamps of a turn that are further apart lies a sleep, or a step of a clock."""
        self._timeout_us = round(timeout_s * 1e6)
        self._rules = profile.stage
        self.table = StageTable([stage_row(rule, place) for place, rule in enumerate(profile.stage, 1)])
        self._headlines = profile.headline
        self._tolerance_us = round(1000 * profile.ledger.tolerance_ms)
        self._stamped = not profile.time.resolution_ms
        first = profile.headline[0].begins if profile.headline else ()
        # A setting is waited for before the first event: it ends there, so that the gaps behind it have their places.
        self._path = [
            replace(rule, ends=first) if rule.is_setting and not rule.ends and self._stamped else rule
            for rule in profile.stage
            if rule.critical
        ]
        self._beside = [rule for rule in profile.stage if not (rule.critical or rule.rest or rule.both_ways)]
        self._rank = {key: at for at, key in enumerate(self.table.critical)}
        self._optional = [self._around(rule) for rule in self._rules if rule.optional]

    def settle(self, facts: Facts) -> Account:
        """The account of what is known of a turn."""
        stages: dict[str, float | None] = dict.fromkeys(self.table.keys)
        unmeasured: dict[str, str] = {}
        rule, began, ended, headline_us = self._headline(facts)
        parts = _within(facts.parts, headline_us)
        edges = [edge for edge in self._edges(facts, parts) if rule is None or not self._is_behind(edge.key, rule.last)]
        for edge in edges:
            stages[edge.key] = edge.us / 1000
        stages.update(self._side(facts))
        for slept in self._sleeps(facts):
            edges = self._without_sleep(slept, facts, edges, stages, unmeasured)
            if began is not None and ended is not None and self._is_sleep(max(slept[0], began), min(slept[1], ended)):
                unmeasured[V2V], headline_us = Reason.ASLEEP, None
        edges = self._fit_hops(stages, edges, unmeasured)
        self._rests(stages)
        span = rule.span if rule is not None else Span.NONE
        gaps: tuple[Gap, ...] = ()
        rest: float | None = None
        if headline_us is not None and headline_us < 0:
            unmeasured[V2V], headline_us = Reason.BACKWARDS, None
        if headline_us is not None:
            edges = self._that_fit(headline_us, edges, stages, unmeasured)
            gaps, rest = _gaps(edges, began, ended, headline_us)
        return Account(
            span=span,
            headline_ms=None if headline_us is None else headline_us / 1000,
            stages=stages,
            skipped=self._skipped(facts),
            unattributed_ms=rest,
            gaps=gaps,
            unmeasured=unmeasured,
        )

    def _is_behind(self, key: str, last: str) -> bool:
        return bool(last) and self._rank[key] > self._rank[last]

    def _headline(self, facts: Facts) -> tuple[HeadlineRule | None, int | None, int | None, int | None]:
        """The first rule that has all it needs; where the span begins and ends, as far as known; its length in µs."""
        for rule in self._headlines:
            if any(name in facts.captures or name in facts.seen for name in rule.unless):
                continue
            less = _us(facts.captures.get(rule.less)) if rule.less else round(1000 * rule.less_ms)
            if rule.lasts:
                parts = [_us(facts.captures.get(name)) for name in rule.lasts]
                if None in parts or less is None:
                    continue
                total = sum(part for part in parts if part is not None) + less
                ended = facts.stamps.get(rule.last_event) if rule.last_event else None
                return rule, None if ended is None else ended - total, ended, total
            began, ended = _first(facts.stamps, rule.begins), _first(facts.stamps, rule.ends)
            if began is not None and ended is not None and less is not None and self._stamped:
                return rule, began - less, ended, ended - began + less
        return None, None, None, None

    def _edges(self, facts: Facts, parts: Sequence[Part]) -> Iterator[_Edge]:
        """The measured critical stages in order; one of a single clock that runs backwards is not measured."""
        for rule in self._path:
            edge = self._measure(rule, facts, parts)
            if edge is not None:
                yield edge

    def _measure(self, rule: StageRule, facts: Facts, parts: Sequence[Part]) -> _Edge | None:
        if rule.is_setting or rule.lasts or rule.lasts_ms is not None:
            us = _lasting(rule, facts)
            if us is None:
                return self._of_parts(rule, parts)
            end = _first(facts.stamps, rule.ends)
            if rule.ends and end is None:
                return None
            return _Edge(rule.key, end - us if end is not None and self._stamped else None, us, rule.clock)
        start, end = _first(facts.stamps, rule.begins), _first(facts.stamps, rule.ends)
        if start is None or end is None or not self._stamped or (end < start and rule.clock != CROSS):
            return None
        return _Edge(rule.key, start, end - start, rule.clock)

    def _of_parts(self, rule: StageRule, parts: Sequence[Part]) -> _Edge | None:
        """A stage that named parts of a record are, those of one name added."""
        chosen = [part for part in parts if part.name in rule.lasts]
        if not chosen:
            return None
        return _Edge(rule.key, None, sum(round(1000 * part.ms) for part in chosen), rule.clock)

    def _side(self, facts: Facts) -> Iterator[tuple[str, float]]:
        """What is measured beside the critical path, or within one of its stages; ms as the record has them."""
        for rule in self._beside:
            if rule.pairs:
                if rule.key in facts.pairs and self._stamped:
                    yield rule.key, facts.pairs[rule.key] / 1000
                continue
            if rule.lasts and not rule.minus:
                ms = next((ms for name in rule.lasts if isinstance(ms := facts.captures.get(name), float)), None)
                if ms is not None:
                    yield rule.key, ms
                    continue
            edge = self._measure(rule, facts, facts.parts)
            if edge is not None and edge.us >= 0:
                yield rule.key, edge.us / 1000

    def _sleeps(self, facts: Facts) -> list[tuple[int, int]]:
        """Neighbouring stamps that are further apart than the time-out; none in all but odd turns."""
        stamps = facts.stamps.values()
        if not stamps or max(stamps) - min(stamps) <= self._timeout_us:
            return []
        return [(a, b) for a, b in pairwise(sorted(stamps)) if self._is_sleep(a, b)]

    def _is_sleep(self, since: int, until: int) -> bool:
        return until - since > self._timeout_us

    def _without_sleep(
        self,
        slept: tuple[int, int],
        facts: Facts,
        edges: list[_Edge],
        stages: dict[str, float | None],
        unmeasured: dict[str, str],
    ) -> list[_Edge]:
        """What spans it is no measurement."""
        for rule in self._rules:
            start, end = _first(facts.stamps, rule.begins), _first(facts.stamps, rule.ends)
            if start is not None and end is not None and start < slept[1] and slept[0] < end:
                if stages.get(rule.key) is not None:
                    unmeasured[rule.key] = Reason.ASLEEP
                stages[rule.key] = None
        return [edge for edge in edges if stages[edge.key] is not None]

    def _fit_hops(self, stages: dict[str, float | None], edges: list[_Edge], unmeasured: dict[str, str]) -> list[_Edge]:
        """Hops that are below zero are no durations; their sum is one, and what it lacks to zero is left to a gap."""
        hops = [edge for edge in edges if edge.clock == CROSS]
        all_known = bool(hops) and len(hops) == len(self.table.hops)
        total = sum(edge.us for edge in hops)
        if all_known:
            stages[self.table.network] = max(total, 0) / 1000
        if not hops or min(edge.us for edge in hops) >= 0:
            return edges
        if min(edge.us for edge in hops) <= -STEP_US:
            for edge in hops:
                stages[edge.key] = None
                unmeasured[edge.key] = Reason.CLOCKS_DIFFER
            if not all_known:
                return [edge for edge in edges if edge.clock != CROSS]
            return edges
        for edge in hops:
            others = sum(min(other.us, 0) for other in hops if other is not edge)
            stages[edge.key] = max(edge.us + others, 0) / 1000
        return edges

    def _rests(self, stages: dict[str, float | None]) -> None:
        for rule in self._rules:
            if not rule.rest:
                continue
            whole = stages[rule.parent]
            others = [stages[key] for key in self.table.parts[rule.parent] if key != rule.key]
            if whole is not None and None not in others:
                left = round(whole - sum(ms for ms in others if ms is not None), 6)
                stages[rule.key] = left if left >= 0 else None

    def _that_fit(
        self, headline_us: int, edges: list[_Edge], stages: dict[str, float | None], unmeasured: dict[str, str]
    ) -> list[_Edge]:
        """The edges, without those that are only lengths where these are longer than their headline."""
        lengths = [edge for edge in edges if edge.start is None]
        excess = sum(edge.us for edge in edges) - headline_us
        if not lengths or excess <= self._tolerance_us * len(lengths):
            return edges
        for edge in lengths:
            stages[edge.key] = None
            unmeasured[edge.key] = Reason.EXCEEDS_WHOLE
        return [edge for edge in edges if edge.start is not None]

    def _around(self, rule: StageRule) -> tuple[StageRule, tuple[str, ...], tuple[str, ...]]:
        """A stage that may be left out; events that end one of its clock ahead, and that open one behind it."""
        path = [one for one in self._rules if one.critical]
        at = path.index(rule)
        ahead = tuple(event for one in path[:at] if one.clock == rule.clock for event in one.ends)
        behind = tuple(event for one in path[at + 1 :] if one.clock == rule.clock for event in one.begins)
        return rule, ahead, behind

    def _skipped(self, facts: Facts) -> frozenset[str]:
        """A stage that may be left out was, when others of its clock ahead of it and behind it were not."""
        return frozenset(
            rule.key
            for rule, ahead, behind in self._optional
            if not any(event in facts.stamps for event in (*rule.begins, *rule.ends))
            and any(event in facts.stamps for event in ahead)
            and any(event in facts.stamps for event in behind)
        )


def _lasting(rule: StageRule, facts: Facts) -> int | None:
    """The length that the record says, less what it contains of other stages; None: not known."""
    if rule.lasts_ms is not None:
        return round(1000 * rule.lasts_ms)
    us = next((us for name in rule.lasts if (us := _us(facts.captures.get(name))) is not None), None)
    for name in rule.minus if us is not None else ():
        inner = _us(facts.captures.get(name))
        if inner is None or us is None or inner > us:
            return None
        us -= inner
    return us


def _within(parts: Sequence[Part], headline_us: int | None) -> Sequence[Part]:
    """The parts that began within the span, which ends with the last of them.

    Of their own clock: that of the records may be the receiver's, seconds from it.
    """
    if headline_us is None or not any(part.starts_us is not None for part in parts):
        return parts
    began = max(part.starts_us + round(1000 * part.ms) for part in parts if part.starts_us is not None) - headline_us
    return [part for part in parts if part.starts_us is None or part.starts_us >= began - STEP_US]


def _us(ms: Capture | None) -> int | None:
    return None if ms is None or isinstance(ms, str) else round(1000 * ms)


def _first(stamps: Mapping[str, int], events: Sequence[str]) -> int | None:
    for event in events:
        if event in stamps:
            return stamps[event]
    return None


def _gaps(
    edges: Sequence[_Edge], began: int | None, ended: int | None, headline_us: int
) -> tuple[tuple[Gap, ...], float]:
    """Time between the measured stages, by place, and their sum in ms; one gap where a stage has no place."""
    if began is None or ended is None or any(edge.start is None for edge in edges):
        rest = (headline_us - sum(edge.us for edge in edges)) / 1000
        return ((Gap("start", "end", rest),) if rest else ()), rest
    gaps: list[Gap] = []
    at, after, total = began, "start", 0
    for edge in edges:
        start = edge.start or 0
        if start != at:
            gaps.append(Gap(after, edge.key, (start - at) / 1000))
            total += start - at
        at, after = edge.end, edge.key
    if ended != at:
        gaps.append(Gap(after, "end", (ended - at) / 1000))
        total += ended - at
    return tuple(gaps), total / 1000
