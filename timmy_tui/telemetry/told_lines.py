"""The lines of the file of told turns: a mark of a turn, or another key of one. See ``told_turns``."""

from typing import Literal, NamedTuple

from timmy_tui.telemetry.identity import TurnKey

Mark = Literal["t", "c"]
"""``t``: sent as a trace, written once it has arrived: at least once. ``c``: added to counters, written before they
can be read: at most once."""
MARKS: tuple[Mark, ...] = ("t", "c")
ALIAS = "a"


class Told(NamedTuple):
    """A turn was told."""

    mark: Mark
    key: TurnKey


class Alias(NamedTuple):
    """A turn that was told under the trace id ``first`` has this key now, and will have it for the next run."""

    key: TurnKey
    first: str


def told_line(told: Told) -> str:
    """``t TRACE REQUEST STARTED``."""
    return f"{told.mark} {_words(told.key)}\n"


def alias_line(alias: Alias) -> str:
    """``a TRACE REQUEST STARTED FIRST``."""
    return f"{ALIAS} {_words(alias.key)} {alias.first}\n"


def _words(key: TurnKey) -> str:
    started = "-" if key.started is None else f"{key.started:.3f}"
    return f"{key.trace_id} {key.request_id or '-'} {started}"


def parsed(text: str) -> Told | Alias | None:
    """What a line says; None for one that is torn or foreign."""
    words = text.split(" ")
    if len(words) not in (4, 5) or len(words[1]) != 32:
        return None
    try:
        started = None if words[3] == "-" else float(words[3])
    except ValueError:
        return None
    key = TurnKey(words[1], "" if words[2] == "-" else words[2], started)
    if len(words) == 5:
        return Alias(key, words[4]) if words[0] == ALIAS and len(words[4]) == 32 else None
    for mark in MARKS:
        if words[0] == mark:
            return Told(mark, key)
    return None
