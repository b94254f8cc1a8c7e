"""The part of the demo's v34 that is not a copy of the monitored code: wiring, and the demo's knobs."""

import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from timmy_tui.demo.clock import WallClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.llm_call import Answer
from timmy_tui.demo.v34.server import post_to_tts, run
from timmy_tui.demo.v34.turn import Flags, Preprocessor, Session

IMPORT_S, SEED, WORK_SPEED = "TIMMY_DEMO_IMPORT_S", "TIMMY_DEMO_SEED", "TIMMY_DEMO_WORK_SPEED"
"""Environment variables that the demo sets."""
PAYLOADS_LIMIT = 4_000_000
"""Bytes after which payloads.txt begins anew, so that a demo left open does not fill the disk."""


class Config(Protocol):
    """The module ``config``, as far as v34 reads it at start; a missing name ends the process."""

    USE_FULL_MEGA_PROMPT: bool
    RETRIEVAL_ENABLED: bool
    NUM_RETRIEVED_CHUNKS: int
    MAX_TOKENS: int
    TEMPERATURE: float
    TTS_API_URL: str
    V34_PORT: int
    SESSION_ID: str


def import_seconds() -> float:
    """How long v34's own model takes to load; upstream's takes 10–30 s."""
    return float(os.environ.get(IMPORT_S, "0.2"))


def load_tracker(path: Path) -> Callable[[str], None]:
    """The writer of ``shared/latency_tracker.py``: the file in the monitored folder, not a copy of it."""
    spec = importlib.util.spec_from_file_location("latency_tracker", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sink: Callable[[str], None] = module.log_line
    return sink


def write_payload(path: Path, prompt: str) -> None:
    """Append a prompt the way upstream does."""
    mode = "w" if path.exists() and path.stat().st_size > PAYLOADS_LIMIT else "a"
    with path.open(mode, encoding="utf-8", errors="replace") as file:
        file.write(f"=== Megaprompt at {time.strftime('%Y-%m-%d %H:%M:%S')} ===\n{prompt}\n")


def run_app(
    config: Config,
    ask: Callable[[str, list[int] | None, float], Answer],
    sink: Callable[[str], None],
    *,
    root: Path,
) -> None:
    """Read the flags, serve for ever."""
    flags = Flags(
        full_prompt=config.USE_FULL_MEGA_PROMPT,
        retrieval=config.RETRIEVAL_ENABLED,
        chunks=config.NUM_RETRIEVED_CHUNKS,
        max_tokens=config.MAX_TOKENS,
        temperature=config.TEMPERATURE,
    )
    clock = WallClock(work_speed=float(os.environ.get(WORK_SPEED, "1")))
    latencies = Latencies(int(os.environ.get(SEED, "0")))
    tts_url = config.TTS_API_URL

    def speak(text: str, request_id: str | None) -> None:
        clock.work(latencies.draw("hop"), "hop")
        post_to_tts(tts_url, text, request_id)

    preprocessor = Preprocessor(
        flags,
        Session(config.SESSION_ID),
        ask,
        speak,
        clock=clock,
        latencies=latencies,
        events=EventWriter("v34", clock.now, sink),
    )
    run(preprocessor, "127.0.0.1", config.V34_PORT, [root / "v34", root / "shared"])
