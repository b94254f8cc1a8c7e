"""Writes closed turns, marks, findings and verdicts into the history, in a thread because a disk may be slow."""

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.core.bounded import drop_oldest
from timmy_tui.model.llm import LearnedRate
from timmy_tui.model.same_turn import has_name
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.storage.history import History
from timmy_tui.storage.history_writer import OF_THE_FILE, HistoryWriter
from timmy_tui.storage.in_logs import InLogs
from timmy_tui.storage.known_turns import up_to_known_places
from timmy_tui.storage.learned_rates import RateFile
from timmy_tui.storage.remembered import Remembered

MOST_FINDINGS = 1000
"""Findings of which is known that they were written."""


class Recorder:
    """Records what is new in each snapshot. It is not used for a replay or a demo."""

    on_new_session: Callable[[History], None] | None = None
    """Called in the recorder's thread when a session has begun, so that the session noise can be learned again."""
    on_stored: Callable[[Sequence[Remembered]], None] | None = None
    """Called in the recorder's thread with what the history knows of turns beyond what the snapshot had of them."""
    on_lost: Callable[[Sequence[Turn]], None] | None = None
    """Called once in the recorder's thread, behind the first turns, with those of that time that no log has."""
    on_usable: Callable[[bool], None] | None = None
    """Called in the recorder's thread: with False when the file cannot be opened, with True when it can after all."""
    rates: RateFile | None = None
    """Where cold rates are kept for the next run; None keeps none."""

    def __init__(self, path: Path, root: str, days: int, keep_text: bool, notify: Callable[[str], None]) -> None:
        """``days``: as in History.delete_old_turns. ``notify`` is called with messages for the user, such as a damaged
        file or a full disk.
        """
        self._in_logs = InLogs()
        self._writer = HistoryWriter(partial(self._open, path, root, keep_text), notify)
        self._writer.on_usable = self._pass_on_usable
        self._writer.on_new_file = self._store_again
        self._writer.daily = lambda history: history.delete_old_turns(days, time.time())
        self._newest: Sequence[Turn] = ()
        """The turns of the newest snapshot that is no preview."""
        self._recorded: dict[int, Turn] = {}
        """By ordinal; a revised turn is another object."""
        self._lost_told = False
        self._session: int | None = None
        self._findings: dict[str, str] = {}
        self._learned: tuple[LearnedRate, ...] = ()
        self._verdict: object = None
        """The last stored verdict of each stage; the comparison is stored again when one of them changes."""

    def start(self) -> None:
        """Start the thread, which opens the file."""
        self._writer.start()

    def stop(self) -> None:
        """Write what is queued, and stop within a second."""
        self._writer.stop()

    def _open(self, path: Path, root: str, keep_text: bool) -> History:
        history = History(path, root, keep_text)
        history.in_logs = self._in_logs  # Also of a file that is opened again.
        return history

    def _pass_on_usable(self, usable: bool) -> None:
        if self.on_usable is not None:
            self.on_usable(usable)

    def _store_again(self, history: History) -> None:
        """A new file has none of the turns that the damaged one had."""
        self._in_logs.clear()
        if self._newest:
            self._store(history, self._newest, self._newest)

    def observe(self, snapshot: Snapshot) -> None:
        """Queue what is new: closed or revised turns, findings, and a verdict with enough turns."""
        new = [] if snapshot.preview else [turn for turn in snapshot.turns if self._is_new(turn)]
        if new:
            self._recorded = {turn.ordinal: turn for turn in snapshot.turns}
            self._newest = snapshot.turns
            # A file that cannot be written for long has many of these waiting: without what is not stored.
            turns, among = [replace(turn, events=()) for turn in new], beside(new, snapshot.turns)
            self._writer.put(partial(self._store_new, turns=turns, among=among, restarts=snapshot.log_restarts))
            if self.on_new_session is not None and any(turn.session != self._session for turn in new):
                self._session = new[-1].session
                self._writer.put(self.on_new_session)
        learned = snapshot.llm.learned if snapshot.llm is not None else ()
        if self.rates is not None and learned != self._learned:
            self._learned = learned
            self._writer.put(partial(_keep_rates, rates=self.rates, learned=learned))
        judgement = snapshot.judgement
        if judgement is None:
            return
        for finding in judgement.findings:
            state = f"{finding.stage} {finding.ended} {finding.acknowledged}"
            if self._findings.get(finding.key) != state:
                self._findings[finding.key] = state
                drop_oldest(self._findings, MOST_FINDINGS)
                self._writer.put(partial(History.put_finding, finding=finding, at=time.time()))
        comparison = judgement.verdict
        if comparison is None or comparison.wanted:
            return
        verdicts = (comparison.a, comparison.b, *((stage.stage, stage.verdict) for stage in comparison.stages))
        if verdicts != self._verdict:
            self._verdict = verdicts
            self._writer.put(partial(History.put_comparison, comparison=comparison, at=time.time()))

    def _is_new(self, turn: Turn) -> bool:
        """It was not recorded as it is now; its number, which the history gave, and old events let go are no news."""
        recorded = self._recorded.get(turn.ordinal)
        if recorded is None or recorded is turn:
            return recorded is None
        return replace(recorded, number=turn.number, events=turn.events) != turn

    def _store_new(
        self, history: History, turns: Sequence[Turn], among: Sequence[Turn], restarts: tuple[int, ...]
    ) -> None:
        self._in_logs.note_restarts(restarts)
        self._store(history, turns, among)

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
        self._put_of_turn(turn, partial(History.mark, quality=quality or ""))

    def note(self, turn: Turn, text: str) -> None:
        """The user has written a note on a marked turn."""
        self._put_of_turn(turn, partial(History.note, text=text))

    def _put_of_turn(self, turn: Turn, act: Callable[..., None]) -> None:
        """Call ``act`` on the number of the turn; do nothing for a turn that could not be stored."""
        # Only the history's own numbers count, and only those of this file.
        given, file = turn.number if self._writer.usable else None, self._writer.files

        def job(history: History) -> None:
            number = given if file == self._writer.files else None
            number = history.number_of(turn) if number is None else number
            if number is not None:
                act(history, number)

        self._writer.put(job)

    def store_reading(self, turns: Sequence[Turn], done: Callable[[int], None]) -> None:
        """Store turns of another reading; those that are stored stay what they are.

        ``done`` is called in the recorder's thread with the number of new ones.
        """
        self._writer.put(partial(_store_reading, turns=turns, done=done), is_one_of_many=False)

    def record_change(self, kind: str, label: str) -> None:
        """A change, a restart or an edit by another program has happened. ``kind`` as in Marker."""
        at = time.time()
        self._writer.put(partial(History.put_change, op=f"{at:.6f} {label}", at=at, label=label, state=kind))


def beside(new: Sequence[Turn], among: Sequence[Turn]) -> tuple[Turn, ...]:
    """Those of ``among``, in its order, that are new or stand between a new one and the next that is sure."""
    near = up_to_known_places(among, {turn.ordinal for turn in new}, _is_sure)
    return tuple(replace(among[at], events=()) for at in near)


def _is_sure(turn: Turn) -> bool:
    return turn.started is not None and has_name(turn)


def _store_reading(history: History, turns: Sequence[Turn], done: Callable[[int], None]) -> None:
    try:
        new = history.put_turns(turns)
    except OF_THE_FILE:
        raise  # It is done again.
    except Exception:
        done(0)
        raise
    done(new)


def _keep_rates(history: History, rates: RateFile, learned: tuple[LearnedRate, ...]) -> None:
    """A disk that is full loses a rate, which is learned again."""
    with contextlib.suppress(OSError):
        rates.update(learned)
