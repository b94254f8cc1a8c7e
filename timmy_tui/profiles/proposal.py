"""A first draft of a profile from a log that nobody has described yet: what stands most often in it, and its figures.

It is a draft: it finds the turns where a record of theirs holds durations. Names, meanings and the headline are for a
person to put right.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

from timmy_tui.core.decode import Unreadable, decode_json, number

READ_BYTES = 4 << 20
"""Of the beginning of a log, for a draft."""
LEAST_FIGURES = 2
"""A record that tells of a turn has at least so many durations, or a list of them."""
MOST_STAGES = 16
_PREFIXES = (
    (r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)", "iso"),
    (r"(?P<time>\d\d:\d\d:\d\d)", "%H:%M:%S"),
)
_DURATION = re.compile(r"(?P<key>[A-Za-z][\w-]*)(?P<mark>[=:] ?)(?P<value>-?\d+(?:\.\d+)?|[A-Z][a-z]+)(?P<unit>ms|s)\b")
_IS_DURATION = re.compile(
    r"(^|_|\.)(ms|secs?|seconds|duration|latency|delay|ttf\w+|elapsed)(_|$|\.)|(Ms|Secs|Latency)$", re.I
)
_IS_SECONDS = re.compile(r"(secs?|seconds|_s)$", re.I)
_IS_WHOLE = re.compile(r"latency|total|e2e|lag|response_time", re.I)
_NAMES_KIND = ("type", "event", "kind", "name", "msg", "message")


@dataclass
class _Kind:
    """Records of one kind."""

    name: str
    count: int = 0
    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By field or key: values in ms."""
    units: dict[str, str] = field(default_factory=dict)
    lists: dict[str, "_List"] = field(default_factory=dict)
    pattern: str = ""

    @property
    def weight(self) -> tuple[bool, int, int]:
        """What speaks for its telling of turns."""
        return bool(self.lists), len(self.durations), self.count


@dataclass
class _List:
    """A list of named durations in a record."""

    key: str
    lasts: str
    unit: str
    names: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By name: where it stood in each list."""


def propose(path: Path, name: str) -> str:
    """The text of a draft. Raises OSError, and ValueError where nothing in the log looks like a turn's durations."""
    with path.open("rb") as file:
        lines = file.read(READ_BYTES).splitlines()
    objects = [value for line in lines[:50] if isinstance(value := decode_json(line), dict)]
    if len(objects) * 2 >= min(len(lines), 50) > 0 and not any("MESSAGE" in one for one in objects):
        return _of_json(lines, name)
    return _of_text(lines, name)


def _of_json(lines: Iterable[bytes], name: str) -> str:
    values = [value for line in lines if isinstance(value := decode_json(line), dict)]
    kind_field = _kind_field(values)
    kinds: dict[str, _Kind] = {}
    for value in values:
        kind = str(_at(value, kind_field)) if kind_field else "record"
        of_kind = kinds.setdefault(kind, _Kind(kind))
        of_kind.count += 1
        _gather(value, "", of_kind)
    chosen = _best(kinds.values())
    event = chosen.name if kind_field else "turn"
    head = [*_head(name), "[source]", 'kind = "jsonl"']
    if kind_field:
        head.append(f"event = {_text(kind_field)}")
        head.append(f"detect = {_literal(re.escape(chosen.name))}")
    time = _time_field(values)
    head += ["", "[time]", *([f"field = {_text(time[0])}", f"format = {_text(time[1])}"] if time else [])]
    return "\n".join([*head, *_turns(chosen, event), *_event_of_json(chosen, event), *_stages(chosen, event), ""])


def _of_text(lines: Sequence[bytes], name: str) -> str:
    texts = [_message(line) for line in lines]
    prefix, form = next(
        (
            (pattern, form)
            for pattern, form in _PREFIXES
            if sum(re.match(pattern, text) is not None for text in texts) * 3 > len(texts)
        ),
        ("", ""),
    )
    kinds: dict[str, _Kind] = {}
    none: set[str] = set()
    for text in texts:
        found = [*_DURATION.finditer(text)]
        if len(found) < LEAST_FIGURES:
            continue
        keys = tuple(one["key"] for one in found)
        kind = kinds.setdefault(" ".join(keys), _Kind(_word_before(text, found[0].start())))
        kind.count += 1
        kind.pattern = kind.pattern or _pattern(text, found)
        for one in found:
            kind.units[one["key"]] = one["unit"]
            if (value := _number(one["value"])) is None:
                none.add(one["value"])
                kind.durations[one["key"]] += []
            else:
                kind.durations[one["key"]].append(value * (1000 if one["unit"] == "s" else 1))
    chosen = _best(kinds.values())
    head = [*_head(name), "[source]", 'kind = "lines"', f"detect = {_literal(re.escape(chosen.name))}"]
    if prefix:
        head.append(f"line = {_literal(f'^{prefix}(?P<text>.*)$')}")
    head.append(f"none = {json.dumps(sorted(none))}")
    head += ["", "[time]", *(['field = "time"', f"format = {_text(form)}"] if prefix else [])]
    if form.startswith("%"):
        head.append("resolution_ms = 1000")
    event = ["", "[[event]]", 'name = "turn"', f"match = {_literal(chosen.pattern)}", f"units = {_units(chosen)}"]
    return "\n".join([*head, *_turns(chosen, "turn"), *event, *_stages(chosen, "turn"), ""])


def _head(name: str) -> list[str]:
    return [
        "# A draft: look at the headline, at stages that contain others, at names and meanings.", "spec = 1", "",
        "[profile]", f"name = {_text(name)}", f"title = {_text(name)}", "",
    ]  # fmt: skip


