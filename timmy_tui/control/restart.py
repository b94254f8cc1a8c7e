"""v34 going down and coming back: what is seen of it on the way, and when that is enough."""

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from timmy_tui.control.progress import STOP, UNDO, Progress, Sight
from timmy_tui.control.refused import Refused
from timmy_tui.control.serving import Answer, Listener, Serving, alive, ask, refusal, starting, who_serves
from timmy_tui.control.strategies import Strategy
from timmy_tui.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.settings import Control

LOOK_S = 0.25
"""Between two looks at who listens (37 ms each)."""
ASK_S = 1.0
"""Between two requests to v34: each leaves two lines in its log."""
ASK_LIMIT_S = 5.0
HUNG_S = 30.0
"""Silence without a turn in flight after which a service that accepts connections is called hung."""
CRASHES, CRASH_WINDOW_S = 3, 60.0
STARTUP_S = 5.0
"""How long a change waits for a service that is just starting, before it is refused."""
GONE_S = {"reload": 1.0, "panel": 10.0, "command": 10.0}
"""Without any process of v34 for this long, it has exited; a panel or a command may take a while to start one."""
_ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b.*")


class Unhealthy(Exception):
    """The service exited, or never got well; the only reason for a rollback that nobody asked for."""

    def __init__(self, reason: str, gone: bool) -> None:
        """``gone``: nothing of it runs any more, so that a corrected file alone will not bring it back."""
        super().__init__(reason)
        self.reason, self.gone = reason, gone


class Unnoticed(Exception):
    """The file is written, and the old service goes on as if it were not."""


