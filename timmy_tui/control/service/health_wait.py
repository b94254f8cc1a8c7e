"""Waits until the old v34 has ended and a new one is healthy, or decides that it will not be."""

import os
import time

from timmy_tui.control.progress import STOP, Progress
from timmy_tui.control.service.crash_reason import crash_reason
from timmy_tui.control.service.listeners import Answer, Listener, Serving, alive, ask, refusal, starting
from timmy_tui.control.service.restart_strategies import StartedBy
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.watch import V34Watch
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState

POLL_S = 0.25
"""Seconds between two searches for the processes that listen (37 ms each)."""
ASK_S = 1.0
"""Seconds between two requests to v34: each adds two lines to its log."""
ASK_LIMIT_S = 5.0
HUNG_S = 30.0
"""Seconds without an answer, and without a turn in flight, after which a service that accepts connections is hung."""
CRASHES, CRASH_WINDOW_S = 3, 60.0
STARTS = 2
"""Most starts in one change; a third would be a loop."""


class Unhealthy(Exception):
    """The service exited, or did not become healthy; the only reason for an automatic rollback."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChangeNotRead(Exception):
    """What serves has not read the change, or is not what was restarted; the change itself may be right."""


class HealthWait:
    """One wait for a v34 that was started after ``since`` (boot clock, seconds) and answers."""

    def __init__(self, setup: ServiceSetup, progress: Progress, since: float) -> None:
        self.strategy, self.url, self.folder = setup.strategy, setup.url, setup.folder
        self.config, self.live_state, self.watch = setup.config, setup.live_state, setup.watch
        self.healthy_limit_s = setup.limits.healthy_limit_s
        self.progress, self.since = progress, since
        self._touched = False
        self._replaces = False
        """A v34 ran before."""
        self._starts = 1
        self._first_seen: dict[str, float] = {}
        self._other_cause: str
        """Why the change is not the cause of what is seen now, set by each look; empty when it may be."""
        self._asked_at: float | None = None
        self._silent_since: float | None = None
        self._gone_since: float | None = None

    def await_gone(self, old: Serving) -> None:
        """Wait until all old processes have ended. Raises ChangeNotRead, ControlError, WaitStopped."""
        self._replaces = bool(old.listeners)
        while living := next((one for one in old.listeners if alive(one.pid, one.started)), None):
            if self.progress.expired:
                if self.strategy.started_by is not StartedBy.RELOADER or self._touched:
                    raise ChangeNotRead(f"pid {living.pid} still serves: it has not noticed the edit")
                self._touch()
                self.progress.enter(
                    ChangeState.RESTARTING, self.strategy.limit_s, (STOP,), "not noticed; the file was touched again"
                )
            self.progress.wait(0.1)
        self._note_cut_turn()

    def await_healthy(self, choices: tuple[str, ...]) -> Listener:
        """Wait until exactly one new process serves and answers.

        Raises Unhealthy, ChangeNotRead, ControlError, UndoRequested, WaitStopped.
        """
        self.progress.enter(ChangeState.WAITING, self.healthy_limit_s, choices)
        while True:
            serving = find_serving(self.watch, self.progress)
            self._count_starts(serving)
            listener = self._check_serving(serving)
            if listener is not None:
                self.progress.update(message="")
                return listener
            if self.progress.expired:
                self._give_up()
            self.progress.wait(POLL_S)

    def _check_serving(self, serving: Serving) -> Listener | None:
        """The new process when it serves and answers, else None."""
        self._other_cause = refusal(serving, self.folder)
        if self._other_cause:
            self.progress.update(message=self._other_cause)
        elif not serving.listeners:
            self._note_cut_turn()
            self._check_exited()
        elif serving.only is not None and serving.only.started <= self.since:
            self._start_once_more(serving, serving.only)
        elif self._answers():
            return serving.only
        return None

    def _note_cut_turn(self) -> None:
        """No v34 runs. A turn in flight began between the edit and the end of the old one, or found nobody since."""
        if self._replaces and self.live_state().busy:
            self.progress.turn_cut = True

    def _check_exited(self) -> None:
        if self.strategy.gone_s is None:
            self._other_cause = "v34 was not started"
            return
        now = time.monotonic()
        self._gone_since = None if starting(self.folder) else (self._gone_since or now)
        if self._gone_since is not None and now - self._gone_since >= self.strategy.gone_s:
            raise Unhealthy(f"v34 has exited{crash_reason(self.live_state().log)}")

    def _start_once_more(self, serving: Serving, old: Listener) -> None:
        """Restart, one time, a v34 that was started before the files were in place and so has not read them."""
        self._other_cause = f"pid {old.pid} still serves, with the values from before the edit"
        if ask(self.url, ASK_LIMIT_S) is not Answer.ANSWERS:
            return
        if self.strategy.started_by is StartedBy.USER:
            self.progress.update(message="it was started before the edit: start it once more")
        elif self.strategy.started_by is StartedBy.RELOADER:
            if not self._touched:
                self._touch()
        elif self._starts < STARTS:
            self._starts += 1
            self.strategy.restart(serving, (), self.progress.cancelled)
        else:
            raise ChangeNotRead(self._other_cause)

    def _touch(self) -> None:
        """Give the config a later time: the reloader takes that for an edit."""
        self._touched = True
        try:
            later = (max(os.stat(self.config).st_mtime_ns, time.time_ns()) // 10**9 + 1) * 10**9
            os.utime(self.config, ns=(later, later))
        except OSError as error:
            raise ControlError(f"{self.config} cannot be touched: {error.strerror}.") from None

    def _answers(self) -> bool:
        """Ask v34, at most once a second; whether it answers. If not, the progress message says what it does."""
        if self._asked_at is not None and time.monotonic() - self._asked_at < ASK_S:
            return False
        began = time.monotonic()
        answer = ask(self.url, ASK_LIMIT_S)
        self._asked_at = time.monotonic()
        self._silent_since = (self._silent_since or began) if answer is Answer.SILENT else None
        silent_s = self._asked_at - self._silent_since if self._silent_since is not None else 0.0
        if self.live_state().busy:
            message = "busy with a turn"
        elif silent_s >= HUNG_S:
            message = f"hung: it accepts connections and has said nothing for {silent_s:.0f} s"
        else:
            message = {Answer.SILENT: "listens, does not answer yet", Answer.GARBAGE: "answers, but not HTTP"}.get(
                answer, "refuses connections"
            )
        if answer is not Answer.ANSWERS:
            self.progress.update(message=message)
        return answer is Answer.ANSWERS

    def _count_starts(self, serving: Serving) -> None:
        now = time.monotonic()
        for listener in serving.listeners:
            self._first_seen.setdefault(listener.identity, now)
        recent = [at for at in self._first_seen.values() if now - at < CRASH_WINDOW_S]
        if len(recent) >= CRASHES:
            raise Unhealthy(f"v34 was started {len(recent)} times in {CRASH_WINDOW_S:.0f} s")

    def _give_up(self) -> None:
        """Raise because the time limit is over; but a new v34 that is blocked in a turn gets more time."""
        if self._other_cause:
            raise ChangeNotRead(self._other_cause)
        if self._silent_since is not None and self.live_state().busy:
            return
        message = self.progress.current(()).message
        raise Unhealthy(message or f"v34 does not answer after {self.healthy_limit_s:.0f} s")


def find_serving(watch: V34Watch, progress: Progress) -> Serving:
    """Who listens now; also updates the change's progress."""
    serving = watch.look()
    pid = serving.only.pid if serving.only is not None else None
    progress.update(pid=pid, listeners=len(serving.listeners))
    return serving
