"""The hands of the dashboard and of the shell: one room, one change at a time, everything else only looks."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from timmy_tui.control.board import Board
from timmy_tui.control.change import Change, Hands, clean_up
from timmy_tui.control.flags import Flag
from timmy_tui.control.journal import Entry, Journal, Operation, Standing
from timmy_tui.control.literal import Value
from timmy_tui.control.lock import ChangeLock, Locked, control_dir, dashboard_lock, second
from timmy_tui.control.plans import ChangePlan, Planner
from timmy_tui.control.progress import LISTEN, Sight
from timmy_tui.control.restore_points import RestorePoints
from timmy_tui.control.strategies import make_strategy
from timmy_tui.errors import ControlError, TimmyError
from timmy_tui.model.change import ChangeProgress, ControlState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.settings import Settings
from timmy_tui.sources.urls import resolve_urls

EVERY_S = 2.0
"""Between two looks at files and journal: 7 ms for the flags, 20 ms for git."""
BUSY_S = 0.5
"""The same while a change runs."""
SHOWN_S = 60.0
"""How long an ended change stays in sight."""
V34_DONE = frozenset({"hop_out", "mute", "tts", "playback", "rearm"})
"""Phases of a turn in which v34 has done its part: a restart cuts nothing."""


class ControlRoom:
    """Satisfies the screen's Control. ``open`` before anything else; ``close`` ends it within a second."""

    def __init__(
        self,
        settings: Settings,
        root: Path,
        state: Path | None = None,
        read_only: str = "",
        tell: Callable[[str, str], None] = lambda word, role: None,
        mark: Callable[[str, str], None] = lambda kind, label: None,
        dashboard: bool = True,
    ) -> None:
        """``state``: the user's state folder unless said. ``read_only`` says why nothing may be changed.

        ``tell`` hears (word, role), ``mark`` (kind, label), from other threads. ``dashboard``: hold the lock of the one
        dashboard that may change something; the shell holds none between changes.
        """
        self._settings, self._root = settings, root.resolve()
        self._folder = control_dir(root, state)
        self._urls = resolve_urls(settings, root)
        self._read_only = read_only or ("read-only by the settings" if settings.control.read_only else "")
        self._journal = Journal(self._folder / "journal.jsonl")
        self._points = RestorePoints(root, state)
        self._lock = ChangeLock(self._folder)
        self._place = dashboard_lock(self._folder) if dashboard else None
        self._sight = Sight()
        self._first = True
        self._change: Change | None = None
        self._ended_at = 0.0
        self._seen = ControlState()
        self._starting = threading.Lock()
        self._stopping = threading.Event()
        self._poked = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        backups = self._folder / "backups"
        strategy = make_strategy(settings, self._root, self._urls, self._folder)
        port = urlsplit(self._urls.v34).port or 5000
        config = (self._root / settings.paths.config).resolve()
        self._board = Board(settings, self._root, self._journal, self._points, port, mark)
        self._planner = Planner(settings, self._root, self._journal, self._points, strategy, backups)
        self._tell = tell
        self._hands = Hands(
            limits=settings.control,
            journal=self._journal,
            points=self._points,
            strategy=strategy,
            port=port,
            url=self._urls.v34,
            folder=(self._root / settings.paths.app).resolve().parent,
            config=config,
            sight=lambda: self._sight,
            tell=tell,
            mark=mark,
            first=self._take_first,
        )

    # -- life

    def open(self, watch: bool = True) -> None:
        """Take the place of the dashboard that may change things, look at what an earlier run left, begin to watch."""
        if self._place is not None and not self._read_only:
            try:
                self._place.acquire()
            except Locked as locked:
                self._read_only = second(locked.pid)
        if watch:
            self._thread.start()

    def close(self) -> None:
        """Stop watching. A change that is under way stays open in the journal, for the next start."""
        self._stopping.set()
        self._poked.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)
        if self._place is not None:
            self._place.release()

    def see(self, snapshot: Snapshot) -> None:
        """The newest state: what the turns show is what runs."""
        flight = snapshot.open_turn
        log = tuple(line for name, line in snapshot.log_tail[-60:] if name != "latency.log")
        self._sight = Sight(snapshot.turns, flight is not None and flight.phase not in V34_DONE, log)
        if self._change is not None:
            self._change.progress.poke()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._poked.clear()
            self._poked.wait(BUSY_S if self._changing else EVERY_S)

    def look(self) -> None:
        """Once, at everything; what a killed change left is taken up. Called by the thread, or by the shell."""
        try:
            self._take_up()
            self._seen = self._board.look(self._sight.turns, self._changing)
        except (OSError, TimmyError) as error:
            self._seen = ControlState(read_only=str(error))

    # -- what the screen asks

    def state(self) -> ControlState:
        """As last seen, with the running change as it is now; asks nothing."""
        return replace(self._seen, change=self.progress, read_only=self._read_only or self._seen.read_only)

    @property
    def progress(self) -> ChangeProgress | None:
        """The running change, or the one that ended within the last minute."""
        change = self._change
        if change is None:
            return None
        if change.over:
            self._ended_at = self._ended_at or time.monotonic()
            if time.monotonic() - self._ended_at > SHOWN_S:
                return None
        return change.progress.shown(self._sight.log)

    @property
    def idle(self) -> bool:
        """No change is under way."""
        return not self._changing

    @property
    def sight(self) -> Sight:
        """What the newest snapshot showed."""
        return self._sight

    def plan(self, kind: str, arguments: Mapping[str, Any]) -> ChangePlan:
        """What would be done, in words; nothing is. Takes some ten milliseconds."""
        if self._read_only:
            return ChangePlan(kind, kind.replace("_", " "), refusal=self._read_only)
        if kind == "undo" and self._changing and not arguments.get("op"):
            return self._plan_answer()
        if kind != "create" and self._changing:
            return ChangePlan(kind, kind, refusal=f"{self._label} is still under way")
        left = self._journal.open_operations() if kind not in ("create", "undo") else []
        if left:
            return ChangePlan(kind, kind, refusal=f"{left[-1].label} was interrupted: undo or keep it first")
        return self._planner.plan(kind, arguments, self._board.serving, self._sight.busy)

    def _plan_answer(self) -> ChangePlan:
        shown = self.progress
        if shown is None or "undo" not in shown.choices:
            return ChangePlan("undo", "undo", refusal=f"{self._label} cannot be taken back at this moment")
        lines = ("the files are put back byte for byte, and v34 restarts once more",)
        return ChangePlan("answer", f"undo {shown.label}", lines)

    def start(self, plan: object) -> str:
        """Begin what was planned; progress comes with ``state``. Raises ControlError."""
        if not isinstance(plan, ChangePlan):
            raise ControlError("nothing was planned.")
        if self._read_only or plan.refusal:
            raise ControlError(self._read_only or plan.refusal)
        if plan.kind == "create":
            made = self._points.create(plan.point)
            self._poked.set()
            return f"restore point {made.name} made"
        if plan.kind == "answer":
            return self.answer("undo")
        change = Change(plan, self._hands)
        self._begin(change, change.run)
        return f"{plan.label}: begun"

    def answer(self, choice: str) -> str:
        """What the user says to the running change. Raises ControlError."""
        if self._read_only:
            raise ControlError(self._read_only)
        change = self._change
        if change is None:
            raise ControlError(f"no change is running that {choice!r} could answer.")
        if choice == LISTEN:
            return self._resume_listening(change)
        change.progress.answer(choice)
        return f"{change.plan.label}: {choice}"

    def keep(self, op: str = "") -> str:
        """Close an interrupted change as it stands. Raises ControlError."""
        if self._read_only:
            raise ControlError(self._read_only)
        with self._lock:
            left = [one for one in self._journal.open_operations() if op in ("", one.op)]
            if not left:
                raise ControlError("no change is open.")
            standing, word = clean_up(left[-1], self._journal)
            if standing is Standing.HALF_APPLIED:
                raise ControlError(f"{left[-1].label}: only half of it is in place.", "timmy-tui undo")
            if standing is Standing.APPLIED and not left[-1].undoes:
                self._journal.append(Entry(op=left[-1].op, stage="kept", message="kept without proof"))
                standing_word = "kept without proof"
            else:
                standing_word = str(standing)
        return f"{left[-1].label}: {standing_word} {word}".strip()

    # -- how

    @property
    def _changing(self) -> bool:
        return self._change is not None and not self._change.over

    @property
    def _label(self) -> str:
        return self._change.plan.label if self._change is not None else ""

    def _begin(self, change: Change, way: Callable[[], None]) -> None:
        """Take the lock of the machine, and let the change run in its thread. Raises Locked, ControlError."""
        with self._starting:
            if self._changing:
                raise ControlError(f"{self._label} is still under way.")
            self._lock.acquire()
            self._change, self._ended_at = change, 0.0
        threading.Thread(target=self._carry, args=(way,), name="change", daemon=True).start()
        self._poked.set()

    def _carry(self, way: Callable[[], None]) -> None:
        try:
            way()
        finally:
            self._lock.release()
            self._poked.set()

    def _take_first(self) -> bool:
        first, self._first = self._first, False
        return first

    def _take_up(self) -> None:
        """Operations that nobody works on any more: closed, or opened again for the user's answer. One at a time."""
        if self._read_only or self._changing:
            return
        left = self._journal.open_operations()
        if not left:
            return
        try:
            self._lock.acquire()
        except Locked:
            return
        try:
            standing = self._clean_up(left)
        finally:
            self._lock.release()
        if standing is not None:
            operation, how = standing
            change = Change(self._resumed(operation), self._hands, operation.op)
            with suppress(ControlError):
                self._begin(change, lambda: change.resume(operation, how))

    def _clean_up(self, left: list[Operation]) -> tuple[Operation, Standing] | None:
        """The oldest that needs the user; what needs nobody is closed with a word."""
        for operation in reversed(left):
            standing, word = clean_up(operation, self._journal)
            if operation.files and standing in (Standing.APPLIED, Standing.HALF_APPLIED) and not operation.undoes:
                continue
            told = f"{operation.label}: interrupted earlier, {standing}"
            self._tell(f"{told}; {word}" if word else told, "warn")
        for operation in self._journal.open_operations():
            standing, _ = clean_up(operation, self._journal)
            if standing in (Standing.APPLIED, Standing.HALF_APPLIED):
                return operation, standing
        return None

    def _resumed(self, operation: Operation) -> ChangePlan:
        wishes: tuple[tuple[Flag, Value], ...] = ()
        with suppress(TimmyError):
            wishes = self._planner.wishes_of(operation)
        return ChangePlan("flip", operation.label, wishes=wishes)

    def _resume_listening(self, change: Change) -> str:
        """Ask STT to listen again: it was told to pause, and the turn that would have reopened it was cut."""
        from timmy_tui.sources.http import Wire

        wire = Wire(self._urls.stt)
        try:
            answer = wire.ask("/resume-listening", post={})
        finally:
            wire.close()
        if answer.status is None or answer.status >= 400:
            raise ControlError(f"STT did not take it: {answer.problem or answer.status}.")
        change.progress.cut = False
        return "STT listens again"
