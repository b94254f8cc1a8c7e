"""The flags of the monitored system: what each is called, where it is, what its values mean, what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from timmy_tui.control.config_file import Edit
from timmy_tui.control.literal import Selector, Value
from timmy_tui.model.change import FlagState
from timmy_tui.model.turn import Turn
from timmy_tui.settings import Settings


@dataclass(frozen=True)
class Flag:
    """One row of the table."""

    key: str
    """``tail-mode``: what the user types."""
    label: str
    file: str
    """Relative to the root."""
    selector: Selector
    type: type[Value]
    words: Mapping[Value, str] = field(default_factory=dict)
    """Words for values; ``tail mode on`` is ``USE_FULL_MEGA_PROMPT = False``."""
    choices: tuple[Value, ...] = ()
    least: float | None = None
    most: float | None = None
    meaning: Mapping[str, str] = field(default_factory=dict)
    """By word; ``""`` is the flag itself."""
    restart: bool = True
    warning: str = ""
    read_only: str = ""
    """Why it is never changed; empty when it may be."""
    evidence: str = ""
    """Field of Turn that shows what runs; empty: nothing does."""


@dataclass(frozen=True)
class FlagReading:
    """What the file says of one flag."""

    flag: Flag
    value: Value | None
    """None when it cannot be read; ``reason`` then says why."""
    reason: str = ""
    lines: tuple[int, ...] = ()

    @property
    def editable(self) -> bool:
        """The literal was found and the flag is not read-only."""
        raise NotImplementedError


@dataclass(frozen=True)
class BadPair:
    """Two values that do not work together, and the pair that does."""

    message: str
    good: tuple[tuple[str, Value], ...]
    """(flag key, value): to be made as one change."""


@dataclass(frozen=True)
class Evidence:
    """What the turns of the newest session say of a wished value."""

    seen: int
    """Turns that agree, at most ``wanted``."""
    wanted: int = 2
    contradicts: bool = False
    """A turn shows another value."""
    possible: bool = True
    """False: no turn can ever show this flag."""


def flag_table(root: Path, settings: Settings) -> tuple[Flag, ...]:
    """The built-in flags and the user's. Raises Refused for a user flag that may not be one (a secret, a file outside)."""
    raise NotImplementedError


def find_flag(key: str, root: Path, settings: Settings) -> Flag:
    """By key or by constant name. Raises NotFound with the nearest key."""
    raise NotImplementedError


def read_flags(root: Path, settings: Settings) -> tuple[FlagReading, ...]:
    """Every flag with the value in its file, or the reason why it cannot be read."""
    raise NotImplementedError


def parse_value(flag: Flag, text: str) -> Value:
    """What the user typed as a value of the flag. Raises Refused naming what is allowed, or why it is read-only."""
    raise NotImplementedError


def word(flag: Flag, value: Value | None) -> str:
    """A value as the user reads it; ``—`` for None."""
    raise NotImplementedError


def edit_of(flag: Flag, value: Value, root: Path) -> Edit:
    """The edit that gives the flag this value. Raises Refused when it is read-only or its file lies outside."""
    raise NotImplementedError


def combination_warnings(values: Mapping[str, Value], changed: str = "") -> tuple[BadPair, ...]:
    """Known bad pairs in ``values`` (flag key → value); the good pair keeps the value of the flag ``changed``."""
    raise NotImplementedError


def running_value(flag: Flag, turns: Sequence[Turn]) -> Value | None:
    """What the newest session's turns show, in the file's terms; None without evidence."""
    raise NotImplementedError


def evidence(flag: Flag, value: Value, turns: Sequence[Turn]) -> Evidence:
    """How far ``turns`` (of one new session, oldest first) agree with ``value``."""
    raise NotImplementedError


def flag_states(root: Path, settings: Settings, turns: Sequence[Turn]) -> tuple[FlagState, ...]:
    """All of it, for the screen and the shell."""
    raise NotImplementedError
