"""Alarms of one stage, turn by turn, against a slow detector written from analysis/detect/STATISTICS.md."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.analysis.detect.test_slow_detector import SHIFTS, SlowBank, slow_mad
from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.model.turn import Turn


def told_by_run(turns: int) -> float:
    """Fifteen in a hundred are bursts, of one turn (a tenth) or of two to four; else the next is slow by chance."""
    by_chance, burst = 0.06 ** (min(turns, 4) - 1) * 0.94, 0.1 if turns == 1 else 0.3
    return min(math.log(0.85 + 0.15 * burst / by_chance), 4.0)


@dataclass
class SlowSeries:
    """Level, scale and evidence of one stage, in lists."""

    soft: float
    least_ms: float = 1.5
    beginning: float = 0.05
    """How far a session that has just begun may be from the level."""
    reference: list[float] = field(default_factory=list)
    waiting: list[tuple[float, int]] = field(default_factory=list)
    residuals: list[float] = field(default_factory=list)
    level: float = 0.0
    scale: float = 0.1
    alike: float = 0.0
    last: float = 0.0
    inherited: float | None = None
    unfitted: int = 0
    bank: SlowBank = field(default_factory=SlowBank)
    clipped: list[float] = field(default_factory=list)
    """Residuals of the values that wait, as they came."""
    own: float = 0.0
    """Sum of those that are no excursion."""
    own_count: int = 0
    likeness: tuple[int, float] = (0, 0.0)
    """Values of the reference, and correlation of its neighbours."""
    far: int = 0
    runs: tuple[float, float] = (15.0, 1.5)
    """Far slower turns, and those of them that were followed by another."""
    odds: float = -1.0
    """Log odds that slow turns come in bursts."""
    began: tuple[float, bool] | None = None
    """Level ahead of the finding that lasts, and whether that says slower."""
    alarmed: float = 0.0
    """Level as the newest alarm of that finding found it."""
    newest: list[float] = field(default_factory=list)
    """Residuals since that alarm, as they came."""
    past: tuple[float, int] | None = None
    """How far the finding had moved that was over last, and the turn at which it was."""
    steps: int = 0

    def add(self, ms: float, ordinal: int) -> tuple[int, bool, float, int, int] | None:
        """An alarm: turn, slower, ratio, first turn of the excursion, how many turns it has."""
        value = math.log(ms + self.soft)
        clipped = 0.0
        if self.ready():
            self.judge(value - self.level)
            self.newest.append(value - self.level)
            clipped = max(min(value - self.level, 2 * self.scale), -2 * self.scale)
        self.clipped.append(clipped)
        self.waiting.append((value, ordinal))
        while len(self.waiting) > min(max(self.bank.lengths), 40):
            self.reference = [*self.reference, self.waiting.pop(0)[0]][-200:]
            self.own, self.own_count = self.own + self.clipped.pop(0), self.own_count + 1
            self.unfitted += 1
        if self.unfitted >= max(5, 0.1 * len(self.reference)):
            self.fit()
        alarm = self.look(ordinal)
        if alarm is None:
            self.look_back(ordinal)
        return alarm

    def look_back(self, ordinal: int) -> None:
        """A finding is over where the newest 15 values are where it was before, also without an alarm."""
        if self.began is None or len(self.newest) < 15:
            return
        before, slower = self.began
        now = self.level + float(np.median(self.newest[-15:]))
        if (now <= before) if slower else (now >= before):
            stood = self.level if max(self.bank.lengths) else self.alarmed
            self.began, self.past = None, (stood - before, ordinal)

    def judge(self, residual: float) -> None:
        spread = self.scale * math.sqrt((1 + self.alike) / (1 - self.alike))
        prior = max(self.beginning * min(0.1 / spread, 1.0), 0.02) ** 2
        known = self.own_count * prior / (spread**2 + self.own_count * prior)
        residual -= 0.7 * known * self.own / self.own_count if self.own_count else 0.0
        new = (residual - self.alike * self.last) / (1 - self.alike)
        rarity = self.rarity(residual) if abs(residual) > self.scale else 1.0
        cap = min(2.1, -0.75 * math.log(self.runs[1] / self.runs[0]))
        n, session = len(self.reference), max((1 - known) * prior, 0.02**2)
        error = (1 - 0.25 * self.calm()) ** 2 * 1.57 * spread**2 / n + session * (1 + min(35 / n, 1))
        self.bank.add(new, spread, math.sqrt(error), rarity, cap)
        if rarity == 1.0 and residual > 3 * self.scale:
            self.far += 1
        elif self.far:
            if self.far <= 8:
                self.runs = self.runs[0] + self.far, self.runs[1] + self.far - 1
                self.odds = max(min(self.odds + told_by_run(self.far), 4.0), -4.0)
            self.far = 0
        self.last = max(min(residual, 2 * self.scale), -2 * self.scale)

    def rarity(self, residual: float) -> float:
        far = [one for one in self.residuals if (one >= 0.7 * residual if residual > 0 else one < 0.7 * residual)]
        return min(math.log((len(far) + 1) / (len(self.residuals) + 1)) / math.log(0.1), 1.0)

    def calm(self) -> float:
        """1 where turns have shown to be independent of each other."""
        n, own = self.likeness
        alike = (n * own + bool(n) + 150 * 0.1) / (n + 150)
        return 1 - max(min((alike - 0.06) / 0.08, 1.0), math.exp(self.odds) / (1 + math.exp(self.odds)))

    def ready(self) -> bool:
        return len(self.reference) >= (12 if self.inherited is None else 6)

    def fit(self) -> None:
        n = len(self.reference)
        self.level = float(np.median(self.reference))
        self.residuals = [one - self.level for one in self.reference]
        spread = slow_mad(self.reference)
        clipped = [max(min(one, 2 * spread), -2 * spread) for one in self.residuals]
        square = sum(one**2 for one in clipped)
        like = sum(one * two for one, two in zip(clipped, clipped[1:], strict=False)) / square if square else 0.0
        self.alike = min(max((n * like + 20 * 0.1) / (n + 20), 0.0), 0.5) if square else 0.0
        if square and spread >= 0.05:
            self.likeness = n, like
        own = spread * (1 + (10 / n) ** 2)
        if self.inherited is not None:
            share = min(n / 12, 1.0)
            own = share * own + (1 - share) * self.inherited
            self.inherited = None if share == 1.0 else self.inherited
        self.scale, self.unfitted = max(own, 0.02), 0

    def apart(self, newest: Sequence[float]) -> float:
        """Standard deviations between the ranks of the excursion and of the reference."""
        m, n = len(self.residuals), len(newest)
        wins = sum((one < two) + 0.5 * (one == two) for one in self.residuals for two in newest)
        return (wins - m * n / 2) / math.sqrt(m * n * (m + n + 1) / 12)

    def look(self, ordinal: int) -> tuple[int, bool, float, int, int] | None:
        place = max(range(8), key=lambda one: self.bank.sums[one])
        length = self.bank.lengths[place]
        if self.bank.sums[place] < 5.9 or not self.ready():
            return None
        newest = self.waiting[-length:]
        shifts = [value - self.level for value, _ in newest]
        shift, sign = float(np.median(shifts)), math.copysign(1, SHIFTS[place])
        before, after = (max(math.exp(self.level + by) - self.soft, 0.1) for by in (0.0, shift))
        if abs(shift) < math.log(1.05) or shift * sign < 0 or abs(after - before) < self.least_ms:
            return None
        calm = self.calm() if self.rarity(shift) == 1.0 else 0.0
        if self.bank.sums[place] < 8.6 - 2.7 * calm or sign * self.apart(shifts) < 3.9 - 1.5 * calm:
            return None
        stood, ahead = self.level, self.level
        self.inherited, self.reference, self.waiting = self.scale, [value for value, _ in newest], []
        self.bank, self.last, self.far, self.newest = SlowBank(), 0.0, 0, []
        self.clipped, self.own, self.own_count = [], 0.0, len(newest)
        self.fit()
        # Back where it was before: over, and nothing new. The same way again: told from where it was at first.
        self.steps = 1
        if self.began is not None:
            moved = stood - self.began[0]
            if self.makes_up(shift, moved):
                self.began, self.past = None, (moved, ordinal)
                return None
            if self.began[1] == (shift > 0):
                self.steps, ahead = 2, self.began[0]
        elif self.past is not None and ordinal - self.past[1] <= 15 and self.makes_up(shift, self.past[0]):
            return None
        self.began, self.alarmed = (ahead, shift > 0), stood + shift
        # Those behind an alarm before are not there any more: the run can be longer than what is left of it.
        return ordinal, shift > 0, self._ratio(ahead, stood + shift), newest[0][1], len(newest)

    def makes_up(self, shift: float, moved: float) -> bool:
        return abs(moved + shift) <= max(0.4 * abs(moved), math.log(1.05))

    def _ratio(self, before: float, after: float) -> float:
        """Of plain times."""
        return (math.exp(after) - self.soft) / (math.exp(before) - self.soft)


def turns_of(values: Sequence[float], stage: str = "classify") -> list[Turn]:
    """One session; its first turn is cold and not judged."""
    return [complete_turn(n, session=1, stages={stage: value}, request_id=f"{n:08x}") for n, value in enumerate(values)]


def raised(values: Sequence[float], stage: str = "classify") -> list[tuple[int, bool, float, int, int]]:
    detector = RegressionDetector()
    found: dict[int, tuple[int, bool, float, int, int]] = {}
    for turn in turns_of(values, stage):
        for one in detector.add(turn):
            if one.raised == turn.ordinal:
                found[one.raised] = (one.raised, one.direction == "slower", one.ratio, one.since, one.n)
    return list(found.values())


def slowly(
    values: Sequence[float], soft: float = 0.5, least_ms: float = 1.5
) -> list[tuple[int, bool, float, int, int]]:
    series = SlowSeries(soft, least_ms)
    alarms = [series.add(value, n) for n, value in enumerate(values) if n]
    return [one for one in alarms if one is not None]


def wandering(seed: int) -> list[float]:
    """A level that moves a few times, up and down and back, with some outliers."""
    chance = random.Random(seed)
    values, level, spread = [], 40.0, chance.choice([0.01, 0.05, 0.15])
    for n in range(170):
        if n % 40 == 39:
            level *= chance.choice([0.4, 0.8, 0.93, 1.08, 1.25, 1.25, 2.5, 6.0])
        outlier = chance.choice([0.2, 5.0]) if chance.random() < 0.03 else 1.0
        values.append(level * outlier * math.exp(chance.gauss(0, spread)))
    return values


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
# Findings that are over without an alarm: one a turn ahead of its own, and some behind which the level moves on.
@example(33554432)
@example(1249932614)
@example(1070966213)
@example(1932593525)
def test_alarms_are_those_of_a_slow_detector(seed: int) -> None:
    values = wandering(seed)
    found, wanted = raised(values), slowly(values)
    assert [one[:2] for one in found] == [one[:2] for one in wanted]
    assert [one[2] for one in found] == pytest.approx([one[2] for one in wanted])
    # Of the first step alone: the next is told from there on.
    firsts = [place for place, one in enumerate(wanted) if not place or one[1] != wanted[place - 1][1]]
    assert [found[place][3:] for place in firsts] == [wanted[place][3:] for place in firsts]


@pytest.mark.parametrize("seed", [3, 4, 5, 6])
def test_the_slow_detector_is_not_silent(seed: int) -> None:
    """What the two agree on is more than nothing."""
    assert slowly(wandering(seed))


def steady(n: int, level: float) -> list[float]:
    return [level * (1 + 0.01 * (number % 3 - 1)) for number in range(n)]


def test_five_turns_make_an_alarm_and_a_burst_of_four_makes_none() -> None:
    """A doubled stage gives all it can: 5.9 after four turns, 8.0 after five; a new log wants 7.3."""
    (found,) = raised([*steady(40, 40.0), *steady(20, 80.0)])
    assert found[:2] + found[3:] == (44, True, 40, 5)
    assert found[2] == pytest.approx(2.0, rel=0.01)
    assert raised([*steady(40, 40.0), *steady(4, 80.0), *steady(40, 40.0)]) == []


def test_on_a_machine_with_bursts_six_turns_make_an_alarm() -> None:
    """Runs of three are seen five times: 8.6 are wanted, and each turn adds less."""
    bursts = [120.0 if n % 30 in (20, 21, 22) else ms for n, ms in enumerate(steady(160, 40.0))]
    ((at, slower, _, since, _),) = raised([*bursts, *steady(20, 80.0)])
    assert slower and since == 160
    assert at > 160 + 5


@pytest.mark.parametrize(("times", "alarms"), [(1.03, 0), (1.12, 1), (0.9, 1), (0.975, 0)])
def test_a_few_per_cent_are_no_alarm(times: float, alarms: int) -> None:
    values = [*steady(60, 1000.0), *steady(90, 1000.0 * times)]
    assert len(raised(values)) == len(slowly(values)) == alarms


@pytest.mark.parametrize(("both_ways_ms", "alarms"), [(2.8, 0), (3.3, 1)])
def test_the_network_must_move_by_two_milliseconds(both_ways_ms: float, alarms: int) -> None:
    """Both ways take 1 ms: 1.8 ms more are no alarm, however steady they are."""
    values = [*steady(60, 1.0), *steady(60, both_ways_ms)]
    assert len(raised(values, "network")) == len(slowly(values, 2.0, 2.0)) == alarms


def test_a_level_that_comes_back_ends_its_finding() -> None:
    detector = RegressionDetector()
    for turn in turns_of([*steady(40, 40.0), *steady(30, 80.0), *steady(40, 40.0)]):
        detector.add(turn)
    (finding,) = detector.findings
    assert finding.ended == "back to usual"
    # From its alarm on it counts its turns, until the one that raised its end.
    assert finding.n == 30 + 5 - 1


def test_a_finding_that_is_over_without_an_alarm_tells_where_its_level_stood() -> None:
    """Its alarm found 32.1 ms; eighty turns at that level make it 32.6."""
    detector = RegressionDetector()
    for turn in turns_of(wandering(33554432)[:127]):
        detector.add(turn)
    (finding,) = detector.findings
    assert finding.ended == "back to usual"
    assert finding.after_ms == pytest.approx(32.63, abs=0.01)


def test_a_level_that_moves_on_is_told_whole() -> None:
    detector = RegressionDetector()
    for turn in turns_of([*steady(40, 40.0), *steady(30, 80.0), *steady(40, 160.0)]):
        detector.add(turn)
    newest, older = detector.findings
    assert (older.ended, newest.ended, newest.steps) == ("moved again", "", 2)
    assert newest.ratio == pytest.approx(4.0, rel=0.02)
    assert (newest.since, newest.since_id, newest.n) == (40, f"{40:08x}", 70)
    assert newest.before_ms == pytest.approx(40.0, rel=0.02)
    assert newest.after_ms == pytest.approx(newest.before_ms * newest.ratio)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bursts", [False, True])
def test_the_evidence_of_a_stage_with_two_levels_is_that_of_the_slow_one(bursts: bool, seed: int) -> None:
    """A third of the values take far longer, one by one, or four in a row every 25 turns: what is usual counts less."""
    chance = random.Random(seed)
    slow, level = SlowSeries(0.5, beginning=0.02), JudgedLevel("classify")
    for number in range(90):
        far = number % 25 >= 21 if bursts else chance.random() < 0.3
        ms = (75.0 if far else 30.0) * math.exp(chance.gauss(0, 0.03))
        if slow.add(ms, number) is not None:
            break
        level.add(math.log(ms + 0.5), (), (number, ""))
        assert level.bank.evidence == pytest.approx(slow.bank.sums, abs=1e-6)
    assert number > 40
