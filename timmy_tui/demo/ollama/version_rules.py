"""How Ollama's responses differ by version: one row for each release that changed something a monitor can see."""

import re
from dataclasses import dataclass, replace
from typing import Literal

Version = tuple[int, int, int]


@dataclass(frozen=True)
class VersionRules:
    """The behaviour from version ``since`` on."""

    since: Version
    counts: Literal["misses", "full"]
    """What prompt_eval_count is: the evaluated tokens (``misses``), or the whole prompt with BOS (``full``)."""
    min_count: int
    """Smallest prompt_eval_count when misses are counted; a count of 0 is left out of the response."""
    truncation: Literal["blocks", "window", "one less", "half"]
    """How a prompt is cut that is longer than num_ctx; see truncate_prompt."""
    log: Literal["cpp", "slog", "llama-server"]
    """Which program writes the cache lines of the server log, and so their format."""
    cached_key: bool = False
    """prompt_eval_cached_count is in the response, also when it is 0."""
    last_batch: bool = False
    """prompt_eval_duration covers only the last batch of 512 tokens."""
    tick_ns: int = 100
    """Resolution of the durations: Go on Windows 100 ns, llama-server 1 µs."""
    warm_load_ms: float = 94.5
    """Smallest load_duration of a model that is loaded already."""
    ram_cache: bool = False
    """Replaced prompts are saved in host memory and restored."""
    ps_context: bool = False
    """/api/ps contains context_length."""
    rich_tags: bool = False
    """/api/tags contains capabilities and lengths."""
    capabilities: bool = False
    """/api/show contains capabilities."""
    truncate_flag: bool = False
    """With ``truncate: false`` a prompt that is too long is an error."""
    deprecates_context: bool = False
    """The log contains a warning when the context field is used."""
    num_ctx: int = 2048
    """Default context length."""


_V0_1 = VersionRules(since=(0, 1, 0), counts="misses", min_count=0, truncation="blocks", log="cpp")
_V0_2 = replace(_V0_1, since=(0, 2, 0), counts="full")
_V0_4 = replace(_V0_2, since=(0, 4, 0), truncation="window", log="slog")
_V0_5 = replace(_V0_4, since=(0, 5, 0), deprecates_context=True)
_V0_6_4 = replace(_V0_5, since=(0, 6, 4), capabilities=True, num_ctx=4096)
_V0_10 = replace(_V0_6_4, since=(0, 10, 0), ps_context=True)
_V0_12_5 = replace(_V0_10, since=(0, 12, 5), last_batch=True)
_V0_12_6 = replace(_V0_12_5, since=(0, 12, 6), truncate_flag=True)
_V0_12_7 = replace(_V0_12_6, since=(0, 12, 7), last_batch=False)
_V0_30 = replace(
    _V0_12_7,
    since=(0, 30, 0),
    counts="misses",
    min_count=1,
    truncation="one less",
    log="llama-server",
    tick_ns=1000,
    ram_cache=True,
    rich_tags=True,
)
_V0_30_1 = replace(_V0_30, since=(0, 30, 1), counts="full")
_V0_30_11 = replace(_V0_30_1, since=(0, 30, 11), truncation="half")
_V0_32_15 = replace(_V0_30_11, since=(0, 32, 15), warm_load_ms=1.4)
_V0_33_3 = replace(_V0_32_15, since=(0, 33, 3), cached_key=True)

VERSION_TABLE = (
    _V0_1,
    _V0_2,
    _V0_4,
    _V0_5,
    _V0_6_4,
    _V0_10,
    _V0_12_5,
    _V0_12_6,
    _V0_12_7,
    _V0_30,
    _V0_30_1,
    _V0_30_11,
    _V0_32_15,
    _V0_33_3,
)


def parse_version(text: str) -> Version:
    """``0.34.0-rc1`` → (0, 34, 0). A missing number is 0."""
    numbers = [int(number) for number in re.findall(r"\d+", text.split("-")[0])[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def rules_for(version: str) -> VersionRules:
    """The newest row that is not newer than ``version``; the oldest row for an older version."""
    parsed = parse_version(version)
    applicable = [row for row in VERSION_TABLE if row.since <= parsed]
    return applicable[-1] if applicable else VERSION_TABLE[0]


def truncate_prompt(tokens: list[int], num_ctx: int, rules: VersionRules) -> list[int]:
    """The tokens of a prompt after truncation to num_ctx; the same list if it fits. ``tokens`` begin with BOS."""
    room = num_ctx - 1 if rules.truncation == "one less" else num_ctx
    if len(tokens) <= room:
        return tokens
    keep = 5 if rules.truncation == "window" else 4
    if rules.truncation == "blocks":
        block = (num_ctx - keep) // 2
        erased = (len(tokens) - keep - block) // block * block
        return tokens[:keep] + tokens[keep + erased :]
    size = num_ctx - (num_ctx - keep) // 2 if rules.truncation == "half" else room
    return tokens[:keep] + tokens[-(size - keep) :]
