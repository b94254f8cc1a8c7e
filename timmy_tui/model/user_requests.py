"""What the user asks for: one frozen value per request, the same from the key to the place that does it."""

from typing import ClassVar, Literal

from msgspec import Struct

from timmy_tui.model.judgement import TrialRecipe
from timmy_tui.model.llm import LearnedRate

Quality = Literal["good", "bad"]
FindingAnswer = Literal["accept", "acknowledge", "mute"]
TrialName = Literal["test-1", "test-2", "guide", "flag"]
OnTrouble = Literal["", "ask", "undo"]
TrialAct = Literal["leave", "resume", "stop", "keep", "undo"]


class MarkTurn(Struct, frozen=True):
    """The user's judgement of a turn's answer."""

    ordinal: int
    quality: Quality | None
    """None takes the mark back."""


class NoteTurn(Struct, frozen=True):
    """Why a marked turn is good or bad, in the user's words."""

    ordinal: int
    text: str
    """Empty takes the note away."""


class AnswerFinding(Struct, frozen=True):
    """What the user makes of a level change."""

    key: str
    """``Finding.key``."""
    answer: FindingAnswer
    """Take the new level as the usual one, know of the finding, or hear no more of its stage."""


class BeginTrial(Struct, frozen=True):
    """Begin the guided test."""

    name: TrialName
    """``guide`` is both tests, one after the other; ``flag`` is that of ``recipe``."""
    recipe: TrialRecipe | None = None
    aba: bool = False
    """Change back and measure again: what moved must move back."""
    turns: int = 0
    """Measured on each side; 0: as the settings say."""
    on_trouble: OnTrouble = ""
    """Empty: as the settings say."""


class ActOnTrial(Struct, frozen=True):
    """Go on with the guided test that is open, or end it."""

    act: TrialAct
    """``keep`` and ``undo`` answer its verdict."""


class RememberRate(Struct, frozen=True):
    """Compare the prefills with what a probe has found."""

    rate: LearnedRate


PipelineRequest = MarkTurn | NoteTurn | AnswerFinding | BeginTrial | ActOnTrial | RememberRate
"""What is done between two turns, in the thread that judges them."""


class Flip(Struct, frozen=True):
    """Change the values of flags, all of them as one change."""

    values: tuple[tuple[str, str], ...]
    """(flag key, value as a user writes it): ``("tail-mode", "on")``."""
    only: bool = False
    """Just these; otherwise a pair of values that work together may be proposed first."""
    word: ClassVar[str] = "flip"


class Restart(Struct, frozen=True):
    """Restart v34 and change no file."""

    word: ClassVar[str] = "restart"


class Undo(Struct, frozen=True):
    """Take a change back: the files byte for byte, then a restart."""

    op: str = ""
    """Operation of the journal; empty is the running change, else the last that can still be taken back."""
    word: ClassVar[str] = "undo"


class CreatePoint(Struct, frozen=True):
    """Make a restore point of the code files."""

    name: str = ""
    """Empty: it gets a name from the time."""
    word: ClassVar[str] = "create"


class Restore(Struct, frozen=True):
    """Put code files back as a restore point has them."""

    point: str
    files: tuple[str, ...] = ()
    """Relative to the root; none: those of the guide that differ."""
    word: ClassVar[str] = "restore"


class RestoreLatest(Struct, frozen=True):
    """Put the files back as they were before the first restore."""

    word: ClassVar[str] = "latest"


ChangeRequest = Flip | Restart | Undo | CreatePoint | Restore | RestoreLatest
"""What is planned first and done when the user has agreed. ``word`` names a request that could not be planned."""
