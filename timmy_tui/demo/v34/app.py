"""Assembles the demo's v34 from its config and from the environment variables of the demo."""

import importlib.util
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from timmy_tui.demo.clock import KernelClock, WallClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.output import process_output
from timmy_tui.demo.v34.server import ServerOptions, run_server, send_to_tts
from timmy_tui.demo.v34.session import AskModel, Backends, Flags, Session, Simulation
from timmy_tui.demo.v34.turn import Preprocessor

IMPORT_S, SEED, WORK_SPEED = "TIMMY_DEMO_IMPORT_S", "TIMMY_DEMO_SEED", "TIMMY_DEMO_WORK_SPEED"
ACCESS_FORM, DIES_IN_RELOAD = "TIMMY_DEMO_ACCESS_FORM", "TIMMY_DEMO_DIES_IN_RELOAD"
CLOCK_OFFSET = "TIMMY_DEMO_CLOCK_OFFSET"
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
        file.write(f"=== Megaprompt at {time.strftime('%Y-%m-%d %H:%M:%S')} ===\n{prompt}\n\n")


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
    seed = int(os.environ.get(SEED, "0"))
    hardware = WallClock(work_speed=float(os.environ.get(WORK_SPEED, "1")))
    clock = KernelClock(hardware, float(os.environ.get(CLOCK_OFFSET, "0")))
    latencies = Latencies(seed)
    tts_url = config.TTS_API_URL

    def send(text: str, request_id: str | None) -> None:
        clock.work(latencies.draw("hop"), "hop")
        send_to_tts(tts_url, text, request_id)

    simulation = Simulation(
        clock,
        latencies,
        EventWriter("v34", clock.now, sink),
        process_output(),
        random.Random(f"prompts {config.SESSION_ID}"),
    )
    preprocessor = Preprocessor(flags, Session(config.SESSION_ID), Backends(ask_model, send), simulation)
    options = ServerOptions(
        "127.0.0.1",
        config.V34_PORT,
        os.environ.get(ACCESS_FORM, "eventlet"),
        bool(os.environ.get(DIES_IN_RELOAD)),
    )
    run_server(preprocessor, options, [root / "v34", root / "shared"])
