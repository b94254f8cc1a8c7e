"""How Ollama's answers differ by version: one row for each release that changed something a monitor can see."""

import re
from dataclasses import dataclass, replace
from typing import Literal

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Rules:
    """What holds from version ``since`` on."""

    since: Version
    counts: Literal["misses", "full"]
    """prompt_eval_count: newly evaluated tokens, or the whole prompt with BOS."""
    least: int
    """Smallest count where misses are counted; 0 leaves the field out."""
    cut: Literal["blocks", "window", "one less", "half"]
    """What is left of a prompt that is longer than num_ctx."""
    log: Literal["cpp", "slog", "llama-server"]
    """Who writes the cache lines of the server log."""
    cached_key: bool = False
    """prompt_eval_cached_count is in the answer, 0 included."""
    last_batch: bool = False
    """prompt_eval_duration covers the last 512-token batch alone."""
    tick_ns: int = 100
    """Clock step of the durations: Go on Windows 100 ns, llama-server 1 µs."""
    warm_load_ms: float = 94.5
    ram_cache: bool = False
    """Displaced prompts are kept in host memory and restored."""
    ps_context: bool = False
    """/api/ps tells context_length."""
    rich_tags: bool = False
    """/api/tags tells capabilities and lengths."""
    capabilities: bool = False
    """/api/show tells capabilities."""
    truncate_flag: bool = False
    """``truncate: false`` refuses a prompt that is too long."""
    deprecates_context: bool = False
    """The log warns of the context field."""
    num_ctx: int = 2048
    """Default context length."""


_V0_1 = Rules(since=(0, 1, 0), counts="misses", least=0, cut="blocks", log="cpp")
_V0_2 = replace(_V0_1, since=(0, 2, 0), counts="full")
_V0_4 = replace(_V0_2, since=(0, 4, 0), cut="window", log="slog")
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
    least=1,
    cut="one less",
    log="llama-server",
    tick_ns=1000,
    ram_cache=True,
    rich_tags=True,
)
_V0_30_1 = replace(_V0_30, since=(0, 30, 1), counts="full")
_V0_30_11 = replace(_V0_30_1, since=(0, 30, 11), cut="half")
_V0_32_15 = replace(_V0_30_11, since=(0, 32, 15), warm_load_ms=1.4)
_V0_33_3 = replace(_V0_32_15, since=(0, 33, 3), cached_key=True)

TABLE = (
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
    """``0.34.0-rc1`` → (0, 34, 0); missing numbers are 0."""
    numbers = [int(number) for number in re.findall(r"\d+", text.split("-")[0])[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def rules_for(version: str) -> Rules:
    """The newest row that is not newer than ``version``."""
    wanted = parse_version(version)
    return [row for row in TABLE if row.since <= wanted][-1] if wanted >= TABLE[0].since else TABLE[0]


def cut_prompt(tokens: list[int], num_ctx: int, rules: Rules) -> list[int]:
    """What a version evaluates of a prompt; the same list where it fits. ``tokens`` begin with BOS."""
    room = num_ctx - 1 if rules.cut == "one less" else num_ctx
    if len(tokens) <= room:
        return tokens
    keep = 5 if rules.cut == "window" else 4
    if rules.cut == "blocks":
        block = (num_ctx - keep) // 2
        erased = (len(tokens) - keep - block) // block * block
        return tokens[:keep] + tokens[keep + erased :]
    left = num_ctx - (num_ctx - keep) // 2 if rules.cut == "half" else room
    return tokens[:keep] + tokens[-(left - keep) :]
