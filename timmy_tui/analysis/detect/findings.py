"""The findings of a detector: active ones by the series that share them, and ended ones."""

from collections import deque
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Finding


class Findings:
    """Several series may share a finding: they moved for the same cause."""

    def __init__(self) -> None:
        self._active: dict[str, Finding] = {}
        """By series."""
        self._ended: deque[Finding] = deque(maxlen=TUNING.detector.ended_findings)
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
    def all(self) -> tuple[Finding, ...]:
        """Active findings, newest first; behind them the ended ones, newest first."""
        return (*sorted(self._distinct(), key=lambda finding: -finding.raised), *self._ended)

    @property
    def active(self) -> tuple[tuple[str, Finding], ...]:
        """Every series with an active finding, and that finding."""
        return tuple(self._active.items())

    def of(self, series: str) -> Finding | None:
        """The active finding of a series."""
        return self._active.get(series)

    def add(self, names: Iterable[str], finding: Finding) -> None:
        """Add a finding that these series share; one of a muted stage is dropped."""
        if finding.stage in self._muted:
            return
        for name in names:
            self._active[name] = finding
        self._changed[finding.key] = finding

    def widen(self, finding: Finding, series: str, stage: str) -> None:
        """Let another series share a finding, which is named ``stage`` from now on."""
        wider = replace(finding, stage=stage)
        self._replace_everywhere(finding, wider)
        self._active[series] = wider
        self._changed[wider.key] = wider

    def end(self, series: str, why: str) -> None:
        """End the finding of a series, for all series that share it."""
        finding = self._active.get(series)
        if finding is None:
            return
        ended = replace(finding, ended=why)
        for member in self._members(finding):
            del self._active[member]
        self._ended.appendleft(ended)
        self._changed[ended.key] = ended

    def count_turn(self, newest: int) -> None:
        """Count a turn for every active finding but those raised at it; ``newest`` is its ordinal."""
        for finding in self._distinct():
            if finding.raised != newest:
                self._replace_everywhere(finding, replace(finding, n=finding.n + 1))

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
