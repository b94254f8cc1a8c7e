"""What Ollama's figures mean, by version: one row for each release that changed something a monitor can see.

Sources are Ollama's own code and change history at the named tags. Where a field is present its presence decides
(``prompt_eval_cached_count``), never the version.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

Version = tuple[int, int, int]


class Counts(StrEnum):
    """What prompt_eval_count counts."""

    MISSES = "misses"
    """Newly evaluated tokens alone."""
    FULL = "full"
    """The whole prompt with BOS, after truncation, cached or not."""


class Cut(StrEnum):
    """What is left of a prompt that is longer than num_ctx."""

    BLOCKS = "blocks"
    """Whole blocks of about half the window are dropped: no count gives it away."""
    WINDOW = "window"
    """The head and the newest tokens: exactly num_ctx of them."""
    ONE_LESS = "one less"
    """num_ctx − 1."""
    HALF = "half"
    """num_ctx − (num_ctx − keep) / 2: 4002 or 4003 of 8000."""


@dataclass(frozen=True)
class VersionRule:
    """What holds from ``since`` on."""

    since: Version
    counts: Counts
    timed: bool
    """prompt_eval_duration covers all uncached tokens: an estimate of the reuse may be made from it."""
    cut: Cut
    note: str
    """One sentence for the user."""
    ram_cache: bool = False
    """Displaced prompts are kept in host memory and restored: a new prefix is no proof of a cold turn."""
    cached_key: bool = False
    """Answers carry prompt_eval_cached_count."""


_OLDEST = VersionRule(
    (0, 1, 0), Counts.MISSES, True, Cut.BLOCKS,
    "counts only the tokens it evaluated; on a full hit the count is absent",
)  # fmt: skip
_V0_2 = replace(
    _OLDEST, since=(0, 2, 0), counts=Counts.FULL,
    note="counts the whole prompt, cached or not; only the prefill time shows reuse",
)  # fmt: skip
_V0_4 = replace(_V0_2, since=(0, 4, 0), cut=Cut.WINDOW)
_V0_12_5 = replace(
    _V0_4, since=(0, 12, 5), timed=False,
    note="times only the last 512 prompt tokens, so that reuse cannot be told from its figures",
)  # fmt: skip
_V0_12_7 = replace(_V0_4, since=(0, 12, 7))
_V0_30 = replace(
    _V0_12_7, since=(0, 30, 0), counts=Counts.MISSES, cut=Cut.ONE_LESS, ram_cache=True,
    note="counts only the tokens it evaluated (a regression that 0.30.1 took back)",
)  # fmt: skip
_V0_30_1 = replace(
    _V0_30, since=(0, 30, 1), counts=Counts.FULL,
    note="counts the whole prompt; its server log names the cached tokens",
)  # fmt: skip
_V0_30_11 = replace(_V0_30_1, since=(0, 30, 11), cut=Cut.HALF)
_V0_33_3 = replace(
    _V0_30_11, since=(0, 33, 3), cached_key=True,
    note="counts the whole prompt and tells the cached tokens beside it",
)  # fmt: skip

RULES: tuple[VersionRule, ...] = (
    _OLDEST, _V0_2, _V0_4, _V0_12_5, _V0_12_7, _V0_30, _V0_30_1, _V0_30_11, _V0_33_3,
)  # fmt: skip

ASSUMED = _V0_12_7
"""What an unknown version is taken for: the range of releases that has lasted longest, and v34's own (0.12.11)."""


def parse_version(text: str | None) -> Version | None:
    """``0.34.0-rc1`` → (0, 34, 0). None for what is no version, and for ``0.0.0``: a build from source says that."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])", text or "")
    if found is None:
        return None
    version = (int(found[1]), int(found[2]), int(found[3] or 0))
    return version if version > (0, 0, 0) else None


def rule_for(text: str | None) -> VersionRule | None:
    """The newest row that is not newer than the version; None when the version is not known."""
    version = parse_version(text)
    if version is None:
        return None
    older = [rule for rule in RULES if rule.since <= version]
    return older[-1] if older else RULES[0]


def cut_counts(num_ctx: int, cut: Cut) -> frozenset[int]:
    """Prompt counts that give a truncation away."""
    if cut is Cut.WINDOW:
        return frozenset((num_ctx,))
    if cut is Cut.ONE_LESS:
        return frozenset((num_ctx - 1,))
    if cut is Cut.HALF:
        return frozenset(num_ctx - (num_ctx - keep) // 2 for keep in (4, 5))
    return frozenset()