@dataclass
class Service:
    """v34, as one change sees it."""

    strategy: Strategy
    port: int
    url: str
    folder: Path
    """Where v34 runs."""
    limits: Control
    sight: Callable[[], Sight]
    progress: Progress
    _touched: bool = False
    _starts: int = 0
    _seen: dict[str, float] = field(default_factory=dict)

    def look(self) -> Serving:
        """Who listens now; the change's progress shows it."""
        serving = who_serves(self.port)
        pid = serving.listeners[0].pid if len(serving.listeners) == 1 else None
        self.progress.tell(pid=pid, listeners=len(serving.listeners))
        return serving

    def guard(self) -> Serving:
        """Who serves, when that is clear enough to restart it. Raises Refused, Stopped.

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
                pids = ", ".join(str(pid) for pid, _ in coming)
                raise Refused(f"v34 is just starting (pid {pids}) and would miss the edit.", way_out="Try again soon.")
            self.progress.tell(message="v34 is just starting")
            self.progress.wait(LOOK_S)

    def wait_for_quiet(self) -> None:
        """Until v34 works on no turn, or the user does not want to wait. Raises Stopped."""
        if self.sight().busy:
            self.progress.enter(
                ChangeState.GUARDING, None, ("go now", STOP), "a turn is in flight: waiting until it is over"
            )
        while self.sight().busy and not self.progress.wait(LOOK_S):
            pass

    def restart(self, old: Serving, edited: tuple[Path, ...], since: float, config: Path) -> Listener | None:
        """The old service away, exactly one new one there that was started after ``since`` and answers.

        ``since`` is on the boot clock: when the files were in place. None when nothing runs and the strategy starts
        nothing. Raises Unhealthy, Unnoticed, RestartFailed, TakenBack, Stopped.
        """
        self._touched, self._starts = False, 1
        self.progress.cut = self.progress.cut or self.sight().busy
        self.progress.enter(ChangeState.RESTARTING, self.strategy.limit_s, (STOP,))
        if not old.listeners and self.strategy.name == "reload":
            return None
        self.progress.tell(message=self.strategy.restart(old, edited, self.progress.cancelled))
        self._await_gone(old, config)
        self.progress.enter(ChangeState.WAITING, self.limits.healthy_limit_s, (STOP, UNDO))
        return self._await_healthy(since, config)

    def settle(self) -> bool:
        """Before a rollback: wait until the service serves or has exited, for an edit in between is missed.

        True when something serves.
        """
        self.progress.enter(ChangeState.WAITING, self._limit, (), "before the rollback v34 must serve, or have exited")
        while not self.progress.expired:
            serving = self.look()
            if serving.listeners and ask(self.url, ASK_LIMIT_S) is not Answer.REFUSED:
                return True
            if not serving.listeners and not starting(self.folder):
                return False
            self.progress.wait(LOOK_S)
        return bool(who_serves(self.port).listeners)

    def _await_gone(self, old: Serving, config: Path) -> None:
        while any(alive(one.pid, one.started) for one in old.listeners):
            if self.progress.expired:
                if self.strategy.name != "reload" or self._touched:
                    raise Unnoticed(f"pid {old.listeners[0].pid} still serves: it has not noticed the edit")
                self._touch(config)
                self.progress.enter(
                    ChangeState.RESTARTING, self.strategy.limit_s, (STOP,), "not noticed; the file was touched again"
                )
            self.progress.wait(0.1)

    def _await_healthy(self, since: float, config: Path) -> Listener:
        gone_since = silent_since = asked = None
        while True:
            serving = self.look()
            now = time.monotonic()
            self._count_starts(serving, now)
            one = serving.listeners[0] if len(serving.listeners) == 1 else None
            if one is not None and one.started <= since:
                self._again(serving, config)
            elif one is not None and (asked is None or now - asked >= ASK_S):
                answer = ask(self.url, ASK_LIMIT_S)
                asked = time.monotonic()
                if answer is Answer.ANSWERS:
                    return one
                silent_since = (silent_since or now) if answer is Answer.SILENT else None
                self._tell_silence(answer, asked - silent_since if silent_since else 0.0)
            elif len(serving.listeners) > 1:
                self.progress.tell(message="two at once: " + ", ".join(f"pid {one.pid}" for one in serving.listeners))
            elif one is None:
                gone_since = None if self._coming() else (gone_since or now)
                if gone_since is not None and now - gone_since >= GONE_S.get(self.strategy.name, float("inf")):
                    raise Unhealthy(f"v34 has exited{self._last_words()}", gone=True)
            if self.progress.expired:
                reason = self.progress.shown(()).message or f"v34 does not answer after {self._limit:.0f} s"
                raise Unhealthy(reason, gone=False)
            self.progress.wait(LOOK_S)

    @property
    def _limit(self) -> float:
        return self.limits.healthy_limit_s

    def _coming(self) -> bool:
        return self.strategy.name == "manual" or bool(starting(self.folder))

    def _count_starts(self, serving: Serving, now: float) -> None:
        for one in serving.listeners:
            self._seen.setdefault(one.identity, now)
        recent = [at for at in self._seen.values() if now - at < CRASH_WINDOW_S]
        if len(recent) >= CRASHES:
            raise Unhealthy(f"v34 was started {len(recent)} times in {CRASH_WINDOW_S:.0f} s", gone=False)

    def _again(self, serving: Serving, config: Path) -> None:
        """It was started before the files were in place, and has missed them: once more, once."""
        if ask(self.url, ASK_LIMIT_S) is not Answer.ANSWERS:
            return
        if self.strategy.name == "reload":
            if not self._touched:
                self._touch(config)
        elif self.strategy.name == "manual":
            self.progress.tell(message="it was started before the edit: start it once more")
        elif self._starts < 2:
            self._starts += 1
            self.strategy.restart(serving, (), self.progress.cancelled)
        else:
            raise Unnoticed("v34 serves with what it read before the edit")

    def _touch(self, config: Path) -> None:
        """The reloader compares times: a later one is an edit to it."""
        self._touched = True
        try:
            later = (max(os.stat(config).st_mtime_ns, time.time_ns()) // 10**9 + 1) * 10**9
            os.utime(config, ns=(later, later))
        except OSError as error:
            raise ControlError(f"{config} cannot be touched: {error.strerror}.") from None

    def _tell_silence(self, answer: Answer, silent_s: float) -> None:
        busy = self.sight().busy
        if answer is Answer.ANSWERS:
            return
        if busy:
            word = "busy with a turn"
        elif silent_s >= HUNG_S:
            word = f"hung: it accepts connections and has said nothing for {silent_s:.0f} s"
        else:
            word = {Answer.SILENT: "listens, does not answer yet", Answer.GARBAGE: "answers, but not HTTP"}.get(
                answer, "refuses connections"
            )
        self.progress.tell(message=word)

    def _last_words(self) -> str:
        return last_words(self.sight().log)


def last_words(log: Sequence[str]) -> str:
    """``: NameError: …`` when the log ends in a traceback; cleaned text in, cleaned text out."""
    found = next((line for line in reversed(log[-40:]) if _ERROR.match(line)), "")
    return f": {found}" if found else ""
