"""The state of the running change, and the user's answers to it: written by its thread, read by the screen."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.turn import FlagValue, Turn

KEEP, UNDO, STOP, NOW, LISTEN = "keep", "undo", "stop waiting", "go now", "resume listening"
"""The user's answers; each state accepts only some of them."""

EDITING_S = 5.0
"""Seconds in which journal and files should be written: shown beside the time that passes, and nothing ends then."""

TURN_CUT = "the restart cut a turn: STT may still be paused"


class KeepRequested(Exception):
    """The user keeps the change as it is."""


class UndoRequested(Exception):
    """The user wants the change undone."""


class WaitStopped(Exception):
    """The user does not want to wait any longer."""


class ShuttingDown(Exception):
    """The program ends; the change stays open in the journal, for the next start."""


@dataclass(frozen=True)
class LiveState:
    """What the newest snapshot shows of v34."""

    turns: tuple[Turn, ...] = ()
    """Closed ones, oldest first."""
    busy: bool = False
    """A turn is in flight that v34 has, or will get: if v34 runs, a restart cuts it, and STT stays paused."""
    log: tuple[str, ...] = ()
    """Newest lines of v34's log, sanitized."""
    session: int = -1
    """The newest session of any turn, also of one that has not ended."""
    flags: Mapping[str, FlagValue] = field(default_factory=dict)
    """Of the newest turn's epoch, as far as known."""


@dataclass
class _CurrentState:
    state: ChangeState = ChangeState.IDLE
    since: float = field(default_factory=time.monotonic)
    limit: float | None = None
    choices: tuple[str, ...] = ()
    message: str = ""
    pid: int | None = None
    listeners: int | None = None
    evidence: tuple[int, int] = (0, 2)
    asks: bool = False
    """Only the user can end it."""
    until: float | None = None
    """Monotonic time of an automatic rollback."""


class Progress:
    """One change's state. ``answer``, ``notify`` and ``current`` may be called from any thread."""

    def __init__(self, op: str, label: str) -> None:
        self.op, self.label = op, label
        self.cancelled = threading.Event()
        """Set when the user answers; a blocking restart then stops waiting."""
        self.turn_cut = False
        """The restart cut a turn: STT may still be paused."""
        self._current = _CurrentState()
        self._answer = ""
        self._shutting_down = False
        self._changed = threading.Condition()

    @property
    def state(self) -> ChangeState:
        """The current state."""
        return self._current.state

    @property
    def expired(self) -> bool:
        """The state has lasted longer than its limit."""
        current = self._current
        return current.limit is not None and time.monotonic() - current.since > current.limit

    def enter(
        self, state: ChangeState, limit: float | None = None, choices: tuple[str, ...] = (), message: str = ""
    ) -> None:
        """Begin another state; pid, listeners and evidence stay as they were.

        An answer that came just before also stays, if the new state accepts it: the user answered what was on the
        screen.
        """
        with self._changed:
            old = self._current
            self._current = _CurrentState(
                state, time.monotonic(), limit, choices, message, old.pid, old.listeners, old.evidence,
                asks=state is ChangeState.NEEDS_ATTENTION and bool(choices),
            )  # fmt: skip
            if self._answer not in choices:
                self._answer = ""
                self.cancelled.clear()

    def update(
        self,
        message: str | None = None,
        pid: int | None = None,
        listeners: int | None = None,
        evidence: tuple[int, int] | None = None,
        asks: bool | None = None,
    ) -> None:
        """Change details within a state; None leaves one as it is. ``listeners`` sets ``pid`` too, also to None."""
        current = self._current
        current.message = current.message if message is None else message
        current.pid = current.pid if pid is None and listeners is None else pid
        current.listeners = current.listeners if listeners is None else listeners
        current.evidence = current.evidence if evidence is None else evidence
        current.asks = current.asks if asks is None else asks

    def count_down(self, seconds: float, message: str) -> None:
        """Wait while the screen counts down. Raises WaitStopped, UndoRequested or ShuttingDown, as ``wait`` does."""
        self.update(message)
        until = time.monotonic() + seconds
        with self._changed:
            self._current.choices = (STOP,)
            self._current.until = until
        try:
            while (remaining := until - time.monotonic()) > 0:
                self.wait(remaining)
            self.stop_accepting_answers()
        finally:
            self._current.until = None

    def wait(self, seconds: float) -> bool:
        """Wait for an answer or a newer snapshot, at most ``seconds``; True for ``go now``.

        Raises KeepRequested, UndoRequested or WaitStopped for the other answers, ShuttingDown when the program ends.
        """
        with self._changed:
            if not self._answer and not self._shutting_down:
                self._changed.wait(seconds)
            return self._take_answer()

    def stop_accepting_answers(self) -> None:
        """Call this before a step that cannot be stopped. An answer given in time is raised, as ``wait`` does.

        A later answer is refused: none is accepted and then ignored.
        """
        with self._changed:
            self._take_answer()
            self._current.choices = ()

    def _take_answer(self) -> bool:
        if self._shutting_down:
            raise ShuttingDown
        answer, self._answer = self._answer, ""
        self.cancelled.clear()
        if answer == KEEP:
            raise KeepRequested
        if answer == UNDO:
            raise UndoRequested
        if answer == STOP:
            raise WaitStopped
        return answer == NOW

    def notify(self) -> None:
        """A newer snapshot has come: end a ``wait``."""
        with self._changed:
            self._changed.notify_all()

    def shut_down(self) -> None:
        """The program ends: no further step begins. A restart command that already runs is not stopped."""
        with self._changed:
            self._shutting_down = True
            self._changed.notify_all()

    def answer(self, choice: str) -> None:
        """The user's answer. Raises ControlError when the current state does not accept it."""
        with self._changed:
            if choice not in self._current.choices:
                raise ControlError(f"{choice}: no running change offers that choice now.")
            self._answer = choice
            self.cancelled.set()
            self._changed.notify_all()

    def with_cut_turn(self, message: str) -> str:
        """``message``, and that a turn was cut, where one was."""
        return f"{message}; {TURN_CUT}".removeprefix("; ") if self.turn_cut else message

    def current(self, log: tuple[str, ...]) -> ChangeProgress:
        """The change as it is now, for the screen, with the newest lines of ``log``."""
        current = self._current
        now = time.monotonic()
        return ChangeProgress(
            op=self.op,
            label=self.label,
            state=current.state,
            elapsed=now - current.since,
            limit=current.limit,
            pid=current.pid,
            listeners=current.listeners,
            evidence=current.evidence,
            message=self.with_cut_turn(current.message),
            asks=current.asks,
            log_lines=log[-8:],
            countdown=max(current.until - now, 0.0) if current.until is not None else None,
            choices=(*current.choices, LISTEN) if self.turn_cut else current.choices,
        )
