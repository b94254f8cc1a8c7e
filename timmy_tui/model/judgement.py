"""What the dashboard concludes from turns: changes of level, slow turns, verdicts on a change."""

from collections.abc import Mapping

from msgspec import Struct

from timmy_tui.model.stages.watched import CRITICAL, HOPS, NETWORK, SETTINGS, UNATTRIBUTED
from timmy_tui.model.turn import FlagChange

RATIO_KEYS = (*(key for key in CRITICAL if key not in (*SETTINGS, *HOPS)), NETWORK, UNATTRIBUTED)
"""What a turn's ratios are of, in this order: everything that its measured time is made of."""
FLIP_SHOWN_TURNS = 80
"""Turns. So long a flip is shown as a change, and the level ahead of it is the usual: a row of the widest screen."""


class ShareChange(Struct, frozen=True, kw_only=True):
    """A stage that takes place in more or fewer turns than before."""

    stage: str
    had_a: int
    """Turns of A that had it."""
    n_a: int
    had_b: int
    n_b: int
    optional: bool
    """Some turns leave it out by themselves; else it is gone from the logs."""
    p: float = 0.0
    """By Fisher's exact test; 0 where it was not made."""


class Finding(Struct, frozen=True, kw_only=True):
    """A stage whose level has changed by more than its workload and chance explain."""

    key: str
    """Identifies it as long as it lasts: ``stage:since``."""
    stage: str
    """Stage key, ``unattributed`` (see ``gap``), ``V2V`` if no stage explains it, or ``gpu`` if LLM and TTS changed."""
    gap: str = ""
    """Which gap (``classify→retrieve``) when the stage is ``unattributed``; else empty."""
    direction: str
    """``slower`` or ``faster``."""
    raised: int
    """Ordinal of the turn at which the change was detected."""
    raised_id: str
    since: int
    """Ordinal of the first turn at the new level."""
    since_id: str
    ratio: float
    """``after_ms`` over ``before_ms``; 0.1 ms stands for less than that."""
    before_ms: float
    """Usual level of the named stage ahead of the change. It and the next are for the same work."""
    after_ms: float
    """Level of the named stage now, and where it has ended, when it did."""
    low: float = 0.0
    """95 % bounds of the ratio."""
    high: float = 0.0
    n: int
    """Number of turns since the change, whether they have the stage or not."""
    lasted: int = 0
    """Of one that has ended: number of turns that it lasted."""
    age: int = 0
    """Number of turns since its newest step was noticed."""
    steps: int = 1
    """Alarms of the same series in the same direction: above 1 it is a drift, told from its first turn on."""
    goes_on: bool = False
    """The newest turns are beyond the level of today: it is still moving."""
    cost_ms: float = 0.0
    """What it adds to a turn on average, in ms; negative for an improvement."""
    notable: bool = True
    """A user could feel it, or it is large for its stage and some ms: ``core.settings.Findings`` says from when on."""
    share: ShareChange | None = None
    """The stage takes place in more or fewer turns than before; its times are then means over turns with and without
    it, and ``slower`` is more often."""
    cause: str = ""
    """Its likeliest reason, where one is known; empty otherwise."""
    confidence: float
    """0…1."""
    adjusted_for: tuple[str, ...] = ()
    note: str = ""
    """Why it was judged in another way than usual: ``judged without its work: no output tokens``."""
    ended: str = ""
    """Why it ended (``back to usual``, ``accepted``, ``new epoch``); empty while it lasts."""
    acknowledged: bool = False


class Contribution(Struct, frozen=True):
    """The part of one stage in the excess of a slow turn."""

    stage: str
    ms: float
    """Above the usual time for the same workload; negative where the stage was faster."""
    why: str = ""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """Why a turn took as long as it did: one sentence, and contributions that sum to the excess."""

    ordinal: int
    excess_ms: float | None
    """Headline minus the usual headline for the same workload; None while there are too few turns."""
    sentence: str
    compared_with: str = ""
    """What the turns that it was set against have in common, as the sentence has it in parentheses."""
    contributions: tuple[Contribution, ...] = ()
    slow: bool = False
    """This single turn is an outlier; independent of level changes."""
    usuals: Mapping[str, float] = {}
    """Usual ms of each stage for the same workload, which the contributions are over; a stage that was judged in parts
    as their sum. Without single hops, and without stages that nothing is known to set against."""

    @property
    def brief(self) -> str:
        """The sentence without what the turn was compared with."""
        return self.sentence.replace(f" ({self.compared_with})", "", 1) if self.compared_with else self.sentence


class StageVerdict(Struct, frozen=True, kw_only=True):
    """The result of a comparison of two selections for one stage."""

    stage: str
    ratio: float | None
    """B over A, corrected for the workload; None with too few turns."""
    low: float | None
    high: float | None
    raw_ratio: float | None
    n_a: int
    n_b: int
    verdict: str
    """``faster``, ``slower``, ``unchanged``, ``cannot tell`` (the interval leaves 1 out, which over all stages may be
    chance), ``too few turns``; ``drifted`` if the two baselines of a test differ."""
    wanted: int = 0
    """Number of further turns that a verdict needs."""
    p: float | None = None
    adjusted_for: tuple[str, ...] = ()
    before_ms: float | None = None
    after_ms: float | None = None
    noise: float | None = None
    """Standard deviation between sessions by chance in this stage, as used in its test, in log units (0.02 is 2 %)."""
    noise_restarts: int = 0
    """Number of restarts without a change that ``noise`` was learned from; 0: it is an assumption."""
    to_tell: int | None = None
    """Turns a side that it takes to tell ±10 %; 0 if these do, None if no number does: sessions differ by too much."""
    more: int | None = None
    """Further turns of B alone that tell it, by the spread of these; None if A has too few for that."""
    note: str = ""
    """Why it was judged in another way than usual: ``judged without its work: no output tokens``."""
    raw_moved: bool = False
    """Of V2V: what was measured differs, whatever the work."""
    work_words: str = ""
    """Of V2V: how the work differs, to be put behind the figures."""


