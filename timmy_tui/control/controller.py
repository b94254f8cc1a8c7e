"""Plans and runs changes for the dashboard and the shell, one at a time, and reads the state that they show."""

import threading

from msgspec.structs import replace

from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.runner import ChangeRunner
from timmy_tui.control.change.surroundings import AddMarker, Notify
from timmy_tui.control.journal.lock import ChangeLock, Locked, dashboard_lock, other_dashboard
from timmy_tui.control.progress import LISTEN, UNDO, LiveState
from timmy_tui.control.systems import controlled_system
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.change import ChangeProgress, ControlState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.user_requests import ChangeRequest, CreatePoint, Undo
from timmy_tui.sources.timmy import Timmy

EVERY_S = 2.0
"""Seconds between two readings of files and journal: 7 ms for the flags, 20 ms for git."""
BUSY_S = 0.5
"""The same while a change runs."""
END_S = 0.5
"""Seconds that ``close`` waits for each thread."""


class Controller:
    """Implements the screen's Control protocol. Call ``open`` first; ``close`` takes at most a second."""

    def __init__(
        self,
        timmy: Timmy,
        read_only: str = "",
        notify: Notify = lambda message, role: None,
        add_marker: AddMarker = lambda kind, label: None,
        dashboard: bool = True,
    ) -> None:
        """``read_only`` says why nothing may be changed. Raises OSError when the control folder cannot be made.

        ``notify`` and ``add_marker`` are called from other threads. ``dashboard``: hold the lock of the one
        dashboard that may change something; the shell holds none between changes.
        """
        self._timmy = timmy
        self._read_only = read_only or ("read-only by the settings" if timmy.settings.control.read_only else "")
        self._dashboard_lock = dashboard_lock(timmy.control_folder) if dashboard else None
        self._second = False
        """Another dashboard was first; when it ends, this one takes its place."""
        self._live_state = LiveState()
        self._state = ControlState()
        self._changed = threading.Event()
        """A change began or ended since the last poll: an edit that is found then may be our own."""
        self._polling = threading.Lock()
        """Held while the files are read: what one poll takes for our own edit, another must not compare with."""
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = guarded_thread("control", self._run, self._stopping)
        self._system = controlled_system(timmy, lambda: self._live_state, notify, add_marker)
        self._runner = ChangeRunner(self._system, self._poll_soon)

    # -- opening and closing

    def open(self, watch: bool = True) -> None:
        """Take the lock of the dashboard that may change things, and begin to poll when ``watch`` is set."""
        if self._dashboard_lock is not None and not self._read_only:
            self._become_first(self._dashboard_lock)
        if watch:
            self._thread.start()

    def _become_first(self, lock: ChangeLock) -> None:
        try:
            lock.acquire()
        except Locked as locked:
            self._read_only, self._second = other_dashboard(locked.owner), True
        except ControlError as error:
            self._read_only = error.message
        else:
            self._read_only, self._second = "", False

    def _take_over(self) -> None:
        """Become the first where the one that was has ended, killed or not: the kernel has released its lock."""
        if self._second and self._dashboard_lock is not None and not self._stopping.is_set():
            self._become_first(self._dashboard_lock)

    def close(self) -> None:
        """Stop polling. A change that is under way stays open in the journal, for the next start.

        Waits for files that are being written; no further step begins.
        """
        self._stopping.set()
        self._wake.set()
        self._runner.shut_down(END_S)
        if self._thread.ident is not None:
            self._thread.join(END_S)
        if self._dashboard_lock is not None:
            self._dashboard_lock.release()

    def observe(self, snapshot: Snapshot) -> None:
        """Take over the newest snapshot: its turns show which values run."""
        flight = snapshot.open_turn
        self._live_state = LiveState(
            turns=snapshot.turns,
            busy=flight is not None and self._system.works_on(flight),
            log=tuple(self._system.log_of(snapshot)),
            session=flight.turn.session if flight is not None else -1,
            flags=snapshot.epochs[-1].flags if snapshot.epochs else {},
        )
        if self._runner.change is not None:
            self._runner.change.progress.notify()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.poll()
            self._wake.clear()
            self._wake.wait(BUSY_S if self._runner.changing else EVERY_S)

    def _poll_soon(self) -> None:
        """A change began or ended here: poll at once."""
        self._changed.set()
        self._system.expect_change()
        self._wake.set()

    def poll(self) -> None:
        """Read everything once, and resume what a killed run left open. Called by the thread, or by the shell."""
        with self._polling:
            self._poll()

    def _poll(self) -> None:
        try:
            self._take_over()
            if not self._read_only:
                self._runner.resume_interrupted()
            ours = self._runner.changing or self._changed.is_set()
            self._changed.clear()
            self._state = self._system.read_state(self._live_state, ours or self._runner.changing)
            if not self._read_only:
                self._system.remember()
        except (OSError, TimmyError) as error:
            self._state = ControlState(read_only=str(error))

    # -- what the screen asks

    def state(self) -> ControlState:
        """As of the last poll, with the running change as it is now; reads no file."""
        read_only = self._read_only or self._state.read_only
        is_first = self._dashboard_lock is not None and self._dashboard_lock.held
        return replace(self._state, change=self.progress, read_only=read_only, is_first=is_first)

    @property
    def progress(self) -> ChangeProgress | None:
        """The running change, or the one that ended within the last minute."""
        return self._runner.current_progress(self._live_state.log)

    @property
    def idle(self) -> bool:
        """No change is under way here, and its lock is released."""
        return not self._runner.changing

    @property
    def live_state(self) -> LiveState:
        """What the newest snapshot showed."""
        return self._live_state

    def plan(self, request: ChangeRequest) -> ChangePlan:
        """What would be done; nothing is done yet. Takes some ten milliseconds."""
        if self._read_only:
            return ChangePlan(request, request.word, refusal=self._read_only)
        if isinstance(request, Undo) and self._runner.changing and not request.op:
            return self._plan_answer(request)
        reason = "" if isinstance(request, CreatePoint) else self._runner.refusal(request)
        if reason:
            return ChangePlan(request, request.word, refusal=reason)
        return self._system.plan(request, self._live_state.busy)

    def _plan_answer(self, request: Undo) -> ChangePlan:
        progress, change = self.progress, self._runner.change
        if change is None or progress is None or UNDO not in progress.choices:
            refusal = f"{self._runner.label} cannot be taken back at this moment"
            return ChangePlan(request, request.word, refusal=refusal)
        lines = (f"the files are put back byte for byte{self._system.after_undo(change.plan)}",)
        return ChangePlan(request, f"undo {progress.label}", lines, answers=progress.op)

    def start(self, plan: object) -> str:
        """Begin what was planned; ``state`` shows its progress. Raises ControlError."""
        if not isinstance(plan, ChangePlan):
            raise ControlError("nothing was planned.")
        if self._read_only or plan.refusal or plan.done:
            raise ControlError(self._read_only or plan.refusal or plan.done)
        made = self._system.start_at_once(plan)
        if made:
            self._poll_soon()
            return made
        if plan.answers:
            change = self._runner.change
            if change is None or change.progress.op != plan.answers:
                raise ControlError(f"{plan.label}: that change is over.")
            return self.answer(UNDO)
        self._runner.begin(plan)
        return f"{plan.label}: begun"

    def answer(self, choice: str) -> str:
        """Pass the user's answer to the running change. Raises ControlError."""
        if self._read_only:
            raise ControlError(self._read_only)
        change = self._runner.change
        if change is None:
            raise ControlError(f"no change is running that {choice!r} could answer.")
        if choice == LISTEN:
            message = resume_listening(self._timmy.services.urls.stt)
            change.progress.turn_cut = False
            return message
        change.progress.answer(choice)
        return f"{change.plan.label}: {choice}"

    def keep(self, op: str = "") -> str:
        """Keep an interrupted change as it is: ``op``, or the newest. Raises ControlError."""
        if self._read_only:
            raise ControlError(self._read_only)
        return self._runner.keep(op)

    def is_open(self, op: str) -> bool:
        """The journal has this operation, and it has not ended. Raises ControlError."""
        return self._runner.is_open(op)


def resume_listening(url: str) -> str:
    """Ask STT to listen again: it was paused, and the turn that would have resumed it was cut.

    Raises ControlError.
    """
    from timmy_tui.sources.services.http import HttpClient

    client = HttpClient(url)
    try:
        answer = client.request("/resume-listening", json_body={})
    finally:
        client.close()
    if answer.status is None or answer.status >= 400:
        raise ControlError(f"STT did not take it: {answer.problem or answer.status}.")
    return "STT listens again"
