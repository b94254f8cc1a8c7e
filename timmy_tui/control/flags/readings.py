"""Flags as the user sees them: the value in the file, a typed value, the value that runs, pairs that do not work."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.edit.atomic_replace import FileImage, read_file
from timmy_tui.control.edit.literal import find_literal
from timmy_tui.control.edit.transaction import Edit
from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.evidence import Evidence, evidence, running_value
from timmy_tui.control.flags.user_flags import flag_table, inside, selector
from timmy_tui.core.errors import NotFound
from timmy_tui.core.foreign.decode import decimal_number, whole_number
from timmy_tui.core.settings import Settings
from timmy_tui.model.change import FlagState
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.words import word
from timmy_tui.model.turn import FlagValue, Turn

__all__ = [
    "BadPair",
    "Evidence",
    "Flag",
    "FlagReading",
    "combination_warnings",
    "edit_of",
    "evidence",
    "find_flag",
    "flag_states",
    "flag_table",
    "parse_value",
    "read_flags",
    "running_value",
    "word",
]

_STRING_LIMIT = 200
"""Characters of a string value."""
_BOOLS: Mapping[str, bool] = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}


@dataclass(frozen=True)
class FlagReading:
    """What the file says of one flag."""

    flag: Flag
    value: FlagValue | None
    """None when it cannot be read; ``reason`` then says why."""
    reason: str = ""
    """Why it cannot be read, or not be changed."""
    lines: tuple[int, ...] = ()
    """Line of the value, or the lines that ``reason`` is about."""
    note: str = ""
    """What the user is to know of the value, behind its meaning."""

    @property
    def editable(self) -> bool:
        """The literal was found and the flag is not read-only."""
        return self.value is not None and not self.reason and not self.flag.read_only


@dataclass(frozen=True)
class BadPair:
    """Two values that do not work together, and the pair that does."""

    message: str
    good: tuple[tuple[str, FlagValue], ...]
    """(flag key, value): to be made as one change."""


def find_flag(key: str, root: Path, settings: Settings) -> Flag:
    """By key, other name or constant. Raises NotFound with the nearest key."""
    return named_flag(key, flag_table(root, settings))


def named_flag(key: str, table: Sequence[Flag]) -> Flag:
    """The same in a table that is at hand. Raises NotFound."""
    for flag in table:
        if flag.is_named(key):
            return flag
    keys = [flag.key for flag in table]
    near = difflib.get_close_matches(key.lower(), keys, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(keys)}."
    raise NotFound(f"there is no flag {key}.", hint)


def read_flags(root: Path, settings: Settings) -> tuple[FlagReading, ...]:
    """Every flag with the value in its file, or the reason why it cannot be read. No code of the file is run."""
    images: dict[str, FileImage | Refused] = {}
    readings = []
    for flag in flag_table(root, settings):
        if flag.unread:
            readings.append(FlagReading(flag, None, flag.unread))
            continue
        if flag.file not in images:
            try:
                images[flag.file] = read_file(inside(root, flag.file))
            except Refused as refused:
                images[flag.file] = refused
        readings.append(_reading(flag, images[flag.file]))
    return tuple(readings)


def _reading(flag: Flag, image: FileImage | Refused) -> FlagReading:
    if isinstance(image, Refused):
        return FlagReading(flag, None, image.reason, image.lines)
    try:
        literal = find_literal(image.data, selector(flag))
    except Refused as refused:
        return FlagReading(flag, None, refused.reason, refused.lines)
    reason = ""
    if literal.type is not flag.type:
        reason = f"The file holds a value of type {literal.type.__name__}, not {flag.type.__name__}."
    return FlagReading(flag, literal.value, reason, (literal.line,))


def of_type(flag: Flag, value: FlagValue) -> FlagValue | None:
    """The value as the flag's type has it, whole numbers with and without decimals alike; else None."""
    if flag.type is float and type(value) is int:
        return float(value)
    if flag.type is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is flag.type else None


