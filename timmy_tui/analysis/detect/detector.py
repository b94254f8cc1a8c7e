"""Detects level changes as they happen, stage by stage, and reports one finding for one cause.

Online and without look-ahead: a finding depends on the turns up to the one at which it is raised. How well it works is
in bench/judgement, formulas and sources are in STATISTICS.md.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence

from timmy_tui.analysis.detect.cusum import confidence
from timmy_tui.analysis.detect.findings import Findings
from timmy_tui.analysis.detect.level import Level
from timmy_tui.analysis.detect.naming import direction_word, name_of
from timmy_tui.analysis.detect.usual import Judged, Usual
from timmy_tui.analysis.stats.flag_changes import FlagTracker, touched_stages
from timmy_tui.analysis.stats.ordering import is_late
from timmy_tui.analysis.stats.session_noise import SessionNoise, group_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import works_of
from timmy_tui.model.flags import KnownFlags, WrittenValue
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages import GAP, STAGES, V2V
from timmy_tui.model.turn import FlagChange, Turn, TurnState

_TUNING = TUNING.detector
_LEAST_SHIFT = math.log(_TUNING.least_ratio)

_ON_GPU = frozenset(stage.key for stage in STAGES if stage.judged and stage.on_gpu)
_LEAST_MOVE_MS = {stage.key: stage.least_move_ms for stage in STAGES if stage.least_move_ms}


class RegressionDetector:
    """Turns in, findings out. About 1 ms a turn, however long the history is."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        """``known``: the table of flags, and their values by journal and files."""
        self._known = known or KnownFlags()
        self._flags = FlagTracker(self._known)
        self._usual = Usual()
        self._levels = self._usual.levels
        self._findings = Findings()
        self._shifts: OrderedDict[str, float] = OrderedDict()
        """Key of a finding → its move in log units, softened as its series is."""
        self._newest: tuple[int, ...] = (-1,)
        """Position of the newest turn."""
        self._before: Turn | None = None
        self._running: OrderedDict[int, Turn] = OrderedDict()
        """Session → its newest turn, of the sessions that were last seen: two may run at the same time."""

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

    def add(self, turn: Turn) -> tuple[Finding, ...]:
        """Findings that are new, changed or ended with this turn. A turn seen before is not judged again."""
        if turn.position <= self._newest:
            return ()
        self._newest = turn.position
        if is_late(turn, self._before):
            return ()
        self._before = turn
        before = self._take_place(turn)
        self._findings.begin_turn()
        self._notice_flags(self._flags.add(turn).new_changes)
        if turn.state is not TurnState.COMPLETE:
            return self._findings.changed
        # The first turn after a restart is cold in every cache there is.
        if before is not None:
            self._usual.take(turn, before)
            self._raise_alarms(turn)
            self._findings.count_turn(turn.ordinal)
        return self._findings.changed

    def _take_place(self, turn: Turn) -> Turn | None:
        """The turn ahead of this one in its session, whose newest turn it is from now on."""
        before = self._running.pop(turn.session, None)
        if before is None:
            self._usual.end_session()
        self._running[turn.session] = turn
        if len(self._running) > _TUNING.sessions_at_once:
            self._running.popitem(last=False)
        return before

    def _notice_flags(self, changes: Sequence[FlagChange]) -> None:
        """A changed flag begins an epoch: the series that it touches are learned anew, and their findings end."""
        if not changes:
            return
        names = touched_stages(changes, self._known.flags)
        for series, level in self._levels.items():
            if names is None or series == V2V or series in names or group_of(series) in names:
                level.restart()
                self._findings.end(series, "new epoch")

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

    def _fires(self, level: Level) -> bool:
        evidence, length = level.bank.strongest()
        if evidence < (_TUNING.whole_alarm if level.stage == V2V else _TUNING.alarm) or not level.ready:
            return False
        shift, _ = level.excursion(length)
        before, after = level.moved_ms(shift)
        if abs(after - before) < _LEAST_MOVE_MS.get(level.stage, 0.0):
            return False
        direction = level.bank.direction
        if abs(shift) < _LEAST_SHIFT or (shift > 0) != (direction > 0):
            return False
        return direction * level.separation(length) >= _TUNING.least_separation

    def _alarm(self, series: str, turn: Turn) -> None:
        level = self._levels[series]
        evidence, length = level.bank.strongest()
        direction = level.bank.direction
        shift, since = level.excursion(length)
        partners = self._partners(series, direction)
        before, after = level.moved_ms(shift)
        if series == V2V:
            after = turn.measured_ms or 0.0
            before = after / math.exp(shift)
        for name in (series, *partners):
            self._levels[name].move(min(length, max(self._levels[name].bank.longest, _TUNING.least_move_values)))
        if V2V in self._levels and series != V2V:
            self._levels[V2V].forget(length)
        if self._is_return(series, shift) or self._joins_finding(series, direction, turn):
            return
        stage = name_of(series, partners)
        finding = Finding(
            key=f"{stage}:{since[0]}", stage=stage, gap=series.removeprefix(GAP) if series.startswith(GAP) else "",
            direction=direction_word(direction), raised=turn.ordinal, raised_id=turn.request_id, since=since[0],
            since_id=since[1], ratio=after / before, before_ms=before, after_ms=after,
            n=length, confidence=confidence(evidence),
            adjusted_for=works_of(series),
        )  # fmt: skip
        self._shifts[finding.key] = shift
        if len(self._shifts) > _TUNING.known_shifts:
            self._shifts.popitem(last=False)
        self._findings.add((series, *partners), finding)

    def _partners(self, series: str, direction: int) -> list[str]:
        """Other series on the GPU that move the same way at the same time."""
        if series not in _ON_GPU:
            return []
        return [
            name
            for name, level in self._levels.items()
            if name in _ON_GPU
            and name != series
            and level.ready
            and level.bank.strongest(direction)[0] >= _TUNING.partner
        ]

    def _is_return(self, series: str, shift: float) -> bool:
        """Whether the level is back where it was before its active finding, which then ends without a new one."""
        finding = self._findings.of(series)
        if finding is None:
            return False
        old = self._shifts.get(finding.key, math.log(finding.ratio))
        if abs(old + shift) <= max(_TUNING.return_share * abs(old), _LEAST_SHIFT):
            self._findings.end(series, "back to usual")
            return True
        self._findings.end(series, "moved again")
        return False

    def _joins_finding(self, series: str, direction: int, turn: Turn) -> bool:
        """Whether a finding of a series on the same GPU is a few turns old: this series then joins it."""
        for name, finding in self._findings.active:
            if finding.direction != direction_word(direction) or not _is_recent(finding, turn):
                continue
            if name in _ON_GPU and series in _ON_GPU:
                self._findings.widen(finding, series, name_of(name, [series]))
                return True
        return False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Active findings, newest first; behind them the ended ones, newest first."""
        return self._findings.all

    def acknowledge(self, key: str) -> None:
        """Mark a finding as seen; it stays active."""
        self._findings.acknowledge(key)

    def accept(self, key: str) -> None:
        """End a finding: the user takes the new level as usual."""
        self._findings.accept(key)

    def mute(self, stage: str) -> None:
        """Drop findings of this stage from now on and end its active one; a second call allows them again."""
        self._findings.mute(stage)


def _is_recent(finding: Finding, turn: Turn) -> bool:
    """Raised so few turns ago that an alarm of another stage has the same cause."""
    return turn.ordinal - finding.raised <= _TUNING.one_cause_turns
