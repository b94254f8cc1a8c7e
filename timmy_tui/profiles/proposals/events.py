"""A draft for a log of JSON in which a record is an event, and a field of its own says which turn it is of.

What the events are called, and in which order they come, is taken from the log: stages stand between each two of those
that most turns have.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import mean
from typing import Any

from timmy_tui.core.foreign.decode import number
from timmy_tui.profiles.proposals.log_kinds import value_at

LEAST_TURNS = 3
MOST_KINDS = 60
MOST_OF_TURN = 100
"""Records of a turn, in the mean; what more records share is a session, or a program."""
LONGEST_TURN_S = 600.0
MOST_TURNS_S = 3.0
"""Turns that may be in flight at once, in the mean: more of a name are not turns."""
MOST_STAGES = 16
COMMON = 0.5
"""Of the turns: an event that so many have is one of the chain from the first to the last."""
_DEPTH = 2
_FAILED = re.compile(r"err(or)?\b|fail|exception|abort|timed?.?out", re.I)
_ENDS = re.compile(r"(stop|end|shut|close|done|finish|complete|over)\w*$", re.I)
_COUNTS = (
    ("cached", re.compile(r"cache", re.I)),
    ("output", re.compile(r"(out|completion|eval|generated).*tok|tok.*out", re.I)),
    ("prompt", re.compile(r"(in|prompt|input).*tok|tok.*in", re.I)),
)
_UNITS = {"unix_s": 1.0, "unix_ms": 1e3, "unix_us": 1e6}


@dataclass
class _Log:
    """How a log tells of its turns."""

    kind_field: str
    key_field: str
    turns: list[dict[str, float]] = field(default_factory=list)
    """Of each its events, with the seconds since its first one."""
    counts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """``prompt``, ``cached``, ``output`` → the event that has it and its field there."""

    @property
    def chain(self) -> list[str]:
        """Events that most turns have, in their order."""
        places: dict[str, list[float]] = defaultdict(list)
        for turn in self.turns:
            for kind, at in turn.items():
                places[kind].append(at)
        common = [kind for kind, found in places.items() if len(found) >= COMMON * len(self.turns)]
        return sorted(common, key=lambda kind: (mean(places[kind]), kind))[: MOST_STAGES + 1]

    @property
    def failed(self) -> list[str]:
        """Events that say that a turn failed."""
        seen = {kind for turn in self.turns for kind in turn}
        return sorted(kind for kind in seen if _FAILED.search(kind))[:MOST_STAGES]


def events_draft(values: Sequence[Mapping[str, Any]], head: Sequence[str], time: tuple[str, str] | None) -> str:
    """The text of a draft; empty where the log is none of events with a name of their turn."""
    log = _log_of(values, *time) if time is not None else None
    if log is None or time is None or len(log.chain) < 2:
        return ""
    chain, failed = log.chain, [kind for kind in log.failed if kind not in log.chain]
    named = {kind: kind.replace(".", "-") for kind in (*chain, *failed)}
    if len(set(named.values())) < len(named):
        return ""
    last = _heard(chain)
    text = [*head, "[source]", 'kind = "jsonl"']
    by_name = all(kind == name for kind, name in named.items())
    text += [f"event = {_text(log.kind_field)}"] if by_name else []
    text += ["", "[time]", f"field = {_text(time[0])}", f"format = {_text(time[1])}"]
    text += ["", "[turn]", 'by = "key"', f"key = {_text(log.key_field)}", f"complete = [{_text(named[chain[-1]])}]"]
    text += [f"failed = {json.dumps([named[kind] for kind in failed], ensure_ascii=False)}"] if failed else []
    text += [f"late_s = {LONGEST_TURN_S / 10:g}"]
    text += ["", "[[headline]]", 'span = "V2V"', f"from = [{_text(named[chain[0]])}]", f"to = [{_text(named[last])}]"]
    if log.counts:
        text += [
            "",
            "[counts]",
            *(f"{what} = {_text(f'{named[kind]}.{what}')}" for what, (kind, _) in log.counts.items()),
        ]
    for kind, name in named.items():
        text += ["", "[[event]]", f"name = {_text(name)}"]
        text += [] if by_name else [f"where = {{{_text(log.kind_field)} = {_text(kind)}}}"]
        for what, (of, path) in log.counts.items():
            text += [f'take.{what} = {{path = {_text(path)}, unit = "count"}}'] if of == kind else []
    return "\n".join([*text, *_stages(chain[: chain.index(last) + 1], named), ""])


def _heard(chain: Sequence[str]) -> str:
    """The event with which the turn is heard: the last one; of a pair ``mouth.open``, ``mouth.shut`` the first."""
    before, last = chain[-2], chain[-1]
    same = re.split(r"[^A-Za-z0-9]", before)[0] == re.split(r"[^A-Za-z0-9]", last)[0]
    return before if len(chain) > 2 and same and _ENDS.search(last) else last


def _stages(chain: Sequence[str], named: Mapping[str, str]) -> Iterator[str]:
    for number_of, (before, after) in enumerate(zip(chain, chain[1:], strict=False), 1):
        yield from (
            "", "[[stage]]", f'key = "step-{number_of}"', f"label = {_text(_label(after, number_of))}",
            f"name = {_text(f'to {after}')}", f"meaning = {_text(f'{before} to {after}')}", 'owner = "service"',
            f"from = [{_text(named[before])}]", f"to = [{_text(named[after])}]", "critical = true",
        )  # fmt: skip


def _label(kind: str, number_of: int) -> str:
    """At most six characters that stand on a screen."""
    word = re.sub(r"[^A-Za-z0-9]", "", re.split(r"[^A-Za-z0-9]", kind)[-1]).upper()[:5]
    return word or f"STEP{number_of}"


def _log_of(values: Sequence[Mapping[str, Any]], time_field: str, form: str) -> _Log | None:
    """The two fields that make most sense of the log together."""
    flat = [dict(_leaves(value, "", _DEPTH)) for value in values]
    best: tuple[float, _Log] | None = None
    for key_field in _keys(flat):
        groups: dict[str, list[int]] = defaultdict(list)
        for at, record in enumerate(flat):
            if (key := record.get(key_field)) is not None:
                groups[str(key)].append(at)
        stamps = [_seconds(value_at(value, time_field), form) for value in values]
        if not _are_turns([*groups.values()], stamps):
            continue
        for kind_field in _kinds(flat, key_field):
            score = _fit([*groups.values()], flat, kind_field)
            if score and (best is None or score > best[0]):
                log = _Log(kind_field, key_field, _turns(groups, flat, stamps, kind_field))
                log.counts = _counts(flat, kind_field, log.chain)
                best = score, log
    return best[1] if best is not None else None


def _leaves(value: Mapping[str, Any], above: str, depth: int) -> Iterator[tuple[str, str | int | float]]:
    """Texts and numbers by their path."""
    for key, item in value.items():
        if "." in key:
            continue
        if isinstance(item, dict) and depth > 1:
            yield from _leaves(item, f"{above}{key}.", depth - 1)
        elif isinstance(item, str | int | float) and not isinstance(item, bool):
            yield f"{above}{key}", item


def _keys(flat: Sequence[Mapping[str, Any]]) -> list[str]:
    """Fields that could name the turn: few records share a value, and each value is on several."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for record in flat:
        for path, item in record.items():
            if isinstance(item, str | int) and len(str(item)) <= 100:
                seen[path][str(item)] += 1
    return [
        path
        for path, found in seen.items()
        if len(found) >= LEAST_TURNS and 2 <= found.total() / len(found) <= MOST_OF_TURN
        and found.total() * 2 >= len(flat)
    ]  # fmt: skip


