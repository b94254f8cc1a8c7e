"""Writes closed turns, marks, findings and verdicts into the history, in a thread of its own: a disk may be slow."""

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
RETRY_S = 5.0
"""After a locked or full disk; what could not be written stays queued."""


class Recorder:
    """Looks at each snapshot for what is new in it. Turns of a replay or a demo are not recorded: give it none."""

    learn: Callable[[History], None] | None = None
    """Called in the recorder's thread when a session began: the one before it may teach something."""

    def __init__(self, path: Path, root: str, days: int, keep_text: bool, tell: Callable[[str], None]) -> None:
        """``tell`` hears what a user should know: a damaged file, a disk that takes nothing."""
        self._path, self._root, self._days, self._keep_text = path, root, days, keep_text
        self._tell = tell
        self._queue: queue.SimpleQueue[Callable[[History], object] | None] = queue.SimpleQueue()
        self._seen: dict[int, int] = {}
        self._session: int | None = None
        self._findings: dict[str, str] = {}
        self._verdict: object = None
        """What the last stored verdict said of each stage: only another word is stored again."""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Begin; the file is opened in the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, and end within a second."""
        self._queue.put(None)
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def see(self, snapshot: Snapshot) -> None:
        """Queue what is new: turns that closed or were told more of, findings, a verdict that can speak."""
        fresh = [turn for turn in snapshot.turns if self._seen.get(turn.ordinal) != id(turn)]
        if fresh:
            self._seen = {turn.ordinal: id(turn) for turn in snapshot.turns}
            self._queue.put(partial(History.put_turns, turns=fresh))
            if self.learn is not None and any(turn.session != self._session for turn in fresh):
                self._session = fresh[-1].session
                self._queue.put(self.learn)
        judged = snapshot.judgement
        if judged is None:
            return
        for finding in judged.findings:
            state = f"{finding.stage} {finding.ended} {finding.acknowledged}"
            if self._findings.get(finding.key) != state:
                self._findings[finding.key] = state
                self._queue.put(partial(History.put_finding, finding=finding, at=time.time()))
        verdict = judged.verdict
        if verdict is None or verdict.wanted:
            return
        said = (verdict.a, verdict.b, *((one.stage, one.verdict) for one in verdict.stages))
        if said != self._verdict:
            self._verdict = said
            self._queue.put(partial(History.put_comparison, comparison=verdict, at=time.time()))

    def mark(self, turn: Turn, quality: str | None) -> None:
        """The user's word on a turn."""
        self._queue.put(partial(History.mark, turn=turn, quality=quality or ""))

    def note(self, turn: Turn, text: str) -> None:
        """Why the user marked it."""
        self._queue.put(partial(History.note, turn=turn, text=text))

    def change(self, kind: str, label: str) -> None:
        """A change, a restart or an edit made elsewhere: what lies between two epochs."""
        at = time.time()
        self._queue.put(partial(History.put_change, op=f"{at:.6f} {label}", at=at, label=label, state=kind))

    def _run(self) -> None:
        try:
            history = History(self._path, self._root, self._keep_text)
        except HistoryError as error:
            self._tell(f"history: {error.message} {error.hint}")
            return
        if history.warning:
            self._tell(history.warning)
        try:
            self._write(history)
        finally:
            history.close()

    def _write(self, history: History) -> None:
        told = False
        forgotten = False
        while (job := self._queue.get()) is not None:
            try:
                if not forgotten:
                    history.forget(self._days, time.time())
                    forgotten = True
                job(history)
                told = False
            except HistoryError as error:
                if not told:
                    self._tell(f"history: {error.message} {error.hint}")
                    told = True
                self._queue.put(job)
                self._ending.wait(RETRY_S)
