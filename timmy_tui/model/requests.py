"""What the user asks for: one frozen value per request, the same from the key to the place that does it."""

from typing import Literal

from msgspec import Struct

Quality = Literal["good", "bad"]
FindingAnswer = Literal["accept", "acknowledge", "mute"]
TrialName = Literal["test-1", "test-2", "guide"]
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
    """``guide`` is both tests, one after the other."""


class ActOnTrial(Struct, frozen=True):
    """Go on with the guided test that is open, or end it."""

    act: TrialAct
    """``keep`` and ``undo`` answer its verdict."""


PipelineRequest = MarkTurn | NoteTurn | AnswerFinding | BeginTrial | ActOnTrial
"""What is done between two turns, in the thread that judges them."""
