"""Assembles the demo's v34 from its config and from the environment variables of the demo."""

import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from timmy_tui.demo.clock import WallClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.server import post_to_tts, run_server
from timmy_tui.demo.v34.turn import AskModel, Backends, Flags, Preprocessor, Session, Simulation

IMPORT_S, SEED, WORK_SPEED = "TIMMY_DEMO_IMPORT_S", "TIMMY_DEMO_SEED", "TIMMY_DEMO_WORK_SPEED"
"""Environment variables that the demo sets."""
PAYLOADS_LIMIT = 4_000_000
"""Bytes after which payloads.txt is emptied, so that a demo left running does not fill the disk."""


class Config(Protocol):
    """The names that v34 reads from its module ``config`` at the start; a missing name ends the process."""

    USE_FULL_MEGA_PROMPT: bool
    RETRIEVAL_ENABLED: bool
    NUM_RETRIEVED_CHUNKS: int
    MAX_TOKENS: int
    TEMPERATURE: float
    TTS_API_URL: str
    V34_PORT: int
    SESSION_ID: str


def import_seconds() -> float:
    """How long v34's imports take, in seconds. Upstream's take 10–30 s, because they load its embedding model."""
    return float(os.environ.get(IMPORT_S, "0.2"))


def load_tracker(path: Path) -> Callable[[str], None]:
    """The function ``log_line`` of ``shared/latency_tracker.py`` in the monitored folder. Raises ImportError."""
    spec = importlib.util.spec_from_file_location("latency_tracker", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sink: Callable[[str], None] = module.log_line
    return sink


def write_payload(path: Path, prompt: str) -> None:
    """Append a prompt to a file, as upstream does."""
    mode = "w" if path.exists() and path.stat().st_size > PAYLOADS_LIMIT else "a"
    with path.open(mode, encoding="utf-8", errors="replace") as file:
        file.write(f"=== Megaprompt at {time.strftime('%Y-%m-%d %H:%M:%S')} ===\n{prompt}\n")


def run_app(
    config: Config,
    ask_model: AskModel,
    sink: Callable[[str], None],
    *,
    root: Path,
) -> None:
    """Read the flags and serve; never returns. ``sink`` takes lines of the latency log."""
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

    def send_to_tts(text: str, request_id: str | None) -> None:
        clock.work(latencies.draw("hop"), "hop")
        post_to_tts(tts_url, text, request_id)

    preprocessor = Preprocessor(
        flags,
        Session(config.SESSION_ID),
        Backends(ask_model, send_to_tts),
        Simulation(clock, latencies, EventWriter("v34", clock.now, sink)),
    )
    run_server(preprocessor, "127.0.0.1", config.V34_PORT, [root / "v34", root / "shared"])
