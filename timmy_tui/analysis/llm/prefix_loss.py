"""Whether a prompt reused less than the slot should have held, and how much of it that was."""

from timmy_tui.analysis.llm.ollama_versions import Truncation, VersionRule
from timmy_tui.analysis.llm.prompt_split import PromptSplit
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.model.llm import Certainty

COLD_SHARE = 0.2
"""Below this share, little more than the head of the prompt was reused."""
COLD_ESTIMATE = 0.1
"""The same for an estimate: when the GPU is busy with other work, a warm turn looks colder than it was."""
COLD_MOST = 0.3
"""A range that reaches higher is not called cold, whatever its likeliest point."""
MISSED_SHARE = 0.25
"""A turn is called cold only if at least this share of its prompt should have been in the cache and was not: the first
turns of a conversation have little to share, and an estimate is wrong by up to 15 percentage points."""


def is_miss(chained: ChainedRequest, split: PromptSplit, rule: VersionRule) -> bool:
    """The cache should have held a good part of this prompt, and did not."""
    if split.share is None:
        # A window that slides by a few tokens matches only the head; one that drops whole blocks slides rarely.
        return chained.truncated and rule.truncation is not Truncation.BLOCKS
    if chained.truncated and split.share < COLD_SHARE:
        return True
    if not is_cold(split) or (split.certainty is Certainty.ESTIMATED and not split.calm):
        return False
    return has_lost(chained, split)


def has_lost(chained: ChainedRequest, split: PromptSplit) -> bool:
    """So much was not reused that neither few turns nor an estimate's error explain it."""
    return lost_share(chained, split) >= MISSED_SHARE


def lost_share(chained: ChainedRequest, split: PromptSplit) -> float:
    """What should have been in the slot and was at least not reused, as a share of the prompt."""
    if not split.prompt_tokens or split.share is None:
        return 0.0
    expected_share = min(chained.reusable_tokens, split.prompt_tokens) / split.prompt_tokens
    return expected_share - most_tokens(split) / split.prompt_tokens


def most_tokens(split: PromptSplit) -> int:
    """Tokens that can have been reused at most."""
    return split.reused_tokens or 0 if split.most is None else round(split.most * (split.prompt_tokens or 0))


def is_cold(split: PromptSplit) -> bool:
    """Little more than the head was reused, as far as the figure or the range says."""
    if split.share is None:
        return False
    if split.certainty is not Certainty.ESTIMATED:
        return split.share < COLD_SHARE
    return split.share < COLD_ESTIMATE and (split.most is None or split.most < COLD_MOST)
