"""Everything that is concluded from turns, in one place: the model's truth and the judge."""

from collections.abc import Callable

from msgspec.structs import replace

from timmy_tui.analysis.compare.trial import TURNS
from timmy_tui.analysis.judge import Judge
from timmy_tui.analysis.llm.summary import LlmSummary
from timmy_tui.analysis.stats.ordering import is_late
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.model.flags import KnownFlags
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.llm import LlmState, OllamaFacts
from timmy_tui.model.turn import Epoch, Turn, TurnState
from timmy_tui.storage.trial_file import TrialFile


class Conclusions:
    """What a SnapshotBuilder asks: the LLM's state and the judgement, from the same turns and the same epochs."""

    def __init__(
        self,
        config_window: int | None = None,
        history_limit: int | None = None,
        trials: TrialFile | None = None,
        known_flags: Callable[[], KnownFlags] = KnownFlags,
    ) -> None:
        """``config_window`` and ``history_limit``: LLM_CONTEXT_SIZE and MAX_TOKENS of v34's config, where known.

        ``trials``: the guided test; None where there is nothing to change. ``known_flags``: the flags, and what journal
        and files tell of them by now; it is asked when a session begins, in the thread that adds turns.
        """
        self._llm = LlmSummary(config_window, history_limit)
        self._known_flags = known_flags
        self._judge = Judge(known_flags())
        self._session: int | None = None
        self._last = -1
        self._newest: Turn | None = None
        self._late: set[int] = set()
        self._trials = trials
        self._seen: tuple[object, object] = (None, None)
        self._judged: JudgementState | None = None

    def add(self, turn: Turn, facts: OllamaFacts | None) -> None:
        """Take a turn in, in order of ordinal; the same again is a revision.

        One that is told of too late is shown and not judged: it would begin epochs that are over.
        """
        if turn.ordinal in self._late:
            return
        if turn.ordinal > self._last and is_late(turn, self._newest):
            self._late.add(turn.ordinal)
            return
        new = turn.ordinal > self._last
        if new and turn.state is not TurnState.LONE_PAUSE:
            self._newest = turn
            if turn.session != self._session:
                self._session = turn.session
                self._judge.update_written(self._known_flags().written)
        self._last = max(self._last, turn.ordinal)
        self._judge.add(turn)
        self._llm.add(turn, facts, self._judge.flags if new else None)

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """Runs of turns under the same flags and session, newest last."""
        return self._judge.epochs

    def llm(self, facts: OllamaFacts | None, now: float) -> LlmState | None:
        """Cache, context, criteria and warnings; the criteria set the running epoch beside the one before."""
        return self._llm.state(facts, self._judge.of_epoch(0), self._judge.of_epoch(1), now)

    def judgement(self) -> JudgementState | None:
        """Findings, diagnosis, verdict, and the guided test; the same object until something is new."""
        judged = self._judge.state()
        if self._trials is None:
            return judged
        seen = (judged, self._trials.open)
        if self._judged is None or any(one is not other for one, other in zip(seen, self._seen, strict=True)):
            trial = self._trials.see(self._judge.turns, dict(judged.quality))
            self._seen = (judged, self._trials.open)
            self._judged = replace(judged, trial=trial)
        return self._judged

    def learn(self, noise: SessionNoise) -> None:
        """What the history taught of how far sessions differ by chance."""
        self._judge.learn(noise)
        if self._trials is not None:
            self._trials.noise = noise

    def mark(self, turn: Turn, quality: str | None) -> None:
        """The user's word on a turn."""
        self._judge.mark(turn, quality)

    def note(self, turn: Turn, text: str) -> None:
        """Why it was marked; empty takes the note away."""
        self._judge.note(turn, text)

    def answer_finding(self, key: str, answer: str) -> None:
        """``accept``, ``acknowledge`` or ``mute``."""
        self._judge.answer(key, answer)

    def guide(self, word: str) -> None:
        """``start test-1``, ``leave``, ``resume``, ``stop``, ``keep`` or ``undo``."""
        if self._trials is None:
            return
        act, _, name = word.partition(" ")
        if act == "start":
            self._trials.start(name, TURNS, False, self._judge.turns)
        else:
            self._trials.act(act, self._judge.turns)
