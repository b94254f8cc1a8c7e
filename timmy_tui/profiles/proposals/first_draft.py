"""A first draft of a profile from a log that nobody has described yet: what stands most often in it, and its figures.

It is a draft: it finds the turns where a record of theirs holds durations. Names, meanings and the headline are for a
person to put right. What is printed is a valid profile.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean

from msgspec import ValidationError, convert

from timmy_tui.core.foreign.decode import Unreadable, decode_json, decode_toml
from timmy_tui.profiles.load import faults
from timmy_tui.profiles.proposals.events import events_draft
from timmy_tui.profiles.proposals.log_kinds import (
    DURATION,
    IS_SECONDS,
    Kind,
    capture_names,
    gather,
    kind_field_of,
    time_field_of,
    value_at,
    whole_of,
)  # fmt: skip
from timmy_tui.profiles.spec import Profile
from timmy_tui.sources.files.content import require_readable

READ_BYTES = 4 << 20
"""Of the beginning of a log, for a draft."""
LEAST_FIGURES = 2
"""A record that tells of a turn has at least so many durations, or a list of them."""
MOST_STAGES = 16
MOST_LONGER = 0.02
"""Of the records: in so many the stages together may be longer than the whole. In more, one contains another."""
_PREFIXES = (
    (r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)", "iso"),
    (r"(?P<time>\d\d:\d\d:\d\d)", "%H:%M:%S"),
)


def propose(path: Path, name: str) -> str:
    """The text of a draft. Raises NotFound or SourceError; ValueError where no record looks like a turn's durations."""
    require_readable(path)
    with path.open("rb") as file:
        lines = file.read(READ_BYTES).splitlines()
    objects = [value for line in lines[:50] if isinstance(value := decode_json(line), dict)]
    is_json = len(objects) * 2 >= min(len(lines), 50) > 0 and not any("MESSAGE" in one for one in objects)
    draft = _of_json(lines, name) if is_json else _of_text(lines, name)
    if fault := _fault(draft):
        raise ValueError(f"no draft can be made of it: {fault}")
    return draft


def _fault(draft: str) -> str:
    """What is not valid in it; empty where it is a profile."""
    data = decode_toml(draft.encode())
    if isinstance(data, Unreadable):
        return data.reason
    try:
        return next(faults(convert(data, Profile)), "")
    except ValidationError as error:
        return str(error)


def _of_json(lines: Iterable[bytes], name: str) -> str:
    values = [value for line in lines if isinstance(value := decode_json(line), dict)]
    kind_field = kind_field_of(values)
    kinds: dict[str, Kind] = {}
    for value in values:
        kind = str(value_at(value, kind_field)) if kind_field else "record"
        gather(value, kinds.setdefault(kind, Kind(kind)))
    time = time_field_of(values)
    if not any(kind.tells_of_turns for kind in kinds.values()):
        draft = events_draft(values, _head(name), time)
        if draft and not _fault(draft):
            return draft
    chosen = _best(kinds.values())
    event = chosen.name.replace(".", "-") if kind_field else "turn"
    head = [*_head(name), "[source]", 'kind = "jsonl"']
    if kind_field:
        head += [f"event = {_text(kind_field)}"] if event == chosen.name else []
        head.append(f"detect = {_literal(re.escape(chosen.name))}")
    head += ["", "[time]", *([f"field = {_text(time[0])}", f"format = {_text(time[1])}"] if time else [])]
    return "\n".join(
        [*head, *_turns(chosen, event), *_event_of_json(chosen, event, kind_field), *_stages(chosen, event), ""]
    )


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
    kinds: dict[str, Kind] = {}
    none: set[str] = set()
    for text in texts:
        found = [*DURATION.finditer(text)]
        if len(found) < LEAST_FIGURES:
            continue
        keys = tuple(one["key"] for one in found)
        kind = kinds.setdefault(" ".join(keys), Kind(_word_before(text, found[0].start())))
        record: dict[str, float] = {}
        for one in found:
            kind.units[one["key"]] = one["unit"]
            kind.durations[one["key"]] += []  # In the order in which they stand there, also one that is never known.
            if (value := _number(one["value"])) is None:
                none.add(one["value"])
            else:
                record[one["key"]] = value * (1000 if one["unit"] == "s" else 1)
        kind.add(record)
        kind.pattern = kind.pattern or _pattern(text, found, kind)
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
        "[profile]", f"name = {_text(_name(name, 'my-system'))}", f"title = {_text(name)}", "",
    ]  # fmt: skip


def _turns(kind: Kind, event: str) -> list[str]:
    whole = whole_of(kind)
    if not whole:
        raise ValueError("no record says how long a whole turn took: a draft has no headline")
    return [
        "", "[turn]", 'by = "order"', f"complete = [{_text(event)}]", "", "[[headline]]", 'span = "V2V"',
        f"lasts = [{_text(f'{event}.{capture_names(kind)[whole]}')}]",
    ]  # fmt: skip


