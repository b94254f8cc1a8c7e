"""What the dashboard concludes: level alarms, slow turns, verdicts on a change."""

from msgspec import Struct

from timmy_tui.model.turn import FlagChange


class Finding(Struct, frozen=True, kw_only=True):
    """A stage whose level has moved, beyond what its work and chance explain."""

    key: str
    """Identity while it lasts: ``stage:since``."""
    stage: str
    """Stage key, ``unattributed`` (see ``gap``), ``V2V`` when no stage explains it, ``gpu`` when LLM and TTS moved."""
    gap: str = ""
    """``classify→retrieve``: which gap, when the stage is ``unattributed``."""
    direction: str
    """``slower`` or ``faster``."""
    raised: int
    """Ordinal of the turn at which it was raised."""
    raised_id: str
    since: int
    """Ordinal of the first turn at the new level."""
    since_id: str
    ratio: float
    """After over before, work taken out."""
    before_ms: float
    after_ms: float
    n: int
    """Turns at the new level."""
    confidence: float
    """0…1."""
    adjusted_for: tuple[str, ...] = ()
    ended: str = ""
    """Why it is over (``back to usual``, ``accepted``, ``new epoch``); empty while it lasts."""
    acknowledged: bool = False


class Contribution(Struct, frozen=True):
    """Part of a slow turn's excess."""

    stage: str
    ms: float
    """Above the usual for that work; negative where it was faster."""
    why: str = ""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """One sentence for a turn, and the contributions that sum to its excess."""

    ordinal: int
    excess_ms: float | None
    """Headline above the usual for that work; None when there is too little history."""
    sentence: str
    contributions: tuple[Contribution, ...] = ()
    slow: bool = False
    """An outlier of its own, apart from level alarms."""


class StageVerdict(Struct, frozen=True, kw_only=True):
    """One stage of a comparison of two selections."""

    stage: str
    ratio: float | None
    """B over A, work taken out; None below the least n."""
    low: float | None
    high: float | None
    raw_ratio: float | None
    n_a: int
    n_b: int
    verdict: str
    """``faster``, ``slower``, ``unchanged`` or ``too few turns``; ``drifted`` when two baselines of one test differ."""
    wanted: int = 0
    """Turns still wanted before it can speak."""
    p: float | None = None
    adjusted_for: tuple[str, ...] = ()
    before_ms: float | None = None
    after_ms: float | None = None
    noise: float | None = None
    """How far sessions differ by chance in this stage, in log units (0.02 is 2 %), as its test has it."""
    noise_restarts: int = 0
    """Unchanged restarts that it was learned from; 0 is assumed."""


class Comparison(Struct, frozen=True, kw_only=True):
    """Two selections of turns, stage by stage."""

    a: str
    """The selection as the user wrote it: ``epoch:3``."""
    b: str
    n_a: int
    n_b: int
    stages: tuple[StageVerdict, ...]
    sentence: str
    good: tuple[int, int] = (0, 0)
    """Turns marked good in A and B."""
    bad: tuple[int, int] = (0, 0)
    signals: tuple[int, int] = (0, 0)
    """Turns with an automatic quality signal in A and B."""
    wanted: int = 0
    changes: tuple[FlagChange, ...] = ()
    """Flags that were one thing in A and another in B, as far as they are known."""
    noise: str = ""
    """``session noise ~2.6 % (from 7 restarts)``, or ``2 % assumed``."""


class TrialState(Struct, frozen=True, kw_only=True):
    """A guided test: where it stands, and what it wants now."""

    label: str
    """``Test 1: raw off``."""
    step: int
    """1-based."""
    steps: int
    phase: str
    """``measure``, ``change``, ``verdict`` or ``done``."""
    sentence: str
    """What is wanted now, or was found."""
    wish: tuple[tuple[str, str], ...] = ()
    """For ``change``: (flag key, value), to be made as one change."""
    seen: int = 0
    """Turns measured in this phase."""
    wanted: int = 0
    verdict: Comparison | None = None
    left: bool = False
    """The user left it; turns do not count until it is resumed."""


class JudgementState(Struct, frozen=True, eq=False):
    """All of it, for the screen."""

    findings: tuple[Finding, ...] = ()
    """Lasting ones first, newest first; ended ones behind, at most 50."""
    diagnosis: Diagnosis | None = None
    """Of the newest turn."""
    verdict: Comparison | None = None
    """The running epoch against the one before, after a change."""
    quality: tuple[tuple[int, str], ...] = ()
    """(ordinal, ``good`` or ``bad``)."""
    notes: tuple[tuple[int, str], ...] = ()
    """(ordinal, the user's words) of marked turns; private."""
    trial: TrialState | None = None
    """The guided test that is open."""
