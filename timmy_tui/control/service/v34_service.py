"""The v34 service during one change: checked before it, restarted, and described after it."""

import time
from collections.abc import Sequence
from pathlib import Path

from timmy_tui.control.errors import Refused
from timmy_tui.control.progress import NOW, STOP, UNDO, Progress
from timmy_tui.control.service.crash_reason import crash_reason
from timmy_tui.control.service.health_wait import (
    ASK_LIMIT_S,
    POLL_S,
    ChangeNotRead,
    HealthWait,
    Unhealthy,
    find_serving,
)
from timmy_tui.control.service.listeners import Answer, Listener, Serving, alive, ask, refusal, starting
from timmy_tui.control.service.restart_strategies import StartedBy
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.model.change import ChangeState

__all__ = ["V34Service", "Unhealthy", "ChangeNotRead"]

STARTUP_S = 5.0
"""Seconds that a change waits for a service that is just starting, before it is refused."""


class V34Service:
    """The v34 service for one change."""

    def __init__(self, setup: ServiceSetup, progress: Progress) -> None:
        self.setup, self.progress = setup, progress
        self.strategy, self.url, self.folder = setup.strategy, setup.url, setup.folder
        self.limits, self.live_state, self.watch = setup.limits, setup.live_state, setup.watch

    def find_serving(self) -> Serving:
        """Who listens now; also updates the change's progress."""
        return find_serving(self.watch, self.progress)

    def guard(self) -> Serving:
        """Who serves, if it may be restarted. Raises Refused, WaitStopped.

        Waits for a service that is just starting, because it would not notice the edit.
        """
        self.progress.enter(ChangeState.GUARDING, STARTUP_S, (STOP,))
        while True:
            serving = self.find_serving()
            reason = refusal(serving, self.folder) or self.strategy.refusal(serving)
            if reason:
                raise Refused(reason)
            starting_now = () if serving.listeners else starting(self.folder)
            if not starting_now:
                return serving
            if self.progress.expired:
                raise self._not_listening(serving.port, starting_now)
            self.progress.update(message="v34 is just starting")
            self.progress.wait(POLL_S)

    def _not_listening(self, port: int, starting_now: Sequence[tuple[int, float]]) -> Refused:
        pids = ", ".join(str(pid) for pid, _ in starting_now)
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        if all(now - began > self.limits.healthy_limit_s for _, began in starting_now):
            return Refused(f"v34 runs (pid {pids}) and does not listen on port {port}.", hint="Set services.v34.")
        return Refused(f"v34 is just starting (pid {pids}) and would miss the edit.", hint="Try again soon.")

    def guard_in_quiet(self) -> Serving:
        """Wait until v34 works on no turn, or the user says ``go now``; who serves then. Raises Refused, WaitStopped.

        The last thing before the write: a turn can begin at any moment. A v34 that has died works on nothing,
        whatever STT goes on to write.
        """
        serving = self.guard()
        while self.in_flight(serving):
            message = "a turn is in flight: waiting until it is over"
            self.progress.enter(ChangeState.GUARDING, None, (NOW, STOP), message)
            while self.in_flight(serving):
                if self.progress.wait(POLL_S):
                    return self.guard()
                serving = self.find_serving()
            # It may have died meanwhile, or been started again.
            serving = self.guard()
        return serving

    def in_flight(self, serving: Serving) -> bool:
        """A restart of ``serving`` now would cut a turn."""
        return self.live_state().busy and bool(serving.listeners)

    def restart(
        self,
        old: Serving,
        edited: tuple[Path, ...],
        since: float,
        choices: tuple[str, ...] = (STOP, UNDO),
    ) -> Listener | None:
        """Restart v34, and wait until exactly one process serves that was started after ``since`` and answers.

        ``since`` is on the boot clock: when the files were in place. Returns None when nothing runs and the strategy
        starts nothing. Raises Unhealthy, ChangeNotRead, RestartFailed and WaitStopped; UndoRequested when ``choices``
        has undo.
        """
        self.progress.turn_cut = self.progress.turn_cut or self.in_flight(old)
        self.progress.enter(ChangeState.RESTARTING, self.strategy.limit_s, (STOP,))
        if not old.listeners and self.strategy.started_by is not StartedBy.STRATEGY and not starting(self.folder):
            return None
        self.progress.update(message=self.strategy.restart(old, edited, self.progress.cancelled))
        health = HealthWait(self.setup, self.progress, since)
        health.await_gone(old)
        return health.await_healthy(choices)

    def wait_until_settled(self) -> bool:
        """Before a rollback: wait until the service serves or has exited; it would not notice an edit in between.

        Returns True when something serves, or is still starting when the time limit is over.
        """
        limit = self.limits.healthy_limit_s
        self.progress.enter(ChangeState.WAITING, limit, (), "before the rollback v34 must serve, or have exited")
        while not self.progress.expired:
            serving = self.find_serving()
            if serving.listeners and ask(self.url, ASK_LIMIT_S) is not Answer.REFUSED:
                return True
            if not serving.listeners and not starting(self.folder):
                return False
            self.progress.wait(POLL_S)
        return bool(self.watch.look().listeners or starting(self.folder))

    def describe_serving(self, old: Serving) -> str:
        """What serves now, after a restart that failed; with the command to copy when nothing does."""
        serving = self.find_serving()
        reason = refusal(serving, self.folder)
        if reason:
            return reason
        if serving.listeners:
            same = {listener.identity for listener in serving.listeners} <= {
                listener.identity for listener in old.listeners
            }
            pid = serving.listeners[0].pid
            return f"v34 (pid {pid}) runs with what it read before" if same else f"v34 serves with pid {pid}"
        return "v34 is just starting" if starting(self.folder) else f"v34 is not running; {self.watch.start_hint}"

    def current_listener(self, listener: Listener | None) -> tuple[Listener | None, str]:
        """``listener`` while it lives, else its successor; with a message when it has exited and nothing serves."""
        if listener is None or alive(listener.pid, listener.started):
            return listener, ""
        serving = self.find_serving()
        if serving.listeners or starting(self.folder):
            return (serving.listeners or (listener,))[0], ""
        return listener, f"v34 has exited since{crash_reason(self.live_state().log)}"

    @property
    def start_hint(self) -> str:
        """``; start it again: …`` when nothing of it runs."""
        down = not self.watch.look().listeners and not starting(self.folder)
        return f"; {self.watch.start_hint}" if down else ""

    @property
    def not_running_hint(self) -> str:
        """``; v34 is not running; start it again: …`` when it is not."""
        hint = self.start_hint  # A search of 37 ms: made once, so that both halves are of one moment.
        return f"; v34 is not running{hint}" if hint else ""
