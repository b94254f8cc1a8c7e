"""The findings of one detector: those that last, by the series that share them, and those that are over."""

from collections import deque
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Finding


class Findings:
    """Several series may share one finding: one cause, one word."""

    def __init__(self) -> None:
        self._lasting: dict[str, Finding] = {}
        """By series."""
        self._ended: deque[Finding] = deque(maxlen=TUNING.detector.ended_findings)
        self._muted: set[str] = set()
        self._changed: dict[str, Finding] = {}

    def begin_turn(self) -> None:
        """What changed before is no news any more."""
        self._changed = {}

    @property
    def changed(self) -> tuple[Finding, ...]:
        """New, wider or ended since the turn began."""
        return tuple(self._changed.values())

    @property
    def all(self) -> tuple[Finding, ...]:
        """Lasting ones, newest first; behind them the ended ones, newest first."""
        return (*sorted(self._distinct(), key=lambda one: -one.raised), *self._ended)

    @property
    def lasting(self) -> tuple[tuple[str, Finding], ...]:
        """Series and finding."""
        return tuple(self._lasting.items())

    def of(self, series: str) -> Finding | None:
        """The one that lasts for a series."""
        return self._lasting.get(series)

    def add(self, names: Iterable[str], finding: Finding) -> None:
        """A new one, shared by these series; none of a stage that is muted."""
        if finding.stage in self._muted:
            return
        for name in names:
            self._lasting[name] = finding
        self._changed[finding.key] = finding

    def widen(self, finding: Finding, series: str, stage: str) -> None:
        """Another series joins it, and it gets the wider name."""
        wider = replace(finding, stage=stage)
        self._put_in_place(finding, wider)
        self._lasting[series] = wider
        self._changed[wider.key] = wider

    def end(self, series: str, why: str) -> None:
        """The series' finding is over, for all that share it."""
        finding = self._lasting.get(series)
        if finding is None:
            return
        over = replace(finding, ended=why)
        for member in self._members(finding):
            del self._lasting[member]
        self._ended.appendleft(over)
        self._changed[over.key] = over

    def count_on(self, newest: int) -> None:
        """Those that last have one turn more behind them; ``newest`` is the ordinal of the turn."""
        for finding in self._distinct():
            if finding.raised != newest:
                self._put_in_place(finding, replace(finding, n=finding.n + 1))

    def acknowledge(self, key: str) -> None:
        """The user has seen it; it goes on."""
        for finding in self._distinct():
            if finding.key == key:
                self._put_in_place(finding, replace(finding, acknowledged=True))

    def accept(self, key: str) -> None:
        """The level is the new normal."""
        self._end_where(lambda one: one.key == key, "accepted")

    def mute(self, stage: str) -> None:
        """No more findings of this stage; its lasting one ends. The same again brings them back."""
        if stage in self._muted:
            self._muted.discard(stage)
            return
        self._muted.add(stage)
        self._end_where(lambda one: one.stage == stage, "muted")

    def _end_where(self, chosen: Callable[[Finding], bool], why: str) -> None:
        series = next((name for name, one in self._lasting.items() if chosen(one)), None)
        if series is not None:
            self.end(series, why)

    def _distinct(self) -> list[Finding]:
        return list({id(one): one for one in self._lasting.values()}.values())

    def _members(self, finding: Finding) -> list[str]:
        return [name for name, one in self._lasting.items() if one is finding]

    def _put_in_place(self, old: Finding, new: Finding) -> None:
        for member in self._members(old):
            self._lasting[member] = new
