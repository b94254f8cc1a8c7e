"""What other threads may say to the screen, and what the screen may ask of them."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from textual.message import Message

from timmy_tui.model.change import ControlState
from timmy_tui.model.requests import AnswerFinding, ChangeRequest, MarkTurn, PipelineRequest
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.view import Notice

Publish = Callable[[Snapshot], None]


class SnapshotArrived(Message):
    """The newest state; an older one that nobody has seen yet gives way to it."""

    def __init__(self, snapshot: Snapshot) -> None:
        """``snapshot`` is frozen: it may come from any thread."""
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the newest state matters."""
        return isinstance(message, SnapshotArrived)


class Noticed(Message):
    """A word to the user, from any thread; none of them replaces another."""

    def __init__(self, notice: Notice) -> None:
        """``notice`` goes to the status line and to the event log."""
        super().__init__()
        self.notice = notice


class EnterValue(Struct, frozen=True):
    """Ask the user for the value of a flag that has no list of choices, and flip it to that."""

    key: str


ScreenRequest = MarkTurn | AnswerFinding | EnterValue | ChangeRequest


class Asked(Message):
    """A screen asks the app for something that is not its own to do."""

    def __init__(self, request: ScreenRequest) -> None:
        """A mark that the turn has already is taken back; a change is shown and confirmed first."""
        super().__init__()
        self.request = request


class SnapshotSource(Protocol):
    """Where snapshots come from: the pipeline, a replay, or a test."""

    def start(self, publish: Publish) -> None:
        """Begin; ``publish`` may be called from any thread, until ``stop`` returns."""

    def stop(self) -> None:
        """End within a second."""

    def request(self, request: PipelineRequest) -> None:
        """Do what the user asks for; what came of it is in a later snapshot."""


class Plan(Protocol):
    """A change that is ready to go, in words. Nothing has been done yet."""

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
    def other(self) -> "Plan | None":
        """What was asked for to the letter, where something safer is proposed first."""

    @property
    def other_word(self) -> str:
        """That other way in some words."""


class Control(Protocol):
    """The hands. ``state`` is a cheap look; everything else may take time and is called from a worker.

    What goes wrong is raised as a TimmyError.
    """

    def state(self) -> ControlState:
        """Flags, running change, journal and restore points as last known."""

    def plan(self, request: ChangeRequest) -> Plan:
        """What would be done; nothing is. What cannot be done is a plan with a refusal."""

    def start(self, plan: Plan) -> str:
        """Do it; returns a word for the status line. Progress comes with ``state``."""

    def answer(self, choice: str) -> str:
        """One of the running change's choices: ``keep``, ``undo``, ``stop waiting``, ``resume listening`` …"""


class LlmActions(Protocol):
    """The two requests that make the model work, each only on the user's key."""

    def probe(self) -> tuple[str, ...]:
        """Run the questions; lines that say what the answers mean."""

    def warm(self) -> str:
        """Load the model as v34 would; a word on how long it took."""


class Backend(Struct, frozen=True, eq=False):
    """What the dashboard works on; what is None is absent."""

    source: SnapshotSource
    control: Control | None = None
    llm: LlmActions | None = None
    read_only: str = ""
    """Why nothing may be changed; empty when it may."""
    control_state: ControlState | None = None
    """Shown where there is no ``control``: in a picture."""
