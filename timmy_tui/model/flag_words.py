"""Flags, their values and their changes as the user reads them."""

from collections.abc import Iterable
from contextlib import suppress

from timmy_tui.core.decode import decimal_number, whole_number
from timmy_tui.core.formatting import MISSING
from timmy_tui.model.change import FlagState
from timmy_tui.model.flags import FLAGS, Flag
from timmy_tui.model.judgement import TrialRecipe
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


def present_value(flag: FlagState) -> str:
    """The value that runs, or that in the file where no turn shows it."""
    return flag.file_value if flag.running_value == MISSING else flag.running_value


def other_value(flag: FlagState) -> str:
    """The other one of two values; empty where there are more, or the present one is not known."""
    others = [choice for choice in flag.choices if choice != present_value(flag)]
    return others[0] if len(flag.choices) == 2 and len(others) == 1 else ""


def recipe_of(flag: FlagState, typed: str) -> TrialRecipe:
    """The guided test of one flag: what was typed against the present value."""
    now = present_value(flag)
    value = _as_shown(typed, now)
    label = f"{flag.label} {now}→{value}"
    return TrialRecipe(name=flag.key, label=label, there=((flag.key, value),), back=((flag.key, now),))


def _as_shown(typed: str, like: str) -> str:
    """``03`` and ``.5`` as turns and files show the number: ``3``, ``0.5``; words in small letters."""
    for number in (whole_number, decimal_number):
        with suppress(ValueError):
            if number(like) is not None and (value := number(typed)) is not None:
                return str(value)
    return typed.lower() if like in ("on", "off") else typed


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