def parse_value(flag: Flag, text: str) -> FlagValue:
    """A value of the flag from what the user typed. Raises Refused with what is allowed, or why it is read-only."""
    if flag.read_only or flag.unread:
        raise Refused(f"{flag.label} is shown, not changed: {flag.read_only or flag.unread}.")
    value = _typed(flag, text.strip())
    forbidden = flag.choices and value not in flag.choices
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = flag.least, flag.most
        forbidden = forbidden or (low is not None and value < low) or (high is not None and value > high)
    if value is None or forbidden:
        raise Refused(f"{flag.label} cannot be {text.strip()[:40]!r}; it takes {allowed(flag)}.")
    return value


def _typed(flag: Flag, text: str) -> FlagValue | None:
    """None when ``text`` is not of the flag's type."""
    if flag.words:
        return next((value for value, name in flag.words.items() if name == text.lower()), None)
    if flag.type is bool:
        return _BOOLS.get(text.lower())
    if flag.type is str:
        fits = text.isprintable() and 0 < len(text) <= _STRING_LIMIT
        return text if fits and re.fullmatch(flag.pattern or ".*", text) else None
    try:
        return whole_number(text) if flag.type is int else decimal_number(text)
    except ValueError:
        return None


def allowed(flag: Flag) -> str:
    """What ``parse_value`` takes, in words."""
    if flag.choices:
        return ", ".join(word(flag, choice) for choice in flag.choices)
    if flag.words or flag.type is bool:
        return " or ".join(sorted(flag.words.values(), reverse=True)) or "on or off"
    if flag.type is str:
        return "a name" if flag.pattern else f"at most {_STRING_LIMIT} printable characters"
    kind = "a whole number" if flag.type is int else "a number"
    if flag.least is not None and flag.most is not None:
        return f"{kind} from {flag.least:g} to {flag.most:g}"
    return kind


def edit_of(flag: Flag, value: FlagValue, root: Path) -> Edit:
    """The edit that gives the flag this value. Raises Refused when it is read-only or its file lies outside."""
    if flag.read_only or flag.unread:
        raise Refused(f"{flag.label} is shown, not changed: {flag.read_only or flag.unread}.")
    return Edit(inside(root, flag.file), selector(flag), value, flag.literal)


def combination_warnings(values: Mapping[str, FlagValue], changed: str = "") -> tuple[BadPair, ...]:
    """Known bad pairs in ``values`` (flag key → value); the good pair keeps the value of the flag ``changed``.

    Without ``changed`` the good pair is the one the guide ends with: tail mode on, raw off.
    """
    full, raw = values.get("tail-mode"), values.get("raw")
    if full is None or raw is None or full == raw:
        return ()
    if raw:
        message = "Tail mode with raw on sends tails without any context: raw brings no context back to chain."
    else:
        message = (
            "Raw off with the whole prompt on every turn grows the context past num_ctx; prompts are cut silently."
        )
    good = full if changed == "tail-mode" else raw if changed == "raw" else False
    return (BadPair(message, (("tail-mode", good), ("raw", good))),)


def flag_states(root: Path, settings: Settings, turns: Sequence[Turn]) -> tuple[FlagState, ...]:
    """Every flag for the screen and the shell. Values from the files are foreign text: sanitize them."""
    readings = read_flags(root, settings)
    values = {reading.flag.key: reading.value for reading in readings if reading.value is not None}
    pairs = combination_warnings(values)
    bad = {key: pair.message for pair in reversed(pairs) for key, _ in pair.good}
    return tuple(
        flag_state(one, running_value(one.flag, turns), bad.get(one.flag.key, one.flag.warning)) for one in readings
    )


def flag_state(reading: FlagReading, running: FlagValue | None, warning: str = "") -> FlagState:
    """One flag for the screen and the shell. ``running``: the value that runs."""
    flag = reading.flag
    value = word(flag, reading.value)
    where = f" (line {', '.join(map(str, reading.lines))})" if reading.reason and reading.lines else ""
    choices = tuple(word(flag, choice) for choice in flag.choices) or tuple(sorted(flag.words.values(), reverse=True))
    return FlagState(
        key=flag.key,
        label=flag.label,
        file_value=value,
        running_value=word(flag, running),
        override=flag.read_only or f"{reading.reason}{where}",
        editable=reading.editable,
        choices=choices,
        meaning=" ".join(filter(None, (flag.meaning.get("", ""), flag.meaning.get(value, ""), reading.note))),
        warning=warning,
    )
