"""The running v34 as one change meets it: guarded before, restarted, and looked for afterwards."""

import time
from collections.abc import Sequence
from pathlib import Path

from timmy_tui.control.errors import Refused
from timmy_tui.control.progress import STOP, UNDO, Progress
from timmy_tui.control.service.crash_reason import crash_reason
from timmy_tui.control.service.health_wait import ASK_LIMIT_S, LOOK_S, ChangeNotRead, HealthWait, Unhealthy, look
from timmy_tui.control.service.listeners import Answer, Listener, Serving, alive, ask, refusal, serving_at, starting
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.strategies import StartedBy
from timmy_tui.model.change import ChangeState

__all__ = ["V34Service", "Unhealthy", "ChangeNotRead"]

STARTUP_S = 5.0
"""How long a change waits for a service that is just starting, before it is refused."""


class V34Service:
    """v34, as one change sees it."""

    def __init__(self, setup: ServiceSetup, progress: Progress) -> None:
        self.setup, self.progress = setup, progress
        self.strategy, self.url, self.folder = setup.strategy, setup.url, setup.folder
        self.limits, self.live_state = setup.limits, setup.live_state

    def look(self) -> Serving:
        """Who listens now; the change's progress shows it."""
        return look(self.url, self.progress)

    def guard(self) -> Serving:
        """Who serves, when that is clear enough to restart it. Raises Refused, WaitStopped.

        A service that is just starting would miss the edit for ever: it is waited for.
        """
        self.progress.enter(ChangeState.GUARDING, STARTUP_S, (STOP,))
        while True:
            serving = self.look()
            why = refusal(serving, self.folder) or self.strategy.refusal(serving)
            if why:
                raise Refused(why)
            coming = () if serving.listeners else starting(self.folder)
            if not coming:
                return serving
            if self.progress.expired:
                raise self._unready(serving.port, coming)
            self.progress.update(message="v34 is just starting")
            self.progress.wait(LOOK_S)

    def _unready(self, port: int, coming: Sequence[tuple[int, float]]) -> Refused:
        pids = ", ".join(str(pid) for pid, _ in coming)
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        if all(now - began > self.limits.healthy_limit_s for _, began in coming):
            return Refused(f"v34 runs (pid {pids}) and does not listen on port {port}.", hint="Set services.v34.")
        return Refused(f"v34 is just starting (pid {pids}) and would miss the edit.", hint="Try again soon.")

    def wait_for_quiet(self) -> None:
        """Until v34 works on no turn, or the user does not want to wait. Raises WaitStopped."""
        if self.live_state().busy:
            self.progress.enter(
                ChangeState.GUARDING, None, ("go now", STOP), "a turn is in flight: waiting until it is over"
            )
        while self.live_state().busy and not self.progress.wait(LOOK_S):
            pass

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
        self.progress.turn_cut = self.progress.turn_cut or self.live_state().busy
        self.progress.enter(ChangeState.RESTARTING, self.strategy.limit_s, (STOP,))
        if not old.listeners and self.strategy.started_by is not StartedBy.STRATEGY and not starting(self.folder):
            return None
        self.progress.update(message=self.strategy.restart(old, edited, self.progress.cancelled))
        back = HealthWait(self.setup, self.progress, since)
        back.await_gone(old)
        return back.await_healthy(choices)

    def settle(self) -> bool:
        """Before a rollback: wait until the service serves or has exited, for an edit in between is missed.

        True when something serves, or is still starting when the time is over.
        """
        limit = self.limits.healthy_limit_s
        self.progress.enter(ChangeState.WAITING, limit, (), "before the rollback v34 must serve, or have exited")
        while not self.progress.expired:
            serving = self.look()
            if serving.listeners and ask(self.url, ASK_LIMIT_S) is not Answer.REFUSED:
                return True
            if not serving.listeners and not starting(self.folder):
                return False
            self.progress.wait(LOOK_S)
        return bool(serving_at(self.url).listeners or starting(self.folder))

    def whereabouts(self, old: Serving) -> str:
        """What runs now, after a restart that went wrong; with the command to copy when nothing does."""
        serving = self.look()
        why = refusal(serving, self.folder)
        if why:
            return why
        if serving.listeners:
            same = {one.identity for one in serving.listeners} <= {one.identity for one in old.listeners}
            pid = serving.listeners[0].pid
            return f"v34 (pid {pid}) runs with what it read before" if same else f"v34 serves with pid {pid}"
        return "v34 is just starting" if starting(self.folder) else f"v34 is not running; {self.start_by_hand}"

    def fate(self, one: Listener | None) -> tuple[Listener | None, str]:
        """What became of the one that served, if one did: itself, its successor, or words when none is there."""
        if one is None or alive(one.pid, one.started):
            return one, ""
        serving = self.look()
        if serving.listeners or starting(self.folder):
            return (serving.listeners or (one,))[0], ""
        return one, f"v34 has exited since{crash_reason(self.live_state().log)}"

    @property
    def way_up(self) -> str:
        """``; start it: …`` when nothing of it runs."""
        down = not serving_at(self.url).listeners and not starting(self.folder)
        return f"; {self.start_by_hand}" if down else ""

    @property
    def absence(self) -> str:
        """``; v34 is not running; start it: …`` when it is not."""
        return f"; v34 is not running{self.way_up}" if self.way_up else ""

    @property
    def start_by_hand(self) -> str:
        """The command to copy."""
        return f"start it: cd {self.folder} && python app.py --debug"
