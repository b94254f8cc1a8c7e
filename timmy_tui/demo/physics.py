"""How the stand-in's GPU behaves beyond a fixed speed: depth, the first prompt after a load, busy spells.

Each setting has its source; "measured" is a real engine (llama.cpp on a CPU, one thread), see bench/engine.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Physics:
    """Settings; the defaults are the user's machine on a quiet evening."""

    depth_cost: float = 6.1e-5
    """Growth of a prompt token's cost for each token before it: 2 · 28 layers · 3072 / 2.8e9 weights of llama3.2:3b;
    the published times of an RTX 4070 (Ollama's PR 16836) give 6.7e-5."""
    first_prompt: float = 1.08
    """Factor on the first prefill after a load: there is no warm-up in 0.12.11. Measured on a quiet machine."""
    first_prompt_busy: float = 1.6
    """The same in a busy spell; measured 1.6–2.3."""
    busy_chance: float = 0.02
    """Of a busy spell to begin with a request. Assumed: STT and TTS share the GPU."""
    busy_requests: tuple[int, int] = (1, 4)
    """Shortest and longest spell, in requests. Assumed."""
    busy_factor: tuple[float, float] = (1.4, 4.0)
    """Of a spell, on prefill and decode alike; measured with two busy processes: 21–42 ms a token instead of 5.6."""


QUIET = Physics(busy_chance=0.0)
"""Nothing else uses the GPU."""
UPSTREAMS_NOTES = Physics(depth_cost=0.0, first_prompt=1.0, busy_chance=0.0)
"""A linear prefill, as the published figures of upstream were first read."""


class OtherWork:
    """What other work does to the requests, one after another."""

    def __init__(self, physics: Physics, seed: object) -> None:
        self.physics = physics
        self._random = random.Random(f"load {seed}")
        self._requests_left = 0
        self._factor = 1.0

    def next_request(self) -> float:
        """Factor on this request's prefill and decode; 1 on a quiet machine."""
        if self._requests_left == 0 and self._random.random() < self.physics.busy_chance:
            self._requests_left = self._random.randint(*self.physics.busy_requests)
            self._factor = self._random.uniform(*self.physics.busy_factor)
        if self._requests_left == 0:
            return 1.0
        self._requests_left -= 1
        return self._factor

    def first_prompt(self, factor: float) -> float:
        """Factor on the first prefill after a load in a request that is ``factor`` times as slow."""
        return self.physics.first_prompt if factor == 1.0 else self.physics.first_prompt_busy
