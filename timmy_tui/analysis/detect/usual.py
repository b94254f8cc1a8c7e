"""The usual levels of all series, and what a turn is set against: expected value and residual are computed here, once.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from timmy_tui.analysis.detect.habits import Habits
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.stats.series import Value, soft_of, stage_of, values_of
from timmy_tui.analysis.stats.session_noise import SessionNoise, group_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import is_mixed
from timmy_tui.model.stages.watched import SETTINGS, SPLIT, V2V, parts_of_headline
from timmy_tui.model.turn import Turn

_TUNING = TUNING.detector
_NOISE = TUNING.session_noise


class Judged(NamedTuple):
    """One value of a turn beside what was expected of it."""

    series: str
    ms: float
    """For V2V without the silence threshold, which is a setting."""
    expected_ms: float
    """Usual for the work of this turn, as of the turns before it."""
    residual: float
    """Log units, softened as its series is."""


class Usual:
    """A level for each series. Constant in the length of history."""

    def __init__(self) -> None:
        self.levels: dict[str, JudgedLevel] = {}
        self.judged: tuple[Judged, ...] = ()
        """Of the newest turn that was set against its usual; series without a level are not in it."""
        self.has_judged = False
        """Any turn has been set against its usual."""
        self._noise = SessionNoise()
        self.habits = Habits()
        """What all series have shown of the machine."""
        self._offsets: dict[str, deque[float]] = {}
        """Group → how far from the level its sessions were, squared, less what single values explain."""
        self._loads: deque[float] = deque(maxlen=_TUNING.usual_loads)

    def learn(self, noise: SessionNoise) -> None:
        """Use the session noise that the history shows, but never less than the assumed one."""
        self._noise = noise
        self._tell(self.levels)

    def take(self, turn: Turn, before: Turn) -> list[Value]:
        """Set a turn against its usual; ``before`` is the one ahead of it in its session. What was judged of it."""
        loaded = self._is_loaded(turn)
        tag = (turn.ordinal, turn.request_id)
        expected: dict[str, float | None] = {}
        judged = []
        values = values_of(turn, before, loaded)
        gpu = []
        for series, log_ms, work in values:
            level = self._level(series)
            level.add(log_ms, work, tag)
            if level.is_on_gpu:
                gpu.append(level.is_slow)
            soft, residual = soft_of(series), level.residual
            usual = expected[stage_of(series)] = None if level.expected is None else level.expected - soft
            if usual is not None and residual is not None:
                judged.append(Judged(series, math.exp(log_ms) - soft, usual, residual))
        if len(gpu) >= TUNING.habits.gpu_stages:
            self.habits.add_gpu_turn(sum(gpu))
        whole = None if loaded else _expected_whole(turn, expected)
        self.judged = tuple(judged)
        self.has_judged = self.has_judged or bool(judged)
        measured = turn.measured_ms if turn.is_spoken else None
        if measured is not None and measured > 0 and whole is not None and whole > 0:
            self._level(V2V).add(math.log(measured / whole), (), tag)
            residual = self._level(V2V).residual
            if residual is not None:
                self.judged += (Judged(V2V, measured, whole, residual),)
        return values

    def _level(self, series: str) -> JudgedLevel:
        level = self.levels.get(series)
        if level is None:
            least = TUNING.workload.mix_values if is_mixed(series) else TUNING.reference.least_values
            least = _TUNING.whole_values if series == V2V else least
            level = self.levels[series] = JudgedLevel(series, least, habits=self.habits)
            self._tell([series])
        return level

    def end_session(self) -> None:
        """A session begins: how far those before it were from the level tells how far sessions differ by chance."""
        for series, level in self.levels.items():
            offset = level.session_offset()
            group = group_of(series)
            if offset is not None and group is not None:
                squared, explained = offset
                known = self._offsets.setdefault(group, deque(maxlen=_TUNING.session_offsets))
                known.append(min(squared, _NOISE.loudest**2) - explained)
        self._tell(self.levels)

    def _tell(self, names: Iterable[str]) -> None:
        for name in names:
            level = self.levels[name]
            level.session = self._session_noise(name, _NOISE.assumed)
            level.beginning = self._session_noise(name, _NOISE.beginning)

    def _session_noise(self, series: str, assumed: float) -> float:
        """How far sessions differ by chance, in log units: what is assumed, and what those that ended have shown."""
        least = max(self._noise.of(series).share, _NOISE.assumed)
        offsets = self._offsets.get(group_of(series) or "", ())
        weight = _TUNING.session_weight
        return max(least, math.sqrt(max(weight * assumed**2 + sum(offsets), 0.0) / (weight + len(offsets))))

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


def _expected_whole(turn: Turn, usual: dict[str, float | None]) -> float | None:
    """Sum of the usual times for this turn's work; None while a part has no level: it would seem to be as usual."""
    if turn.headline_ms is None:
        return None
    total = turn.unattributed_ms or 0.0
    for stage, ms in parts_of_headline(turn.stages):
        if stage in SETTINGS:
            continue
        known = usual.get(stage, ms)
        if stage in SPLIT:
            parts = [usual.get(part) for part in SPLIT[stage]]
            known = known if None in parts else sum(part or 0.0 for part in parts)
        if known is None:
            return None
        total += known
    return total
