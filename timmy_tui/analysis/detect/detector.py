"""Level changes as they happen: one detector a stage, one alarm for one cause.

Online and without look-ahead: what is said at a turn depends on the turns up to it alone. The method and its figures
are in bench/judgement.
"""

import math
from collections import deque
from collections.abc import Sequence

from timmy_tui.analysis.detect.cusum import confidence
from timmy_tui.analysis.detect.findings import Findings
from timmy_tui.analysis.detect.level import Level
from timmy_tui.analysis.stats.flag_changes import FlagTracker, touched_stages
from timmy_tui.analysis.stats.ordering import is_late
from timmy_tui.analysis.stats.series import GAP, HOPS, LOAD_FACTOR, LOADED_MS, Value, soft_of, values_of
from timmy_tui.analysis.stats.session_noise import ASSUMED, SessionNoise, group_of
from timmy_tui.analysis.stats.workload import FEATURES
from timmy_tui.model.flags import KnownFlags, WrittenValue
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages import CRITICAL, UNATTRIBUTED
from timmy_tui.model.turn import FlagChange, Turn, TurnState

ALARM = 7.0
"""Evidence at which a move is said: see bench/judgement for the false alarms that it costs."""
LEAST_HOP_MS = 1.0
"""A hop that moved by less is the scheduler of a busy machine, not the network."""
PARTNER = 4.0
"""Evidence at which another stage counts as moving too."""
LEAST_SHIFT = math.log(1.05)
"""A smaller move is not worth a word."""
ONE_CAUSE = 15
"""Turns within which alarms of related stages are one."""
V2V = "V2V"
GPU = "gpu"

_PARTS = ("prefill", "decode", "wait", "load", "llm")


