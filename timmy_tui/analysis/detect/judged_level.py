"""Evidence that the level of one series has moved.

Formulas and sources: STATISTICS.md.
"""

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence

import numpy as np

from timmy_tui.analysis.detect.cusum import Bank
from timmy_tui.analysis.detect.habits import ON_GPU, Habits
from timmy_tui.analysis.detect.level import Array, Entry, Level
from timmy_tui.analysis.stats.series import stage_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import median
from timmy_tui.model.stages.watched import V2V

_TUNING = TUNING.reference


class JudgedLevel(Level):
    """A level with a CUSUM bank: values that may be of an excursion stay out of it. ``add`` is constant in history."""

    def __init__(
        self,
        stage: str,
        least: int = _TUNING.least_values,
        session: float = TUNING.session_noise.assumed,
        habits: Habits | None = None,
    ) -> None:
        """``least``: values before there is a level. ``session``: how far sessions differ by chance, in log units.

        ``habits``: shared by all series of a machine.
        """
        super().__init__(stage, least)
        self.session = session
        self.beginning = session
        """How far a session that has just begun may be from the level, in log units."""
        self.bank = Bank()
        self._habits = habits or Habits()
        self._far = 0
        """Far slower values up to the newest, without a break."""
        self._recent: deque[Entry] = deque()
        self._sorted: Sequence[float] = ()
        """Residuals of the reference."""
        self._alike = 0.0
        """Correlation of neighbouring residuals."""
        self._spread = 0.0
        """The scale of single values, wider where neighbours are alike."""
        self._variances_of: tuple[float, ...] = ()
        self._variances = 0.0, 0.0
        self._session, self._session_sum, self._session_count = 0, 0.0, 0
        self._settled, self._settled_sum = 0, 0.0
        """Values of this session that are no excursion, and their residuals."""
        self.is_on_gpu = stage_of(stage) in ON_GPU
        self.is_slow = False
        """The newest value is far above the level."""
        self.residual: float | None = None
        """Of the newest value, in log units; None while there is no level."""
        self.judged: tuple[int, float] | None = None
        """Number of the fit by which the newest value was judged, and what its work was taken for."""
        self.expected: float | None = None
        """Usual time for the work of the newest value, as of the values before it; the softening is in it."""
        self._last = 0.0
        """The residual before it, clipped."""

    def add(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Judge a value against the reference; it becomes part of it when no excursion may hold it any more."""
        self.residual = self.expected = self.judged = None
        self.is_slow = False
        value = math.log(math.exp(log_ms) + self._tick) if self._tick else log_ms
        ready = self.ready
        clipped = self._judge(value, work) if ready else 0.0
        self._recent.append(Entry(value, work, turn, clipped, self._session))
        waiting = min(self.bank.longest, _TUNING.held_back) if ready else 0
        while len(self._recent) > waiting:
            self._take_in(self._recent.popleft())
        if self._is_fit_due():
            self._fit()

    def _take_in(self, entry: Entry) -> None:
        self._reference.append(entry)
        self._since_fit += 1
        if entry.session == self._session:
            self._settled += 1
            self._settled_sum += entry.residual

    def _judge(self, value: float, work: tuple[float, ...]) -> float:
        """Set a value against level and session. Its distance from the level, clipped."""
        effect, slope_variance = self._effect_of(work)
        self.residual = value - self._level - effect
        self.judged = self.fits, effect
        self.expected = math.exp(self._level + effect) - self._tick
        scale, alike, spread = self._scale, self._alike, self._spread
        limit = _TUNING.far_scales * scale
        # Of neighbours that are alike only what is new counts, and it is set against a spread as much wider.
        session, session_variance = self._session_level(spread)
        residual = self.residual - session
        new = (residual - alike * self._last) / (1 - alike)
        rarity = self.rarity(residual) if abs(residual) > scale else 1.0
        error = self._error(spread, session_variance, slope_variance)
        self.bank.add(new, spread, error, rarity, self._habits.cap)
        self.is_slow = residual > TUNING.habits.gpu_scales * scale
        if rarity == 1.0 and residual > _TUNING.burst_scales * scale:
            self._far += 1
        elif self._far:
            self._habits.add_run(self._far)
            self._far = 0
        self._last = _clipped(residual, limit)
        clipped = _clipped(self.residual, limit)
        self._session_sum += clipped
        self._session_count += 1
        return clipped

    def rarity(self, residual: float) -> float:
        """1 where few of the reference are this far out; a stage with two levels is often at the other one."""
        count, bar = len(self._sorted), _TUNING.rarity_share * residual
        place = bisect_left(self._sorted, bar)
        share = ((count - place if residual > 0 else place) + 1) / (count + 1)
        return min(math.log(share) / math.log(_TUNING.rare), 1.0)

    def _session_level(self, spread: float) -> tuple[float, float]:
        """How far the session under way is from the level by its settled values, and the variance left of it."""
        prior, least = self._session_variances(spread)
        if not self._settled:
            return 0.0, prior
        known = self._settled * prior / (spread**2 + self._settled * prior)
        left = (1 - known) * prior
        return _TUNING.own_share * known * (self._settled_sum / self._settled), left if left > least else least

    def _session_variances(self, spread: float) -> tuple[float, float]:
        """Of a session at its beginning, and the least at any time; worked out again where what they rest on moved."""
        known = (spread, self.beginning, self.session)
        if known != self._variances_of:
            self._variances_of = known
            prior = max(self.beginning * min(_TUNING.steady_scale / spread, 1.0), self.session) ** 2
            self._variances = prior, self.session**2
        return self._variances

    def _error(self, spread: float, session_variance: float, slope_variance: float) -> float:
        """Standard error of the expected value: of the median, of sessions, of slopes far from the usual work."""
        n = len(self._reference) or 1
        session_variance *= 1 + (_TUNING.session_turns / n if n > _TUNING.session_turns else 1.0)
        # Where turns are independent of each other the level of as many is better known.
        return math.sqrt(self._habits.caution**2 * (1.57 * spread**2 / n + slope_variance) + session_variance)

    def _fit(self) -> None:
        super()._fit()
        self._spread = self._scale * math.sqrt((1 + self._alike) / (1 - self._alike))

    def _take_residuals(self, residuals: Array, scale: float) -> None:
        self._alike = self._likeness(residuals, scale)
        self._sorted = np.sort(residuals).tolist()

    def _notice_tick(self, y: Array) -> Array:
        tick = self._tick
        softened = super()._notice_tick(y)
        if self._tick != tick:
            self._soften(self._recent)
        return softened

    def _likeness(self, residuals: Array, scale: float) -> float:
        """Correlation of neighbours, of residuals that are clipped; towards the assumed one while there are few."""
        limit = _TUNING.far_scales * scale
        clipped = np.minimum(np.maximum(residuals, -limit), limit)
        square = float(clipped @ clipped)
        if not square:
            return 0.0
        count, weight = len(clipped), _TUNING.alike_values
        own = float(clipped[1:] @ clipped[:-1]) / square
        if self.stage != V2V and scale >= TUNING.habits.least_scale:
            self._habits.add_likeness(self.stage, count, own)
        return min(max((count * own + weight * _TUNING.alike) / (count + weight), 0.0), _TUNING.most_alike)

    def _newest(self, length: int) -> list[float]:
        """Distances of the newest ``length`` values from the level."""
        newest = list(self._recent)[-length:]
        return [entry.log_ms - self._level - self._effect_of(entry.work)[0] for entry in newest]

    def excursion(self, length: int) -> tuple[float, tuple[int, str]]:
        """Median shift of the newest ``length`` values in log units, and the turn of the first of them."""
        return median(np.array(self._newest(length))), list(self._recent)[-length:][0].turn

    def separation(self, length: int) -> float:
        """How far apart the newest ``length`` values and the reference are by their ranks, in standard deviations.

        Few values of two levels, or of a wide stage, make a level by chance: this knows how few they are.
        """
        newest, reference = self._newest(length), self._sorted
        m, n = len(reference), len(newest)
        if not m:
            return 0.0
        below = sum(bisect_left(reference, value) + bisect_right(reference, value) for value in newest) / 2
        return (below - m * n / 2) / math.sqrt(m * n * (m + n + 1) / 12)

    def session_offset(self) -> tuple[float, float] | None:
        """Squared distance of the session that ended from the level, and how much of it single values explain."""
        count, total = self._session_count, self._session_sum
        self._begin_session()
        if count < _TUNING.settled_values or not self.ready:
            return None
        return (total / count) ** 2, self._scale**2 * (1 / count + 1 / len(self._reference))

    def _begin_session(self) -> None:
        self._session += 1
        self._session_sum, self._session_count = 0.0, 0
        self._settled, self._settled_sum = 0, 0.0

    def move(self, length: int) -> None:
        """Take the newest ``length`` values as the new reference."""
        newest = list(self._recent)[-length:]
        self._old_scale = self._scale
        self._reference.clear()
        self._reference.extend(newest)
        self._recent.clear()
        self._settled, self._settled_sum = sum(entry.session == self._session for entry in newest), 0.0
        self._start_evidence()
        self._fit()

    def forget(self, length: int) -> None:
        """Drop the newest ``length`` values, which something else explains, and the evidence."""
        for _ in range(min(length, len(self._recent))):
            self._recent.pop()
        self._start_evidence()

    def restart(self) -> None:
        """Forget level and evidence: what follows is not comparable."""
        self._forget()
        self._recent.clear()
        self._sorted = ()
        self._settled, self._settled_sum = 0, 0.0
        self._start_evidence()

    def _start_evidence(self) -> None:
        self.bank.reset()
        self._last, self._far = 0.0, 0
        self._session_sum, self._session_count = 0.0, 0


def _clipped(value: float, limit: float) -> float:
    return limit if value > limit else -limit if value < -limit else value
