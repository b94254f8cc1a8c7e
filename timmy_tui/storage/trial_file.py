"""The open guided test, in a file of the state folder: the screen and the shell carry the same one on."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from timmy_tui.analysis.compare.trial import SCHEMA, Trial, advance, answer, leave, make_trial, resume, state
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.errors import HistoryError
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.turn import Turn, TurnState

NAME = "trial.json"
LIMIT = 1 << 20
_DECODER = msgspec.json.Decoder(Trial)


class TrialFile:
    """One trial at a time. Reads its file again when another process has written it."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is private, as Timmy.control_folder is."""
        self._path = folder / NAME
        self._stamp: tuple[int, int] | None = None
        self._trial: Trial | None = None
        self.noise: SessionNoise | None = None
        """How far sessions differ by chance, once the history has taught it."""
        self.warning = ""
        """What was wrong with the file; it is then kept beside a new one."""

    @property
    def open(self) -> Trial | None:
        """The trial as the file has it now."""
        try:
            info = self._path.stat()
        except FileNotFoundError:
            self._trial = self._stamp = None
            return None
        except OSError as error:
            self.warning = f"the guided test cannot be read: {error.strerror}"
            return self._trial
        stamp = (info.st_ino, info.st_mtime_ns)
        if stamp != self._stamp:
            self._trial, self._stamp = self._read(), stamp
        return self._trial

    def _read(self) -> Trial | None:
        try:
            data = self._path.read_bytes()
            trial = _DECODER.decode(data[:LIMIT])
            if trial.schema != SCHEMA or not 0 <= trial.at <= len(trial.phases):
                raise msgspec.ValidationError("not a trial of this version")
            return trial
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            aside = self._path.with_name(f"{NAME}.damaged-{int(time.time())}")
            try:
                os.replace(self._path, aside)
            except OSError:
                aside = self._path
            self.warning = f"the guided test in {aside} cannot be read ({type(error).__name__}); begin it again"
            return None

    def see(self, turns: Sequence[Turn], marks: Mapping[int, str]) -> TrialState | None:
        """Carry the trial on with what the turns (oldest first) show; where it stands, None without one."""
        trial = self.open
        if trial is None:
            told = TrialState(label="guided test", step=0, steps=0, phase="done", sentence=self.warning)
            return told if self.warning else None
        carried = advance(trial, turns, time.time())
        if carried != trial:
            self._write(carried)
        return state(carried, turns, marks, self.noise)

    def start(self, name: str, turns: int, aba: bool, seen: Sequence[Turn]) -> str:
        """Begin ``test-1``, ``test-2`` or ``guide``; the turns of the running session count for its baseline.

        Raises HistoryError while another trial is open.
        """
        if self.open is not None and not self._done:
            raise HistoryError("a guided test is open already.", "timmy-tui trial stop ends it.")
        told = [turn for turn in seen if turn.started is not None and turn.state is not TurnState.LONE_PAUSE]
        session = [turn.started for turn in told if turn.session == told[-1].session]
        began = min((one for one in session if one is not None), default=time.time())
        self._write(make_trial(name, turns, aba, began))
        return "the guided test has begun"

    @property
    def _done(self) -> bool:
        return self._trial is not None and self._trial.at >= len(self._trial.phases)

    def act(self, word: str, seen: Sequence[Turn]) -> str:
        """``leave``, ``resume``, ``stop``, or ``keep`` or ``undo`` to its verdict. Raises HistoryError without one."""
        trial = self.open
        if trial is None:
            raise HistoryError("no guided test is open.", "timmy-tui trial start begins one.")
        now = time.time()
        if word == "stop":
            self._path.unlink(missing_ok=True)
            return "the guided test is ended"
        if word in ("keep", "undo"):
            self._write(answer(trial, word, seen, now, self.noise))
        else:
            self._write(leave(trial, now) if word == "leave" else resume(trial, now))
        return f"guided test: {word}"

    def _write(self, trial: Trial) -> None:
        temp = self._path.with_name(f".{NAME}.{os.getpid()}.tmp")
        try:
            fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(msgspec.json.encode(trial))
            os.replace(temp, self._path)
            info = self._path.stat()
        except OSError as error:
            raise HistoryError(f"the guided test cannot be written: {error.strerror}.") from None
        self._trial, self._stamp = trial, (info.st_ino, info.st_mtime_ns)
