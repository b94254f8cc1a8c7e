"""Stages that take place in more or fewer turns than before, or not any more: a change that no level shows.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import median

from msgspec.structs import replace

from timmy_tui.analysis.compare.words import share_words
from timmy_tui.analysis.detect.cusum import confidence
from timmy_tui.analysis.detect.findings import BACK, MOVED_AGAIN, NEW_EPOCH, Findings
from timmy_tui.analysis.detect.moves import Figures, bounds, ratio_of
from timmy_tui.analysis.detect.names import direction_word
from timmy_tui.analysis.detect.share import Counts, Excursion, Share
from timmy_tui.analysis.stats.session_noise import group_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.formatting import signed_duration
from timmy_tui.model.judgement import Finding, ShareChange
from timmy_tui.model.stages.watched import BY_KEY, STAGES
from timmy_tui.model.turn import Turn

_TUNING = TUNING.detector
_COUNTED = tuple(stage.key for stage in STAGES if stage.compared and stage.critical and stage.measured == "events")
_OF_VOICE = frozenset(key for key in _COUNTED if BY_KEY[key].clock in ("stt", "tts"))
"""Stages that a typed turn has not."""


@dataclass
class _Change:
    """A stage's share ahead of a finding and since then."""

    before: Counts
    after: Counts

    def count(self, had: bool) -> None:
        self.after = Counts(self.after.had + had, self.after.n + 1)


@dataclass
class _Lasting:
    """A finding, and the stages that it is of."""

    finding: Finding
    changes: dict[str, _Change]


