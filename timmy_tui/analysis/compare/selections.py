"""Selections of turns as the user writes them: ``epoch:3``, ``flag:tail-mode=on``, ``machine:laptop/last:20``."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from timmy_tui.analysis.stats.epochs import epochs_of
from timmy_tui.core.errors import NotFound
from timmy_tui.core.foreign.decode import decimal_number, whole_number
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.flags.words import word
from timmy_tui.model.turn import FlagValue, Turn

FORMS = "session:ID  epoch:N  epochs:I-J  turns:I-J  last:N  flag:NAME=VALUE  days:A-B (days ago)  machine:NAME[/FORM]"
_ON = {"true": "on", "false": "off"}


@dataclass(frozen=True)
class _Request:
    """A selection, split into what its reader needs."""

    turns: Sequence[Turn]
    rest: str
    """The text after the colon."""
    now: float
    known: KnownFlags


def select(
    turns: Sequence[Turn],
    selection: str,
    now: float | None = None,
    known: KnownFlags | None = None,
    machine_of: Mapping[int, str] | None = None,
) -> list[Turn]:
    """Turns of a selection, in order. Raises NotFound for an unknown form, and if no turn fits.

    ``now``: seconds since the epoch, by default the clock's. ``known``: the table of flags, and their values by journal
    and files. ``machine_of``: ordinal → name of the machine, where the turns are of several.
    """
    kind, _, rest = selection.partition(":")
    if kind == "machine":
        return _of_machine(turns, rest, now, known, machine_of or {})
    reader = _READERS.get(kind)
    if reader is None or not rest:
        raise NotFound(f"{selection!r} is not a selection of turns.", f"Forms: {FORMS}")
    names = sorted(set((machine_of or {}).values()))
    if len(names) > 1:  # their turns have no one order, their sessions other numbers, their figures other causes
        raise NotFound(
            f"{selection!r} is of which machine? There are {', '.join(names)}.", f"machine:{names[0]}/{selection}"
        )
    selected = reader(_Request(turns, rest, time.time() if now is None else now, known or KnownFlags()))
    if not selected:
        raise NotFound(f"no turn fits {selection!r}.", "timmy-tui report --sessions shows what there is.")
    return selected


def _of_machine(
    turns: Sequence[Turn], rest: str, now: float | None, known: KnownFlags | None, machine_of: Mapping[int, str]
) -> list[Turn]:
    """``laptop``, or ``laptop/last:20``: of its turns alone."""
    name, _, inner = rest.partition("/")
    own = [turn for turn in turns if machine_of.get(turn.ordinal) == name]
    if not own:
        names = ", ".join(sorted(set(machine_of.values())))
        hint = f"There is {names}." if names else "Only Parquet files say whose turns they are: --log DIR"
        raise NotFound(f"no turn is of a machine {name!r}.", hint)
    if not inner:
        return own
    # Its sessions count from 1, as in a report of this machine.
    before = min(turn.session for turn in own) - 1
    chosen = select([replace(turn, session=turn.session - before) for turn in own], inner, now, known)
    ordinals = {turn.ordinal for turn in chosen}
    return [turn for turn in own if turn.ordinal in ordinals]


def _by_session(request: _Request) -> list[Turn]:
    """By the start of the id, or by its number."""
    return [
        turn
        for turn in request.turns
        if (turn.session_id is not None and turn.session_id.startswith(request.rest))
        or request.rest == str(turn.session)
    ]


def _by_epoch(request: _Request) -> list[Turn]:
    tracker = epochs_of(request.turns, request.known)
    number = _integer(request.rest)
    if number < 0:
        number += len(tracker.epochs) + 1
    members = set(tracker.members(number))
    return [turn for turn in request.turns if turn.ordinal in members]


def epoch_selection(first: int, last: int) -> str:
    """``epoch:3``, or ``epochs:2-3``: how these epochs are selected."""
    return f"epoch:{first}" if first == last else f"epochs:{first}-{last}"


def _by_epochs(request: _Request) -> list[Turn]:
    """Both ends included."""
    tracker = epochs_of(request.turns, request.known)
    first, last = _range(request.rest)
    members = {one for number in range(int(first), int(last) + 1) for one in tracker.members(number)}
    return [turn for turn in request.turns if turn.ordinal in members]


def _by_number(request: _Request) -> list[Turn]:
    """By the turn's number, or by its place from 1 where it has none; both ends included."""
    first, last = _range(request.rest)
    numbered = ((place if turn.number is None else turn.number, turn) for place, turn in enumerate(request.turns, 1))
    return [turn for number, turn in numbered if int(first) <= number <= int(last)]


def _newest(request: _Request) -> list[Turn]:
    count = _integer(request.rest)
    return list(request.turns[-count:]) if count > 0 else []


def _by_flag(request: _Request) -> list[Turn]:
    """All turns of the epochs with that value, including the first turn of a session, which never shows tail mode."""
    name, equals, text = request.rest.partition("=")
    flag = next((flag for flag in request.known.flags if flag.is_named(name)), None)
    if flag is None or not equals or not flag.shown_by:
        visible = ", ".join(flag.key for flag in request.known.flags if flag.shown_by)
        raise NotFound(f"{name!r} is not a flag whose value anything shows.", f"Flags: {visible}")
    tracker = epochs_of(request.turns, request.known)
    numbers = [epoch.number for epoch in tracker.epochs if _matches(flag, epoch.flags.get(flag.key), text)]
    members = {ordinal for number in numbers for ordinal in tracker.members(number)}
    return [turn for turn in request.turns if turn.ordinal in members]


def _by_age(request: _Request) -> list[Turn]:
    first, last = sorted(_range(request.rest))
    return [
        turn
        for turn in request.turns
        if turn.started is not None and first <= (request.now - turn.started) / 86_400 < last
    ]


def _matches(flag: Flag, value: FlagValue | None, text: str) -> bool:
    if value is None:
        return False
    if isinstance(value, bool):
        return word(flag, value) == _ON.get(text.lower(), text.lower())
    return str(value) == text


def _integer(text: str) -> int:
    with suppress(ValueError):
        value = whole_number(text)
        if value is not None:
            return value
    raise NotFound(f"{text!r} is not a number.", f"Forms: {FORMS}")


def _range(text: str) -> tuple[float, float]:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", text)
    first, last = (None, None) if match is None else (decimal_number(match[1]), decimal_number(match[2]))
    if first is None or last is None:
        raise NotFound(f"{text!r} is not a range I-J.", f"Forms: {FORMS}")
    return first, last


_READERS: dict[str, Callable[[_Request], list[Turn]]] = {
    "session": _by_session,
    "epoch": _by_epoch,
    "epochs": _by_epochs,
    "turns": _by_number,
    "last": _newest,
    "flag": _by_flag,
    "days": _by_age,
}
"""Form → its reader. The user's own order of turns is that of arrival, lone pauses left out by the caller."""
