"""What a flag is: where its value stands, what its values mean, what it touches, what shows the value that runs."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct

from timmy_tui.model.turn import FlagValue, Turn


class Shown(StrEnum):
    """Where the value that a session of v34 runs under can be seen."""

    TURN = "turn"
    """In its turns; these are always right."""
    JOURNAL = "journal"
    """In the journal of this program's changes, those written before the session began."""
    FILE = "file"
    """In v34's file, as it was when the session began."""


class Flag(Struct, frozen=True, kw_only=True):
    """One row of the table. Its values are those of the file: tail mode on is ``USE_FULL_MEGA_PROMPT = False``."""

    key: str
    """``tail-mode``: what the user types."""
    label: str
    file: str
    """``config``, ``app`` or ``stt``: one of the files in the settings; a path below the root in a joined table."""
    constant: str = ""
    """Name of the constant that holds it; empty where a keyword does."""
    keyword: tuple[str, str] = ("", "")
    """Function and keyword of the one call that holds it."""
    other_names: tuple[str, ...] = ()
    """Accepted in place of the key."""
    type: type[FlagValue]
    words: Mapping[FlagValue, str] = {}
    """Words for values. Without a word True and False are written as on and off, other values as they are."""
    choices: tuple[FlagValue, ...] = ()
    """The only values allowed; empty: any of the type."""
    least: float | None = None
    most: float | None = None
    pattern: str = ""
    """What a string must look like, as a regular expression."""
    meaning: Mapping[str, str] = {}
    """By word; ``""`` is the flag itself."""
    warning: str = ""
    read_only: str = ""
    """Why it is never changed; empty when it may be."""
    unread: str = ""
    """Why it is not even read (a secret, a file outside the root); empty otherwise."""

    shown_by: tuple[Shown, ...] = (Shown.JOURNAL, Shown.FILE)
    """Empty: the running value can never be seen."""
    turn: Callable[[Turn], FlagValue | None] | None = None
    """The value that a turn shows, or None. Set if and only if TURN is in ``shown_by``."""
    said_at: Callable[[Turn], float | None] | None = None
    """When the system said the value that ``turn`` has, in seconds since the epoch: what was written later than that
    is in effect. None: a turn shows what it ran under."""
    live: bool = False
    """A value is in effect as soon as it is written; else the process has it that starts next."""
    default: FlagValue | None = None
    """What runs where the file does not have it."""
    first_turn: FlagValue | None = None
    """The value that the first turn of every session shows, whatever the flag is; None: the first turn is right."""
    touches: tuple[str, ...] = ()
    """Stages and groups of stages that get new usual times when it changes, besides V2V. Empty: it may be any stage."""

    @property
    def literal(self) -> str:
        """The constant, or ``function(keyword=)``, as the journal writes it."""
        return self.constant or "{}({}=)".format(*self.keyword)

    @property
    def changes_prompt(self) -> bool:
        """A prompt under the new value may share no beginning with the prompt before."""
        return not self.touches or "prompt" in self.touches

    def is_named(self, name: str) -> bool:
        """``name`` is its key or another name, with ``-`` or ``_``, or its name in the file."""
        return name == self.literal or _normalized(name) in map(_normalized, (self.key, *self.other_names))


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-")