class Occurrences:
    """Takes the turns that the detector judges; constant in the length of history."""

    def __init__(self, findings: Findings) -> None:
        """``findings``: where changes are announced, and ended ones are."""
        self._findings = findings
        self._shares = {stage: Share() for stage in _COUNTED}
        self._ms: dict[str, deque[float]] = {stage: deque(maxlen=_TUNING.live_values) for stage in _COUNTED}
        """Of the newest turns that had the stage."""
        self._optional: set[str] = set()
        """Stages that turns leave out by themselves."""
        self._lasting: list[_Lasting] = []

    @property
    def lasting(self) -> tuple[Finding, ...]:
        """Active findings."""
        return tuple(one.finding for one in self._lasting)

    def add(self, turn: Turn) -> None:
        """Count its stages, and raise or end findings."""
        had, tag = dict(_had(turn)), (turn.ordinal, turn.request_id)
        for stage, has in had.items():
            self._shares[stage].add(has, tag)
            if has:
                self._ms[stage].append(turn.stages[stage] or 0.0)
        self._optional |= turn.skipped
        for one in self._lasting:
            for stage in had.keys() & one.changes.keys():
                one.changes[stage].count(had[stage])
            counted = replace(one.finding, n=one.finding.n + 1, age=one.finding.age + 1)
            one.finding = self._with_figures(counted, one.changes)
        found = {stage: moved for stage in had if (moved := self._shares[stage].excursion()) is not None}
        for more in (True, False) if found else ():
            self._raise({stage: one for stage, one in found.items() if _is_more(one) == more}, more, turn)

    def _raise(self, found: Mapping[str, Excursion], more: bool, turn: Turn) -> None:
        """One finding for the stages whose shares moved the same way in the same turn."""
        new: dict[str, Excursion] = {}
        steps = 1
        for stage, moved in found.items():
            self._shares[stage].move(moved.after.n)
            earlier = next((one for one in self._lasting if stage in one.changes), None)
            if earlier is not None:
                first = earlier.changes[stage].before
                is_back = abs(moved.after.share - first.share) < TUNING.comparison.least_share
                same_way = (earlier.finding.direction == direction_word(1)) == more
                self._end(earlier, BACK if is_back else MOVED_AGAIN, moved.after.n)
                if is_back:
                    continue
                if same_way:
                    moved, steps = moved._replace(before=first), earlier.finding.steps + 1
            if not self._findings.is_muted(stage):
                new[stage] = moved
        if not new:
            return
        named = max(new, key=lambda stage: abs(new[stage].after.share - new[stage].before.share) * self._usual(stage))
        since, request_id = new[named].since
        finding = Finding(
            key=f"{named} share:{since}", stage=named, direction=direction_word(1 if more else -1), raised=turn.ordinal,
            raised_id=turn.request_id, since=since, since_id=request_id, ratio=math.nan, before_ms=math.nan,
            after_ms=math.nan, n=new[named].after.n, steps=steps, confidence=confidence(new[named].evidence),
        )  # fmt: skip
        changes = {stage: _Change(one.before, one.after) for stage, one in new.items()}
        self._lasting.append(_Lasting(self._with_figures(finding, changes), changes))
        self._findings.announce(self._lasting[-1].finding)

    def _with_figures(self, finding: Finding, changes: Mapping[str, _Change]) -> Finding:
        """Means over turns with and without the stages, and the words of their shares."""
        ms = {stage: self._usual(stage) for stage in changes}
        before = sum(one.before.share * ms[stage] for stage, one in changes.items())
        after = sum(one.after.share * ms[stage] for stage, one in changes.items())
        shares = {stage: self._change(stage, one) for stage, one in changes.items()}
        low, high = bounds(Figures(before, after, _error(changes[finding.stage])))
        words = ", ".join(share_words(share) for share in shares.values())
        words = f"{words}: {signed_duration(after - before)} a turn"
        return replace(
            finding, before_ms=before, after_ms=after, ratio=ratio_of(before, after), low=low, high=high,
            cost_ms=after - before, share=shares[finding.stage], cause=words,
        )  # fmt: skip

    def _change(self, stage: str, one: _Change) -> ShareChange:
        return ShareChange(
            stage=stage, had_a=one.before.had, n_a=one.before.n, had_b=one.after.had, n_b=one.after.n,
            optional=stage in self._optional,
        )  # fmt: skip

    def _usual(self, stage: str) -> float:
        """ms of a turn that has it."""
        return median(self._ms[stage]) if self._ms[stage] else 0.0

    def restart(self, names: Collection[str] | None) -> None:
        """A flag changed that touches these stages or groups, None: all."""
        for stage, share in self._shares.items():
            if names is None or stage in names or group_of(stage) in names:
                share.restart()
                for one in [one for one in self._lasting if stage in one.changes]:
                    self._end(one, NEW_EPOCH)

    def acknowledge(self, key: str) -> None:
        """Mark a finding as seen; it stays active."""
        for one in self._lasting:
            if one.finding.key == key:
                one.finding = replace(one.finding, acknowledged=True)

    def accept(self, key: str) -> None:
        """End a finding: the user takes the new share as usual."""
        for one in [one for one in self._lasting if one.finding.key == key]:
            self._end(one, "accepted")

    def end_muted(self) -> None:
        """End the findings of stages that have been muted."""
        for one in [one for one in self._lasting if self._findings.is_muted(one.finding.stage)]:
            self._end(one, "muted")

    def _end(self, one: _Lasting, why: str, without: int = 0) -> None:
        """``without``: of its newest turns, that were as before it already."""
        self._lasting.remove(one)
        self._findings.announce(replace(one.finding, ended=why, lasted=max(one.finding.n - without, 1)))


def _had(turn: Turn) -> list[tuple[str, bool]]:
    """Every stage that could have been in the turn, and whether it was."""
    if turn.logs not in ("latency", "both"):
        return []
    return [
        (stage, turn.stages.get(stage) is not None)
        for stage in _COUNTED
        if stage not in turn.unmeasured and not (turn.typed and stage in _OF_VOICE)
    ]


def _is_more(moved: Excursion) -> bool:
    return moved.after.share > moved.before.share


def _error(one: _Change) -> float:
    """Standard error of the log of the ratio of both shares; half a turn more on each side keeps it finite."""
    return math.sqrt(
        sum((counts.n - counts.had + 0.5) / (counts.n + 1) / (counts.had + 0.5) for counts in (one.before, one.after))
    )
