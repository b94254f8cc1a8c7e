"""What the screen paints: one frozen picture of everything that is known now."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from timmy_tui.model.stats import StageStat as StageStat
from timmy_tui.model.turn import Epoch, Marker, Session, Turn

if TYPE_CHECKING:
    from timmy_tui.model.judgement import JudgementState
    from timmy_tui.model.llm import LlmState


class SourceCondition(StrEnum):
    """State of one source; each has its own glyph and word on the screen."""

    OK = "ok"
    WAITING = "waiting"
    """Not there yet (a file that does not exist, a service never seen)."""
    READING = "reading"
    """Backlog still coming in."""
    STALLED = "stalled"
    """A read has not returned for 3 s (9P, NFS)."""
    DENIED = "denied"
    NOT_A_FILE = "not a file"
    """Directory, FIFO, device."""
    BUSY = "busy"
    """A service that answers late because a turn is being served."""
    DOWN = "down"
    ERROR = "error"


class SourceState(Struct, frozen=True, eq=False):
    """One file or service, as it is now."""

    name: str
    """``latency.log``, ``v34.log``, ``ollama``, ``v34``, ``tts``, ``stt``."""
    condition: SourceCondition
    detail: str = ""
    """What a user needs to know: ``unreachable 14s``, ``permission denied``. Cleaned text."""
    since: float | None = None
    """When this condition began (time.time())."""
    lines: int = 0
    """Whole lines read."""
    newest: float | None = None
    """When the newest line arrived (time.time()); None before the first."""
    behind: int = 0
    """Bytes of backlog not read yet."""
    partial: bool = False
    """The last line has had no end for 5 s."""
    gaps: int = 0
    """Times that content was lost or rewritten (truncation, rotation with loss, drop)."""
    dropped: int = 0
    """Lines given up because a bounded queue was full, or over the line limit."""


class Health(Struct, frozen=True, eq=False):
    """Something went wrong inside the dashboard itself and is being lived with."""

    where: str
    message: str
    since: float


class OpenTurn(Struct, frozen=True, eq=False):
    """The turn in flight."""

    turn: Turn
    """What is known of it so far."""
    phase: str
    """Key of the stage that runs now; ``""`` if no event says."""
    phase_since: float
    """time.monotonic() when the phase's first event arrived here."""
    since: float
    """time.monotonic() when its first event arrived here."""


class ClockOffset(Struct, frozen=True, eq=False):
    """v34's clock minus the STT/TTS clock, as the hops of recent turns bound it (NTP's four timestamps)."""

    low_ms: float | None
    high_ms: float | None
    turns: int
    skewed: bool
    """The bounds exclude zero: the hops as logged are not durations."""
    stepped: bool
    """The bounds contradict each other: a clock jumped within the window."""


class Counts(Struct, frozen=True, eq=False):
    """Turns by state since the start of the logs."""

    complete: int = 0
    failed: int = 0
    aborted: int = 0
    timed_out: int = 0
    lone_pauses: int = 0
    open: int = 0


class Snapshot(Struct, frozen=True, eq=False):
    """The newest state. Compared by identity; painting it twice gives the same screen."""

    taken: float = 0.0
    """time.time()."""
    turns: tuple[Turn, ...] = ()
    """Newest turns, oldest first: every state but open."""
    open_turn: OpenTurn | None = None
    counts: Counts = field(default_factory=Counts)
    window: int = 20
    """Complete turns that the statistics look at."""
    headline: StageStat | None = None
    """The headline span of complete turns, as a stage row; its key is the span's name."""
    stages: tuple[StageStat, ...] = ()
    """In the order of the stage table, ``unattributed`` last."""
    clock: ClockOffset | None = None
    sources: tuple[SourceState, ...] = ()
    unparsed: Mapping[str, int] = field(default_factory=dict)
    """Lines that could not be read, by reason."""
    health: tuple[Health, ...] = ()
    sessions: tuple[Session, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    marks: tuple[Marker, ...] = ()
    llm: "LlmState | None" = None
    """Prompt cache, context window and model residency."""
    judgement: "JudgementState | None" = None
    """Findings, diagnosis, verdicts."""
    log_tail: tuple[tuple[str, str], ...] = ()
    """(source name, cleaned line), newest last, at most 400."""
    restarted: int = 0
    """How often a source began anew (rotation, truncation)."""
