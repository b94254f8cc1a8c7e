"""How far a series has moved, in milliseconds: what a finding says of the stage that it names.

A finding may hold several series. Its figures are always those of the stage in its name: the LLM's are the sums of its
parts, moved or not. Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.stats.series import soft_of, stage_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import works_of
from timmy_tui.model.stages.watched import GPU, GPU_STAGES, SPLIT, UNATTRIBUTED, V2V, with_parts

_TUNING = TUNING.detector
_Z95 = 1.959964
_MEDIAN = 1.57
"""Variance of a median over that of a mean."""


LEAST_MS = TUNING.series.least_ms
"""No ratio is taken of less."""


class Figures(NamedTuple):
    """Of one stage, in ms, at the same work."""

    before: float
    after: float
    error: float
    """Standard error of log(after / before)."""


@dataclass(slots=True)
class Move:
    """One series that left its level; both levels are of the softened times, at the same work."""

    before: float
    after: float
    """ms; it follows the newest turns."""
    work: tuple[float, ...]
    """At which both are told."""
    error: float
    """Standard error of log(after / before)."""
    seen: int
    """Values at the new level."""
    alarmed: float = 0.0
    """``after`` as the newest alarm found it."""
    unit_ms: float = 1.0
    """What a level of 1 is; the whole is judged as a share of what was expected."""
    newest: deque[float] = field(default_factory=lambda: deque(maxlen=_TUNING.live_values))
    """Distances of the newest values from the level of today, in log units."""

    def __post_init__(self) -> None:
        self.alarmed = self.after

    @property
    def shift(self) -> float:
        """In log units of the softened times."""
        return math.log(self.after / self.before)

    def follow(self, level: JudgedLevel) -> None:
        """A value has been added to ``level``: where it stands now."""
        self.seen += 1
        expected = level.expected_ms(self.work)
        if level.residual is None or expected is None:
            return
        self.newest.append(level.residual)
        if len(self.newest) == _TUNING.live_values:
            self.after = level.expected_ms(self.work, median(self.newest)) or expected

    def settle(self, level: JudgedLevel) -> None:
        """Where it stood ahead of the excursion that is under way; without one, as the newest alarm found it."""
        # A level that crept back by itself is where it was before: no figure of the move.
        self.after = (level.expected_ms(self.work) if level.bank.longest else None) or self.alarmed

    def goes_on(self, level: JudgedLevel, direction: int) -> bool:
        """The newest values are beyond the level that the older ones of the move make."""
        if len(self.newest) < _TUNING.live_values:
            return False
        error = level.scale * math.sqrt(_MEDIAN / len(self.newest))
        return direction * median(self.newest) > _TUNING.rising_errors * error


def move_of(level: JudgedLevel, length: int, earlier: Move | None = None) -> Move:
    """The newest ``length`` values against the level, ahead of their becoming the level.

    ``earlier``: the same series had moved the same way before; what was usual ahead of that stays what it is set
    against.
    """
    shift, _ = level.excursion(length)
    error = math.sqrt(_MEDIAN * level.scale**2 * (1 / max(level.values, 1) + 1 / length) + 2 * level.session**2)
    if earlier is not None:
        now = level.expected_ms(earlier.work, shift) or earlier.after * math.exp(shift)
        return Move(earlier.before, now, earlier.work, max(error, earlier.error), earlier.seen)
    return Move(level.usual_ms, level.shifted_ms(shift), level.usual_work, error, length)


def figures_of(stage: str, moves: Mapping[str, Move], levels: Mapping[str, JudgedLevel]) -> Figures:
    """Sums over what the stage is made of; a part that did not move counts as it is."""
    if stage in (UNATTRIBUTED, V2V):
        return _largest(moves)
    moves = {stage_of(series): move for series, move in moves.items()}
    levels = {**{stage_of(series): level for series, level in levels.items()}, **levels}
    before = after = variance = 0.0
    for leaf in _leaves(stage, moves, levels):
        own = moves.get(leaf)
        inner = [moves[part] for part in with_parts(leaf) if part in moves] if own is None else []
        if own is None:
            usual = levels[leaf].usual_ms - soft_of(leaf) if leaf in levels else 0.0
            before, after = before + usual, after + usual
        else:
            before, after = before + own.before - soft_of(leaf), after + own.after - soft_of(leaf)
            variance += (own.error * own.after) ** 2
        for move in inner:
            after += move.after - move.before
            variance += (move.error * move.after) ** 2
    before, after = max(before, 0.0), max(after, 0.0)
    return Figures(before, after, math.sqrt(variance) / after if after else 0.0)


def _largest(moves: Mapping[str, Move]) -> Figures:
    """Of gaps that are one, the one that moved most."""
    series = max(moves, key=lambda name: abs(moves[name].after - moves[name].before))
    move, soft = moves[series], 0.0 if series == V2V else soft_of(series)
    before, after = (move.unit_ms * max(level - soft, 0.0) for level in (move.before, move.after))
    return Figures(before, after, move.error)


def _leaves(stage: str, moves: Mapping[str, Move], levels: Mapping[str, JudgedLevel]) -> list[str]:
    if stage == GPU:
        return [leaf for top in GPU_STAGES for leaf in _leaves(top, moves, levels)]
    parts = SPLIT.get(stage, ())
    return [stage] if stage in moves or not parts or any(part not in levels for part in parts) else list(parts)


def bounds(figures: Figures) -> tuple[float, float]:
    """95 % bounds of after / before."""
    reach = math.exp(_Z95 * figures.error)
    ratio = ratio_of(figures.before, figures.after)
    return ratio / reach, ratio * reach


def ratio_of(before: float, after: float) -> float:
    """After over before; a tenth of a millisecond stands for less than that."""
    return max(after, LEAST_MS) / max(before, LEAST_MS)


def works_taken_out(moves: Mapping[str, Move]) -> tuple[str, ...]:
    """What the times of these series are adjusted for."""
    return tuple(dict.fromkeys(work for series in moves for work in works_of(series)))
