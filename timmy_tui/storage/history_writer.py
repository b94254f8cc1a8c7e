"""Does jobs on the history in one thread, in their order, each until it is done: a locked file makes them wait."""

import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress

from timmy_tui.core.errors import HistoryError
from timmy_tui.core.formatting import plural
from timmy_tui.core.running.failures import describe
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.running.threads import clear_failure, guarded_thread, set_failure
from timmy_tui.storage.history import History

STOP_S = 1.0
"""Longest wait for the thread in ``stop``."""
RETRY_S = 5.0
"""Wait after a failure (locked file, full disk, damage); what could not be written stays first in the queue."""
DAY_S = 86_400.0
LONGEST_WAIT_S = 3600.0
"""Longest wait for a job: a machine that slept looks at the day again within an hour."""
MOST_WAITING = 10_000
"""Jobs behind a file that cannot be written: weeks of turns, 3 KiB each. Later ones are lost, and counted."""
NAME = "history"
"""Of the thread, and of its failures on the screen."""

Job = Callable[[History], object]

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_OF_THE_JOB = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Raised for what a job wants to write: it would fail again."""
OF_THE_FILE = (HistoryError, sqlite3.Error, OSError)
"""Raised for the file: the job is done again."""


class HistoryWriter:
    """Opens the file, and opens it again when it fails. No job is overtaken by a later one."""

    def __init__(self, open_history: Callable[[], History], notify: Callable[[str], None]) -> None:
        """``open_history`` raises HistoryError, sqlite3.Error or OSError. ``notify`` gets messages for the user."""
        self._open_history = open_history
        self._notify = notify
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._job: Job | None = None
        """Taken from the queue and not done yet."""
        self._stopping = threading.Event()
        self._ended = False
        self._notified = ""
        self._thread = guarded_thread(NAME, self._run, self._stopping)
        self.usable = True
        """False while the file cannot be opened for another reason than that it is locked."""
        self.files = 0
        """How many files there have been: a damaged one is renamed, and a new one is begun."""
        self.on_usable: Callable[[bool], object] = bool
        """Called in the thread when ``usable`` changes."""
        self.on_new_file: Job = bool
        """Called in the thread, before the next job, when a damaged file was replaced by a new one."""
        self.daily: Job | None = None
        """Done behind the first job, and once a day from then on."""
        self._daily_at: float | None = None
        """``elapsed()`` from which on it is done again; None before the first job."""
        self._lost = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Do what was put, and stop within a second. What a locked file keeps waiting until then is lost."""
        self._queue.put(None)
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        clear_failure(NAME)

    def put(self, job: Job, is_one_of_many: bool = True) -> None:
        """Do this behind all others; one of many is lost where too many wait already."""
        if not is_one_of_many or self._queue.qsize() < MOST_WAITING:
            self._queue.put(job)
        else:
            self._lost += 1

    def _run(self) -> None:
        while not self._ended:
            history = self._open()
            if history is None:
                return
            try:
                self._work(history)
            finally:
                history.close()

    def _open(self) -> History | None:
        """The history as soon as it can be opened; None when the program ends before."""
        while True:
            last_try = self._stopping.is_set()
            try:
                history = self._open_history()
            except OF_THE_FILE as error:
                self._fail(error)
                if not is_locked(error):
                    self._set_usable(False)
                if last_try:
                    return None
                self._stopping.wait(RETRY_S)
                continue
            self._set_usable(True)
            clear_failure(NAME)
            if history.warning or not self.files:
                self.files += 1
            if history.warning:
                self._notify(history.warning)
                self._put_first(self.on_new_file)
            return history

    def _put_first(self, job: Job) -> None:
        """Do this before the job that waits."""
        waiting = self._job

        def both(history: History) -> None:
            job(history)
            if waiting is not None:
                waiting(history)

        self._job = both

    def _work(self, history: History) -> None:
        """Jobs, until the end or until the file must be opened again."""
        while True:
            try:
                self._job = self._job or self._queue.get(timeout=self._until_daily_s())
            except queue.Empty:
                self._do_daily(history)
                continue
            if self._job is None:
                self._ended = True
                return
            last_try = self._stopping.is_set()
            try:
                self._job(history)
            except _OF_THE_JOB as error:
                self._drop(error)
            except OF_THE_FILE as error:
                self._fail(error)
                self._ended = last_try
                if last_try:
                    return
                # The same job again, not later ones: a mark needs its turn, and a note its mark.
                self._stopping.wait(RETRY_S)
                if not is_locked(error):
                    return
                continue
            except Exception as error:  # noqa: BLE001  Whatever is wrong with one job must not keep the others waiting.
                self._drop(error)
            else:
                self._works_again()
            self._job = None
            self._do_daily(history)

    def _works_again(self) -> None:
        self._notified = ""
        clear_failure(NAME)
        if self._lost:
            lost, self._lost = plural(self._lost, "write"), 0
            self._notify(
                f"history: {lost} lost while the file could not be used; timmy-tui history --import reads logs"
            )

    def _until_daily_s(self) -> float | None:
        """Longest wait for a job, so that the daily one is done on days without any; None: it waits for a first job."""
        if self.daily is None or self._daily_at is None:
            return None
        return min(max(self._daily_at - elapsed(), 0.0), LONGEST_WAIT_S)

    def _do_daily(self, history: History) -> None:
        """If it is time. Apart from the jobs, none of which is done twice when this fails."""
        if self.daily is None or (self._daily_at is not None and elapsed() < self._daily_at):
            return
        self._daily_at = elapsed() + RETRY_S
        with suppress(*OF_THE_FILE):
            self.daily(history)
            self._daily_at = elapsed() + DAY_S

    def _set_usable(self, usable: bool) -> None:
        if usable is not self.usable:
            self.usable = usable
            self.on_usable(usable)

    def _drop(self, error: Exception) -> None:
        self._say(f"one entry could not be written: {describe(error)}")

    def _fail(self, error: Exception) -> None:
        waiting = self._queue.qsize() + (self._job is not None)
        text = f"{error.message} {error.hint}" if isinstance(error, HistoryError) else f"{describe(error)}."
        set_failure(NAME, f"{text} {waiting} waiting".strip())
        self._say(text)

    def _say(self, text: str) -> None:
        """Tell the user, once for each reason until something could be written again."""
        if text != self._notified:
            self._notified = text
            self._notify(f"history: {text}")


def is_locked(error: BaseException) -> bool:
    """Another process has the file locked: it is tried again, and nothing is wrong with the file."""
    causes = (error, error.__cause__, error.__context__)
    codes = (getattr(cause, "sqlite_errorcode", None) for cause in causes)
    return any(code is not None and code & 0xFF in _LOCKED for code in codes)
