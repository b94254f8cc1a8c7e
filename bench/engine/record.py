"""Runs the conversations on a real engine and writes down what was served: one JSON line a request.

``python -m bench.engine.record FOLDER SEED [SHAPE] [FORM…]``; a form that is there already is left out.
"""

import json
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.engine.forms import FORMS, Step, Talk
from bench.engine.front import Answer, EngineProcess, Ollama
from bench.engine.model import SHAPES, Shape, write_model

CHARS_PER_TOKEN = 3.9
"""Of v34's prompts: 2557 estimated (chars / 4) where Ollama counted 2616."""
NEIGHBOUR = "while True: sum(range(100000))"


def record(form: str, seed: int, model: Path, shape: Shape, niceness: int = 19) -> list[dict[str, Any]]:
    """Every request of one form. Raises RuntimeError when the engine ends."""
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
    return lines


def _set_neighbours(running: list[subprocess.Popen[bytes]], wanted: int, niceness: int) -> None:
    while len(running) > wanted:
        process = running.pop()
        process.kill()
        process.wait()
    while len(running) < wanted:
        running.append(subprocess.Popen(["nice", "-n", str(niceness), sys.executable, "-c", NEIGHBOUR]))


def _line(step: Step, answer: Answer, context_sent: int) -> dict[str, Any]:
    if not step.of_v34:
        return {"other": answer.prompt_eval_count}
    return {
        "n": answer.prompt_eval_count,
        "out": answer.eval_count,
        "prefill": [round(ms, 3) for ms in answer.prefill_ms],
        "decode": [round(ms, 3) for ms in answer.decode_ms],
        "load": round(answer.load_ms, 1),
        "session": step.session,
        "num_ctx": step.num_ctx,
        "est": round((len(step.prompt) + context_sent) * CHARS_PER_TOKEN / 4),
        "sent": None if step.raw else context_sent,
        "returned": None if answer.context is None else len(answer.context),
        "tail": step.tail,
        "truth": {
            "evaluated": answer.prompt_eval_count - answer.cached,
            "loaded": answer.loaded,
            "cut": answer.cut,
            "neighbours": step.neighbours,
        },
    }


def main() -> None:
    """Record every form that is not there yet."""
    folder, seed, name = Path(sys.argv[1]), int(sys.argv[2]), (sys.argv[3:] or ["small"])[0]
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"{name}.gguf"
    if not model.exists():
        write_model(model, SHAPES[name])
    for form in sys.argv[4:] or FORMS:
        path = (
            folder / f"{form.replace(' ', '_').replace(',', '').replace('(', '').replace(')', '')}-{name}-{seed}.jsonl"
        )
        if path.exists():
            continue
        started = time.monotonic()
        lines = record(form, seed, model, SHAPES[name])
        head = {"form": form, "seed": seed, "shape": name}
        path.write_text("".join(json.dumps(line) + "\n" for line in [head, *lines]), encoding="utf-8")
        print(f"{form}: {len(lines)} requests in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
