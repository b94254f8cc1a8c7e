"""Where the running change stands, and what the user answers to it: read from the screen, written from its thread."""

import threading
import time
from dataclasses import dataclass, field

from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.turn import Turn

KEEP, UNDO, STOP, NOW, LISTEN = "keep", "undo", "stop waiting", "go now", "resume listening"
"""What the user may answer; which of them counts, the state says."""


class Kept(Exception):
    """The user keeps the change as it stands."""


class TakenBack(Exception):
    """The user wants the change undone."""


class Stopped(Exception):
    """The user waits no longer."""


class Left(Exception):
    """The program ends; the change stays open in the journal, for the next start."""


@dataclass(frozen=True)
class LiveState:
    """What the newest snapshot shows of v34."""

    turns: tuple[Turn, ...] = ()
    """Closed ones, oldest first."""
    busy: bool = False
    """v34 works on a turn: a restart now would cut it, and leave STT deaf."""
    log: tuple[str, ...] = ()
    """Newest lines of v34's log, cleaned."""
    session: int = -1
    """The newest that any turn tells of, also one that has not ended."""


@dataclass
class _Now:
    state: ChangeState = ChangeState.IDLE
    since: float = field(default_factory=time.monotonic)
    limit: float | None = None
    choices: tuple[str, ...] = ()
    message: str = ""
    pid: int | None = None
    listeners: int | None = None
    evidence: tuple[int, int] = (0, 2)
    until: float | None = None
    """Monotonic time of an automatic rollback."""


class Progress:
    """One change's state. ``answer``, ``wake`` and ``shown`` may be called from any thread."""

    def __init__(self, op: str, label: str) -> None:
        self.op, self.label = op, label
        self.cancelled = threading.Event()
        """Set once the user waits no longer: for what blocks."""
        self.cut = False
        """A turn was cut by the restart: STT may be deaf."""
        self._now = _Now()
        self._answer = ""
        self._left = False
        self._change = threading.Condition()

    @property
    def state(self) -> ChangeState:
        """As it is now."""
        return self._now.state

    @property
    def expired(self) -> bool:
        """The state lasts longer than its limit."""
        now = self._now
        return now.limit is not None and time.monotonic() - now.since > now.limit

    def enter(
        self, state: ChangeState, limit: float | None = None, choices: tuple[str, ...] = (), message: str = ""
    ) -> None:
        """Another state begins; what was said of the service stays.

        So does an answer that came just before, if it still is one: the user pressed a key for what was on the screen.
        """
        with self._change:
            old = self._now
            self._now = _Now(
                state, time.monotonic(), limit, choices, message, old.pid, old.listeners, old.evidence, None
            )
            if self._answer not in choices:
                self._answer = ""
                self.cancelled.clear()

    def tell(
        self,
        message: str | None = None,
        pid: int | None = None,
        listeners: int | None = None,
        evidence: tuple[int, int] | None = None,
    ) -> None:
        """Within a state: only what is given changes."""
        now = self._now
        now.message = now.message if message is None else message
        now.pid = now.pid if pid is None and listeners is None else pid
        now.listeners = now.listeners if listeners is None else listeners
        now.evidence = now.evidence if evidence is None else evidence

    def count_down(self, seconds: float, message: str) -> None:
        """Wait visibly; raises Stopped when the user stops it, TakenBack when undo is asked for."""
        self.tell(message)
        until = time.monotonic() + seconds
        with self._change:
            self._now.choices = (STOP,)
            self._now.until = until
        try:
            while (left := until - time.monotonic()) > 0:
                self.wait(left)
            self.last_call()
        finally:
            self._now.until = None

    def wait(self, seconds: float) -> bool:
        """Until something new may be seen; True for ``go now``. Raises Kept, TakenBack or Stopped for an answer.

        Raises Left once the program ends.
        """
        with self._change:
            if not self._answer and not self._left:
                self._change.wait(seconds)
            return self._taken()

    def last_call(self) -> None:
        """Before a step that cannot be called back: what was said in time is raised, as ``wait`` does.

        What comes later is refused, so that no answer is taken and then ignored.
        """
        with self._change:
            self._taken()
            self._now.choices = ()

    def _taken(self) -> bool:
        if self._left:
            raise Left
        answer, self._answer = self._answer, ""
        self.cancelled.clear()
        if answer == KEEP:
            raise Kept
        if answer == UNDO:
            raise TakenBack
        if answer == STOP:
            raise Stopped
        return answer == NOW

    def wake(self) -> None:
        """A newer snapshot is there."""
        with self._change:
            self._change.notify_all()

    def leave(self) -> None:
        """The program ends: nothing more is begun. What runs by itself, a restart command, is not called back."""
        with self._change:
            self._left = True
            self._change.notify_all()

    def answer(self, choice: str) -> None:
        """The user's word. Raises ControlError when nobody asks for it now."""
        with self._change:
            if choice not in self._now.choices:
                raise ControlError(f"{choice}: nothing asks for that now.")
            self._answer = choice
            self.cancelled.set()
            self._change.notify_all()

    def shown(self, log: tuple[str, ...]) -> ChangeProgress:
        """For the screen."""
        now = self._now
        moment = time.monotonic()
        return ChangeProgress(
            op=self.op,
            label=self.label,
            state=now.state,
            elapsed=moment - now.since,
            limit=now.limit,
            pid=now.pid,
            listeners=now.listeners,
            evidence=now.evidence,
            message=now.message,
            log_lines=log[-8:],
            countdown=max(now.until - moment, 0.0) if now.until is not None else None,
            choices=(*now.choices, LISTEN) if self.cut else now.choices,
        )
