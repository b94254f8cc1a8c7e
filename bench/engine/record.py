"""Runs the conversations on a real engine and writes down what was served: one JSON line a request.

``n`` prompt tokens, ``evaluated`` of them by the engine's own count, ``out`` tokens of the answer; ``ms`` (prefill)
and ``decode`` in two clocks: wall time, and only the time in which the engine had a core.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.engine.forms import FORMS, Step, Talk
from bench.engine.front import Answer, EngineProcess, Ollama
from bench.engine.model import SHAPES, Shape, write_model

CHARS_PER_TOKEN = 3.9
"""Of v34's prompts: 2557 estimated (chars / 4) where Ollama counted 2616."""
OVERHEAD_PROMPT = 512
"""Tokens of the prompt with which the time beside the evaluation is measured."""
DEFAULTS: dict[str, Any] = {
    "session": 0, "num_ctx": 8000, "sent": None, "returned": None, "tail": False, "loaded": False, "cut": False,
    "neighbours": 0,
}  # fmt: skip
"""Fields of a line that are left out where they have this value."""
NEIGHBOUR = "while True: sum(range(100000))"


def record(form: str, seed: int, model: Path, shape: Shape, niceness: int = 19) -> tuple[list[dict[str, Any]], float]:
    """Every request of one form, and Engine.overhead. Raises RuntimeError when the engine ends."""
    lines: list[dict[str, Any]] = []
    talk = Talk(random.Random(f"{form} {seed}"), shape.vocabulary)
    context: tuple[int, ...] = ()
    with ExitStack() as stack:
        engine = stack.enter_context(EngineProcess(model, subprocess.DEVNULL, niceness))
        ollama, neighbours = Ollama(engine, seed), list[subprocess.Popen[bytes]]()
        stack.callback(lambda: _set_neighbours(neighbours, 0, niceness))
        for step in FORMS[form](talk):
            _set_neighbours(neighbours, step.neighbours, niceness)
            if step.unload_before:
                ollama.unload()
            sent = context if step.chained else ()
            answer = ollama.generate(step.prompt, step.num_ctx, step.predict, step.raw, sent)
            lines.append(_line(step, answer, len(sent)))
            if step.of_v34:
                context = answer.context or ()
                talk.answered(answer.tokens)
        _set_neighbours(neighbours, 0, niceness)
        overhead_ms = engine.call("overhead", prompt=step.prompt[:OVERHEAD_PROMPT])["ms"]
    return lines, overhead_ms


def _set_neighbours(running: list[subprocess.Popen[bytes]], wanted: int, niceness: int) -> None:
    while len(running) > wanted:
        process = running.pop()
        process.kill()
        process.wait()
    while len(running) < wanted:
        running.append(subprocess.Popen(["nice", "-n", str(niceness), sys.executable, "-c", NEIGHBOUR]))


def _line(step: Step, answer: Answer, context_sent: int) -> dict[str, Any]:
    """One request; what is as in most lines is left out, see DEFAULTS."""
    if not step.of_v34:
        return {"other": answer.prompt_eval_count}
    line = {
        "n": answer.prompt_eval_count,
        "evaluated": answer.prompt_eval_count - answer.cached,
        "out": answer.eval_count,
        "ms": [round(ms, 2) for ms in answer.prefill_ms],
        "decode": [round(ms, 2) for ms in answer.decode_ms],
        "load": round(answer.load_ms, 1),
        "session": step.session,
        "num_ctx": step.num_ctx,
        "est": round((len(step.prompt) + context_sent) * CHARS_PER_TOKEN / 4),
        "sent": None if step.raw else context_sent,
        "returned": None if answer.context is None else len(answer.context),
        "tail": step.tail,
        "loaded": answer.loaded,
        "cut": answer.cut,
        "neighbours": step.neighbours,
    }
    return {key: value for key, value in line.items() if key not in DEFAULTS or value != DEFAULTS[key]}


def write(path: Path, head: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """One JSON object a line, the form first; whole or not at all, so that a run that was ended goes on behind it."""
    text = (json.dumps(line, separators=(",", ":")) + "\n" for line in [head, *lines])
    part = path.with_suffix(".part")
    part.write_text("".join(text), encoding="utf-8")
    part.replace(path)


def record_all(folder: Path, seed: int, name: str = "small", forms: Sequence[str] = ()) -> None:
    """Record every form that is not there yet; some minutes. Prints the machine's load with each: what else ran."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary) / "random.gguf"
        write_model(model, SHAPES[name])
        for form in forms or FORMS:
            path = folder / f"{re.sub(r'[^a-z0-9]+', '-', form).strip('-')}-{name}-{seed}.jsonl"
            if path.exists():
                continue
            started, load = time.monotonic(), os.getloadavg()[0]
            lines, overhead_ms = record(form, seed, model, SHAPES[name])
            loads = [round(load, 1), round(os.getloadavg()[0], 1)]
            head = {"form": form, "seed": seed, "shape": name, "overhead": round(overhead_ms, 2), "load": loads}
            write(path, head, lines)
            print(
                f"{form}: {len(lines)} requests in {time.monotonic() - started:.0f} s, load average {loads[0]} before"
                f" and {loads[1]} after (1 is this run's own)",
                flush=True,
            )
