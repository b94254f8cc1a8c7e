"""v34 going down and coming back: what is seen of it on the way, and when that is enough."""

import os
import time

from timmy_tui.control.progress import STOP, Progress
from timmy_tui.control.service.crash_reason import crash_reason
from timmy_tui.control.service.listeners import Answer, Listener, Serving, alive, ask, refusal, serving_at, starting
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.strategies import StartedBy
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState

LOOK_S = 0.25
"""Between two looks at who listens (37 ms each)."""
ASK_S = 1.0
"""Between two requests to v34: each leaves two lines in its log."""
ASK_LIMIT_S = 5.0
HUNG_S = 30.0
"""Silence without a turn in flight after which a service that accepts connections is called hung."""
CRASHES, CRASH_WINDOW_S = 3, 60.0
STARTS = 2
"""Most starts of one change; a third would be a loop."""


class Unhealthy(Exception):
    """The service exited, or never got well; the only reason for a rollback that nobody asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChangeNotRead(Exception):
    """Nothing is wrong with the change: what serves has not read it, or is not what was restarted."""


class HealthWait:
    """One wait for a v34 that was started after ``since``, on the boot clock, and answers."""

    def __init__(self, setup: ServiceSetup, progress: Progress, since: float) -> None:
        self.strategy, self.url, self.folder = setup.strategy, setup.url, setup.folder
        self.config, self.live_state = setup.config, setup.live_state
        self.healthy_limit_s = setup.limits.healthy_limit_s
        self.progress, self.since = progress, since
        self._touched = False
        self._starts = 1
        self._seen: dict[str, float] = {}
        self._blameless = ""
        """Why the change is not to blame for what is seen now."""
        self._asked: float | None = None
        self._silent_since: float | None = None
        self._gone_since: float | None = None

    def await_gone(self, old: Serving) -> None:
        """Until none of the old processes lives. Raises ChangeNotRead, ControlError, WaitStopped."""
        while any(alive(one.pid, one.started) for one in old.listeners):
            if self.progress.expired:
                if self.strategy.started_by is not StartedBy.RELOADER or self._touched:
                    raise ChangeNotRead(f"pid {old.listeners[0].pid} still serves: it has not noticed the edit")
                self._touch()
                self.progress.enter(
                    ChangeState.RESTARTING, self.strategy.limit_s, (STOP,), "not noticed; the file was touched again"
                )
            self.progress.wait(0.1)

    def await_healthy(self, choices: tuple[str, ...]) -> Listener:
        """Wait until exactly one new process serves and answers.

        Raises Unhealthy, ChangeNotRead, ControlError, UndoRequested, WaitStopped.
        """
        self.progress.enter(ChangeState.WAITING, self.healthy_limit_s, choices)
        while True:
            serving = look(self.url, self.progress)
            self._count_starts(serving)
            found = self._judge(serving)
            if found is not None:
                self.progress.update(message="")
                return found
            if self.progress.expired:
                self._give_up()
            self.progress.wait(LOOK_S)

    def _judge(self, serving: Serving) -> Listener | None:
        """The new service, when this is it."""
        self._blameless = refusal(serving, self.folder)
        if self._blameless:
            self.progress.update(message=self._blameless)
        elif not serving.listeners:
            self._notice_absence()
        elif serving.listeners[0].started <= self.since:
            self._start_again(serving)
        elif self._answers():
            return serving.listeners[0]
        return None

    def _notice_absence(self) -> None:
        if self.strategy.gone_s is None:
            self._blameless = "v34 was not started"
            return
        now = time.monotonic()
        self._gone_since = None if starting(self.folder) else (self._gone_since or now)
        if self._gone_since is not None and now - self._gone_since >= self.strategy.gone_s:
            raise Unhealthy(f"v34 has exited{crash_reason(self.live_state().log)}")

    def _start_again(self, serving: Serving) -> None:
        """It was started before the files were in place, and has missed them: once more, once."""
        self._blameless = f"pid {serving.listeners[0].pid} serves with what it read before the edit"
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
            raise ChangeNotRead(self._blameless)

    def _touch(self) -> None:
        """The reloader compares times: a later one is an edit to it."""
        self._touched = True
        try:
            later = (max(os.stat(self.config).st_mtime_ns, time.time_ns()) // 10**9 + 1) * 10**9
            os.utime(self.config, ns=(later, later))
        except OSError as error:
            raise ControlError(f"{self.config} cannot be touched: {error.strerror}.") from None

    def _answers(self) -> bool:
        """Ask, once a second at most; silence is told."""
        if self._asked is not None and time.monotonic() - self._asked < ASK_S:
            return False
        began = time.monotonic()
        answer = ask(self.url, ASK_LIMIT_S)
        self._asked = time.monotonic()
        self._silent_since = (self._silent_since or began) if answer is Answer.SILENT else None
        silent_s = self._asked - self._silent_since if self._silent_since is not None else 0.0
        if self.live_state().busy:
            word = "busy with a turn"
        elif silent_s >= HUNG_S:
            word = f"hung: it accepts connections and has said nothing for {silent_s:.0f} s"
        else:
            word = {Answer.SILENT: "listens, does not answer yet", Answer.GARBAGE: "answers, but not HTTP"}.get(
                answer, "refuses connections"
            )
        if answer is not Answer.ANSWERS:
            self.progress.update(message=word)
        return answer is Answer.ANSWERS

    def _count_starts(self, serving: Serving) -> None:
        now = time.monotonic()
        for one in serving.listeners:
            self._seen.setdefault(one.identity, now)
        recent = [at for at in self._seen.values() if now - at < CRASH_WINDOW_S]
        if len(recent) >= CRASHES:
            raise Unhealthy(f"v34 was started {len(recent)} times in {CRASH_WINDOW_S:.0f} s")

    def _give_up(self) -> None:
        """Its time is over; not for a new v34 that is blocked in a turn, which ends by itself."""
        if self._blameless:
            raise ChangeNotRead(self._blameless)
        if self._silent_since is not None and self.live_state().busy:
            return
        told = self.progress.current(()).message
        raise Unhealthy(told or f"v34 does not answer after {self.healthy_limit_s:.0f} s")


def look(url: str, progress: Progress) -> Serving:
    """Who listens now; the change's progress shows it."""
    serving = serving_at(url)
    pid = serving.listeners[0].pid if len(serving.listeners) == 1 else None
    progress.update(pid=pid, listeners=len(serving.listeners))
    return serving
