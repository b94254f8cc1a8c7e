"""What Ollama 0.12.11 does around its engine: loads, cut prompts, context arrays, and the figures of its last chunk.

Tokens are numbers all the way, so no text has to be split: what the engine's cache matches is these numbers.
"""

import json
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from bench.engine.model import BOS

KEEP = 5
"""Tokens at the head of a cut prompt that stay: num_keep and BOS (0.4.0–0.24.0)."""
WARM_LOAD_MS = (94.5, 97.0)
"""load_duration of a loaded model, from v34's log."""
ROOM = 256
"""The engine's own window is so much larger: 0.12.11 shifts a full context during an answer, llama-server refuses."""


class EngineProcess:
    """bench.engine.child, line by line."""

    def __init__(self, model: Path, log: IO[bytes] | int, niceness: int = 0) -> None:
        command = [sys.executable, "-m", "bench.engine.child", str(model)]
        if niceness:
            command = ["nice", "-n", str(niceness), *command]
        folder = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def call(self, action: str, **values: Any) -> dict[str, Any]:
        """The answer to one request. Raises RuntimeError when the process has ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": action, **values}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the engine has ended, code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The last chunk's figures, and what really happened. Times in ms; of two clocks: wall, and time with a core."""

    prompt_eval_count: int
    eval_count: int
    prefill_ms: tuple[float, float]
    decode_ms: tuple[float, float]
    load_ms: float
    tokens: tuple[int, ...]
    context: tuple[int, ...] | None
    """The context array; None in raw mode."""
    cached: int
    """The engine's own count of the tokens that it did not evaluate."""
    loaded: bool
    cut: bool


class Ollama:
    """One model behind /api/generate, as 0.12.11 serves it with OLLAMA_NUM_PARALLEL=1."""

    def __init__(self, engine: EngineProcess, seed: int) -> None:
        self._engine = engine
        self._random = random.Random(f"load {seed}")
        self._num_ctx = 0

    def unload(self) -> None:
        """As keep_alive 0, or as the end of the keep_alive time."""
        self._engine.call("unload")
        self._num_ctx = 0

    def generate(
        self, prompt: list[int], num_ctx: int, predict: int, raw: bool = True, context: tuple[int, ...] = ()
    ) -> Answer:
        """Answer one prompt with exactly ``predict`` tokens."""
        load_ms, loaded = self._random.uniform(*WARM_LOAD_MS), self._num_ctx != num_ctx
        if loaded:
            load_ms += self._engine.call("load", num_ctx=num_ctx + ROOM)["load_ms"]
            # Even a small file counts as a real load: the one of a model of 2 GB takes about two seconds.
            load_ms += 2000.0
            self._num_ctx = num_ctx
        sent = [BOS, *context, *prompt]
        tokens = sent if len(sent) <= num_ctx else sent[:KEEP] + sent[len(sent) - num_ctx + KEEP :]
        done = self._engine.call("complete", prompt=tokens, predict=predict)
        return Answer(
            prompt_eval_count=len(tokens),
            eval_count=len(done["tokens"]),
            prefill_ms=(done["prefill_ms"], done["cpu"][0]),
            decode_ms=(done["decode_ms"], done["cpu"][1]),
            load_ms=load_ms,
            tokens=tuple(done["tokens"]),
            context=None if raw else tuple(sent[1:] + done["tokens"]),
            cached=done["cached"],
            loaded=loaded,
            cut=len(tokens) < len(sent),
        )