def _turns(kind: _Kind, event: str) -> list[str]:
    whole = _whole(kind)
    lasts = f'lasts = ["{event}.{_short(whole)}"]' if whole else "lasts = []  # no record says how long the whole took"
    return ["", "[turn]", 'by = "order"', f'complete = ["{event}"]', "", "[[headline]]", 'span = "V2V"', lasts]


def _event_of_json(kind: _Kind, event: str) -> Iterator[str]:
    yield from ("", "[[event]]", f"name = {_text(event)}")
    for path in kind.durations:
        unit = "s" if _IS_SECONDS.search(path) else "ms"
        yield f"take.{_short(path)} = {{path = {_text(path)}, unit = {_text(unit)}}}"
    for path, listed in kind.lists.items():
        yield (
            f"parts = {{path = {_text(path)}, key = {_text(listed.key)}, lasts = {_text(listed.lasts)}, "
            f"unit = {_text(listed.unit)}}}"
        )


def _stages(kind: _Kind, event: str) -> Iterator[str]:
    """The parts of a list, or else the durations that together are not longer than the whole, in their order."""
    whole = _whole(kind)
    spent = {path: median(values) for path, values in kind.durations.items() if values}
    limit = spent.get(whole or "", float("inf"))
    names: list[str] = []
    for listed in kind.lists.values():
        common = [name for name, _ in listed.names.most_common(MOST_STAGES)]
        names = sorted(common, key=lambda name: mean(listed.places[name]))
        break
    else:
        total = 0.0
        for path, ms in spent.items():
            if path != whole and total + ms <= limit and len(names) < MOST_STAGES:
                total += ms
                names.append(_short(path))
    for name in names:
        key = re.sub(r"[^a-z0-9_-]", "-", name.lower()).strip("-")[:40] or "part"
        yield from (
            "",
            "[[stage]]",
            f"key = {_text(key)}",
            f"label = {_text(name.upper()[:6])}",
            f"name = {_text(name)}",
        )
        yield from (f"meaning = {_text(name)}", 'owner = "service"', f'lasts = ["{event}.{name}"]', "critical = true")


def _best(kinds: Iterable[_Kind]) -> _Kind:
    fitting = [kind for kind in kinds if len(kind.durations) >= LEAST_FIGURES or kind.lists]
    if not fitting:
        raise ValueError("no record in this log holds several durations: a draft has nothing to go by")
    return max(fitting, key=lambda kind: kind.weight)


def _whole(kind: _Kind) -> str:
    """The duration that is the turn's: named so, known most often, the longest of those."""
    named = [path for path, values in kind.durations.items() if _IS_WHOLE.search(path) and values]
    named = named or [path for path, values in kind.durations.items() if values]
    return max(named, key=lambda path: (len(kind.durations[path]), median(kind.durations[path])), default="")


def _gather(value: Mapping[str, Any], above: str, kind: _Kind) -> None:
    for key, item in value.items():
        path = f"{above}{key}"
        if isinstance(item, dict):
            _gather(item, f"{path}.", kind)
        elif isinstance(item, list):
            _gather_list(item, path, kind)
        elif (figure := number(item)) is not None and _IS_DURATION.search(key):
            kind.durations[path].append(figure * (1000 if _IS_SECONDS.search(path) else 1))


def _gather_list(items: Sequence[Any], path: str, kind: _Kind) -> None:
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        lasts = next((key for key, one in item.items() if number(one) is not None and _IS_DURATION.search(key)), "")
        key = next((key for key in ("key", "name", "stage", "id") if isinstance(item.get(key), str)), "")
        if lasts and key:
            listed = kind.lists.setdefault(path, _List(key, lasts, "s" if _IS_SECONDS.search(lasts) else "ms"))
            listed.names[item[key]] += 1
            listed.places[item[key]].append(place)


def _kind_field(values: Sequence[Mapping[str, Any]]) -> str:
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


def _time_field(values: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    first = values[0] if values else {}
    for key, item in first.items():
        figure = number(item)
        if figure is not None and 1e9 < figure < 1e11:
            return key, "unix_s"
        if figure is not None and 1e12 < figure < 1e14:
            return key, "unix_ms"
        if isinstance(item, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", item):
            return key, "iso"
    return None


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _message(line: bytes) -> str:
    if line.startswith(b"{") and b'"MESSAGE"' in line and not isinstance(entry := decode_json(line), Unreadable):
        message = entry.get("MESSAGE") if isinstance(entry, dict) else None
        return message if isinstance(message, str) else ""
    return line.decode("utf-8", "replace")


def _pattern(text: str, found: Sequence[re.Match[str]]) -> str:
    """A pattern for lines with these durations; what stands between them may be anything."""
    parts = [re.escape(_word_before(text, found[0].start()))] if _word_before(text, found[0].start()) else []
    parts += [
        f"\\b{re.escape(one['key'] + one['mark'])}(?P<{_short(one['key'])}>[-\\w.]+?){one['unit']}\\b" for one in found
    ]
    return ".*?".join(parts)


def _word_before(text: str, at: int) -> str:
    """The last word in brackets ahead of the figures, or the last word: ``[PERF]``."""
    head = text[:at].rstrip()
    bracketed = re.findall(r"\[[^\]]+\]", head)
    return bracketed[-1] if bracketed else (head.split() or [""])[-1]


def _units(kind: _Kind) -> str:
    pairs = (f"{_short(key)} = {_text(unit)}" for key, unit in kind.units.items())
    return "{" + ", ".join(pairs) + "}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _short(path: str) -> str:
    """The name of a capture: the end of a path, in letters that a pattern's group may have."""
    return re.sub(r"\W", "_", path.rpartition(".")[2])


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _literal(pattern: str) -> str:
    """A pattern as a TOML literal, in which nothing is escaped."""
    return f"'''{pattern}'''" if "'" in pattern else f"'{pattern}'"
