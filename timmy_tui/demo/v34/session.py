"""What v34 knows: the constants that it read at its start, and the state that it loses at a restart."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from timmy_tui.demo.clock import KernelClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.llm_call import LlmReply
from timmy_tui.demo.v34.output import Output


@dataclass(frozen=True)
class Flags:
    """The constants that v34 reads from its config when it starts."""

    persona_first: bool = False
    """The persona before the history, as some want it: after a restart that loads nothing, half of the first prompt is
    still in the slot. Upstream has the history first."""
    full_prompt: bool = True
    """USE_FULL_MEGA_PROMPT; False is tail mode."""
    retrieval: bool = True
    chunks: int = 5
    max_tokens: int = 7000
    temperature: float = 0.4
    parent_documents: bool = True
    """False: the older search straight for chunks, which upstream still has and which prints another baseline line."""


@dataclass
class Session:
    """The state that v34 has between turns and loses at a restart."""

    session_id: str
    history: list[tuple[str, str]] = field(default_factory=list)
    """(role, text) of each message, oldest first."""
    context: list[int] | None = None
    turns: int = 0
    stats: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    """Entries of /api/kv_stats, newest last."""


AskModel = Callable[[str, list[int] | None, float], LlmReply]
"""(prompt, context array, temperature) → reply."""
SendToTts = Callable[[str, str | None], None]
"""Sends (reply, request id) to TTS. Raises OSError when TTS cannot be reached."""


@dataclass(frozen=True)
class Backends:
    """The services that v34 calls."""

    ask_model: AskModel
    send_to_tts: SendToTts


@dataclass
class Simulation:
    """What takes the place of v34's real work, and where its output goes."""

    clock: KernelClock
    latencies: Latencies
    events: EventWriter
    output: Output
    random: random.Random
    """For the texts of v34's own lines and prompts."""
    database_fails: bool = False
    """Whether the next search in the memory fails, which answers the request with status 500."""
