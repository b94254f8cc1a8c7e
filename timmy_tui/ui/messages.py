"""Messages to the app, and the protocols of what works behind the screen."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from textual.message import Message

from timmy_tui.core.settings import Settings
from timmy_tui.model.change import ControlState
from timmy_tui.model.log_entry import ALL_LINES, LogCursor, LogEntry, LogFilter, LogPage, TurnLines
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.trend_history import TimeBuckets
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import AnswerFinding, ChangeRequest, MarkTurn, PipelineRequest
from timmy_tui.ui.last_view import LastViewFile
from timmy_tui.ui.view import Notice

Publish = Callable[[Snapshot], None]


class SnapshotArrived(Message):
    """There is a newer snapshot than the one shown."""


class Noticed(Message):
    """A notice to the user, from any thread; none of them replaces another."""

    def __init__(self, notice: Notice) -> None:
        """``notice`` goes to the status line and to the event log."""
        super().__init__()
        self.notice = notice


class EnterValue(Struct, frozen=True):
    """Ask the user for the value of a flag that has no list of choices, and flip it to that."""

    key: str


class BeginFlagTest(Struct, frozen=True):
    """Begin a guided test of this flag, after a question."""

    key: str


ActionRequest = MarkTurn | AnswerFinding | EnterValue | ChangeRequest
ScreenRequest = ActionRequest | BeginFlagTest


class Requested(Message):
    """A screen's request to the app."""

    def __init__(self, request: ScreenRequest) -> None:
        """The same mark again removes it; a change is shown and confirmed first."""
        super().__init__()
        self.request = request


class LogOfSpan(Message):
    """Show the log with only the lines of a turn, or of one of its stages: post it from any panel or screen."""

    def __init__(self, turn: Turn, key: str = "") -> None:
        """``key``: of a stage, a gap (``gap:classify→retrieve``), or empty for the whole turn."""
        super().__init__()
        self.turn, self.key = turn, key


class SnapshotSource(Protocol):
    """Where snapshots come from: the pipeline, a replay, or a test."""

    def start(self, publish: Publish) -> None:
        """Begin; ``publish`` may be called from any thread, until ``stop`` returns."""

    def stop(self) -> None:
        """End within a second."""

    def request(self, request: PipelineRequest) -> None:
        """Carry out the user's request; its effect shows in a later snapshot."""


class Plan(Protocol):
    """A planned change, described for the user. Nothing has been done yet."""

    @property
    def label(self) -> str:
        """``tail mode off→on``."""

    @property
    def preview(self) -> tuple[str, ...]:
        """The changed lines, what restarts and what that interrupts, the restore point."""

    @property
    def refusal(self) -> str:
        """Why it cannot be done; empty when it can."""

    @property
    def done(self) -> str:
        """Why there is nothing to do; empty when there is."""

    @property
    def other(self) -> "Plan | None":
        """Exactly what the user asked for, where this plan is a safer proposal; else None."""

    @property
    def other_word(self) -> str:
        """Label of ``other``."""


class Control(Protocol):
    """Changes Timmy. ``state`` is cheap; everything else may take time and is called from a worker thread.

    Failures are raised as TimmyError.
    """

    def state(self) -> ControlState:
        """Flags, running change, journal and restore points as last known."""

    def plan(self, request: ChangeRequest) -> Plan:
        """Plan a change without doing it. What cannot be done is a plan with a refusal."""

    def start(self, plan: Plan) -> str:
        """Start it; returns a text for the status line. Progress is in ``state``."""

    def answer(self, choice: str) -> str:
        """Answer with a choice of the running change: ``keep``, ``undo``, ``stop waiting``, ``resume listening`` …"""


class LlmActions(Protocol):
    """The two requests that make the model work, each only on the user's key."""

    def probe(self) -> tuple[str, ...]:
        """Run the probe; returns lines that explain the results."""

    def warm(self) -> str:
        """Load the model as v34 would; returns a text that says how long it took."""


class LogReader(Protocol):
    """Both logs in one order, page by page. Calls read files: they are made in a thread, and raise TimmyError."""

    def newest(self) -> LogCursor:
        """The end of both logs as they are now; cheap."""

    def before(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES, least: int = 1) -> LogPage:
        """At least ``least`` lines above the cursor; fewer where the logs begin, or where much was looked through."""

    def between(self, above: LogCursor, below: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """The lines of a page whose lower end has moved; None where they are more than a page may have."""

    def quiet_behind(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """What came below the cursor, if that is nothing but pauses without text and our own requests; else None."""

    def of_turn(self, turn: TurnLines) -> LogPage:
        """All lines of a turn, or of a stage of it."""

    def whole_line(self, entry: LogEntry) -> str:
        """The line as it stands in its file: not cut, not sanitized."""


class TurnHistory(Protocol):
    """The turns that outlive the logs, summed up. Calls read a file, in a thread, and raise TimmyError."""

    def buckets(self, edges: Sequence[float]) -> TimeBuckets:
        """The turns between the first and the last edge (seconds since 1970, ascending), a bucket for each two."""


class Backend(Struct, frozen=True, eq=False):
    """What works behind the screen; None: there is none."""

    source: SnapshotSource
    control: Control | None = None
    llm: LlmActions | None = None
    read_only: str = ""
    """Why nothing may be changed; empty when it may."""
    second: bool = False
    """Read-only only for as long as the dashboard is open that was first on this Timmy."""
    control_state: ControlState | None = None
    """Shown where there is no ``control``: in a screenshot."""
    log: LogReader | None = None
    """None: the log screen has the newest lines of the snapshot alone."""
    history: TurnHistory | None = None
    """None: charts over hours and days have the turns of the snapshot alone."""
    settings_file: Path | None = None
    """Where the settings come from; None where they are not the user's, as in the demo."""
    reload: Callable[[], Settings] | None = None
    """Reads them again, in a thread. Raises TimmyError."""
    last_view: LastViewFile | None = None
    """Where the view is remembered; None: it is not."""
    lacking: Mapping[str, str] = {}
    """Id of a command that the system has nothing for → why."""
    looks_only: bool = False
    """Not even a mark or a file is written: a web page. ``read_only`` says so too."""
