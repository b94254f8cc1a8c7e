"""The findings of a detector: active ones by the series that share them, and ended ones."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.detect.moves import Move, bounds, figures_of, ratio_of, works_taken_out
from timmy_tui.analysis.detect.names import gap_name
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import UNATTRIBUTED, V2V

_TUNING = TUNING.detector
BACK, NEW_EPOCH, MOVED_AGAIN = "back to usual", "new epoch", "moved again"
"""Why a finding ended."""


class _Past(NamedTuple):
    """How a series had moved that has gone back since."""

    shift: float
    """Log units."""
    turns: int
    """Turns since it was found to be back."""


class Findings:
    """Several series may share a finding: they moved for the same cause."""

    def __init__(self, levels: Mapping[str, JudgedLevel]) -> None:
        """``levels``: of all series, as they are at the moment."""
        self._levels = levels
        self._active: dict[str, Finding] = {}
        """By series."""
        self._moves: dict[str, Move] = {}
        """By series, of those that have an active finding."""
        self._past: dict[str, _Past] = {}
        self._ended: deque[Finding] = deque(maxlen=_TUNING.ended_findings)
        self._muted: set[str] = set()
        self._changed: dict[str, Finding] = {}

    def begin_turn(self) -> None:
        """Forget what changed in earlier turns."""
        self._changed = {}

    @property
    def changed(self) -> tuple[Finding, ...]:
        """Findings that are new, wider or ended since the turn began."""
        return tuple(self._changed.values())

    @property
    def lasting(self) -> tuple[Finding, ...]:
        """Active findings."""
        return tuple(self._distinct())

    @property
    def active(self) -> tuple[tuple[str, Finding], ...]:
        """Every series with an active finding, and that finding."""
        return tuple(self._active.items())

    def of(self, series: str) -> Finding | None:
        """The active finding of a series."""
        return self._active.get(series)

    def move(self, series: str) -> Move | None:
        """How a series with an active finding has moved."""
        return self._moves.get(series)

    def went_back(self, series: str) -> float | None:
        """How far a series had moved, in log units, whose finding has just ended because another one went back."""
        past = self._past.get(series)
        return None if past is None or past.turns > _TUNING.one_cause_turns else past.shift

    def follow(self, series: str) -> None:
        """A value of this series has been added to its level."""
        move = self._moves.get(series)
        if move is not None:
            move.follow(self._levels[series])

    def add(self, moves: Mapping[str, Move], finding: Finding) -> None:
        """Add a finding that these series share; one of a muted stage is dropped."""
        if finding.stage in self._muted:
            return
        for name in moves:
            self.end(name, "moved again")
        self._moves.update(moves)
        finding = self._with_figures(finding, moves)
        for name in moves:
            self._active[name] = finding
        self._changed[finding.key] = finding

    def widen(self, finding: Finding, moves: Mapping[str, Move], stage: str) -> None:
        """Let more series share a finding, which is named ``stage`` from now on."""
        self._moves.update(moves)
        members = {*self._members(finding), *moves}
        own = {series: self._moves[series] for series in members}
        wider = self._with_figures(replace(finding, stage=stage, gap=gap_name(own)), own)
        self._replace_everywhere(finding, wider)
        for series in members:
            self._active[series] = wider
        self._changed[wider.key] = wider

    def end(self, series: str, why: str, lasted: int | None = None) -> None:
        """End the finding of a series, for all series that share it. ``lasted``: turns, if not all up to now."""
        finding = self._active.get(series)
        if finding is None:
            return
        members = self._members(finding)
        told = self._with_figures(finding, {member: self._moves[member] for member in members})
        ended = replace(told, ended=why, lasted=finding.n if lasted is None else lasted, goes_on=False)
        for member in members:
            del self._active[member]
            move = self._moves.pop(member)
            if why == BACK:
                self._past[member] = _Past(move.shift, 0)
        self._ended.appendleft(ended)
        self._changed[ended.key] = ended

    def count_turn(self, newest: int) -> None:
        """Count a turn for every active finding but those raised at it; ``newest`` is its ordinal."""
        for finding in self._distinct():
            if finding.raised == newest:
                continue
            own = {series: self._moves[series] for series in self._members(finding)}
            counted = self._with_figures(replace(finding, n=finding.n + 1, age=finding.age + 1), own)
            sign = 1 if finding.direction == "slower" else -1
            self._replace_everywhere(finding, counted)
            if sign * (counted.after_ms - counted.before_ms) <= 0:
                # The newest values are where it was before, without an alarm of their own.
                for series, move in own.items():
                    move.settle(self._levels[series])
                self.end(next(iter(own)), BACK, max(counted.n - _TUNING.live_values, 1))
        if self._past:
            self._past = {name: _Past(past.shift, past.turns + 1) for name, past in self._past.items()}

    def _with_figures(self, finding: Finding, moves: Mapping[str, Move]) -> Finding:
        """The same with the levels of today, of the stage that it names."""
        figures = figures_of(finding.stage, moves, self._levels)
        low, high = bounds(figures)
        sign = 1 if finding.direction == "slower" else -1
        # A turn has one of gaps that are the same, and all parts of a stage.
        counts = [move.seen for move in moves.values()]
        seen = min((sum(counts) if finding.stage == UNATTRIBUTED else max(counts)) / max(finding.n, 1), 1.0)
        return replace(
            finding,
            before_ms=figures.before,
            after_ms=figures.after,
            ratio=ratio_of(figures.before, figures.after),
            low=low,
            high=high,
            goes_on=any(move.goes_on(self._levels[series], sign) for series, move in moves.items() if series != V2V),
            cost_ms=(figures.after - figures.before) * seen,
            adjusted_for=works_taken_out(moves),
        )

    def announce(self, finding: Finding) -> None:
        """Tell of a finding that is looked after elsewhere: it is new or wider, or, where it says so, at its end."""
        if finding.ended:
            self._ended.appendleft(finding)
        self._changed[finding.key] = finding

    def is_muted(self, stage: str) -> bool:
        """Nothing is to be said of this stage."""
        return stage in self._muted

    @property
    def ended(self) -> tuple[Finding, ...]:
        """Newest first."""
        return tuple(self._ended)

    def acknowledge(self, key: str) -> None:
        """Mark a finding as seen; it stays active."""
        for finding in self._distinct():
            if finding.key == key:
                self._replace_everywhere(finding, replace(finding, acknowledged=True))

    def accept(self, key: str) -> None:
        """End a finding: the user takes the new level as usual."""
        self._end_where(lambda finding: finding.key == key, "accepted")

    def mute(self, stage: str) -> None:
        """Drop findings of this stage from now on and end its active one; a second call allows them again."""
        if stage in self._muted:
            self._muted.discard(stage)
            return
        self._muted.add(stage)
        self._end_where(lambda finding: finding.stage == stage, "muted")

    def _end_where(self, chosen: Callable[[Finding], bool], why: str) -> None:
        series = next((series for series, finding in self._active.items() if chosen(finding)), None)
        if series is not None:
            self.end(series, why)

    def _distinct(self) -> list[Finding]:
        return list({id(finding): finding for finding in self._active.values()}.values())

    def _members(self, finding: Finding) -> list[str]:
        return [series for series, other in self._active.items() if other is finding]

    def _replace_everywhere(self, old: Finding, new: Finding) -> None:
        for member in self._members(old):
            self._active[member] = new
