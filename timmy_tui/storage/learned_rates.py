"""What cold turns and probes taught about this machine's prefill, kept for the next run in one small file."""

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from timmy_tui.core.foreign.decode import Unreadable, decode_as
from timmy_tui.core.private_file import replace_private
from timmy_tui.model.llm import LearnedRate

NAME = "learned-rates.json"
LIMIT = 1 << 20
"""Most bytes that are read of the file."""
LEARNED_DAYS = 90
"""Older rates are not used, because the machine may have changed since."""
MAX_RATES = 64
CHANGED = 0.02
"""A rate that differs by less than this share is not written again."""


class KeptRate(msgspec.Struct, frozen=True):
    """One rate in the file. ``at``: time.time() when it was learned."""

    at: float
    rate: LearnedRate


class RateFile:
    """The file in ``folder``, which is private. Several processes may use it: the last one to write a key wins."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self, now: float | None = None) -> tuple[LearnedRate, ...]:
        """Rates of the last 90 days; none where the file is missing or damaged: they are learned again."""
        oldest = (time.time() if now is None else now) - 86_400 * LEARNED_DAYS
        return tuple(kept.rate for kept in self._kept() if kept.at >= oldest)

    def update(self, rates: Iterable[LearnedRate], now: float | None = None) -> bool:
        """Add rates; the same key again replaces the old one. True if the file was written. Raises OSError."""
        at = time.time() if now is None else now
        kept = {item.rate.key: item for item in self._kept()}
        new = [rate for rate in rates if rate.key.model and _differs(rate, kept.get(rate.key))]
        if not new:
            return False
        kept.update((rate.key, KeptRate(at, rate)) for rate in new)
        newest = sorted(kept.values(), key=lambda item: item.at)[-MAX_RATES:]
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_private(self._path, msgspec.json.encode(newest))
        return True

    def _kept(self) -> tuple[KeptRate, ...]:
        try:
            kept = decode_as(self._path.read_bytes()[:LIMIT], tuple[KeptRate, ...])
        except OSError:
            return ()
        return () if isinstance(kept, Unreadable) else tuple(item for item in kept if _is_possible(item.rate))


def _differs(rate: LearnedRate, kept: KeptRate | None) -> bool:
    """It says something else than the file, or is known from clearly more cold turns."""
    if not _is_possible(rate):
        return False
    if kept is None:
        return True
    changed = abs(rate.ms_per_token / kept.rate.ms_per_token - 1) > CHANGED
    return changed or rate.depth_cost != kept.rate.depth_cost or rate.samples >= 2 * kept.rate.samples


def _is_possible(rate: LearnedRate) -> bool:
    """Numbers that a prefill can have; a file can have been edited."""
    step_ms = rate.step_ms
    return (
        1e-4 < rate.ms_per_token < 1e4
        and 0 <= rate.depth_cost < 0.1
        and rate.samples > 0
        and (step_ms is None or 1e-3 < step_ms < 1e5)
    )
