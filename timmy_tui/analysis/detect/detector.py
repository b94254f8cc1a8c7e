"""Detects level changes as they happen, stage by stage, and reports one finding for one cause.

Online and without look-ahead: a finding depends on the turns up to the one at which it is raised. How well it works is
in bench/judgement, formulas and sources are in STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Sequence

from timmy_tui.analysis.detect.cusum import confidence
from timmy_tui.analysis.detect.findings import Findings
from timmy_tui.analysis.detect.level import Level
from timmy_tui.analysis.detect.ratios import Ratios
from timmy_tui.analysis.stats.flag_changes import FlagTracker, touched_stages
from timmy_tui.analysis.stats.ordering import is_late
from timmy_tui.analysis.stats.series import Value, soft_of, values_of
from timmy_tui.analysis.stats.session_noise import SessionNoise, group_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import works_of
from timmy_tui.model.flags import KnownFlags, WrittenValue
from timmy_tui.model.judgement import Finding, StageRatios
from timmy_tui.model.stages import (
    BY_KEY,
    GAP,
    GPU,
    SETTINGS,
    SPLIT,
    STAGES,
    UNATTRIBUTED,
    V2V,
    parts_of_headline,
    top_of,
    with_parts,
)
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
        self._levels: dict[str, Level] = {}
        self._findings = Findings()
        self._ratios = Ratios()
        self._before: Turn | None = None
        self._newest: tuple[int, ...] = (-1,)
        """Position of the newest turn."""
        self._loads: deque[float] = deque(maxlen=_TUNING.usual_loads)
        self._turns = 0
        self._noise = SessionNoise()

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say of the flags. It is used for sessions that begin from now on."""
        self._flags.update_written(written)

    def learn(self, noise: SessionNoise) -> None:
        """Use the session noise that the history shows, but never less than the assumed one."""
        self._noise = noise
        for series, level in self._levels.items():
            level.session = self._session_noise(series)

    def _session_noise(self, series: str) -> float:
        return max(self._noise.of(series).share, TUNING.session_noise.assumed)

    def add(self, turn: Turn) -> tuple[Finding, ...]:
        """Findings that are new, changed or ended with this turn. A turn seen before is not judged again."""
        if turn.position <= self._newest:
            return ()
        self._newest = turn.position
        if is_late(turn, self._before):
            return ()
        before = self._before if self._before is not None and self._before.session == turn.session else None
        self._before = turn
        self._findings.begin_turn()
        self._notice_flags(self._flags.add(turn).new_changes)
        if turn.state is not TurnState.COMPLETE:
            return self._findings.changed
        self._turns += 1
        # The first turn after a restart is cold in every cache there is.
        if before is not None:
            self._judge(turn, before)
        return self._findings.changed

    def _judge(self, turn: Turn, before: Turn) -> None:
        loaded = self._is_loaded(turn)
        expected = self._expected(turn, before, loaded)
        tag = (turn.ordinal, turn.request_id)
        for value in values_of(turn, before, loaded):
            level = self._level(value.series)
            level.add(value.log_ms, value.work, tag)
            self._ratios.add(value, level)
        self._ratios.end_turn(turn.ordinal, turn.unattributed_ms)
        measured = turn.measured_ms if turn.is_spoken else None
        if measured is not None and expected is not None and expected > 0 and measured > 0:
            self._level(V2V).add(math.log(measured / expected), (), tag)
        self._raise_alarms(turn)
        self._findings.count_turn(turn.ordinal)

    def _level(self, series: str) -> Level:
        level = self._levels.get(series)
        if level is None:
            level = self._levels[series] = Level(series, session=self._session_noise(series))
        return level

    def _is_loaded(self, turn: Turn) -> bool:
        """The model was read into memory for this turn."""
        load = turn.load_ms
        if load is None:
            return False
        usual = sorted(self._loads)[len(self._loads) // 2] if self._loads else load
        loaded = load > TUNING.series.loaded_ms or load > TUNING.series.loaded_times * usual
        if not loaded:
            self._loads.append(load)
        return loaded

    def _notice_flags(self, changes: Sequence[FlagChange]) -> None:
        """A changed flag begins an epoch: the series that it touches are learned anew, and their findings end."""
        if not changes:
            return
        names = touched_stages(changes, self._known.flags)
        for series, level in self._levels.items():
            if names is None or series == V2V or series in names or group_of(series) in names:
                self._ratios.restart(series)
                level.restart()
                self._findings.end(series, "new epoch")

    def _expected(self, turn: Turn, before: Turn, loaded: bool) -> float | None:
        """Sum of the usual times for this turn's work; a stage without a level counts as it is."""
        if loaded or turn.headline_ms is None:
            return None
        usual = {value.series: self._usual(value) for value in values_of(turn, before, loaded)}
        total = turn.unattributed_ms or 0.0
        for stage, ms in parts_of_headline(turn.stages):
            if stage in SETTINGS:
                continue
            parts = [usual.get(part) for part in SPLIT.get(stage, ())]
            if parts and None not in parts:
                total += sum(part or 0.0 for part in parts)
            else:
                known = usual.get(stage)
                total += ms if known is None else known
        return total

    def _usual(self, value: Value) -> float | None:
        level = self._levels.get(value.series)
        known = level.expected_ms(value.work) if level is not None else None
        return None if known is None else known - _softening(value.series)

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
                finding.direction == _direction_word(direction) and _is_recent(finding, turn)
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
        if evidence < _TUNING.alarm or not level.ready:
            return False
        shift, _ = level.excursion(length)
        least_ms = _LEAST_MOVE_MS.get(level.stage)
        if least_ms is not None and level.usual_ms * abs(math.expm1(shift)) < least_ms:
            return False
        return abs(shift) >= _LEAST_SHIFT and (shift > 0) == (level.bank.direction > 0)

    def _alarm(self, series: str, turn: Turn) -> None:
        level = self._levels[series]
        evidence, length = level.bank.strongest()
        direction = level.bank.direction
        shift, since = level.excursion(length)
        partners = self._partners(series, direction)
        usual = level.usual_ms - _softening(series) if series != V2V else (turn.measured_ms or 0.0) / math.exp(shift)
        for name in (series, *partners):
            moved = self._levels[name]
            newest = min(length, max(moved.bank.longest, _TUNING.least_move_values))
            self._ratios.move(name, newest)
            moved.move(newest)
        if V2V in self._levels and series != V2V:
            self._levels[V2V].forget(length)
        if self._is_return(series, shift) or self._joins_finding(series, direction, turn):
            return
        stage = _name(series, partners)
        finding = Finding(
            key=f"{stage}:{since[0]}", stage=stage, gap=series.removeprefix(GAP) if series.startswith(GAP) else "",
            direction=_direction_word(direction), raised=turn.ordinal, raised_id=turn.request_id, since=since[0],
            since_id=since[1], ratio=math.exp(shift), before_ms=usual, after_ms=usual * math.exp(shift), n=length,
            confidence=confidence(evidence),
            adjusted_for=works_of(series),
        )  # fmt: skip
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
        old = math.log(finding.ratio)
        if abs(old + shift) <= max(_TUNING.return_share * abs(old), _LEAST_SHIFT):
            self._findings.end(series, "back to usual")
            return True
        self._findings.end(series, "moved again")
        return False

    def _joins_finding(self, series: str, direction: int, turn: Turn) -> bool:
        """Whether a finding of a series on the same GPU is a few turns old: this series then joins it."""
        for name, finding in self._findings.active:
            if finding.direction != _direction_word(direction) or not _is_recent(finding, turn):
                continue
            if name in _ON_GPU and series in _ON_GPU:
                self._findings.widen(finding, series, _name(name, [series]))
                return True
        return False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Active findings, newest first; behind them the ended ones, newest first."""
        return self._findings.all

    @property
    def ratios(self) -> StageRatios:
        """Every stage of the newest turns against its usual at equal work."""
        return self._ratios.state(series for series, _ in self._findings.active)

    def acknowledge(self, key: str) -> None:
        """Mark a finding as seen; it stays active."""
        self._findings.acknowledge(key)

    def accept(self, key: str) -> None:
        """End a finding: the user takes the new level as usual."""
        self._findings.accept(key)

    def mute(self, stage: str) -> None:
        """Drop findings of this stage from now on and end its active one; a second call allows them again."""
        self._findings.mute(stage)


def _softening(series: str) -> float:
    return 0.0 if series == V2V else soft_of(series)


def _is_recent(finding: Finding, turn: Turn) -> bool:
    """Raised so few turns ago that an alarm of another stage has the same cause."""
    return turn.ordinal - finding.raised <= _TUNING.one_cause_turns


def _direction_word(direction: int) -> str:
    return "slower" if direction > 0 else "faster"


def _name(series: str, partners: list[str]) -> str:
    """The stage to name when these series moved together."""
    if series.startswith(GAP):
        return UNATTRIBUTED
    if series == V2V:
        return V2V
    members = {series, *partners}
    tops = {top_of(member) for member in members}
    if len(tops) > 1:
        return GPU
    # A part that holds another one moved because of it: the wait holds the load.
    inner = {member for member in members if not members & {*with_parts(member)} - {member}}
    if len(inner) > 1 or members & tops and len(members) > 1:
        return tops.pop()
    (stage,) = inner
    return BY_KEY[stage].parent if BY_KEY[stage].measured == "rest" else stage
