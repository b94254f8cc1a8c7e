"""Writes closed turns, marks, findings and verdicts into the history, in a thread because a disk may be slow."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.core.errors import HistoryError
from timmy_tui.model.llm import LearnedRate
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.storage.history import History
from timmy_tui.storage.learned_rates import RateFile
from timmy_tui.storage.remembered import Remembered

STOP_S = 1.0
"""Longest wait for the thread in ``stop``."""
RETRY_S = 5.0
"""Wait after a failed write (locked file, full disk); what could not be written stays in the queue."""


class Recorder:
    """Records what is new in each snapshot. It is not used for a replay or a demo."""

    on_new_session: Callable[[History], None] | None = None
    """Called in the recorder's thread when a session has begun, so that the session noise can be learned again."""
    on_stored: Callable[[Sequence[Remembered]], None] | None = None
    """Called in the recorder's thread with what the history knows of turns beyond what the snapshot had of them."""
    on_lost: Callable[[Sequence[Turn]], None] | None = None
    """Called once in the recorder's thread, behind the first turns, with those of that time that no log has."""
    rates: RateFile | None = None
    """Where cold rates are kept for the next run; None keeps none."""
    on_unusable: Callable[[], None] | None = None
    """Called in the recorder's thread when the file cannot be opened."""

    def __init__(self, path: Path, root: str, days: int, keep_text: bool, notify: Callable[[str], None]) -> None:
        """``days``: as in History.delete_old_turns. ``notify`` is called with messages for the user, such as a damaged
        file or a full disk.
        """
        self._path, self._root, self._days, self._keep_text = path, root, days, keep_text
        self._notify = notify
        self._queue: queue.SimpleQueue[Callable[[History], object] | None] = queue.SimpleQueue()
        self._recorded: dict[int, Turn] = {}
        """By ordinal; a revised turn is another object."""
        self._lost_told = False
        self._session: int | None = None
        self._findings: dict[str, str] = {}
        self._learned: tuple[LearnedRate, ...] = ()
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
        new = [] if snapshot.preview else [turn for turn in snapshot.turns if self._is_new(turn)]
        if new:
            self._recorded = {turn.ordinal: turn for turn in snapshot.turns}
            self._queue.put(partial(self._store, turns=new, among=snapshot.turns))
            if self.on_new_session is not None and any(turn.session != self._session for turn in new):
                self._session = new[-1].session
                self._queue.put(self.on_new_session)
        learned = snapshot.llm.learned if snapshot.llm is not None else ()
        if self.rates is not None and learned != self._learned:
            self._learned = learned
            self._queue.put(partial(_keep_rates, rates=self.rates, learned=learned))
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

    def _is_new(self, turn: Turn) -> bool:
        """It was not recorded as it is now; its number, which the history gave, and old events let go are no news."""
        recorded = self._recorded.get(turn.ordinal)
        if recorded is None or recorded is turn:
            return recorded is None
        return replace(recorded, number=turn.number, events=turn.events) != turn

    def _store(self, history: History, turns: Sequence[Turn], among: Sequence[Turn]) -> None:
        stored = history.store(turns, among).turns
        if self.on_lost is not None and not self._lost_told:
            self._lost_told = True
            numbers = {turn.number for turn in stored.values() if turn.number is not None}
            self.on_lost([turn for _, turn in history.lost_turns(numbers)])
        if self.on_stored is None:
            return
        marks = history.marks()
        news = []
        for turn in turns:
            if turn.ordinal not in stored:
                continue
            known = stored[turn.ordinal]
            one = Remembered(turn.ordinal, known, marks.get(known.number or 0))
            if one.completed(turn) is not turn:
                news.append(one)
        if news:
            self.on_stored(news)

    def mark(self, turn: Turn, quality: str | None) -> None:
        """The user has marked a turn ``good`` or ``bad``; None removes the mark."""
        self._queue.put(partial(_of_turn, act=partial(History.mark, quality=quality or ""), turn=turn))

    def note(self, turn: Turn, text: str) -> None:
        """The user has written a note on a marked turn."""
        self._queue.put(partial(_of_turn, act=partial(History.note, text=text), turn=turn))

    def record_change(self, kind: str, label: str) -> None:
        """A change, a restart or an edit by another program has happened. ``kind`` as in Marker."""
        at = time.time()
        self._queue.put(partial(History.put_change, op=f"{at:.6f} {label}", at=at, label=label, state=kind))

    def _run(self) -> None:
        try:
            history = History(self._path, self._root, self._keep_text)
        except HistoryError as error:
            self._notify(f"history: {error.message} {error.hint}")
            if self.on_unusable is not None:
                self.on_unusable()
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
        job = self._queue.get()
        while job is not None:
            last_try = self._stopping.is_set()
            try:
                job(history)
                if not old_turns_deleted:
                    # Behind the first job: what the logs still have stays, because it would only come back.
                    history.delete_old_turns(self._days, time.time())
                    old_turns_deleted = True
                failing = False
            except HistoryError as error:
                if not failing:
                    self._notify(f"history: {error.message} {error.hint}")
                    failing = True
                if last_try:
                    return
                # The same job again, not later ones: a mark needs its turn.
                self._stopping.wait(RETRY_S)
                continue
            job = self._queue.get()


def _of_turn(history: History, act: Callable[..., None], turn: Turn) -> None:
    """``act`` on the number of a turn; nothing for a turn that could not be stored."""
    number = history.number_of(turn) if turn.number is None else turn.number
    if number is not None:
        act(history, number)


def _keep_rates(history: History, rates: RateFile, learned: tuple[LearnedRate, ...]) -> None:
    """A disk that is full loses a rate, which is learned again."""
    with contextlib.suppress(OSError):
        rates.update(learned)
