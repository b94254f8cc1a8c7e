"""One reading of the logs and everything that follows from it: recent turns, counts, frame, statistics."""

import time
from bisect import insort
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from timmy_tui.analysis.frame import TurnFrame
from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.percentiles import headline_stat, newest_complete, stage_stats
from timmy_tui.core.settings import Settings
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.llm import LlmState, OllamaFacts
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.requests import PipelineRequest
from timmy_tui.model.snapshot import Counts, OpenTurn, Snapshot, StageStat
from timmy_tui.model.turn import Epoch, Turn, TurnState
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.typed_turns import TypedTurns

EVENTS_KEPT = 50
"""Newest turns that keep their raw events for the turn screen: 26 events are about 6 KiB."""

JUDGED = 2000
"""Turns of a backlog that are judged: 2 000 at up to 1 ms each are two seconds of the thread."""


class Analyst(Protocol):
    """What is concluded from closed turns, one after the other; the same ordinal again is a revision."""

    def add(self, turn: Turn, facts: OllamaFacts | None) -> None:
        """Take a turn in, in order of ordinal."""

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """Runs of turns under the same flags and session, newest last."""

    def llm(self, facts: OllamaFacts | None, now: float) -> LlmState | None:
        """Cache, context, criteria and warnings."""

    def judgement(self) -> JudgementState | None:
        """Findings, diagnosis, verdict."""

    def request(self, request: PipelineRequest, turns: Mapping[int, Turn]) -> None:
        """Do what the user asks for; ``turns`` are those at hand, by ordinal."""


@dataclass(frozen=True, eq=False)
class _Rows:
    """The statistics of one moment; made anew only when a turn closed."""

    headline: StageStat | None
    stages: tuple[StageStat, ...]