def _kinds(flat: Sequence[Mapping[str, Any]], key_field: str) -> list[str]:
    """Fields that could name the event: texts without a blank, of which there are few."""
    seen: dict[str, set[str]] = defaultdict(set)
    for record in flat:
        for path, item in record.items():
            if isinstance(item, str) and key_field in record and len(seen[path]) <= MOST_KINDS:
                seen[path].add(item)
    return [
        path
        for path, found in seen.items()
        if path != key_field and 2 <= len(found) <= MOST_KINDS
        and all(item.isprintable() and item and " " not in item and len(item) < 60 for item in found)
    ]  # fmt: skip


def _are_turns(groups: Sequence[Sequence[int]], stamps: Sequence[float | None]) -> bool:
    """They follow one another, and none is longer than ten minutes."""
    spans = [
        (known[0], known[-1])
        for group in groups
        if (known := sorted(s for at in group if (s := stamps[at]) is not None))
    ]
    if len(spans) < LEAST_TURNS or any(last - first > LONGEST_TURN_S for first, last in spans):
        return False
    whole = max(last for _, last in spans) - min(first for first, _ in spans)
    return sum(last - first for first, last in spans) <= MOST_TURNS_S * whole


def _fit(groups: Sequence[Sequence[int]], flat: Sequence[Mapping[str, Any]], kind_field: str) -> float:
    """Events of a turn, in the mean, that are named; 0 where the same name comes again and again within a turn."""
    distinct = [len({flat[at].get(kind_field) for at in group} - {None}) for group in groups]
    sizes = [sum(kind_field in flat[at] for at in group) for group in groups]
    return mean(distinct) if sum(distinct) >= 0.6 * max(sum(sizes), 1) else 0.0


def _turns(
    groups: Mapping[str, Sequence[int]],
    flat: Sequence[Mapping[str, Any]],
    stamps: Sequence[float | None],
    kind_field: str,
) -> list[dict[str, float]]:
    turns = []
    for group in groups.values():
        events: dict[str, float] = {}
        for at in group:
            kind, stamp = flat[at].get(kind_field), stamps[at]
            if isinstance(kind, str) and stamp is not None:
                events.setdefault(kind, stamp)
        first = min(events.values(), default=0.0)
        turns.append({kind: stamp - first for kind, stamp in events.items()})
    return turns


def _counts(flat: Sequence[Mapping[str, Any]], kind_field: str, chain: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Fields of the chain's events that count tokens, by what they seem to count."""
    found: dict[str, tuple[str, str]] = {}
    for record in flat:
        for path, item in record.items():
            what = next((name for name, pattern in _COUNTS if pattern.search(path.rpartition(".")[2])), "")
            if what and what not in found and isinstance(item, int) and record.get(kind_field) in chain:
                found[what] = str(record[kind_field]), path
    return found if "prompt" in found else {}


def _seconds(value: Any, form: str) -> float | None:
    if form == "iso":
        try:
            return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
        except (ValueError, OverflowError, OSError):
            return None
    figure = number(value)
    return None if figure is None else figure / _UNITS[form]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
