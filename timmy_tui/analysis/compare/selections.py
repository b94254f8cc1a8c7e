"""Selections of turns as the user writes them: ``epoch:3``, ``last:20``, ``flag:tail_mode=on``."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from timmy_tui.analysis.stats.epochs import EpochTracker
from timmy_tui.core.errors import NotFound
from timmy_tui.model.turn import Turn

FORMS = "session:ID  epoch:N  turns:I-J  last:N  flag:NAME=VALUE  days:A-B (days ago)"
_FLAGS = {"tail-mode": "tail_mode", "raw": "raw", "context-size": "num_ctx", "model": "model"}
_ON = {"on": True, "true": True, "off": False, "false": False}


def select(turns: Sequence[Turn], selection: str, now: float | None = None) -> list[Turn]:
    """Turns of a selection, in order. Raises NotFound for a form that there is not, or that no turn fits."""
    kind, _, rest = selection.partition(":")
    reader = _READERS.get(kind)
    if reader is None or not rest:
        raise NotFound(f"{selection!r} is no selection of turns.", f"Forms: {FORMS}")
    found = reader(turns, rest, time.time() if now is None else now)
    if not found:
        raise NotFound(f"no turn fits {selection!r}.", "timmy-tui report --sessions shows what there is.")
    return found


def _by_session(turns: Sequence[Turn], rest: str, now: float) -> list[Turn]:
    """By the start of the id, or by its number."""
    return [
        turn
        for turn in turns
        if (turn.session_id is not None and turn.session_id.startswith(rest)) or rest == str(turn.session)
    ]


def _by_epoch(turns: Sequence[Turn], rest: str, now: float) -> list[Turn]:
    tracker = EpochTracker()
    for turn in turns:
        tracker.add(turn)
    number = _whole(rest)
    if number < 0:
        number += len(tracker.epochs) + 1
    members = set(tracker.members(number))
    return [turn for turn in turns if turn.ordinal in members]


def _by_position(turns: Sequence[Turn], rest: str, now: float) -> list[Turn]:
    """Counted from 1, both ends included."""
    first, last = _range(rest)
    return list(turns[max(int(first) - 1, 0) : int(last)])


def _newest(turns: Sequence[Turn], rest: str, now: float) -> list[Turn]:
    count = _whole(rest)
    return list(turns[-count:]) if count > 0 else []


def _by_flag(turns: Sequence[Turn], rest: str, now: float) -> list[Turn]:
    name, equals, value = rest.partition("=")
    field = _FLAGS.get(name, name.replace("-", "_"))
    if not equals or field not in _FLAGS.values():
        raise NotFound(f"{name!r} is no flag that turns show.", f"Flags: {', '.join(_FLAGS)}")
    return [turn for turn in turns if _is(getattr(turn, field), value)]


def _by_age(turns: Sequence[Turn], rest: str, now: float) -> list[Turn]:
    first, last = sorted(_range(rest))
    return [turn for turn in turns if turn.started is not None and first <= (now - turn.started) / 86_400 < last]


def _is(known: Any, value: str) -> bool:
    if known is None:
        return False
    if isinstance(known, bool):
        return _ON.get(value.lower()) is known
    return str(known) == value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NotFound(f"{text!r} is no number.", f"Forms: {FORMS}") from None


def _range(text: str) -> tuple[float, float]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", text)
    if found is None:
        raise NotFound(f"{text!r} is no range I-J.", f"Forms: {FORMS}")
    return float(found[1]), float(found[2])


_READERS: dict[str, Callable[[Sequence[Turn], str, float], list[Turn]]] = {
    "session": _by_session,
    "epoch": _by_epoch,
    "turns": _by_position,
    "last": _newest,
    "flag": _by_flag,
    "days": _by_age,
}
"""Form → its reader. The user's own order of turns is that of arrival, lone pauses left out by the caller."""
