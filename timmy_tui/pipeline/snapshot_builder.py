"""One reading of the logs and everything computed from it: recent turns, counts, statistics."""

import time
from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.pass_time import pass_bound
from timmy_tui.analysis.stats.percentiles import headline_stat, newest_complete, stage_stats
from timmy_tui.core.bounded import MOST_REVISED, drop_oldest
from timmy_tui.core.running.failures import Failure, Failures
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.settings import Settings
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.llm import LlmState, OllamaFacts
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import Counts, OpenTurn, Snapshot, StageStat
from timmy_tui.model.turn import Epoch, Turn, TurnState
from timmy_tui.model.user_requests import MarkTurn, NoteTurn, PipelineRequest
from timmy_tui.parse.raw_lines import tells_of_our_question
from timmy_tui.profiles.choice import learn_days, new_reading
from timmy_tui.storage.remembered import Remembered
from timmy_tui.turns.running_model import running_model
from timmy_tui.turns.typed_turns import TypedTurns, place_by_time

TURNS_WITH_EVENTS = 50
"""Newest turns that keep their raw events, for the turn screen; 26 events are about 6 KiB."""

MAX_BACKLOG_JUDGED = 2000
"""Newest turns of a backlog, which alone are judged: 2 000 at up to 1 ms each take the thread two seconds."""


class LogSource(NamedTuple):
    """Where lines come from."""

    kind: LogKind
    arrived: float | None = None
    """``elapsed()`` when they were written; None for lines of a backlog or a replay."""


class Analyzer(Protocol):
    """Draws conclusions from closed turns, one after the other; the same ordinal again is a revision."""

    def add(self, turn: Turn, facts: OllamaFacts | None) -> None:
        """Add a turn, in order of ordinal."""

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """Runs of turns under the same flags and session, newest last."""

    def llm(self, facts: OllamaFacts | None, now: float) -> LlmState | None:
        """Cache, context, criteria and warnings. ``now``: time.time()."""

    def judgement(self) -> JudgementState | None:
        """Findings, diagnosis, verdict."""

    def request(self, request: PipelineRequest, turns: Mapping[int, Turn]) -> None:
        """Do what the user asks for. ``turns``: the recent turns by ordinal."""


@dataclass(frozen=True, eq=False)
class _Statistics:
    """Statistics of the recent turns; computed again only after a turn closed or changed."""

    headline: StageStat | None
    stages: tuple[StageStat, ...]


