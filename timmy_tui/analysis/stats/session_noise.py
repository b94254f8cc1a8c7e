"""How far sessions differ by chance, by group of stages: what a difference must stand out of."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

ASSUMED = 0.02
"""Log units, while no history has taught better."""
QUIETEST, LOUDEST = 0.01, 0.08
"""Bounds of what is learned: below, a few quiet restarts would call every 3 % a change; above, nothing is called."""

GROUPS: dict[str, tuple[str, ...]] = {
    "V2V": ("V2V",),
    "LLM": ("llm", "wait", "prefill", "decode", "load"),
    "voice": ("stt_final", "mute", "tts"),
    "hops": ("hop_in", "hop_out"),
    "v34": ("classify", "store", "retrieve", "prompt", "reply"),
}
"""Stages that share what makes sessions differ: GPU and model, the voice services, the network, v34's process."""
_GROUP_OF = {stage: group for group, stages in GROUPS.items() for stage in stages}


def group_of(series: str) -> str:
    """Group of a stage or of a series of the detector; empty for one that has none."""
    return _GROUP_OF.get(series, "")


class Noise(NamedTuple):
    """Standard deviation of a session's level around the usual one."""

    share: float = ASSUMED
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

    def words(self, stages: Iterable[str]) -> str:
        """``session noise ~2.6 % (from 7 restarts)``; a span where the groups of these stages differ."""
        known = {self.of(stage) for stage in stages}
        learned = sorted(one for one in known if one.restarts)
        if not learned:
            return f"session noise {_percent(ASSUMED)} % assumed"
        low, high = _percent(learned[0].share), _percent(learned[-1].share)
        rest = f"; {_percent(ASSUMED)} % assumed elsewhere" if len(learned) < len(known) else ""
        share = low if low == high else f"{low}–{high}"
        return f"session noise ~{share} % ({_restarts(sorted({one.restarts for one in learned}))}{rest})"

    def by_group(self) -> str:
        """``session noise: V2V ~1.2 %, LLM ~2 % (from 7 restarts)``."""
        told = [f"{group} ~{_percent(one.share)} %" for group, one in self.groups.items() if one.restarts]
        if not told:
            return self.words(())
        counts = sorted({one.restarts for one in self.groups.values() if one.restarts})
        return f"session noise: {', '.join(told)} ({_restarts(counts)})"


def _restarts(counts: list[int]) -> str:
    n = f"{counts[0]}–{counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"from {n} restart{'s' if counts[-1] > 1 else ''}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
