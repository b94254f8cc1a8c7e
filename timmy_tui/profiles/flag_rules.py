"""What a profile says of the system's switches: where their values are told, and where they may be changed."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from timmy_tui.model.stages.system import Taken
from timmy_tui.model.turn import FlagValue

Names = tuple[str, ...]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
TYPES: Mapping[str, type[bool] | type[int] | type[float] | type[str]] = {
    "bool": bool, "int": int, "float": float, "str": str,
}  # fmt: skip
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,240}\.(service|target)")


class FlagRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A switch of the system whose value its log tells: the turns behind it are another epoch."""

    key: Name
    label: str
    value: str
    """The capture that is its value."""
    when: Mapping[str, str] = field(default_factory=dict)
    """Captures of the same event that must have these values."""
    type: Literal["bool", "int", "float", "str"] = "bool"
    meaning: str = ""
    touches: Names = ()
    """Stages that get new usual times when it changes. Empty: it may be any."""
    stored: str = ""
    """Its name in ``control.file``. Empty: the file does not have it."""
    default: bool | int | float | str | None = None
    """What the system runs with where the file does not have it."""
    taken: Taken = "live"
    """``live``: the system looks into its file at each use; ``start``: when it starts, and never again."""
    choices: tuple[bool | int | float | str, ...] = ()
    """The only values that it may get. Empty: any of its type."""
    least: float | None = None
    most: float | None = None
    read_only: str = ""
    """Why it is not to be changed from here, in words; it is shown all the same."""


class ControlRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of the system: the switches in one file of its own."""

    file: str
    """A JSON object that has a member for each switch; ``~`` is the user's home."""
    unit: str = ""
    """The unit of systemd that runs the system."""


def fits(rule: FlagRule, value: FlagValue) -> bool:
    """The value is of the flag's type. TOML's 20 is a 20.0 where that is asked for."""
    return type(value) is TYPES[rule.type] or (rule.type == "float" and type(value) is int)


def flag_faults(flags: tuple[FlagRule, ...], control: ControlRule | None) -> Iterator[str]:
    """What does not fit together, in plain words."""
    if control is not None:
        yield from _control_faults(flags, control)
    names = [rule.stored for rule in flags if rule.stored]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two flags are stored as {name!r}"
    for rule in flags:
        yield from _own_faults(rule, control)


def _control_faults(flags: tuple[FlagRule, ...], control: ControlRule) -> Iterator[str]:
    if not control.file.startswith(("/", "~/")):
        yield f"control.file {control.file!r} is not a whole path: it begins with / or ~/"
    if not control.file.endswith(".json"):
        yield f"control.file {control.file!r} is not a .json file, and no other kind can be changed"
    if control.unit and not _UNIT.fullmatch(control.unit):
        yield f"control.unit {control.unit!r} is not the whole name of a unit, such as box.service"
    if not any(rule.stored for rule in flags):
        yield "control.file names a file, and no [[flag]] says what is stored in it"


def _own_faults(rule: FlagRule, control: ControlRule | None) -> Iterator[str]:
    where = f"flag {rule.key}"
    if rule.stored and control is None:
        yield f"{where} is stored as {rule.stored!r}, and no control.file says where"
    if rule.stored and rule.default is None:
        yield f"{where} is stored, and has no default: what runs where the file does not have it?"
    said = [("default", rule.default), *(("choices", choice) for choice in rule.choices)]
    for name, value in said:
        if value is not None and not fits(rule, value):
            yield f"{where}: {name} has {value!r}, which is not of type {rule.type}"
    if (rule.least is not None or rule.most is not None) and rule.type not in ("int", "float"):
        yield f"{where}: least and most are for numbers, and it is of type {rule.type}"
    elif rule.least is not None and rule.most is not None and rule.least > rule.most:
        yield f"{where}: least is above most"
    elif isinstance(rule.default, int | float) and not _is_allowed(rule, rule.default):
        yield f"{where}: its default is not one of the values that it may get"


def _is_allowed(rule: FlagRule, value: float) -> bool:
    low, high = rule.least, rule.most
    within = (low is None or value >= low) and (high is None or value <= high)
    return within and (not rule.choices or value in rule.choices)
