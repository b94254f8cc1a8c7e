"""The snapshot: one frozen value with everything that the dashboard shows at one moment."""

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
    """State of one source; each has its own symbol and word on the screen."""

    OK = "ok"
    WAITING = "waiting"
    """Does not exist yet (file), or has never answered (service)."""
    READING = "reading"
    """Older lines are still being read."""
    STALLED = "stalled"
    """A read has not returned for 3 s (9P, NFS)."""
    DENIED = "denied"
    NOT_A_FILE = "not a file"
    """Directory, FIFO, device."""
    BUSY = "busy"
    """A service that answers late, because it is serving a turn."""
    DOWN = "down"
    ERROR = "error"


class SourceState(Struct, frozen=True, eq=False):
    """The current state of one file or service."""

    name: str
    """``latency.log``, ``v34.log``, ``ollama``, ``v34``, ``tts``, ``stt``."""
    condition: SourceCondition
    detail: str = ""
    """Details for the user: ``unreachable 14s``, ``permission denied``. Cleaned text."""
    since: float | None = None
    """When this condition began (time.time())."""
    lines: int = 0
    """Number of whole lines read."""
    newest: float | None = None
    """When the newest line arrived, or was written before the file was followed (time.time()); None without one."""
    behind: int = 0
    """Bytes not read yet."""
    partial: bool = False
    """The last line has had no end for 5 s."""
    gaps: int = 0
    """How often content was lost or rewritten (truncation, rotation with loss, drop)."""
    missed: int = 0
    """Number of files that had this name between two looks and were gone before they could be opened."""
    dropped: int = 0
    """Number of lines dropped, because they were over the line limit or a bounded queue was full."""
    notable: bool = False
    """The detail is for the user also while the condition is ``ok``: turns were dropped on the way out."""


class Health(Struct, frozen=True, eq=False):
    """A failure inside the dashboard itself; the rest of it goes on."""

    where: str
    message: str
    since: float
    kind: str = ""
    """Class of the exception where ``message`` quotes it, which may quote a line of a log; empty where it does not."""


class OpenTurn(Struct, frozen=True, eq=False):
    """The turn in flight."""

    turn: Turn
    """The turn as far as it is known."""
    phase: str
    """Key of the stage that is running now; empty if no event shows it."""
    phase_since: float
    """``core.interruptions.elapsed()`` when the phase's first event arrived here."""
    since: float
    """The same, of its first event."""


class ClockOffset(Struct, frozen=True, eq=False):
    """v34's clock minus the STT/TTS clock, bounded by the hops of recent turns (NTP's four timestamps, RFC 5905)."""

    low_ms: float | None
    high_ms: float | None
    turns: int
    skewed: bool
    """The bounds exclude zero: the logged hops are not durations."""
    stepped: bool
    """The bounds contradict each other: a clock jumped within the window."""


class Listening(Struct, frozen=True, eq=False):
    """What the pauses without text say of STT: it listens, and how fast its loop goes round in silence."""

    pauses: int = 0
    """So far; a pause that a turn began with is not among them."""
    per_minute: float | None = None
    """While it listens: from the newest spacings. None before the second pause."""
    threshold_s: float | None = None
    """The silence threshold that the newest one names: a setting, not what was waited."""
    spacings_s: tuple[float, ...] = ()
    """Between two of them with nothing but silence in between, newest last, at most 512."""
    arrived: float | None = None
    """``core.interruptions.elapsed()`` when the newest was read; None if it was in the log before."""


class PassBound(Struct, frozen=True):
    """What the rhythm of quiet pauses tells of the wait before a turn. Bounds, and it assumes upstream's STT loop."""

    threshold_s: float
    """The setting."""
    waited_s: float
    """At least so long from the last sound to the pause event, where a pass takes ``pass_s``."""
    pass_s: float
    """At least so long takes one pass of STT over the audio."""
    pauses: int
    """From so many pauses without text."""


class Counts(Struct, frozen=True, eq=False):
    """Turns by state since the start of the logs."""

    complete: int = 0
    failed: int = 0
    aborted: int = 0
    timed_out: int = 0
    open: int = 0


class Snapshot(Struct, frozen=True, eq=False):
    """The newest state. Compared by identity."""

    taken: float = 0.0
    """time.time()."""
    turns: tuple[Turn, ...] = ()
    """The newest turns that are closed, oldest first."""
    preview: bool = False
    """The end of a long log, until all of it is read: these turns have other ordinals then."""
    open_turn: OpenTurn | None = None
    counts: Counts = field(default_factory=Counts)
    listening: Listening = field(default_factory=Listening)
    pass_bound: PassBound | None = None
    """None where the rhythm fits several times of a pass, or too little of it is known."""
    stale_s: float = 600.0
    """Age of the newest line from which the figures say nothing of now."""
    window: int = 20
    """Number of complete turns in the statistics."""
    headline: StageStat | None = None
    """Statistics of the headline span of complete turns; its key is the name of the span."""
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
    """How often a source started again from its beginning (rotation, truncation)."""
    log_restarts: tuple[int, ...] = ()
    """The same for each log."""
    opened: bool = False
    """What each log held at the start, or its end, is in here; before, turns may lack what another log says of them."""
    quiet: bool = False
    """Nothing has come since the one before but pauses without text: the next tick of the clocks may show it."""
