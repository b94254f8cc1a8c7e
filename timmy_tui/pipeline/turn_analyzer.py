"""Everything that is concluded from turns, in one place: the state of the model and the judgement."""

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from msgspec import structs
from msgspec.structs import replace

from timmy_tui.analysis.detect.news import News
from timmy_tui.analysis.judge import Judge
from timmy_tui.analysis.llm.summary import LlmSummary
from timmy_tui.analysis.stats.ordering import is_late
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.bounded import MOST_REVISED, drop_oldest
from timmy_tui.core.settings import Findings
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.llm import LearnedRate, LlmState, OllamaFacts
from timmy_tui.model.turn import Epoch, Turn
from timmy_tui.model.user_requests import (
    ActOnTrial,
    AnswerFinding,
    BeginTrial,
    MarkTurn,
    NoteTurn,
    PipelineRequest,
    RememberRate,
)
from timmy_tui.storage.trial_file import TrialFile


class TurnAnalyzer:
    """The analyzer of a SnapshotBuilder: model state and judgement, from the same turns and the same epochs."""

    def __init__(
        self,
        config_window: int | None = None,
        history_limit: int | None = None,
        trials: TrialFile | None = None,
        known_flags: Callable[[], KnownFlags] = KnownFlags,
        findings: Findings | None = None,
    ) -> None:
        """``config_window``, ``history_limit``: LLM_CONTEXT_SIZE and MAX_TOKENS of v34's config, in tokens, if known.

        ``trials``: the guided test; None where nothing can be changed. ``known_flags``: the flags, and what journal and
        files tell of them by now; it is asked when a session begins, or before each turn where flags are read at each
        use, in the thread that adds turns. ``findings``: which of them are news.
        """
        self._llm = LlmSummary(config_window, history_limit)
        self._known_flags = known_flags
        known = known_flags()
        self._reads_live = any(flag.live for flag in known.flags)
        """A flag can change between two turns of a session, without a line in the log."""
        self._judge = Judge(known, News(*structs.astuple(findings or Findings())))
        self._session: int | None = None
        self._late: dict[int, bool] = {}
        """Ordinal of each turn of the newest → whether it came too late to be judged."""
        self._newest: Turn | None = None
        self._trials = trials
        self._judgement_basis: tuple[object, object] = (None, None)
        self._judgement: JudgementState | None = None

    def add(self, turn: Turn, facts: OllamaFacts | None) -> None:
        """Add a turn; the same ordinal again is a revision.

        A turn reported out of order, after newer ones, is shown but not judged: it would begin epochs that are over.
        Its prompt was in the cache between those of its neighbours all the same.
        """
        new = turn.ordinal not in self._late
        if new:
            self._late[turn.ordinal] = is_late(turn, self._newest)
            drop_oldest(self._late, MOST_REVISED)
        if self._late[turn.ordinal]:
            self._llm.add(turn, facts, None)
            return
        if new:
            self._newest = turn
            if turn.session != self._session or self._reads_live:
                self._session = turn.session
                self._judge.update_written(self._known_flags().written)
        self._judge.add(turn)
        self._llm.add(turn, facts, self._judge.flags if new else None)

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """Runs of turns under the same flags and session, newest last."""
        return self._judge.epochs

    def llm(self, facts: OllamaFacts | None, now: float) -> LlmState | None:
        """Cache, context, criteria and warnings; the criteria compare the running epoch with the one before.

        ``now``: time.time().
        """
        return self._llm.state(facts, self._judge.of_epoch(0), self._judge.of_epoch(1), now)

    def judgement(self) -> JudgementState | None:
        """Findings, diagnosis, verdict and the guided test; the same object until something changes."""
        judged = self._judge.state()
        if self._trials is None:
            return judged
        basis = (judged, self._trials.current)
        if self._judgement is None or any(
            new is not old for new, old in zip(basis, self._judgement_basis, strict=True)
        ):
            trial = self._trials.update(self._judge.turns, dict(judged.quality), self._judge.tracker)
            self._judgement_basis = (judged, self._trials.current)
            self._judgement = replace(judged, trial=trial)
        return self._judgement

    def remember(self, rates: Iterable[LearnedRate]) -> None:
        """Cold rates that earlier runs or a probe learned."""
        self._llm.remember(rates)

    def learn(self, noise: SessionNoise) -> None:
        """Use what the history shows of the session noise."""
        self._judge.learn(noise)
        if self._trials is not None:
            self._trials.noise = noise

    def request(self, request: PipelineRequest, turns: Mapping[int, Turn]) -> None:
        """Do what the user asks for. A request on a turn that is not among ``turns`` (by ordinal) is ignored.

        Raises HistoryError for a guided test that cannot be begun or written.
        """
        match request:
            case MarkTurn(ordinal=ordinal, quality=quality):
                if ordinal in turns:
                    self._judge.mark(turns[ordinal], quality)
            case NoteTurn(ordinal=ordinal, text=text):
                if ordinal in turns:
                    self._judge.note(turns[ordinal], text)
            case RememberRate(rate=rate):
                self._llm.remember([rate])
            case AnswerFinding(key=key, answer=answer):
                self._judge.answer(key, answer)
            case BeginTrial():
                if self._trials is not None:
                    self._trials.start(request, self._judge.turns)
            case ActOnTrial(act=act):
                if self._trials is not None:
                    self._trials.act(act, self._judge.turns)
            case _:
                assert_never(request)
