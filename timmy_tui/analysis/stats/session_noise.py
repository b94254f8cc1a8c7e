"""How far sessions differ by chance, by group of stages: what a difference must stand out of.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from timmy_tui.analysis.stats.series import stage_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages import watched as stages
from timmy_tui.model.stages.watched import STAGES, V2V

_TUNING = TUNING.session_noise

GROUPS: dict[str, tuple[str, ...]] = {
    V2V: (V2V,),
    **{group: tuple(stage.key for stage in STAGES if stage.group == group) for group in stages.GROUPS},
}
"""Stages that share what makes sessions differ, as the stage table groups them."""
_GROUP_OF = {stage: group for group, stages in GROUPS.items() for stage in stages}


def group_of(series: str) -> str:
    """Group of a stage or of a series of the detector; empty for one that has none."""
    return _GROUP_OF.get(stage_of(series), "")


class Noise(NamedTuple):
    """Standard deviation of a session's level around the usual one."""

    share: float = _TUNING.assumed
    """In log units: 0.02 is 2 %."""
    restarts: int = 0
    """Unchanged restarts that it was learned from; 0 is assumed."""


class SessionNoise:
    """What is known of every group; a group that nothing is known of has what is assumed."""

    def __init__(self, groups: Mapping[str, Noise] | None = None) -> None:
        self.groups = dict(groups or {})

    def of(self, stage: str) -> Noise:
        """For a stage, ``V2V``, or a series of the detector."""
        return self.groups.get(group_of(stage), Noise())

    def between(self, stage: str) -> Noise:
        """The same for a comparison, which assumes more where nothing was learned."""
        known = self.of(stage)
        return known if known.restarts else Noise(max(known.share, TUNING.comparison.assumed_noise))

    def describe(self, series: Iterable[str]) -> str:
        """``session noise ~2.6 % (from 7 restarts)``; a span where the groups of these stages differ."""
        known = {self.between(name) for name in series}
        learned = sorted(noise for noise in known if noise.restarts)
        if not learned:
            return f"session noise {_percent(TUNING.comparison.assumed_noise)} % assumed"
        low, high = _percent(learned[0].share), _percent(learned[-1].share)
        rest = f"; {_percent(TUNING.comparison.assumed_noise)} % assumed elsewhere" if len(learned) < len(known) else ""
        share = low if low == high else f"{low}–{high}"
        return f"session noise ~{share} % ({_restarts(sorted({one.restarts for one in learned}))}{rest})"

    def describe_groups(self) -> str:
        """``session noise: V2V ~1.2 %, LLM ~2 % (from 7 restarts)``."""
        parts = [f"{group} ~{_percent(noise.share)} %" for group, noise in self.groups.items() if noise.restarts]
        if not parts:
            return self.describe(())
        counts = sorted({noise.restarts for noise in self.groups.values() if noise.restarts})
        return f"session noise: {', '.join(parts)} ({_restarts(counts)})"


def _restarts(counts: list[int]) -> str:
    n = f"{counts[0]}–{counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"from {n} restart{'s' if counts[-1] > 1 else ''}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
