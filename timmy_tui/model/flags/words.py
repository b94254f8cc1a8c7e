"""Flags, their values and their changes as the user reads them."""

from collections.abc import Iterable

from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import Epoch, FlagChange, FlagValue


def word(flag: Flag | None, value: FlagValue | None) -> str:
    """A value as the user reads it; ``—`` for None. ``flag``: None for a flag that is not in the table."""
    if value is None:
        return "—"
    known = flag.words.get(value) if flag is not None and flag.type is type(value) else None
    return known or (("off", "on")[value] if isinstance(value, bool) else str(value))


def exported_value(flag: Flag | None, value: FlagValue) -> FlagValue:
    """A value for programs: ``"on"`` or ``"off"`` for True and False, numbers and texts as they are."""
    return word(flag, value) if isinstance(value, bool) else value


def by_key(key: str) -> Flag | None:
    """The built-in flag with this key; None for the user's own."""
    return next((flag for flag in FLAGS if flag.key == key), None)


def change_words(change: FlagChange) -> str:
    """``tail mode off→on``."""
    flag = by_key(change.flag)
    return f"{change.label} {word(flag, change.before)}→{word(flag, change.after)}"


def changes_words(changes: Iterable[FlagChange]) -> str:
    """``tail mode off→on, raw on→off``."""
    return ", ".join(map(change_words, changes))


def epoch_words(epoch: Epoch) -> str:
    """Why it began: ``first turn``, ``restart``, ``restart, tail mode off→on`` …"""
    parts = (["restart"] if epoch.restarted else []) + [change_words(change) for change in epoch.changes]
    return ", ".join(parts) or "first turn"
