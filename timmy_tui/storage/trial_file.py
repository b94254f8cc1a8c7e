"""The open guided test, stored in a file, so that the dashboard and the commands work on the same one."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from timmy_tui.analysis.compare.trial import (
    SCHEMA,
    Trial,
    advance,
    answer,
    is_possible,
    leave,
    make_trial,
    resume,
    state,
)
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.decode import Unreadable, decode_as
from timmy_tui.core.errors import HistoryError
from timmy_tui.core.private_file import replace_private
from timmy_tui.core.sanitize import clean
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.turn import Turn

NAME = "trial.json"
LIMIT = 1 << 20
"""Most bytes that are read of the file."""


class TrialFile:
    """At most one guided test at a time. The file is read again when another process has written it."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is private, as Timmy.control_folder is."""
        self._path = folder / NAME
        self._version: tuple[int, int] | None = None
        """Inode and modification time of the file when it was read or written."""
        self._trial: Trial | None = None
        self.noise: SessionNoise | None = None
        """How much sessions differ by chance; None before it was learned from the history."""
        self.warning = ""
        """What was wrong with the file, which is then renamed and kept; else empty."""

    @property
    def current(self) -> Trial | None:
        """The guided test in the file now; None if there is none."""
        try:
            info = self._path.stat()
        except FileNotFoundError:
            self._trial = self._version = None
            return None
        except OSError as error:
            self.warning = f"the guided test cannot be read: {error.strerror}"
            return self._trial
        version = (info.st_ino, info.st_mtime_ns)
        if version != self._version:
            self._trial, self._version = self._read(), version
        return self._trial

    def _read(self) -> Trial | None:
        try:
            trial: Trial | Unreadable = decode_as(self._path.read_bytes()[:LIMIT], Trial)
        except OSError as error:
            trial = Unreadable(error.strerror or type(error).__name__)
        if not isinstance(trial, Unreadable) and (trial.schema != SCHEMA or not is_possible(trial)):
            trial = Unreadable("it is not one of this version")
        if not isinstance(trial, Unreadable):
            return trial
        damaged = self._path.with_name(f"{NAME}.damaged-{int(time.time())}")
        try:
            os.replace(self._path, damaged)
        except OSError:
            damaged = self._path
        self.warning = f"the guided test in {damaged} cannot be read ({clean(trial.reason, 80)}); start it again"
        return None

    def update(self, turns: Sequence[Turn], marks: Mapping[int, str]) -> TrialState | None:
        """Advance the guided test with the turns, oldest first; its state, or None without one.

        ``marks``: ordinal → ``good`` or ``bad``. Raises HistoryError when the file cannot be written.
        """
        trial = self.current
        if trial is None:
            failed = TrialState(label="guided test", step=0, steps=0, phase="done", sentence=self.warning)
            return failed if self.warning else None
        advanced = advance(trial, turns, time.time())
        if advanced != trial:
            self._write(advanced)
        return state(advanced, turns, marks, self.noise)

    def start(self, name: str, turns_per_phase: int, aba: bool, turns: Sequence[Turn]) -> str:
        """Begin ``test-1``, ``test-2`` or ``guide``; returns a message. ``aba``: measure the old setting once more.

        The turns of the running session count for the baseline. Raises HistoryError while another test is open.
        """
        if self.current is not None and not self._done:
            raise HistoryError("a guided test is already open.", "timmy-tui trial stop ends it.")
        dated = [(turn.started, turn.session) for turn in turns]
        starts = [(started, session) for started, session in dated if started is not None]
        session_start = min((started for started, session in starts if session == starts[-1][1]), default=time.time())
        self._write(make_trial(name, turns_per_phase, aba, session_start))
        return "the guided test has begun"

    @property
    def _done(self) -> bool:
        return self._trial is not None and self._trial.at >= len(self._trial.phases)

    def act(self, action: str, turns: Sequence[Turn]) -> str:
        """``leave``, ``resume``, ``stop``, or ``keep`` or ``undo`` as answer to its verdict; returns a message.

        Raises HistoryError without a guided test.
        """
        trial = self.current
        if trial is None:
            raise HistoryError("no guided test is open.", "timmy-tui trial start starts one.")
        now = time.time()
        if action == "stop":
            self._path.unlink(missing_ok=True)
            return "the guided test has ended"
        if action in ("keep", "undo"):
            self._write(answer(trial, action, turns, now, self.noise))
        else:
            self._write(leave(trial, now) if action == "leave" else resume(trial, now))
        return f"guided test: {action}"

    def _write(self, trial: Trial) -> None:
        try:
            replace_private(self._path, msgspec.json.encode(trial))
            info = self._path.stat()
        except OSError as error:
            raise HistoryError(f"the guided test cannot be written: {error.strerror}.") from None
        self._trial, self._version = trial, (info.st_ino, info.st_mtime_ns)