class Comparison(Struct, frozen=True, kw_only=True):
    """Two selections of turns compared stage by stage."""

    a: str
    """The selection as the user wrote it: ``epoch:3``."""
    b: str
    n_a: int
    n_b: int
    stages: tuple[StageVerdict, ...]
    sentence: str
    outcome: str = ""
    """Of a change: ``helped``, ``hurt``, ``no change`` (less than 10 %), ``cannot tell yet``. Empty: of none."""
    good: tuple[int, int] = (0, 0)
    """Turns marked good in A and B."""
    bad: tuple[int, int] = (0, 0)
    signals: tuple[int, int] = (0, 0)
    """Turns with an automatic quality signal in A and B."""
    wanted: int = 0
    changes: tuple[FlagChange, ...] = ()
    """Flags that were one thing in A and another in B, as far as they are known."""
    noise: str = ""
    """``session noise ~2.6 % (from 7 restarts)``, or ``2.5 % assumed``."""
    shares: tuple[ShareChange, ...] = ()
    """Stages that take place in more or fewer turns."""
    turns: str = ""
    """Which turns were compared, if not the usual ones: ``first turns of sessions``."""
    undone: bool = False
    """The change between the sides has been taken back: this is history."""
    compared: tuple[int, int] = (0, 0)
    """Turns of A and B in any state, that marks and signals are counted in."""


class TrialRecipe(Struct, frozen=True, kw_only=True):
    """What a guided test changes, and what it changes back."""

    name: str
    """``test-1``, or the key of the flag."""
    label: str
    """``Test 1: raw off``, ``retrieval on→off``."""
    there: tuple[tuple[str, str], ...]
    """Pairs (flag key, value in the user's words)."""
    back: tuple[tuple[str, str], ...]
    """The same flags as they were; for A B A, where the turns before do not show it."""


class TrialState(Struct, frozen=True, kw_only=True):
    """A guided test: its current step, and what the user is to do now."""

    label: str
    """``Test 1: raw off``."""
    step: int
    """1-based."""
    steps: int
    phase: str
    """``measure``, ``change``, ``verdict``, ``stopped`` (by itself) or ``done``."""
    sentence: str
    """What the user is to do now, or the result."""
    wish: tuple[tuple[str, str], ...] = ()
    """In the phase ``change``: pairs (flag key, value) to be made as one change."""
    seen: int = 0
    """Number of turns measured in this phase."""
    wanted: int = 0
    verdict: Comparison | None = None
    left: bool = False
    """The user has paused it; turns do not count until it is resumed."""
    changed_since: float | None = None
    """Seconds since the epoch: the change that can be undone was made after this. None: there is none in place."""
    undo_now: bool = False
    """It stopped by itself, and the user wanted it undone then without another question."""


class TurnRatios(Struct, frozen=True, gc=False):
    """One turn, each of its stages as it would have been with one fixed amount of work."""

    ordinal: int
    logs: tuple[float | None, ...]
    """Of each of RATIO_KEYS: log of ms and the stage's ``soft_ms``; None: not judged."""


class StageRatios(Struct, frozen=True, eq=False):
    """The newest judged turns against what is usual: the difference is the log of their ratio at equal work."""

    turns: tuple[TurnRatios, ...] = ()
    """In the order in which they were judged."""
    usual: tuple[float | None, ...] = ()
    """Of each of RATIO_KEYS, for the same work. While a change is shown (a finding, or a flip in the last turns) it is
    the level ahead of that change; None while there is no level."""


class JudgementState(Struct, frozen=True, eq=False):
    """Everything that the dashboard shows of it."""

    findings: tuple[Finding, ...] = ()
    """Lasting ones first, then at most 50 ended ones; each newest first."""
    verdict: Comparison | None = None
    """After a change: the running epoch compared with the one before it."""
    quality: tuple[tuple[int, str], ...] = ()
    """(ordinal, ``good`` or ``bad``)."""
    notes: tuple[tuple[int, str], ...] = ()
    """(ordinal, the user's note) of marked turns; private."""
    trial: TrialState | None = None
    """The guided test that is open."""
    diagnoses: tuple[Diagnosis, ...] = ()
    """Of the newest 500 turns that were judged, oldest first."""
    ratios: StageRatios | None = None
    """None before a turn was judged."""
    leading: Finding | None = None
    """The one to speak of: of the young and notable ones that are slower, the costliest. None if there is none."""

    @property
    def diagnosis(self) -> Diagnosis | None:
        """Of the newest turn that was judged."""
        return self.diagnoses[-1] if self.diagnoses else None
