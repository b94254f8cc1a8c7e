"""What a log that nobody has described yet is made of: kinds of records, each with the durations that it holds."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from timmy_tui.core.foreign.decode import number

DURATION = re.compile(r"(?P<key>[A-Za-z][\w-]*)(?P<mark>[=:] ?)(?P<value>-?\d+(?:\.\d+)?|[A-Z][a-z]+?)(?P<unit>ms|s)\b")
_IS_DURATION = re.compile(
    r"(^|_|\.)(ms|secs?|seconds|duration|latency|delay|ttf\w+|elapsed)(_|$|\.)|(Ms|Secs|Latency)$", re.I
)
IS_SECONDS = re.compile(r"(secs?|seconds|_s)$", re.I)
_IS_WHOLE = re.compile(r"latency|total|e2e|lag|response_time", re.I)
_NAMES_KIND = ("type", "event", "kind", "name", "msg", "message")


@dataclass
class Kind:
    """Records of one kind."""

    name: str
    count: int = 0
    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By field or key: values in ms."""
    records: list[dict[str, float]] = field(default_factory=list)
    """The same record by record."""
    units: dict[str, str] = field(default_factory=dict)
    lists: dict[str, "DurationList"] = field(default_factory=dict)
    pattern: str = ""

    def add(self, record: dict[str, float]) -> None:
        """One more record, with its durations in ms."""
        self.count += 1
        self.records.append(record)
        for path, ms in record.items():
            self.durations[path].append(ms)

    @property
    def tells_of_turns(self) -> bool:
        """Its records have a list of durations, or several and one that is called that of the whole."""
        return bool(self.lists) or (len(self.durations) > 2 and any(map(_IS_WHOLE.search, self.durations)))

    @property
    def weight(self) -> tuple[bool, int, int]:
        """What speaks for its telling of turns."""
        return bool(self.lists), len(self.durations), self.count


@dataclass
class DurationList:
    """A list of named durations in a record."""

    key: str
    lasts: str
    unit: str
    names: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By name: where it stood in each list."""


def capture_names(kind: Kind) -> dict[str, str]:
    """Names of captures by path: its end, or all of it where two end alike; as a pattern's group may be called."""
    names: dict[str, str] = {}
    for path in kind.durations:
        for text in (path.rpartition(".")[2], path):
            name = re.sub(r"[^A-Za-z0-9_]", "_", text)
            name = name if name[:1].isalpha() else f"c{name}"
            if name not in names.values():
                break
        else:
            name = f"{name}_{len(names)}"
        names[path] = name
    return names


def whole_of(kind: Kind) -> str:
    """The duration that is the turn's: named so, known most often, the longest of those."""
    named = [path for path, values in kind.durations.items() if _IS_WHOLE.search(path) and values]
    named = named or [path for path, values in kind.durations.items() if values]
    return max(named, key=lambda path: (len(kind.durations[path]), median(kind.durations[path])), default="")


def gather(value: Mapping[str, Any], kind: Kind) -> None:
    """One more record of JSON of this kind."""
    record: dict[str, float] = {}
    _gather(value, "", kind, record)
    kind.add(record)


def _gather(value: Mapping[str, Any], above: str, kind: Kind, record: dict[str, float]) -> None:
    for key, item in value.items():
        path = f"{above}{key}"
        if isinstance(item, dict):
            _gather(item, f"{path}.", kind, record)
        elif isinstance(item, list):
            _gather_list(item, path, kind)
        elif (figure := number(item)) is not None and _IS_DURATION.search(key):
            record[path] = figure * (1000 if IS_SECONDS.search(path) else 1)


def _gather_list(items: Sequence[Any], path: str, kind: Kind) -> None:
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        lasts = next((key for key, one in item.items() if number(one) is not None and _IS_DURATION.search(key)), "")
        key = next((key for key in ("key", "name", "stage", "id") if isinstance(item.get(key), str)), "")
        if lasts and key:
            listed = kind.lists.setdefault(path, DurationList(key, lasts, "s" if IS_SECONDS.search(lasts) else "ms"))
            listed.names[item[key]] += 1
            listed.places[item[key]].append(place)


def kind_field_of(values: Sequence[Mapping[str, Any]]) -> str:
    """The field whose few different texts name what a record is; empty where no record says it."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for value in values:
        for path, text in _texts(value, ""):
            if path.rpartition(".")[2] in _NAMES_KIND and len(text) < 60:
                seen[path][text] += 1
    usable = {
        path: texts for path, texts in seen.items() if 1 < len(texts) <= 60 and sum(texts.values()) * 2 > len(values)
    }
    return max(usable, key=lambda path: (sum(usable[path].values()), len(usable[path])), default="")


def _texts(value: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        if isinstance(item, dict) and above.count(".") < 2:
            yield from _texts(item, f"{above}{key}.")
        elif isinstance(item, str):
            yield f"{above}{key}", item


def time_field_of(values: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The field with the time, and its form as a profile names it; None where none of the first records has one."""
    for key, item in (pair for value in values[:50] for pair in value.items()):
        figure = number(item)
        if figure is not None and 1e9 < figure < 1e11:
            return key, "unix_s"
        if figure is not None and 1e12 < figure < 1e14:
            return key, "unix_ms"
        if isinstance(item, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", item):
            return key, "iso"
    return None


def value_at(value: Any, path: str) -> Any:
    """The value at ``a.b`` through objects; None: there is none."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
