"""The judge: findings, the newest turn's diagnosis, and the verdict on a flip, turn by turn."""

from collections import OrderedDict, deque
from collections.abc import Sequence

from msgspec.structs import replace

from timmy_tui.analysis.compare.comparison import compare, with_verdict_for_every_look
from timmy_tui.analysis.compare.outcome import with_outcome
from timmy_tui.analysis.compare.selections import epoch_selection
from timmy_tui.analysis.compare.setting_gain import with_changes
from timmy_tui.analysis.detect.diagnosis import Diagnoser
from timmy_tui.analysis.detect.level_changes import REMEMBERED as REMEMBERED
from timmy_tui.analysis.detect.level_changes import LevelChanges
from timmy_tui.analysis.detect.news import News, is_notable, leading
from timmy_tui.analysis.stats.epochs import EpochTracker, flag_changed
from timmy_tui.analysis.stats.flag_changes import Values
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.model.flags.table import KnownFlags, WrittenValue
from timmy_tui.model.judgement import Comparison, Diagnosis, JudgementState
from timmy_tui.model.turn import Epoch, FlagChange, Turn


class Judge:
    """Takes closed turns in order; the same ordinal again is a revision and is not judged twice."""

    def __init__(self, known: KnownFlags | None = None, news: News | None = None) -> None:
        """``known``: the table of flags, and their values by journal and files. ``news``: which findings
        are; None: all."""
        self._news = news
        self._changes = LevelChanges(known)
        self._detector = self._changes.detector
        self._diagnoser = Diagnoser()
        self._tracker = EpochTracker(known)
        self._turns: OrderedDict[int, Turn] = OrderedDict()
        self._marks: dict[int, str] = {}
        self._notes: dict[int, str] = {}
        self._newest: tuple[int, ...] = (-1,)
        """Position of the newest turn."""
        self._judged: set[int] = set()
        """Ordinals of those at hand."""
        self._diagnoses: deque[Diagnosis] = deque(maxlen=REMEMBERED)
        self._verdict: Comparison | None = None
        self._stale = False
        self._state: JudgementState | None = None
        self.noise = SessionNoise()
        """How far sessions differ by chance; as assumed until ``learn``."""

    def learn(self, noise: SessionNoise) -> None:
        """What the history taught of it."""
        self.noise = noise
        self._detector.learn(noise)
        self._stale = True
        self._state = None

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say of the flags. It is used for sessions that begin from now on."""
        self._tracker.update_written(written)
        self._detector.update_written(written)

    @property
    def flags(self) -> Values:
        """The flags of the newest turn, as far as known."""
        return self._tracker.flags

    def add(self, turn: Turn) -> None:
        """Take a turn in."""
        self._turns[turn.ordinal] = turn
        if len(self._turns) > REMEMBERED:
            oldest, _ = self._turns.popitem(last=False)
            self._judged.discard(oldest)
            self._tracker.forget(oldest)
        self._stale = True
        self._state = None
        position = turn.position
        is_new = turn.ordinal not in self._judged and position > self._newest
        self._changes.add(turn, is_new)
        if not is_new:
            return
        self._newest = position
        self._judged.add(turn.ordinal)
        self._tracker.add(turn)
        self._diagnoses.append(self._diagnoser.add(turn))

    def mark(self, turn: Turn, quality: str | None) -> None:
        """The user's word on a turn; the same again takes it back."""
        if quality is None or self._marks.get(turn.ordinal) == quality:
            self._marks.pop(turn.ordinal, None)
            self._notes.pop(turn.ordinal, None)
        else:
            self._marks[turn.ordinal] = quality
        self._stale = True
        self._state = None

    def note(self, turn: Turn, text: str) -> None:
        """Why a marked turn is good or bad; empty takes the note away. A turn without a mark takes none."""
        self._notes.pop(turn.ordinal, None)
        if text and turn.ordinal in self._marks:
            self._notes[turn.ordinal] = text
        self._state = None

    def answer(self, key: str, answer: str) -> None:
        """``accept`` the new level, ``acknowledge`` the finding, or ``mute`` its stage."""
        self._state = None
        self._changes.answer(key, answer)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Those at hand, oldest first."""
        return tuple(sorted(self._turns.values(), key=lambda turn: turn.position))

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """Runs of turns under the same flags and session."""
        return self._tracker.epochs

    @property
    def tracker(self) -> EpochTracker:
        """The epochs of all turns so far; not to be changed by others."""
        return self._tracker

    def of_epoch(self, back: int) -> list[Turn]:
        """Turns at hand of the running epoch (0), the one before it (1) …"""
        return self._members(self.epochs[-1].number - back) if self.epochs else []

    def state(self) -> JudgementState:
        """Everything for the screen; made anew only after a turn, a mark or an answer."""
        if self._stale:
            self._verdict = self._judge_flip()
            self._stale = False
        if self._state is None:
            findings = tuple(replace(one, notable=is_notable(one, self._news)) for one in self._changes.findings)
            self._state = JudgementState(
                findings=findings,
                leading=leading(findings, self._news),
                diagnoses=tuple(self._diagnoses),
                verdict=self._verdict,
                quality=tuple(self._marks.items()),
                notes=tuple(self._notes.items()),
                ratios=self._detector.ratios,
            )
        return self._state

    def _judge_flip(self) -> Comparison | None:
        """What runs since the newest change of a flag, against what ran under the same flags before it.

        Restarts between are no change: both sides may have several epochs, and their names say which.
        """
        known = self.epochs
        flips = [epoch.number for epoch in known[1:] if flag_changed(epoch)][:-3:-1]
        if not flips:
            return None
        epochs = {epoch.number: epoch for epoch in known}
        oldest, last = min(epochs), max(epochs)
        at = flips[0]
        undone = len(flips) > 1 and _undoes(epochs[at].changes, epochs[flips[1]].changes)
        if undone:
            # What was tried ran until here: its verdict is history, and nothing is there to be kept or undone.
            at, last = flips[1], at - 1
        # Where nothing changed in all that is not forgotten, from the first one on.
        first = next((number for number in range(at - 1, oldest - 1, -1) if flag_changed(epochs[number])), 1)
        sides = [
            [turn for number in numbers for turn in self._members(number)]
            for numbers in (range(first, at), range(at, last + 1))
        ]
        names = (epoch_selection(first, at - 1), epoch_selection(at, last))
        verdict = with_verdict_for_every_look(compare(sides[0], sides[1], names, self._marks, self.noise))
        verdict = with_changes(with_outcome(verdict), epochs[at].changes)
        return (
            replace(verdict, undone=True, sentence=f"undone; while it ran: {verdict.sentence}") if undone else verdict
        )

    def _members(self, number: int) -> list[Turn]:
        return [self._turns[one] for one in self._tracker.members(number) if one in self._turns]


def _undoes(changes: Sequence[FlagChange], earlier: Sequence[FlagChange]) -> bool:
    """Every flag that was changed is what it was before, and no other one changed."""
    back = {(one.flag, one.after, one.before) for one in changes}
    return back == {(one.flag, one.before, one.after) for one in earlier}
