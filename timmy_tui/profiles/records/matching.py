"""Which event a record is, and what it carries: figures in ms or counts, texts, named parts."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import regex
from msgspec import Struct

from timmy_tui.core.foreign.decode import number
from timmy_tui.model.turn import Event
from timmy_tui.profiles.records.reader import Pattern, Record, getter
from timmy_tui.profiles.records.times import StampReader
from timmy_tui.profiles.spec import EventRule, Profile, Unit

MAX_FIGURE = 1e12
"""A figure from here on is not valid: no count, length or duration in ms of one turn is that large."""

Capture = float | str | bool
_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "count": 1.0}


class Part(Struct, frozen=True, gc=False):
    """A named duration within one record."""

    name: str
    ms: float
    starts_us: int | None
    """Its beginning, on the clock of the records; None where it is not said."""


class Hit(Struct, frozen=True, gc=False):
    """A record that is an event of the profile."""

    event: str
    stamp_us: int | None
    captures: Mapping[str, Capture]
    """By ``event.name``; durations in ms."""
    parts: tuple[Part, ...]
    key: str
    """What all records of its turn share; empty where the profile has none or the record lacks it."""
    service: str
    time_of_day_s: float | None = None
    """Where the record says no date, so that the day of ``stamp_us`` is a guess."""


def hidden_captures(profile: Profile) -> frozenset[str]:
    """Captures that no event shows: the private ones, and the words of the talk, which are text and reply alone."""
    talk = [profile.figures[name] for name in ("text", "reply") if name in profile.figures]
    names = (name for some in talk for name in ([some] if isinstance(some, str) else some))
    return frozenset((*profile.private, *names))


def counts_of(profile: Profile) -> frozenset[str]:
    """What of its events is a number of something, as ``event.name``: all other figures become times in ms."""
    return frozenset(
        f"{rule.name}.{name}"
        for rule in profile.event
        for name, unit in (*_units_of(rule).items(), *((name, take.unit) for name, take in rule.take.items()))
        if unit == "count"
    )


def shown_event(hit: Hit, hidden: frozenset[str]) -> Event:
    """The event with what it carries, by the names that its rule has for them; without a stamp its time is 0."""
    prefix = len(hit.event) + 1
    shown = {name[prefix:]: value for name, value in hit.captures.items() if name not in hidden}
    shown.update((part.name[prefix:], round(part.ms, 3)) for part in hit.parts if part.name not in hidden)
    return Event((hit.stamp_us or 0) / 1e6, hit.key or "-", hit.event, hit.service, shown)


class EventMatcher:
    """Records of one source in, events out; what is none is counted."""

    def __init__(self, profile: Profile) -> None:
        self.unparsed: Counter[str] = Counter()
        self._name = getter(profile.source.event) if profile.source.event else None
        self._key = getter(profile.turn.key) if profile.turn.key else None
        self._is_turn = profile.turn.by == "record"
        self._stamp = StampReader(profile.time)
        self._needs_day = self._stamp.needs_day
        self._rules = tuple(_Rule(rule, profile, self.unparsed) for rule in profile.event)
        self._by_name: dict[str, tuple[_Rule, ...]] = {}
        for rule in self._rules:
            self._by_name[rule.event] = (*self._by_name.get(rule.event, ()), rule)

    @property
    def stamps(self) -> StampReader:
        """The reader of its stamps."""
        return self._stamp

    def match(self, record: Record) -> Hit | None:
        """The event that a record is; None for another one."""
        fields = record.fields
        rules: Sequence[_Rule] = self._rules
        if self._name is not None:
            name = self._name(fields)
            rules = self._by_name.get(name, ()) if name.__class__ is str else ()
        stamp = self._stamp(record)
        for rule in rules:
            found = rule.read(record)
            if found is not None:
                key = record.identity if self._is_turn else record.document
                if self._key is not None:
                    value = self._key(fields)
                    key = value if value.__class__ is str else str(value) if value.__class__ is int else key
                clock = None
                if self._needs_day and record.carrier_us is None and stamp is not None:
                    clock = self._stamp.time_of_day_s
                return Hit(rule.event, stamp, found[0], found[1], key, rule.service(fields), clock)
        return None


_NOTHING: tuple[Mapping[str, Capture], tuple[Part, ...]] = ({}, ())


class _Rule:
    """One event of the profile, ready to be tried."""

    def __init__(self, rule: EventRule, profile: Profile, unparsed: Counter[str]) -> None:
        self.event = rule.name
        self._where = tuple((getter(path), value) for path, value in rule.where.items())
        self._pattern = Pattern(rule.match, f"event {rule.name}", unparsed) if rule.match else None
        self._none = frozenset(profile.source.none)
        self._zero_is_none = frozenset(f"{rule.name}.{name}" for name in rule.zero_is_none)
        self._groups = _units_of(rule)
        self._takes = tuple(
            (f"{rule.name}.{name}", getter(take.path), _reader(take.unit, self._none))
            for name, take in rule.take.items()
        )
        self._readers = tuple(
            (name, f"{rule.name}.{name}", _reader(unit, self._none)) for name, unit in self._groups.items()
        )
        self._parts = rule.parts
        self._service = getter(rule.service.removeprefix("$")) if rule.service.startswith("$") else None
        self._service_name = rule.service
        self._usual = not (self._pattern or self._where or self._parts or self._zero_is_none)
        self._is_bare = self._usual and not self._takes

    def service(self, fields: Mapping[str, Any]) -> str:
        if self._service is None:
            return self._service_name
        value = self._service(fields)
        return value if value.__class__ is str else ""

    def read(self, record: Record) -> tuple[Mapping[str, Capture], tuple[Part, ...]] | None:
        if self._is_bare:
            return _NOTHING
        fields = record.fields
        captures: dict[str, Capture] = {}
        if not self._usual:
            for get, wanted in self._where:
                if get(fields) != wanted:
                    return None
            if self._pattern is not None:
                found = self._pattern.search(record.text)
                if found is None:
                    return None
                groups = found.groupdict()
                for name, capture, read in self._readers:
                    value = read(groups.get(name))
                    if value is not None:
                        captures[capture] = value
        for capture, get, read in self._takes:
            value = read(get(fields))
            if value is not None:
                captures[capture] = value
        for capture in self._zero_is_none:
            if captures.get(capture) == 0:
                del captures[capture]
        return captures, self._read_parts(fields) if self._parts is not None else ()

    def _read_parts(self, fields: Mapping[str, Any]) -> tuple[Part, ...]:
        rule = self._parts
        assert rule is not None
        listed = getter(rule.path)(fields)
        name_of, length_of, start_of = (getter(path) for path in (rule.key, rule.lasts, rule.starts))
        scale = _MS[rule.unit]
        parts: list[Part] = []
        for one in listed if isinstance(listed, list) else ():
            name, lasts = name_of(one), number(length_of(one))
            if not isinstance(name, str) or lasts is None or not 0 <= lasts * scale < MAX_FIGURE:
                continue
            starts = number(start_of(one)) if rule.starts else None
            starts_us = (
                None if starts is None or not 0 < starts * scale * 1e3 < 1e17 else int(starts * scale * 1e3 + 0.5)
            )
            parts.append(Part(f"{self.event}.{name}", lasts * scale, starts_us))
        return tuple(parts)


def _units_of(rule: EventRule) -> dict[str, Unit]:
    """Of the groups of its pattern."""
    names = regex.compile(rule.match).groupindex if rule.match else ()
    return {name: rule.units.get(name, rule.unit) for name in names}


Reader = Callable[[Any], "Capture | None"]


def _reader(unit: Unit, none: frozenset[str]) -> Reader:
    """What a value is in this unit; None for what is none: missing, another type, below zero, a word for nothing."""
    if unit == "text":
        return lambda value: value if isinstance(value, str) and value not in none else None
    if unit == "flag":
        return lambda value: value if isinstance(value, bool) else None
    scale = _MS[unit]

    def figure(value: Any) -> float | None:
        if isinstance(value, str):
            if value in none:
                return None
            try:
                value = float(value)
            except ValueError:
                return None
        if value.__class__ is not float and value.__class__ is not int:
            return None
        return value * scale if 0 <= value * scale < MAX_FIGURE else None

    return figure
