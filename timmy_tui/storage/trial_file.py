"""The open guided test, stored in a file, so that the dashboard and the commands work on the same one."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from timmy_tui.analysis.compare.trial import SCHEMA, Limits, Trial, Watch, is_possible, make_trial
from timmy_tui.analysis.compare.trial_state import state
from timmy_tui.analysis.compare.trial_steps import advance, answer, leave, resume
from timmy_tui.analysis.stats.epochs import EpochTracker
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.errors import HistoryError
from timmy_tui.core.foreign.decode import Unreadable, decode_as
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.private_file import replace_private
from timmy_tui.core.settings import Trials
from timmy_tui.model.flags.words import word
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import BeginTrial

NAME = "trial.json"
LIMIT = 1 << 20
"""Most bytes that are read of the file."""


def limits_of(settings: Trials) -> Limits:
    """What stops a test by itself."""
    return Limits(bad=settings.bad, failed=settings.failed, empty=settings.empty, leaking=settings.leaking)


class TrialFile:
    """At most one guided test at a time. The file is read again when another process has written it."""

    def __init__(self, folder: Path, settings: Trials | None = None, clock: Callable[[], float] = time.time) -> None:
        """``folder`` is private, as Timmy.control_folder is. ``settings``: how much is measured, and what stops it."""
        self._clock = clock
        self._path = folder / NAME
        self._settings = settings or Trials()
        self._limits = limits_of(self._settings)
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

    def update(
        self, turns: Sequence[Turn], marks: Mapping[int, str], epochs: EpochTracker | None = None
    ) -> TrialState | None:
        """Advance the guided test with the turns, oldest first; its state, or None without one.

        ``marks``: ordinal → ``good`` or ``bad``. ``epochs``: of these turns, which tell of flags that no turn shows.
        Raises HistoryError when the file cannot be written.
        """
        trial = self.current
        if trial is None:
            failed = TrialState(label="guided test", step=0, steps=0, phase="done", sentence=self.warning)
            return failed if self.warning else None
        advanced = advance(trial, turns, self._clock(), self._watch(marks, epochs))
        if advanced != trial:
            self._write(advanced)
        return state(advanced, turns, marks, self.noise)

    def _watch(self, marks: Mapping[int, str], epochs: EpochTracker | None) -> Watch:
        if epochs is None:
            return Watch(marks=marks, limits=self._limits)
        by_key = {flag.key: flag for flag in epochs.known.flags}

        def runs(turn: Turn, key: str) -> str | None:
            value = epochs.flags_of(turn).get(key)
            return None if value is None else word(by_key.get(key), value)

        changeable = {flag.key: flag.label for flag in by_key.values() if not flag.read_only and not flag.unread}
        return Watch(marks=marks, runs=runs, limits=self._limits, changeable=changeable)

    def start(self, begin: BeginTrial, turns: Sequence[Turn]) -> str:
        """Begin a guided test; returns a message.

        The turns of the running session count for the baseline. Raises HistoryError while another test is open.
        """
        if self.current is not None and not self._done:
            raise HistoryError("a guided test is already open.", "timmy-tui trial stop ends it.")
        dated = [(turn.started, turn.session) for turn in turns]
        starts = [(started, session) for started, session in dated if started is not None]
        session_start = min((started for started, session in starts if session == starts[-1][1]), default=self._clock())
        trial = make_trial(begin.name, begin.turns or self._settings.turns, begin.aba, session_start, begin.recipe)
        self._write(replace(trial, on_trouble=begin.on_trouble or self._settings.on_trouble))
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
        now = self._clock()
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