def _event_of_json(kind: Kind, event: str, kind_field: str) -> Iterator[str]:
    yield from ("", "[[event]]", f"name = {_text(event)}")
    if kind_field and event != kind.name:
        yield f"where = {{{_text(kind_field)} = {_text(kind.name)}}}"
    captures = capture_names(kind)
    for path in kind.durations:
        unit = "s" if IS_SECONDS.search(path) else "ms"
        yield f"take.{captures[path]} = {{path = {_text(path)}, unit = {_text(unit)}}}"
    for path, listed in [*kind.lists.items()][:1]:
        yield (
            f"parts = {{path = {_text(path)}, key = {_text(listed.key)}, lasts = {_text(listed.lasts)}, "
            f"unit = {_text(listed.unit)}}}"
        )


def _stages(kind: Kind, event: str) -> Iterator[str]:
    """The parts of a list, or else the durations that together are not longer than the whole, in their order."""
    names: list[str] = []
    for listed in kind.lists.values():
        common = [name for name, _ in listed.names.most_common(MOST_STAGES) if name and name.isprintable()]
        names = sorted(common, key=lambda name: mean(listed.places[name]))
        break
    else:
        captures = capture_names(kind)
        names = [captures[path] for path in _that_fit(kind)]
    keys: set[str] = set()
    for number, name in enumerate(names, 1):
        key = _name(name, "part")
        key = key if key not in keys else f"part-{number}"
        keys.add(key)
        yield from (
            "",
            "[[stage]]",
            f"key = {_text(key)}",
            f"label = {_text(name.upper()[:6])}",
            f"name = {_text(name)}",
        )
        yield from (
            f"meaning = {_text(name)}",
            'owner = "service"',
            f"lasts = [{_text(f'{event}.{name}')}]",
            "critical = true",
        )


def _that_fit(kind: Kind) -> list[str]:
    """Durations that together are not longer than the whole, record by record: as much of it as there can be, in order.

    One that contains others, as the time to the first sentence the model's, does not fit beside them.
    """
    longest_first = sorted(kind.durations, key=lambda path: sum(kind.durations[path]), reverse=True)
    chosen = max(_fitting(kind, kind.durations), _fitting(kind, longest_first))[1]
    return [path for path in kind.durations if path in chosen]


def _fitting(kind: Kind, paths: Iterable[str]) -> tuple[float, list[str]]:
    """Those that still fit when one after the other is added, and what they add up to over all records, in ms."""
    whole = whole_of(kind)
    records = [record for record in kind.records if whole in record]
    spent = [0.0] * len(records)
    chosen: list[str] = []
    for path in paths:
        sums = [known + record.get(path, 0.0) for known, record in zip(spent, records, strict=True)]
        longer = sum(sum_ms > record[whole] + 1 for sum_ms, record in zip(sums, records, strict=True))
        fits = longer <= MOST_LONGER * len(records) and len(chosen) < MOST_STAGES
        if path != whole and kind.durations[path] and fits:
            spent = sums
            chosen.append(path)
    return sum(spent), chosen


def _best(kinds: Iterable[Kind]) -> Kind:
    fitting = [kind for kind in kinds if len(kind.durations) >= LEAST_FIGURES or kind.lists]
    if not fitting:
        raise ValueError(
            "no record holds several durations with their unit (300ms, 0.3s), and no field names the turn of an event: "
            "a draft has nothing to go by"
        )
    return max(fitting, key=lambda kind: kind.weight)


def _message(line: bytes) -> str:
    if line.startswith(b"{") and b'"MESSAGE"' in line and not isinstance(entry := decode_json(line), Unreadable):
        message = entry.get("MESSAGE") if isinstance(entry, dict) else None
        return message if isinstance(message, str) else ""
    return line.decode("utf-8", "replace")


def _pattern(text: str, found: Sequence[re.Match[str]], kind: Kind) -> str:
    """A pattern for lines with these durations; what stands between them may be anything."""
    parts = [re.escape(_word_before(text, found[0].start()))] if _word_before(text, found[0].start()) else []
    captures = capture_names(kind)
    parts += [
        f"\\b{re.escape(one['key'] + one['mark'])}(?P<{captures[one['key']]}>[-\\w.]+?){one['unit']}\\b"
        for one in found
    ]
    return ".*?".join(parts)


def _word_before(text: str, at: int) -> str:
    """The last word in brackets ahead of the figures, or the last word: ``[PERF]``."""
    head = text[:at].rstrip()
    bracketed = re.findall(r"\[[^\]]+\]", head)
    return bracketed[-1] if bracketed else (head.split() or [""])[-1]


def _units(kind: Kind) -> str:
    captures = capture_names(kind)
    pairs = (f"{captures[key]} = {_text(unit)}" for key, unit in kind.units.items())
    return "{" + ", ".join(pairs) + "}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _name(text: str, otherwise: str) -> str:
    """A name as a profile may have it (spec.Name)."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower()).strip("-_")[:40] or otherwise


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _literal(pattern: str) -> str:
    """A pattern as a TOML literal, in which nothing is escaped and no control character may stand."""
    return "'" + "".join(one if one.isprintable() else "." for one in pattern).replace("'", "\\x27") + "'"