class RegressionDetector:
    """Turns in, findings out. Constant in the length of history, well under 1 ms a turn."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        """``known``: the table of flags, and their values by journal and files."""
        self._known = known or KnownFlags()
        self._flags = FlagTracker(self._known)
        self._levels: dict[str, Level] = {}
        self._findings = Findings()
        self._before: Turn | None = None
        self._newest = -1
        self._loads: deque[float] = deque(maxlen=20)
        self._turns = 0
        self._noise = SessionNoise()

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say of the flags. It is used for sessions that begin from now on."""
        self._flags.update_written(written)

    def learn(self, noise: SessionNoise) -> None:
        """What the history taught; never less than what the threshold was set with."""
        self._noise = noise
        for series, level in self._levels.items():
            level.session = self._session_noise(series)

    def _session_noise(self, series: str) -> float:
        return max(self._noise.of(series).share, ASSUMED)

    def add(self, turn: Turn) -> tuple[Finding, ...]:
        """Findings that are new, changed or ended with this turn. A turn seen before is not judged again."""
        if turn.ordinal <= self._newest or turn.state is TurnState.LONE_PAUSE:
            return ()
        self._newest = turn.ordinal
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
            self._level(value.series).add(value.log_ms, value.work, tag)
        if turn.headline_ms is not None and expected is not None and expected > 0 and turn.headline_ms > 0:
            self._level(V2V).add(math.log(turn.headline_ms / expected), (), tag)
        self._raise_alarms(turn)
        self._findings.count_on(self._newest)

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
        loaded = load > LOADED_MS or load > LOAD_FACTOR * usual
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
                level.restart()
                self._findings.end(series, "new epoch")

    def _expected(self, turn: Turn, before: Turn, loaded: bool) -> float | None:
        """Sum of the usual times for this turn's work; a stage without a level counts as it is."""
        if loaded or turn.headline_ms is None:
            return None
        usual = {value.series: self._usual(value) for value in values_of(turn, before, loaded)}
        total = turn.unattributed_ms or 0.0
        for stage in CRITICAL:
            ms = turn.stages.get(stage)
            if ms is None:
                continue
            if stage == "llm" and all(usual.get(part) is not None for part in ("prefill", "decode", "wait")):
                total += sum(usual[part] or 0.0 for part in ("prefill", "decode", "wait"))
            else:
                known = usual.get(stage)
                total += ms if known is None else known
        return total

    def _usual(self, value: Value) -> float | None:
        level = self._levels.get(value.series)
        known = level.expected_ms(value.work) if level is not None else None
        return None if known is None else known - _soft(value.series)

    def _raise_alarms(self, turn: Turn) -> None:
        """Name the cause of whatever has gathered enough evidence: stages first, V2V only when none explains it."""
        fired = [series for series, level in self._levels.items() if series != V2V and self._fires(level)]
        fired.sort(key=lambda series: -self._levels[series].bank.strongest()[0])
        for series in fired:
            if self._fires(self._levels[series]):
                self._alarm(series, turn)
        whole = self._levels.get(V2V)
        if whole is not None and self._fires(whole):
            direction = whole.bank.direction
            explained = any(
                finding.direction == _word(direction) and turn.ordinal - finding.raised <= ONE_CAUSE
                for _, finding in self._findings.lasting
            )
            stirring = any(
                level.bank.strongest(direction)[0] >= PARTNER for name, level in self._levels.items() if name != V2V
            )
            if explained:
                whole.move(whole.bank.strongest()[1])
            elif not stirring:
                self._alarm(V2V, turn)

    def _fires(self, level: Level) -> bool:
        evidence, length = level.bank.strongest()
        if evidence < ALARM or not level.ready:
            return False
        shift, _ = level.excursion(length)
        if level.stage in HOPS and level.usual_ms * abs(math.expm1(shift)) < LEAST_HOP_MS:
            return False
        return abs(shift) >= LEAST_SHIFT and (shift > 0) == (level.bank.direction > 0)

    def _alarm(self, series: str, turn: Turn) -> None:
        level = self._levels[series]
        evidence, length = level.bank.strongest()
        direction = level.bank.direction
        shift, since = level.excursion(length)
        if series in HOPS and self._is_clock(series, shift):
            return
        partners = self._partners(series, direction)
        usual = level.usual_ms - _soft(series) if series != V2V else (turn.headline_ms or 0.0) / math.exp(shift)
        for name in (series, *partners):
            self._levels[name].move(min(length, max(self._levels[name].bank.longest, 3)))
        if V2V in self._levels and series != V2V:
            self._levels[V2V].forget(length)
        if self._is_return(series, shift) or self._joins(series, direction, turn):
            return
        stage = _name(series, partners)
        finding = Finding(
            key=f"{stage}:{since[0]}", stage=stage, gap=series.removeprefix(GAP) if series.startswith(GAP) else "",
            direction=_word(direction), raised=turn.ordinal, raised_id=turn.request_id, since=since[0],
            since_id=since[1], ratio=math.exp(shift), before_ms=usual, after_ms=usual * math.exp(shift), n=length,
            confidence=confidence(evidence),
            adjusted_for=tuple(dict.fromkeys(feature.name for feature in FEATURES.get(series, ()))),
        )  # fmt: skip
        self._findings.add((series, *partners), finding)

    def _is_clock(self, series: str, shift: float) -> bool:
        """One hop longer and the other shorter is a clock that moved, not a network; both start anew."""
        other = self._levels.get(HOPS[1 - HOPS.index(series)])
        if other is None or not other.ready:
            return False
        evidence, length = other.bank.strongest(-1 if shift > 0 else 1)
        if evidence < PARTNER or length == 0:
            return False
        for hop in HOPS:
            self._levels[hop].restart()
        return True

    def _partners(self, series: str, direction: int) -> list[str]:
        """Other series that move the same way now and share a cause with this one."""
        related = [*_PARTS, "tts"] if series in (*_PARTS, "tts") else []
        return [
            name
            for name in related
            if name != series
            and name in self._levels
            and self._levels[name].ready
            and self._levels[name].bank.strongest(direction)[0] >= PARTNER
        ]

    def _is_return(self, series: str, shift: float) -> bool:
        """The level is back where it was before the finding that lasts: that one is over, and there is no new one."""
        finding = self._findings.of(series)
        if finding is None:
            return False
        old = math.log(finding.ratio)
        if abs(old + shift) <= max(0.4 * abs(old), LEAST_SHIFT):
            self._findings.end(series, "back to usual")
            return True
        self._findings.end(series, "moved again")
        return False

    def _joins(self, series: str, direction: int, turn: Turn) -> bool:
        """A related stage alarmed the same way a few turns ago: one cause, and its finding gets the wider name."""
        for name, finding in self._findings.lasting:
            if finding.direction != _word(direction) or turn.ordinal - finding.raised > ONE_CAUSE:
                continue
            if name in (*_PARTS, "tts") and series in (*_PARTS, "tts"):
                self._findings.widen(finding, series, _name(name, [series]))
                return True
        return False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Lasting ones, newest first; behind them the ended ones, newest first."""
        return self._findings.all

    def acknowledge(self, key: str) -> None:
        """The user has seen it; it goes on."""
        self._findings.acknowledge(key)

    def accept(self, key: str) -> None:
        """The level is the new normal."""
        self._findings.accept(key)

    def mute(self, stage: str) -> None:
        """No more findings of this stage; its lasting one ends. The same again brings them back."""
        self._findings.mute(stage)


def _soft(series: str) -> float:
    return 0.0 if series == V2V else soft_of(series)


def _word(direction: int) -> str:
    return "slower" if direction > 0 else "faster"


def _name(series: str, partners: list[str]) -> str:
    """The stage to name when these series moved together."""
    members = {series, *partners}
    if series.startswith(GAP):
        return UNATTRIBUTED
    if "tts" in members and members & set(_PARTS):
        return GPU
    if members <= {"wait", "load"} and "load" in members:
        # The wait holds the load: when both moved, the load is what moved.
        return "load"
    if len(members & set(_PARTS)) > 1 or series == "wait":
        return "llm"
    return series