class SnapshotBuilder:
    """Lines in, the changing part of a Snapshot out."""

    def __init__(self, settings: Settings, analyst: Analyst | None = None) -> None:
        self._settings = settings
        self._analyst = analyst
        self._ingest = Ingest(settings.tail.turn_timeout_s)
        self._typed = TypedTurns()
        self._recent: dict[int, Turn] = {}
        self._order: list[int] = []
        """Ordinals of ``_recent``, ascending."""
        self._states: dict[TurnState, int] = dict.fromkeys(TurnState, 0)
        self._known: dict[int, TurnState] = {}
        self._waiting: deque[Turn] | None = None
        self._rows: _Rows | None = None
        self._ordered: tuple[Turn, ...] | None = None
        self._phase: tuple[int, str, float, float] | None = None
        self.frame = TurnFrame()
        self.closed = 0
        """Turns closed so far, revisions not counted."""

    def begin_backlog(self) -> None:
        """From here on turns are old: they are judged together, at the end, and only the newest of them."""
        self._waiting = deque(maxlen=JUDGED)

    def end_backlog(self, facts: OllamaFacts | None) -> None:
        """Judge what was held back."""
        held, self._waiting = self._waiting, None
        if self._analyst is not None:
            for turn in held or ():
                self._analyst.add(self._recent.get(turn.ordinal, turn), facts)

    def feed(self, kind: LogKind, lines: Sequence[bytes], facts: OllamaFacts | None) -> bool:
        """Take whole lines of one log; True when a turn closed or changed."""
        return self._put_all(self._ingest.feed(kind, lines), facts)

    def tick(self, now: float, facts: OllamaFacts | None) -> bool:
        """Time out what has been silent too long; ``now`` is time.time()."""
        changed = self._put_all(self._ingest.assembler.tick(now), facts)
        return self._put_typed(facts) or changed

    def add_typed(self, turns: Iterable[Turn], facts: OllamaFacts | None) -> bool:
        """What v34's statistics told of; turns that no log knows get ordinals of their own, a little later."""
        self._typed.offer(turns, time.monotonic())
        return self._put_typed(facts)

    def _put_typed(self, facts: OllamaFacts | None) -> bool:
        due = self._typed.due(self.turns(), time.monotonic(), self.busy)
        numbered: list[Turn] = []
        for turn in due:
            if turn.ordinal < 0:
                turn = replace(turn, ordinal=self._ingest.assembler.take_ordinal())
                self._typed.given(turn)
            numbered.append(turn)
        return self._put_all(numbered, facts)

    def _put_all(self, turns: list[Turn], facts: OllamaFacts | None) -> bool:
        for turn in turns:
            self._put(turn, facts)
        if turns:
            self._rows = self._ordered = None
        return bool(turns)

    def _put(self, turn: Turn, facts: OllamaFacts | None) -> None:
        turn = self._typed.settle(turn)
        before = self._known.get(turn.ordinal)
        if before is None:
            self.closed += 1
        else:
            self._states[before] -= 1
        self._states[turn.state] += 1
        self._known[turn.ordinal] = turn.state
        if turn.ordinal not in self._recent:
            insort(self._order, turn.ordinal)
        self._recent[turn.ordinal] = turn
        self.frame.put(turn)
        self._trim()
        if self._waiting is not None:
            self._waiting.append(turn)
        elif self._analyst is not None:
            self._analyst.add(turn, facts)

    def _trim(self) -> None:
        """Keep the newest turns, and the raw events of the very newest only."""
        while len(self._order) > self._settings.view.turns:
            del self._recent[self._order.pop(0)]
        if len(self._order) > EVENTS_KEPT:
            old = self._order[-EVENTS_KEPT - 1]
            if self._recent[old].events:
                self._recent[old] = replace(self._recent[old], events=())

    def request(self, request: PipelineRequest) -> None:
        """What the user asks for, handed to the analyst with the turns that are still at hand."""
        if self._analyst is not None:
            self._analyst.request(request, self._recent)

    @property
    def busy(self) -> bool:
        """A turn is in flight."""
        return self._ingest.assembler.busy

    def turns(self) -> tuple[Turn, ...]:
        """The newest closed turns, by their time: the debug log tells of typed turns only after the other log's."""
        if self._ordered is None:
            before = 0.0
            keyed: list[tuple[float, int]] = []
            for ordinal in self._order:
                started = self._recent[ordinal].started
                before = before if started is None else started
                keyed.append((before, ordinal))
            self._ordered = tuple(self._recent[ordinal] for _, ordinal in sorted(keyed))
        return self._ordered

    def snapshot(self, blank: Snapshot, facts: OllamaFacts | None) -> Snapshot:
        """``blank`` with everything that this reading knows filled in."""
        turns = self.turns()
        window = self._settings.view.window
        if self._rows is None:
            self._rows = _Rows(headline_stat(turns, window), stage_stats(turns, window))
        analyst = self._analyst
        return replace(
            blank,
            turns=turns,
            open_turn=self._open_turn(),
            counts=self._counts(),
            window=window,
            headline=self._rows.headline,
            stages=self._rows.stages,
            clock=offset_over(newest_complete(turns, window)),
            unparsed=dict(self._ingest.unparsed),
            sessions=self._ingest.sessions[-50:],
            epochs=analyst.epochs if analyst else (),
            llm=analyst.llm(facts, blank.taken) if analyst else None,
            judgement=analyst.judgement() if analyst else None,
        )

    def _counts(self) -> Counts:
        states = self._states
        return Counts(
            complete=states[TurnState.COMPLETE],
            failed=states[TurnState.FAILED],
            aborted=states[TurnState.ABORTED],
            timed_out=states[TurnState.TIMED_OUT],
            lone_pauses=states[TurnState.LONE_PAUSE],
            open=int(self.busy),
        )

    def _open_turn(self) -> OpenTurn | None:
        """The turn in flight, with the local times at which it and its phase were first seen."""
        turn = self._ingest.assembler.open_turn
        if turn is None:
            self._phase = None
            return None
        phase = self._ingest.assembler.phase
        now = time.monotonic()
        if self._phase is None or self._phase[0] != turn.ordinal:
            self._phase = (turn.ordinal, phase, now, now)
        elif self._phase[1] != phase:
            self._phase = (turn.ordinal, phase, now, self._phase[3])
        return OpenTurn(turn=turn, phase=phase, phase_since=self._phase[2], since=self._phase[3])