class SnapshotBuilder:
    """Takes lines, and makes from them the part of a Snapshot that depends on the logs."""

    def __init__(self, settings: Settings, analyzer: Analyzer | None = None) -> None:
        self.numbered_by_history = False
        """A history gives the turns their numbers; else each has that of its place in these logs, from 1."""
        self._settings = settings
        self._failures = Failures()
        self._analyzer = analyzer
        self._ingest = new_reading(settings.tail.turn_timeout_s, longest_threshold_s=settings.tail.longest_threshold_s)
        self._typed = TypedTurns()
        self._recent: dict[int, Turn] = {}
        self._order: list[tuple[tuple[int, ...], int]] = []
        """Position and ordinal of the turns in ``_recent``, ascending."""
        self._trimmed = 0
        """Turns before them that are not kept."""
        self._remembered: dict[int, Remembered] = {}
        """What the history knows of the turns in ``_recent``, by ordinal."""
        self._states: dict[TurnState, int] = dict.fromkeys(TurnState, 0)
        self._state_by_ordinal: dict[int, TurnState] = {}
        self._backlog_turns: deque[Turn] | None = None
        self._statistics: _Statistics | None = None
        self._ordered: tuple[Turn, ...] | None = None
        self._phase: tuple[int, str, float, float] | None = None
        self.closed = 0
        """Turns closed so far, revisions not counted."""

    def learn_days(self, path: Path) -> Iterator[None]:
        """Find out the days of a log without dates, before its first line comes; yields between pieces."""
        return learn_days(self._ingest, path, self._settings.tail.line_kib * 1024)

    def begin_backlog(self) -> None:
        """Until ``end_backlog``, turns are not judged one by one: the newest of them are judged together at its end.

        A turn is judged once, with what is known of it then: so that does not depend on which log was read first.
        """
        if self._backlog_turns is None:
            self._backlog_turns = deque(maxlen=MAX_BACKLOG_JUDGED)

    def end_backlog(self, facts: OllamaFacts | None, arrived: float) -> None:
        """Judge the newest turns of the backlog. ``arrived``: ``elapsed()`` when its last line was written."""
        self._ingest.assembler.begin_live(arrived)
        backlog_turns, self._backlog_turns = self._backlog_turns, None
        analyzer = self._analyzer
        if analyzer is not None:
            newest = {turn.ordinal: self._recent.get(turn.ordinal, turn) for turn in backlog_turns or ()}
            ordered = sorted(newest.values(), key=lambda turn: turn.position)

            def judge_all(remaining: Iterator[Turn]) -> None:
                for turn in remaining:
                    analyzer.add(turn, facts)

            self._failures.run(ordered, judge_all, lambda _, turn: f"turn {turn.request_id or turn.ordinal}")

    def feed(self, source: LogSource, lines: Sequence[bytes], facts: OllamaFacts | None) -> bool:
        """Take whole lines of one log. True when there is more to show than before, lone pauses aside.

        What v34 prints of our own questions is no more to show either: each would be drawn by itself.
        """
        before = self._ingest.lone_pauses
        closed = self._add_turns(self._ingest.feed(source.kind, lines, source.arrived), facts)
        ours = sum(map(tells_of_our_question, lines)) if source.arrived is not None else 0
        return closed or self._ingest.lone_pauses - before + ours < len(lines)

    def tick(self, now: float, facts: OllamaFacts | None) -> bool:
        """Close turns that have been silent too long; ``now``: ``elapsed()``. True when a turn closed or changed."""
        changed = self._add_turns(self._ingest.assembler.tick(now), facts)
        return self._add_typed_turns(facts) or changed

    def add_statistics(self, turns: Iterable[Turn], facts: OllamaFacts | None, at_once: bool = False) -> bool:
        """Take turns of v34's statistics; those that no log has get ordinals later. True when a turn changed.

        ``at_once``: all that the logs have of them has been read, so they need not wait for it.
        """
        session_of = self._ingest.assembler.session_of
        numbered = [replace(turn, session=session_of(turn.session_id)) if turn.session_id else turn for turn in turns]
        self._typed.add_statistics(numbered, float("-inf") if at_once else time.monotonic())
        return self._add_typed_turns(facts)

    def expect_lost(self, turns: Iterable[Turn]) -> None:
        """Take turns that the history had from v34's statistics, if no log tells of them soon.

        Only of sessions that the logs have: another id would be taken for a restart of v34, now.
        """
        known = {session.session_id: session.number for session in self._ingest.sessions if session.session_id}
        told = [
            replace(turn, number=None, ordinal=-1, session=known[turn.session_id])
            for turn in turns
            if turn.session_id in known
        ]
        self._typed.add_statistics(told, time.monotonic())

    def _add_typed_turns(self, facts: OllamaFacts | None) -> bool:
        changed = False
        for turn in self._typed.take_ready(self.turns(), time.monotonic(), self.busy):
            if turn.ordinal < 0:
                turn = self._numbered(turn)
                self._typed.add_numbered(turn)
            # One by one: the next one is placed among these.
            changed |= self._add_turns([turn], facts)
        return changed

    def _numbered(self, turn: Turn) -> Turn:
        """A turn that only v34's statistics have, with its ordinal and its place."""
        turn = replace(turn, ordinal=self._ingest.assembler.take_ordinal())
        return replace(turn, place=place_by_time(turn, self.turns()))

    def _add_turns(self, turns: list[Turn], facts: OllamaFacts | None) -> bool:
        def add_all(remaining: Iterator[Turn]) -> None:
            for turn in remaining:
                self._add_turn(turn, facts)

        self._failures.run(turns, add_all, lambda _, turn: f"turn {turn.request_id or turn.ordinal}")
        if turns:
            self._statistics = self._ordered = None
        return bool(turns)

    def _add_turn(self, turn: Turn, facts: OllamaFacts | None) -> None:
        turn = self._typed.merge(turn)
        if turn.ordinal in self._remembered:
            turn = self._remembered[turn.ordinal].completed(turn)
        previous_state = self._state_by_ordinal.get(turn.ordinal)
        if previous_state is None:
            self.closed += 1
        else:
            self._states[previous_state] -= 1
        self._states[turn.state] += 1
        self._state_by_ordinal[turn.ordinal] = turn.state
        drop_oldest(self._state_by_ordinal, MOST_REVISED)
        self._put_recent(turn)
        self._trim()
        if self._backlog_turns is not None:
            self._backlog_turns.append(turn)
        elif self._analyzer is not None:
            self._analyzer.add(turn, facts)

    def _put_recent(self, turn: Turn) -> None:
        """Add a turn, or its revision, which can have another place."""
        known = self._recent.get(turn.ordinal)
        if known is None or known.position != turn.position:
            if known is not None:
                self._order.remove((known.position, known.ordinal))
            insort(self._order, (turn.position, turn.ordinal))
        self._recent[turn.ordinal] = turn

    def _trim(self) -> None:
        """Keep the newest turns, and raw events only of the very newest."""
        while len(self._order) > self._settings.view.turns:
            ordinal = self._order.pop(0)[1]
            del self._recent[ordinal]
            self._remembered.pop(ordinal, None)
            self._trimmed += 1
        if len(self._order) > TURNS_WITH_EVENTS:
            ordinal = self._order[-TURNS_WITH_EVENTS - 1][1]
            if self._recent[ordinal].events:
                self._recent[ordinal] = replace(self._recent[ordinal], events=())

    def remember(self, known: Iterable[Remembered]) -> None:
        """Take what the history knows of turns: numbers, times, marks. Nothing is judged again for it."""
        for one in known:
            turn = self._recent.get(one.ordinal)
            if turn is None:
                continue
            first = one.ordinal not in self._remembered
            self._remembered[one.ordinal] = one
            self._recent[one.ordinal] = one.completed(turn)
            self._ordered = None
            if first and one.mark is not None:
                self.request(MarkTurn(one.ordinal, "good" if one.mark.quality == "good" else "bad"))
                self.request(NoteTurn(one.ordinal, one.mark.note))

    def request(self, request: PipelineRequest) -> None:
        """Do what the user asks for; the analyzer gets the recent turns with it."""
        if self._analyzer is not None:
            self._analyzer.request(request, self._recent)

    @property
    def lone_pauses(self) -> int:
        """Pauses without text so far."""
        return self._ingest.lone_pauses

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Steps that raised; each cost one line or one turn."""
        return (*self._ingest.assembler.failures.all, *self._failures.all)

    @property
    def busy(self) -> bool:
        """A turn is in flight."""
        return self._ingest.assembler.busy

    @property
    def running_model(self) -> str | None:
        """The model that v34 uses now, by its debug log; None where that does not tell."""
        return running_model(self.turns(), self._ingest.assembler.restarted)

    def turns(self) -> tuple[Turn, ...]:
        """The newest closed turns, in the order in which they happened: typed turns arrive later than those around."""
        if self._ordered is None:
            if not self.numbered_by_history:
                self._give_place_numbers()
            self._ordered = tuple(self._recent[ordinal] for _, ordinal in self._order)
        return self._ordered

    def set_history(self, usable: bool) -> None:
        """There is no history after all, or there is one now: then the numbers by place are none any more."""
        self.numbered_by_history = usable
        self._ordered = None
        for ordinal, turn in list(self._recent.items()) if usable else ():
            known = self._remembered.get(ordinal)
            self._recent[ordinal] = replace(turn, number=known.stored.number if known is not None else None)

    def _give_place_numbers(self) -> None:
        for number, (_, ordinal) in enumerate(self._order, self._trimmed + 1):
            if self._recent[ordinal].number != number:
                self._recent[ordinal] = replace(self._recent[ordinal], number=number)

    def snapshot(self, base: Snapshot, facts: OllamaFacts | None) -> Snapshot:
        """``base``, completed with everything that comes from this reading."""
        turns = self.turns()
        window = self._settings.view.window
        if self._statistics is None:
            self._statistics = _Statistics(headline_stat(turns, window), stage_stats(turns, window))
        analyzer, listening = self._analyzer, self._ingest.assembler.listening
        return replace(
            base,
            turns=turns,
            open_turn=self._open_turn(),
            counts=self._counts(),
            listening=listening,
            pass_bound=pass_bound(listening),
            stale_s=60.0 * self._settings.view.stale_minutes,
            window=window,
            headline=self._statistics.headline,
            stages=self._statistics.stages,
            clock=offset_over(newest_complete(turns, window)),
            unparsed=dict(self._ingest.unparsed),
            sessions=self._ingest.sessions[-50:],
            epochs=analyzer.epochs if analyzer else (),
            llm=analyzer.llm(facts, base.taken) if analyzer else None,
            judgement=analyzer.judgement() if analyzer else None,
        )

    def _counts(self) -> Counts:
        states = self._states
        return Counts(
            complete=states[TurnState.COMPLETE],
            failed=states[TurnState.FAILED],
            aborted=states[TurnState.ABORTED],
            timed_out=states[TurnState.TIMED_OUT],
            open=int(self.busy),
        )

    def _open_turn(self) -> OpenTurn | None:
        """The turn in flight, with the local times at which it and its phase were first observed."""
        turn = self._ingest.assembler.open_turn
        if turn is None:
            self._phase = None
            return None
        phase = self._ingest.assembler.phase
        now = elapsed()
        if self._phase is None or self._phase[0] != turn.ordinal:
            self._phase = (turn.ordinal, phase, now, now)
        elif self._phase[1] != phase:
            self._phase = (turn.ordinal, phase, now, self._phase[3])
        return OpenTurn(turn=turn, phase=phase, phase_since=self._phase[2], since=self._phase[3])
