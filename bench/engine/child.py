"""The engine as a process of its own: requests as JSON lines on stdin, answers on stdout, its own log on stderr.

``python -m bench.engine.child MODEL``. Requests: ``{"do": "load", "num_ctx": 8000}``, ``{"do": "unload"}``, or
``{"do": "complete", "prompt": [ids], "predict": 40}``. Each answer is one line of JSON with a ``done`` key.
"""

import contextlib
import gc
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

THREADS = 1


class Engine:
    """llama.cpp's server with one slot, as Ollama 0.12.11 uses it: no warm-up, and no prompts kept in host memory."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.server: Any = None

    def load(self, num_ctx: int, host_cache: bool = False) -> dict[str, Any]:
        """Load the model; ``host_cache``: prompts that lose the slot are kept, as in Ollama 0.30 and later."""
        import xllamacpp

        self.unload()
        started = time.perf_counter()
        params = xllamacpp.CommonParams()
        params.model.path = self.model
        params.n_ctx = num_ctx
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = 512
        params.n_gpu_layers = 0
        params.warmup = False
        params.fit_params = False
        params.ui = False
        params.cache_ram_mib = 512 if host_cache else 0
        params.cache_idle_slots = host_cache
        params.n_ctx_checkpoints = 0
        params.verbosity = 4
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
        self.server = xllamacpp.Server(params)
        return {"load_ms": (time.perf_counter() - started) * 1000}

    def unload(self) -> dict[str, Any]:
        """Free the model and its cache."""
        self.server = None
        gc.collect()
        return {}

    def complete(self, prompt: list[int], predict: int) -> dict[str, Any]:
        """One completion, as a prefill with its first token, and the rest of the tokens.

        ``cpu``: ms in which the engine had a core, of both parts. On a shared machine that is the time of a quiet one.
        """
        first, cpu_first = self._run(prompt, 1)
        tokens = list(first["tokens"])
        rest: dict[str, Any] = {}
        cpu_rest = 0.0
        if predict > 1:
            rest, cpu_rest = self._run(prompt + tokens, predict - 1)
            tokens += rest["tokens"]
        timings = first["timings"]
        return {
            "tokens": tokens,
            "cached": timings["cache_n"],
            "evaluated": timings["prompt_n"],
            "prefill_ms": timings["prompt_ms"],
            "decode_ms": (rest["timings"]["prompt_ms"] + rest["timings"]["predicted_ms"]) if rest else 0.0,
            "cpu": [cpu_first, cpu_rest],
        }

    def overhead(self, prompt: list[int], tries: int = 9) -> dict[str, Any]:
        """``ms``: time with a core that a request takes beside its evaluation, and that no field reports.

        Sampling and JSON. Of a prompt that is in the cache only one token is evaluated, in the time of the field; the
        rest is beside it. The most of some tries: other work makes the field longer, and not the time with a core.
        """
        self._run(prompt, 1)
        beside = []
        for _ in range(tries):
            answer, core_ms = self._run(prompt, 1)
            beside.append(core_ms - answer["timings"]["prompt_ms"])
        return {"ms": max(beside)}

    def _run(self, prompt: list[int], predict: int) -> tuple[dict[str, Any], float]:
        body = {
            "prompt": prompt,
            "n_predict": predict,
            "cache_prompt": True,
            "ignore_eos": True,
            "temperature": 0.0,
            "return_tokens": True,
        }
        request = urllib.request.Request(
            f"{self.server.listening_address}/completion",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        before = _core_ms()
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
        after = _core_ms()
        return answer, max(ms - before.get(thread, 0.0) for thread, ms in after.items())


def _core_ms() -> dict[str, float]:
    """Thread → ms in which it had a core. One thread evaluates; the others read and write HTTP."""
    threads: dict[str, float] = {}
    for path in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            threads[path.name] = int((path / "schedstat").read_text().split()[0]) / 1e6
    return threads


def main() -> None:
    """Answer until stdin ends."""
    engine = Engine(sys.argv[1])
    for text in sys.stdin:
        request = json.loads(text)
        action = getattr(engine, request.pop("do"))
        print(json.dumps({"done": True, **action(**request)}), flush=True)


if __name__ == "__main__":
    main()
