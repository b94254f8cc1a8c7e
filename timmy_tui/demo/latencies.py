"""How long each part of a turn takes in the demo: random durations in milliseconds, from one seed.

The figures are upstream's published measurements (an RTX 3060 class GPU, llama3.2:3b q4_K_M):

- prefill of uncached tokens: 9 ms + n / 4.1k per second at v34's usual depth (see physics.py);
  one token costs about as much as one decode step;
- decode: 108 tokens/s, a little slower with a long context; load_duration of a loaded model: 94.5–97 ms;
- time that Ollama reports in no field: 3 ms + 0.84 ms per token;
- memory storage: 250–600 ms in about half of the turns; classification 30 ms; retrieval 30–90 ms; TTS 650–730 ms.

Assumptions, which no published figure backs: the widths and outliers of all distributions, the figures of single hops,
of ``stt_final``, ``stt_send`` and ``mute`` (each event is a file opened through \\\\wsl.localhost), and the time of one
whisper pass over the buffer: 40 ms when the voice filter finds silence, 120 ms and 3 ms per chunk of speech otherwise.

From these follow the two medians that the guide names (800 ms and 300 ms). Of a full prompt about 670 tokens are
evaluated (the last exchange and a 600-token tail), the reply has about 51: 95 + 174 + 3 + 51 × 10.1 ≈ 790 ms. In tail
mode about 100 tokens are evaluated, and the tail asks for one short line, about 16 tokens: 95 + 33 + 3 + 16 × 10 ≈
290 ms. HTTP adds about 10 ms to both. (Upstream's own tail has about 410 tokens, which alone would take 109 ms.)
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

PREFILL_BASE_MS = 9.0
PREFILL_MS_PER_TOKEN = 1000 / 4600
"""Of a token with nothing before it; at v34's prompts (2,600 tokens, 670 of them evaluated) it is 4.1k per second."""
DECODE_MS_PER_TOKEN = 9.13
"""With an empty context; 1 % more per 1000 tokens of context, which gives 108 tokens/s at 1400."""
UNREPORTED_MS = 3.0
UNREPORTED_MS_PER_TOKEN = 0.84
WARM_LOAD_MS = (94.5, 97.0)
COLD_LOAD_MS = 2150.0
LONG_REPLY, SHORT_REPLY = 51, 16
"""Median tokens of a reply, and of a reply to a prompt that asks for a short line."""
SPOKEN_CHUNK_MS = 3.0
SPEECH_MS_PER_CHARACTER = 28.0
"""Fast speech, so that a turn of the demo takes 8–13 s; people take about 65 ms per character."""


@dataclass(frozen=True)
class Spread:
    """A log-normal distribution with outliers; values in ms or, for prefill and decode, factors."""

    median: float
    sigma: float
    outliers: float = 0.05
    """Share of values multiplied by ``low``…``high``."""
    low: float = 2.0
    high: float = 5.0


STAGES: Mapping[str, Spread] = {
    "silent_pass": Spread(40.0, 0.08, 0.01, 1.5, 3.0),
    "spoken_pass": Spread(120.0, 0.1, 0.02, 1.5, 2.5),
    "stt_final": Spread(38.0, 0.12),
    "stt_send": Spread(1.0, 0.1),
    "hop": Spread(5.0, 0.2),
    "classify": Spread(29.0, 0.15),
    "store": Spread(390.0, 0.18),
    "embed": Spread(7.2, 0.1),
    "query": Spread(40.0, 0.2),
    "merge": Spread(3.0, 0.2),
    "prompt": Spread(3.0, 0.2),
    "reply": Spread(2.5, 0.2),
    "mute": Spread(6.0, 0.2),
    "tts": Spread(640.0, 0.025, 0.03, 1.5, 2.5),
    "prefill": Spread(1.0, 0.025, 0.01, 1.3, 2.0),
    "decode": Spread(1.0, 0.008, 0.0),
    "cold_load": Spread(COLD_LOAD_MS, 0.12, 0.0),
}
"""GPU work has smaller outliers than the rest: contention slows it down but does not stop it."""

_PARENT_STAGE = {"embed": "retrieve", "query": "retrieve", "merge": "retrieve"}


class Latencies:
    """Draws random durations. ``slow``: factors by stage key (retrieve also applies to embed, query and merge)."""

    def __init__(self, seed: int = 0, slow: Mapping[str, float] | None = None) -> None:
        self.random = random.Random(f"latencies {seed}")
        self.slow: dict[str, float] = dict(slow or {})

    def draw(self, key: str) -> float:
        """A duration of a stage in ms; for prefill and decode a factor."""
        spread = STAGES[key]
        value = spread.median * self.random.lognormvariate(0.0, spread.sigma)
        if self.random.random() < spread.outliers:
            value *= self.random.uniform(spread.low, spread.high)
        return value * self.slow.get(_PARENT_STAGE.get(key, key), 1.0)

    def should_store(self) -> bool:
        """Whether the message is stored: about every second one."""
        return self.random.random() < 0.5

    def transcribe(self, spoken_chunks: int) -> float:
        """One whisper pass over a buffer with so many chunks of speech, ms."""
        if not spoken_chunks:
            return self.draw("silent_pass")
        return self.draw("spoken_pass") + SPOKEN_CHUNK_MS * spoken_chunks

    def store(self, characters: int) -> float:
        """Duration of memory storage, a little longer for a long message, ms."""
        return self.draw("store") * float((max(characters, 1) / 50) ** 0.15)

    def tts(self, characters: int) -> float:
        """From synthesis start to first sound: 650 ms for a short line, 730 ms for a long one."""
        return self.draw("tts") + 0.45 * characters * self.slow.get("tts", 1.0)

    def playback(self, characters: int) -> float:
        """Length of the spoken reply, ms."""
        return 250.0 + SPEECH_MS_PER_CHARACTER * characters

    def prefill(self, tokens: int, prompt: int, depth_cost: float) -> float:
        """Evaluating the last ``tokens`` of a prompt of ``prompt`` tokens, ms; ``depth_cost``: as in Physics."""
        depth = 1 + depth_cost * (prompt - tokens / 2)
        return (PREFILL_BASE_MS + PREFILL_MS_PER_TOKEN * tokens * depth) * self.draw("prefill")

    def decode(self, tokens: int, context: int) -> float:
        """Generating ``tokens`` after ``context`` tokens, ms."""
        return tokens * DECODE_MS_PER_TOKEN * (1 + context / 100_000) * self.draw("decode")

    def unreported(self, tokens: int) -> float:
        """Time that only total_duration contains (sampling and the like), ms."""
        return UNREPORTED_MS + UNREPORTED_MS_PER_TOKEN * tokens * self.random.uniform(0.95, 1.05)

    def warm_load(self, floor: float) -> float:
        """load_duration of a model that is loaded already, ms; ``floor``: its minimum, which depends on the version."""
        return floor + self.random.uniform(0.0, WARM_LOAD_MS[1] - WARM_LOAD_MS[0])

    def reply_tokens(self, short: bool) -> int:
        """Number of tokens of the reply, stop token included."""
        median = SHORT_REPLY if short else LONG_REPLY
        spread = 0.22 if short else 0.28
        return max(4, min(180, round(median * self.random.lognormvariate(0.0, spread))))
