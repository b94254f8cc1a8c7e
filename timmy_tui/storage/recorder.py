"""Writes closed turns, marks, findings and verdicts into the history, in a thread because a disk may be slow."""

import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from timmy_tui.core.errors import HistoryError
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.storage.history import History

STOP_S = 1.0
"""Longest wait for the thread in ``stop``."""
RETRY_S = 5.0
"""Wait after a failed write (locked file, full disk); what could not be written stays in the queue."""


class Recorder:
    """Records what is new in each snapshot. It is not used for a replay or a demo."""

    on_new_session: Callable[[History], None] | None = None
    """Called in the recorder's thread when a session has begun, so that the session noise can be learned again."""

    def __init__(self, path: Path, root: str, days: int, keep_text: bool, notify: Callable[[str], None]) -> None:
        """``days``: as in History.delete_old_turns. ``notify`` is called with messages for the user, such as a damaged
        file or a full disk.
        """
        self._path, self._root, self._days, self._keep_text = path, root, days, keep_text
        self._notify = notify
        self._queue: queue.SimpleQueue[Callable[[History], object] | None] = queue.SimpleQueue()
        self._recorded: dict[int, int] = {}
        """Ordinal → id() of the recorded Turn; a revised turn is another object."""
        self._session: int | None = None
        self._findings: dict[str, str] = {}
        self._verdict: object = None
        """The last stored verdict of each stage; the comparison is stored again when one of them changes."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Start the thread, which opens the file."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, and stop within a second."""
        self._queue.put(None)
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def observe(self, snapshot: Snapshot) -> None:
        """Queue what is new: closed or revised turns, findings, and a verdict with enough turns."""
        new = [turn for turn in snapshot.turns if self._recorded.get(turn.ordinal) != id(turn)]
        if new:
            self._recorded = {turn.ordinal: id(turn) for turn in snapshot.turns}
            self._queue.put(partial(History.put_turns, turns=new))
            if self.on_new_session is not None and any(turn.session != self._session for turn in new):
                self._session = new[-1].session
                self._queue.put(self.on_new_session)
        judgement = snapshot.judgement
        if judgement is None:
            return
        for finding in judgement.findings:
            state = f"{finding.stage} {finding.ended} {finding.acknowledged}"
            if self._findings.get(finding.key) != state:
                self._findings[finding.key] = state
                self._queue.put(partial(History.put_finding, finding=finding, at=time.time()))
        comparison = judgement.verdict
        if comparison is None or comparison.wanted:
            return
        verdicts = (comparison.a, comparison.b, *((stage.stage, stage.verdict) for stage in comparison.stages))
        if verdicts != self._verdict:
            self._verdict = verdicts
            self._queue.put(partial(History.put_comparison, comparison=comparison, at=time.time()))

    def mark(self, turn: Turn, quality: str | None) -> None:
        """The user has marked a turn ``good`` or ``bad``; None removes the mark."""
        self._queue.put(partial(History.mark, turn=turn, quality=quality or ""))

    def note(self, turn: Turn, text: str) -> None:
        """The user has written a note on a marked turn."""
        self._queue.put(partial(History.note, turn=turn, text=text))

    def record_change(self, kind: str, label: str) -> None:
        """A change, a restart or an edit by another program has happened. ``kind`` as in Marker."""
        at = time.time()
        self._queue.put(partial(History.put_change, op=f"{at:.6f} {label}", at=at, label=label, state=kind))

    def _run(self) -> None:
        try:
            history = History(self._path, self._root, self._keep_text)
        except HistoryError as error:
            self._notify(f"history: {error.message} {error.hint}")
            return
        if history.warning:
            self._notify(history.warning)
        try:
            self._write(history)
        finally:
            history.close()

    def _write(self, history: History) -> None:
        failing = False
        old_turns_deleted = False
        while (job := self._queue.get()) is not None:
            try:
                if not old_turns_deleted:
                    history.delete_old_turns(self._days, time.time())
                    old_turns_deleted = True
                job(history)
                failing = False
            except HistoryError as error:
                if not failing:
                    self._notify(f"history: {error.message} {error.hint}")
                    failing = True
                self._queue.put(job)
                self._stopping.wait(RETRY_S)
