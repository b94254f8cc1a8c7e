"""A flag's present value, the one to try, and the guided test of it, for the screen and the shell."""

from contextlib import suppress

from timmy_tui.core.foreign.decode import decimal_number, whole_number
from timmy_tui.core.formatting import MISSING
from timmy_tui.model.change import FlagState
from timmy_tui.model.judgement import TrialRecipe


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
