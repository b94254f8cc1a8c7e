"""Puts the lines of both logs in one order: v34's debug lines, which have no time, stand in their turn's place."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from timmy_tui.parse import raw_lines
from timmy_tui.sources.files.blocks import Line


class Item(Struct, frozen=True, eq=False):
    """One line in the merged order."""

    line: Line
    stamped: bool
    """Of the latency log; else of v34's."""
    request_id: str = ""
    pauses: int = 0
    """So many pauses without text, of which this is the last; 0: it is none."""
    asked: int = 0
    """So many requests of a dashboard for v34's statistics, of which this is the last; 0: it is none."""


class Group(Struct, eq=False):
    """What v34 printed from one BEGIN to the next."""

    lines: list[Line]
    request_id: bytes = b""
    """Empty: it prints none, or the turn was typed."""
    typed: bytes = b""
    """What was typed, where it was."""
    whole: bool = True
    """Its BEGIN is among the lines."""

    def items(self) -> Iterator[Item]:
        """Its lines; one that is not held back with the others names no turn: it may be of the next."""
        name = self.request_id.decode()
        for line in self.lines:
            yield Item(line, False, "" if raw_lines.printed_at_once(line.data) else name)


def groups_of(lines: Sequence[Line]) -> list[Group]:
    """The turns in a piece of v34's debug log, oldest first."""
    groups: list[Group] = []
    group = Group([], whole=False)
    for line in lines:
        data = line.data
        begins = b"*BEGIN*" in data and raw_lines.begins_turn(data)
        if begins or not groups:
            group = Group([], whole=begins)
            groups.append(group)
        group.lines.append(line)
        if b"request_id=" in data and not group.request_id and (name := raw_lines.printed_id(data)) != b"None":
            group.request_id = name
        elif b"via WebSocket: " in data and not group.typed:
            group.typed = raw_lines.typed_text(data)
    return groups


class Merged(Struct, frozen=True, eq=False):
    """Lines in order, and what of v34's log was not placed."""

    items: list[Item]
    held: int
    """Groups, from the oldest on, that belong above these lines."""
    reaches_up: bool = False
    """The oldest group is a turn of these lines: there may be more of them above it."""


def merge(events: Sequence[Line], groups: Sequence[Group], top: bool, newest: bool) -> Merged:
    """Both in one order. ``top``: nothing stands above ``events``; ``newest``: nothing stands below them.

    A group whose turn is among ``events`` stands within that turn; those of typed turns stand behind it, or at the end
    where nothing is below. What is older than the oldest such turn is held for the lines above, if there are any.
    """
    names = [raw_lines.stamped_id(line.data) for line in events]
    wanted = {group.request_id for group in groups if group.request_id}
    places: dict[bytes, dict[bytes, int]] = defaultdict(dict)
    for at, name in enumerate(names):
        if name in wanted:
            places[name].setdefault(raw_lines.stamped_event(events[at].data), at)
    anchored = {at for at, group in enumerate(groups) if _in_v34(places.get(group.request_id))}
    first = min(anchored) if anchored else _first_unplaced(groups, newest)
    held = 0 if top else first
    behind: dict[int, list[Item]] = defaultdict(list)
    place = -1
    for at, group in enumerate(groups[held:], start=held):
        if at in anchored:
            place = _place(group, places[group.request_id], behind)
            continue
        if newest and at >= first and (not anchored or at > max(anchored)):
            place = len(events) - 1
        behind[place].extend(group.items())
    items = behind[-1]
    reaches_up = bool(anchored) and min(anchored) == 0
    for at, (line, name) in enumerate(zip(events, names, strict=True)):
        items.append(Item(line, True, name.decode("utf-8", "replace")))
        items.extend(behind.get(at, ()))
    return Merged(items, held, reaches_up)


def _in_v34(places: dict[bytes, int] | None) -> bool:
    return places is not None and any(event.startswith(b"v34_") for event in places)


def _first_unplaced(groups: Sequence[Group], newest: bool) -> int:
    """With no turn of ``groups`` among the events: the first that can stand at their end.

    A turn with an id belongs above, to its own events. What was typed behind it is the newest there is.
    """
    if not newest and any(group.request_id for group in groups):
        return len(groups)
    known = [at for at, group in enumerate(groups) if group.request_id]
    return known[-1] + 1 if known else 0


def _place(group: Group, places: dict[bytes, int], behind: dict[int, list[Item]]) -> int:
    """Put each line behind the event that it was printed after; the place of the last one."""
    at = next((places[event] for event in raw_lines.STARTS if event in places), min(places.values()) - 1)
    for item in group.items():
        event = raw_lines.printed_behind(item.line.data)
        if event:
            at = max(at, places.get(event, at))
        behind[at].append(item)
    return at
