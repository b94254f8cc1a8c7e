"""Detects level changes as they happen, stage by stage, and reports one finding for one cause.

Online and without look-ahead: a finding depends on the turns up to the one at which it is raised. How well it works is
in bench/judgement, formulas and sources are in STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Sequence

from msgspec.structs import replace

from timmy_tui.analysis.detect.cusum import confidence
from timmy_tui.analysis.detect.findings import BACK, NEW_EPOCH, Findings
from timmy_tui.analysis.detect.habits import ON_GPU
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.detect.moves import Move, move_of
from timmy_tui.analysis.detect.names import direction_word, finding_name, gap_name, is_same_gap
from timmy_tui.analysis.detect.occurrences import Occurrences
from timmy_tui.analysis.detect.ratios import Ratios
from timmy_tui.analysis.detect.usual import Judged, Usual
from timmy_tui.analysis.stats.flag_changes import FlagTracker, touched_stages
from timmy_tui.analysis.stats.ordering import NewestOfSessions, is_late
from timmy_tui.analysis.stats.series import RAW, stage_of
from timmy_tui.analysis.stats.session_noise import SessionNoise, group_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import missing_works
from timmy_tui.model.flags.table import KnownFlags, WrittenValue
from timmy_tui.model.judgement import Finding, StageRatios
from timmy_tui.model.stages.watched import STAGES, UNATTRIBUTED, V2V
from timmy_tui.model.turn import FlagChange, Turn, TurnState

_TUNING = TUNING.detector
_LEAST_SHIFT = math.log(_TUNING.least_ratio)

_LEAST_MOVE_MS = {stage.key: stage.least_move_ms for stage in STAGES if stage.least_move_ms}


class RegressionDetector:
    """Turns in, findings out. About 1 ms a turn, however long the history is."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        """``known``: the table of flags, and their values by journal and files."""
        self._known = known or KnownFlags()
        self._flags = FlagTracker(self._known)
        self._usual = Usual()
        self._levels = self._usual.levels
        self._findings = Findings(self._levels)
        self._occurrences = Occurrences(self._findings)
        self._ratios = Ratios()
        self._newest: tuple[int, ...] = (-1,)
        """Position of the newest turn."""
        self._before: Turn | None = None
        self._sessions = NewestOfSessions(asked=True)
        self._measured: deque[tuple[int, float | None]] = deque(maxlen=TUNING.reference.most_values)
        """Ordinal and measured ms of the newest turns that were judged."""
        self.flag_changes: tuple[FlagChange, ...] = ()
        """That the newest turn was the first to show."""

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say of the flags. It is used for sessions that begin from now on."""
        self._flags.update_written(written)

    def learn(self, noise: SessionNoise) -> None:
        """Use the session noise that the history shows, but never less than the assumed one."""
        self._usual.learn(noise)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Every value of the newest turn that was judged, beside what was expected of it."""
        return self._usual.judged

    @property
    def has_judged(self) -> bool:
        """Any stage has had turns enough for a level; else silence says nothing."""
        return self._usual.has_judged

    def add(self, turn: Turn) -> tuple[Finding, ...]:
        """Findings that are new, changed or ended with this turn. A turn seen before is not judged again."""
        if turn.position <= self._newest:
            return ()
        self._newest, self.flag_changes = turn.position, ()
        if is_late(turn, self._before):
            return ()
        self._before = turn
        before = self._sessions.take(turn)
        if before is None:
            self._usual.end_session()
        self._findings.begin_turn()
        self.flag_changes = self._flags.add(turn).new_changes
        self._notice_flags(self.flag_changes)
        if turn.state is not TurnState.COMPLETE:
            return self._findings.changed
        # The first turn after a restart is cold in every cache there is.
        if before is not None:
            self._judge(turn, before)
        return self._findings.changed

    def _judge(self, turn: Turn, before: Turn) -> None:
        for value in self._usual.take(turn, before):
            self._findings.follow(value.series)
            self._ratios.add(value, self._levels[value.series])
        self._ratios.end_turn(turn.ordinal, turn.unattributed_ms)
        self._measured.append((turn.ordinal, turn.measured_ms if turn.is_spoken else None))
        if any(one.series == V2V for one in self._usual.judged):
            self._findings.follow(V2V)
        self._raise_alarms(turn)
        self._findings.count_turn(turn.ordinal)
        self._occurrences.add(turn)

    def _notice_flags(self, changes: Sequence[FlagChange]) -> None:
        """A changed flag begins an epoch: the series that it touches are learned anew, and their findings end."""
        if not changes:
            return
        names = touched_stages(changes, self._known.flags)
        for series, level in self._levels.items():
            if names is None or series == V2V or stage_of(series) in names or group_of(series) in names:
                self._ratios.restart(series)
                level.restart()
                self._findings.end(series, NEW_EPOCH)
        self._usual.habits.forget_gpu_run()
        self._occurrences.restart(names)

    def _raise_alarms(self, turn: Turn) -> None:
        """Raise a finding for each series with enough evidence: stages first, V2V only if no stage explains it."""
        firing = [series for series, level in self._levels.items() if series != V2V and self._fires(level)]
        firing.sort(key=lambda series: -self._levels[series].bank.strongest()[0])
        for series in firing:
            if self._fires(self._levels[series]):
                self._alarm(series, turn)
        whole = self._levels.get(V2V)
        if whole is not None and self._fires(whole):
            direction = whole.bank.direction
            explained = any(
                finding.direction == direction_word(direction) and _is_recent(finding, turn)
                for _, finding in self._findings.active
            )
            others_move = any(
                level.bank.strongest(direction)[0] >= _TUNING.partner
                for name, level in self._levels.items()
                if name != V2V
            )
            if explained:
                whole.move(whole.bank.strongest()[1])
            elif not others_move:
                self._alarm(V2V, turn)

    def _fires(self, level: JudgedLevel) -> bool:
        evidence, length = level.bank.strongest()
        if evidence < _TUNING.calm_alarm or not level.ready:
            return False
        shift, _ = level.excursion(length)
        before, after = level.moved_ms(shift)
        least_ms = _LEAST_MOVE_MS.get(stage_of(level.stage))
        if least_ms is not None and abs(after - before) < least_ms:
            return False
        direction = level.bank.direction
        if direction * shift < _LEAST_SHIFT:
            return False
        alarm, separation = self._bars(level, shift)
        return evidence >= alarm and direction * level.separation(length) >= separation

    def _bars(self, level: JudgedLevel, shift: float) -> tuple[float, float]:
        """Evidence and separation that an alarm needs: less on a machine whose turns are independent of each other."""
        # Where values this far out are no rare thing, a few of them in a row are none either.
        habits = self._usual.habits
        unrest = habits.gpu_unrest if level.is_on_gpu else habits.unrest
        calm = 1 - unrest if level.rarity(shift) == 1.0 else 0.0
        separation = _TUNING.least_separation - calm * (_TUNING.least_separation - _TUNING.calm_separation)
        if level.stage == V2V:
            return _TUNING.whole_alarm, separation
        return _TUNING.alarm - calm * (_TUNING.alarm - _TUNING.calm_alarm), separation

    def _alarm(self, series: str, turn: Turn) -> None:
        level = self._levels[series]
        evidence, length = level.bank.strongest()
        direction = level.bank.direction
        shift, since = level.excursion(length)
        partners = self._partners(series, direction, length)
        moves = self._begin_moves((series, *partners), length, direction_word(direction))
        if V2V in moves:
            moves[V2V].unit_ms = self._usual_whole(since[0])
        if level.is_on_gpu:
            self._usual.habits.forget_gpu_run()
        for name in moves:
            newest = self._move_length(name, length)
            self._ratios.move(name, newest)
            self._levels[name].move(newest)
        if V2V in self._levels and series != V2V:
            self._levels[V2V].forget(length)
        if self._is_return(series, shift, length) or self._joins_finding(series, moves, direction, turn):
            return
        stage = finding_name(series, partners)
        # Its times are those of the stage that it names, which only its store can tell.
        finding = Finding(
            key=f"{stage}:{since[0]}", stage=stage, gap=gap_name(moves),
            direction=direction_word(direction), raised=turn.ordinal, raised_id=turn.request_id, since=since[0],
            since_id=since[1], ratio=math.nan, before_ms=math.nan, after_ms=math.nan,
            n=sum(ordinal >= since[0] for ordinal, _ in self._measured), confidence=confidence(evidence),
            note=_note(series, turn),
        )  # fmt: skip
        self._findings.add(moves, self._told_whole(finding, series))

    def _told_whole(self, finding: Finding, series: str) -> Finding:
        """One more step the same way is told together with those before it: from the first turn of the first."""
        earlier = self._findings.of(series)
        if earlier is None or earlier.direction != finding.direction:
            return finding
        return replace(
            finding, since=earlier.since, since_id=earlier.since_id, n=earlier.n + 1, steps=earlier.steps + 1
        )

    def _move_length(self, series: str, length: int) -> int:
        return min(length, max(self._levels[series].bank.longest, _TUNING.least_move_values))

    def _begin_moves(self, names: Sequence[str], length: int, direction: str) -> dict[str, Move]:
        """Of series whose newest values are about to become their level."""
        moves = {}
        for name in names:
            finding, earlier = self._findings.of(name), self._findings.move(name)
            if finding is not None and earlier is not None and finding.direction != direction:
                earlier.settle(self._levels[name])
                earlier = None
            moves[name] = move_of(self._levels[name], self._move_length(name, length), earlier)
        return moves

    def _usual_whole(self, since: int) -> float:
        """Median of what was measured of V2V ahead of a turn, in ms."""
        measured = sorted(ms for ordinal, ms in self._measured if ordinal < since and ms is not None)
        return measured[len(measured) // 2] if measured else 0.0

    def _partners(self, series: str, direction: int, length: int) -> list[str]:
        """Other series on the GPU that move the same way at the same time, and have not come back since."""
        if not self._levels[series].is_on_gpu:
            return []
        return [
            name
            for name, level in self._levels.items()
            if level.is_on_gpu
            and name != series
            and level.ready
            and level.bank.strongest(direction)[0] >= _TUNING.partner
            and direction * level.excursion(length)[0] >= _LEAST_SHIFT
        ]

    def _is_return(self, series: str, shift: float, length: int) -> bool:
        """Whether the level is back where it was before its active finding, which then ends without a new one."""
        finding, move = self._findings.of(series), self._findings.move(series)
        if finding is None or move is None:
            past = self._findings.went_back(series)
            return past is not None and _makes_up_for(shift, past)
        if _makes_up_for(shift, move.shift):
            # A whole turn may lack the stage: of the turns since then, those that the excursion took.
            since = self._levels[series].first_turn
            lasted = sum(finding.since <= ordinal < since for ordinal, _ in self._measured)
            self._findings.end(series, BACK, max(lasted, finding.n - len(self._measured), 1))
            return True
        if (shift > 0) != (move.shift > 0):
            self._findings.end(series, "moved again")
        return False

    def _joins_finding(self, series: str, moves: dict[str, Move], direction: int, turn: Turn) -> bool:
        """Whether the series has a finding already, or a related one a few turns old: this move then is part of it.

        Related are series on the same GPU, and gaps that only differ by whether a turn stores.
        """
        if self._findings.of(series) is not None:
            return False
        on_gpu = self._levels[series].is_on_gpu
        for name, finding in self._findings.active:
            if finding.direction != direction_word(direction):
                continue
            if on_gpu and stage_of(name) in ON_GPU and _is_recent(finding, turn):
                members = [other for other, its in self._findings.active if its is finding]
                self._findings.widen(finding, moves, finding_name(series, [*members, *moves]))
                return True
            if is_same_gap(name, series):
                self._findings.widen(finding, moves, UNATTRIBUTED)
                return True
        return False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Active findings, newest first; behind them the ended ones, newest first."""
        lasting = (*self._findings.lasting, *self._occurrences.lasting)
        return (*sorted(lasting, key=lambda finding: -finding.raised), *self._findings.ended)

    @property
    def ratios(self) -> StageRatios:
        """Every stage of the newest turns against its usual at equal work."""
        return self._ratios.state(series for series, _ in self._findings.active)

    def acknowledge(self, key: str) -> None:
        """Mark a finding as seen; it stays active."""
        self._findings.acknowledge(key)
        self._occurrences.acknowledge(key)

    def accept(self, key: str) -> None:
        """End a finding: the user takes the new level as usual."""
        self._findings.accept(key)
        self._occurrences.accept(key)

    def mute(self, stage: str) -> None:
        """Drop findings of this stage from now on and end its active one; a second call allows them again."""
        self._findings.mute(stage)
        self._occurrences.end_muted()


def _note(series: str, turn: Turn) -> str:
    """Of a series whose work is not known: what of it is not."""
    if not series.startswith(RAW):
        return ""
    return f"judged without its work: no {' and no '.join(missing_works(stage_of(series), turn))}"


def _makes_up_for(shift: float, earlier: float) -> bool:
    return abs(earlier + shift) <= max(_TUNING.return_share * abs(earlier), _LEAST_SHIFT)


def _is_recent(finding: Finding, turn: Turn) -> bool:
    """Raised so few turns ago that an alarm of another stage has the same cause."""
    return turn.ordinal - finding.raised <= _TUNING.one_cause_turns
