"""Every stage of a turn at one fixed amount of work, and what is usual for that: what the rows of the screen draw.

The slopes are the detector's own. A residual alone would not do: it is the distance from a reference that follows, so
that a level which has moved, or a series that a flip made begin anew, would soon look as usual as before.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.stats.series import RAW, Value
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.quantile import median
from timmy_tui.model.judgement import FLIP_SHOWN_TURNS, RATIO_KEYS, StageRatios, TurnRatios
from timmy_tui.model.stages.watched import GAP, SOFT_MS, SPLIT, UNATTRIBUTED

_TUNING = TUNING.rows
_PARTS = tuple((key, SPLIT.get(key, ())) for key in RATIO_KEYS if key != UNATTRIBUTED)
BASE_VALUES = TUNING.reference.least_values
"""Values whose median work is the fixed amount: as many as a first level needs."""


class _Series:
    """One judged series."""

    def __init__(self) -> None:
        self.base: tuple[float, ...] | None = None
        """The fixed amount of work."""
        self.first_work: list[tuple[float, ...]] = []
        self.fits, self.base_effect = -1, 0.0
        """What the level takes that work for, and by which of its fits."""
        self.usual: float | None = None
        """The present level at that work, log ms."""
        self.before_move: float | None = None
        """The same ahead of the newest alarm."""
        self.before_flip: tuple[float, int] | None = None
        """The same ahead of the newest flip, and after how many turns that was."""


class Ratios:
    """Takes what the detector judges, value by value; constant in the length of history."""

    def __init__(self) -> None:
        self._series: dict[str, _Series] = {}
        self._this: dict[str, float] = {}
        self._turns: deque[TurnRatios] = deque(maxlen=_TUNING.remembered_turns)
        self._gaps: deque[float] = deque(maxlen=_TUNING.usual_gap_turns)
        self._gaps_before: float | None = None
        self._count = 0

    def add(self, value: Value, level: JudgedLevel) -> None:
        """Take a value of the turn; ``level`` has judged it."""
        series = self._series.get(value.series)
        if series is None:
            series = self._series[value.series] = _Series()
        if series.base is None:
            series.first_work.append(value.work)
            if len(series.first_work) < BASE_VALUES:
                return
            series.base = tuple(map(median, zip(*series.first_work, strict=True)))
        # What the judgement has already computed is taken from it: a design matrix costs 10 µs.
        if level.judged is not None and level.judged[0] == series.fits:
            effect = level.judged[1] - series.base_effect
        else:
            effect = level.work_effect(value.work) - level.work_effect(series.base)
        self._this[value.series] = value.log_ms - effect
        if level.fits != series.fits:
            series.fits, series.base_effect = level.fits, level.work_effect(series.base)
        if level.ready:
            series.usual = math.log(level.usual_ms) + series.base_effect

    def end_turn(self, ordinal: int, unattributed_ms: float | None) -> None:
        """All values of the turn were added."""
        self._count += 1
        gaps = None
        if unattributed_ms is not None:
            gaps = math.log(max(unattributed_ms, 0.0) + SOFT_MS)
            self._gaps.append(gaps)
        self._turns.append(TurnRatios(ordinal, self._by_key(self._this, gaps)))
        self._this = {}

    def move(self, name: str, turns: int) -> None:
        """An alarm: the newest ``turns`` values are the level from now on."""
        series = self._series.get(name)
        if series is not None:
            series.before_move = series.usual
        if name.startswith(GAP):
            before = [*self._gaps][:-turns]
            self._gaps_before = median(before) if before else None

    def restart(self, name: str) -> None:
        """A flip: the series is learned anew."""
        series = self._series.get(name)
        if series is not None and series.usual is not None:
            series.before_flip = series.usual, self._count

    def state(self, found: Iterable[str]) -> StageRatios:
        """For the snapshot; ``found``: the series with an active finding."""
        active = frozenset(found)
        usual = {name: self._usual(series, name in active) for name, series in self._series.items()}
        return StageRatios(tuple(self._turns), self._by_key(usual, self._usual_gaps(active)))

    def _by_key(self, logs: Mapping[str, float | None], gaps: float | None) -> tuple[float | None, ...]:
        """Of each of ``RATIO_KEYS``, the last of which is ``gaps``."""
        return (*(self._of(key, parts, logs) for key, parts in _PARTS), gaps)

    def _of(self, key: str, parts: Sequence[str], logs: Mapping[str, float | None]) -> float | None:
        """Of the parts that a stage was judged in, or of itself; as it is where its work never was known."""
        if parts and all(part in logs for part in parts):
            return _sum(logs[part] for part in parts)
        log = logs.get(key)
        if log is None and RAW + key in self._series and not any(one in self._series for one in (key, *parts)):
            log = logs.get(RAW + key)
        return None if log is None else math.log(math.exp(log))

    def _usual_gaps(self, active: frozenset[str]) -> float | None:
        if self._gaps_before is not None and any(name.startswith(GAP) for name in active):
            return self._gaps_before
        return median(self._gaps) if len(self._gaps) >= BASE_VALUES else None

    def _usual(self, series: _Series, found: bool) -> float | None:
        """The level ahead of the change that is shown, else the present one."""
        if found and series.before_move is not None:
            return series.before_move
        if series.before_flip is not None and self._count - series.before_flip[1] < FLIP_SHOWN_TURNS:
            return series.before_flip[0]
        return series.usual


def _sum(logs: Iterable[float | None]) -> float | None:
    """Log of the sum; None where one is unknown."""
    total = 0.0
    for log in logs:
        if log is None:
            return None
        total += math.exp(log)
    return math.log(total)
