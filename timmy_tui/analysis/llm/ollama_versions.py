"""What Ollama's figures mean, by version: one row for each release that changed something a monitor can see.

Sources: Ollama's own code and change history at the named tags. Where a field is present, its presence decides
(``prompt_eval_cached_count``), never the version.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

Version = tuple[int, int, int]


class PromptEvalCount(StrEnum):
    """What prompt_eval_count counts."""

    MISSES = "misses"
    """Only the newly evaluated tokens."""
    FULL = "full"
    """The full prompt with BOS, after truncation, cached or not."""


class Truncation(StrEnum):
    """What remains of a prompt that is longer than num_ctx."""

    BLOCKS = "blocks"
    """Whole blocks of about half the window are dropped: no count shows it."""
    WINDOW = "window"
    """The head and the newest tokens: exactly num_ctx of them."""
    ONE_LESS = "one less"
    """num_ctx − 1."""
    HALF = "half"
    """num_ctx − (num_ctx − keep) / 2: 4002 or 4003 of 8000."""


@dataclass(frozen=True)
class VersionRule:
    """What is true from version ``since`` on."""

    since: Version
    counts: PromptEvalCount
    times_all_uncached: bool
    """prompt_eval_duration covers all uncached tokens, so the reuse can be estimated from it."""
    truncation: Truncation
    note: str
    """One sentence for the user."""
    ram_cache: bool = False
    """Prompts that lose their slot are kept in host memory and restored: a new prefix does not prove a cold turn."""
    reports_cached_tokens: bool = False
    """Answers carry prompt_eval_cached_count."""


_OLDEST = VersionRule(
    (0, 1, 0), PromptEvalCount.MISSES, True, Truncation.BLOCKS,
    "counts only the tokens it evaluated; on a full hit the count is absent",
)  # fmt: skip
_V0_2 = replace(
    _OLDEST, since=(0, 2, 0), counts=PromptEvalCount.FULL,
    note="counts the whole prompt, cached or not; only the prefill time shows reuse",
)  # fmt: skip
_V0_4 = replace(_V0_2, since=(0, 4, 0), truncation=Truncation.WINDOW)
_V0_12_5 = replace(
    _V0_4, since=(0, 12, 5), times_all_uncached=False,
    note="times only the last 512 prompt tokens, so its figures do not show the reuse",
)  # fmt: skip
_V0_12_7 = replace(_V0_4, since=(0, 12, 7))
_V0_30 = replace(
    _V0_12_7, since=(0, 30, 0), counts=PromptEvalCount.MISSES, truncation=Truncation.ONE_LESS, ram_cache=True,
    note="counts only the tokens it evaluated (a regression, fixed in 0.30.1)",
)  # fmt: skip
_V0_30_1 = replace(
    _V0_30, since=(0, 30, 1), counts=PromptEvalCount.FULL,
    note="counts the whole prompt; its server log shows the cached tokens",
)  # fmt: skip
_V0_30_11 = replace(_V0_30_1, since=(0, 30, 11), truncation=Truncation.HALF)
_V0_33_3 = replace(
    _V0_30_11, since=(0, 33, 3), reports_cached_tokens=True,
    note="counts the whole prompt, and reports the cached tokens separately",
)  # fmt: skip

RULES: tuple[VersionRule, ...] = (
    _OLDEST, _V0_2, _V0_4, _V0_12_5, _V0_12_7, _V0_30, _V0_30_1, _V0_30_11, _V0_33_3,
)  # fmt: skip

ASSUMED_RULE = _V0_12_7
"""The rule for an unknown version: the longest range of releases so far, and that of v34's own Ollama (0.12.11)."""


def parse_version(text: str | None) -> Version | None:
    """``0.34.0-rc1`` → (0, 34, 0). None for other text, and for ``0.0.0``, which a build from source reports."""
    match = re.match(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])", text or "")
    if match is None:
        return None
    version = (int(match[1]), int(match[2]), int(match[3] or 0))
    return version if version > (0, 0, 0) else None


@lru_cache(maxsize=64)
def rule_for(text: str | None) -> VersionRule | None:
    """The newest rule that is not newer than the version; None for an unknown version."""
    version = parse_version(text)
    if version is None:
        return None
    older = [rule for rule in RULES if rule.since <= version]
    return older[-1] if older else RULES[0]


def truncated_counts(num_ctx: int, truncation: Truncation) -> frozenset[int]:
    """Values of prompt_eval_count, in tokens, that show a truncation; empty where none does."""
    if truncation is Truncation.WINDOW:
        return frozenset((num_ctx,))
    if truncation is Truncation.ONE_LESS:
        return frozenset((num_ctx - 1,))
    if truncation is Truncation.HALF:
        return frozenset(num_ctx - (num_ctx - keep) // 2 for keep in (4, 5))
    return frozenset()
