"""Lines of every shape: does the time to read them grow with their bytes, or faster? A ratio of 2 is linear.

Each shape is read by ``read_logs``, with 500,000 lines (long ones: fewer) and with twice as many, each time in a
process of its own.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.dashboard.peers import PYTHON
from bench.reading.logs import turn_lines

LINES = 500_000
FIRST = 1_764_350_000.0
ROUNDS = 2
D = "*** Debug: "
STAR = "*" * 45
Shape = Callable[[int], Iterator[str]]

READ = """
import resource, sys, time
from pathlib import Path
from timmy_tui.core.settings import TailSettings
from timmy_tui.pipeline.read_logs import named_logs, read_logs
logs = named_logs([Path(sys.argv[1])])
started = time.process_time()
read_logs(logs, TailSettings(), keep_events=False)
print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def event(at: float, request_id: str, name: str, metadata: str = "{}", service: str = "v34") -> str:
    """A short line of the latency log."""
    return (
        f'{{"timestamp": {FIRST + at:.3f}, "request_id": "{request_id}", "service": "{service}", "event": "{name}", '
        f'"metadata": {metadata}}}\n'
    )


def _turns(lines: int) -> Iterator[str]:
    for number in range(lines // 27):
        yield from turn_lines(number, FIRST + 20.0 * number)


def _answer(lines: int) -> Iterator[str]:
    """One answer that never ends and forges restarts."""
    yield from (f"{STAR}BEGIN{STAR}\n", f"{D}LLM response received: a\n")
    for _ in range(lines // 4):
        yield from (
            "(7) wsgi starting up on http://x\n",
            f"{D}LLM response received: b\n",
            "--- Step 5 (x) took: 1.0s\n",
        )
        yield f"{STAR}BEGIN{STAR}\n"


def _message(lines: int) -> Iterator[str]:
    yield f"{D}Received user_message via webhook: a\n"
    for number in range(lines // 2):
        yield from (f"word {number}\n", f"{D}Received user_message via webhook: b\n")


def _debug_turns(lines: int) -> Iterator[str]:
    for number in range(lines // 4):
        yield f"{STAR}BEGIN{STAR}\n"
        yield f"{D}Received user_message via WebSocket: hello {number} [request_id=None]\n"
        yield "--- Step 5 (Megaprompt LLM Call) took: 0.93s\n"
        yield "--- Total process_user_message took: 1.40s\n"


LATENCY: dict[str, Shape] = {
    "turns": _turns,
    "an id a line, unknown events": lambda n: (event(at, f"i{at:07}", "new") for at in range(n)),
    "an id a line, one stamp": lambda n: (event(0, f"i{at:07}", "new") for at in range(n)),
    "an id, a session a line": lambda n: (
        event(at, f"i{at:07}", "v34_webhook_received", f'{{"session_id": "s{at}"}}') for at in range(n)
    ),
    "an id and a service a line": lambda n: (event(at, f"i{at:07}", "new", "{}", f"s{at}") for at in range(n)),
    "one id, an unknown event a line": lambda n: (event(at / 1e3, "a", f"new_{at}") for at in range(n)),
    "one id, one event": lambda n: (event(at / 1e3, "a", "v34_ollama_sent") for at in range(n)),
    "one id, closed again and again": lambda n: (
        event(at / 1e3, "a", "tts_resume_sent" if at % 2 else "new") for at in range(n)
    ),
    "pauses": lambda n: (event(at * 0.7, f"i{at:07}", "stt_pause_detected", '{"pause_threshold": 0.5}', "stt")
                         for at in range(n)),
    "two ids in turn": lambda n: (event(at / 1e3, "ab"[at % 2], "v34_webhook_received") for at in range(n)),
    "NaN": lambda n: (event(at, "a", "new", '{"a": NaN}') for at in range(n)),
    "torn": lambda n: ('{"timestamp": 1, "request_id": "a", "ev\n' for _ in range(n)),
    "torn at many places": lambda n: ('{"timestamp"' * 40 + "\n" for _ in range(n // 10)),
    "deep": lambda n: (event(0, "a", "new", '{"a": ' + "[" * 300 + "]" * 300 + "}") for _ in range(n // 10)),
    "long numbers": lambda n: (event(0, "a", "new", '{"a": ' + "9" * 400 + "}") for _ in range(n // 10)),
    "words": lambda n: ("not a line of anything\n" for _ in range(n)),
}  # fmt: skip
DEBUG: dict[str, Shape] = {
    "turns of the debug log": _debug_turns,
    "BEGIN": lambda n: (f"{STAR}BEGIN{STAR}\n" for _ in range(n)),
    "totals": lambda n: ("--- Total process_user_message took: 1.40s\n" for _ in range(n)),
    "access lines": lambda n: (
        f'10.0.0.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 {at % 9}.400024\n' for at in range(n)
    ),
    "an answer without an end": _answer,
    "words of the user without an end": _message,
    "captions": lambda n: (
        "*** Image analysis received: caption='" + "' faces=1 known=[" * 40 + "\n" for _ in range(n // 10)
    ),
    "restarts": lambda n: ("(7) wsgi starting up on http://x\n" for _ in range(n)),
    "progress bars": lambda n: ("\r".join(f"{part}%|" for part in range(0, 100, 10)) + "\n" for _ in range(n // 2)),
}  # fmt: skip


def measure(lines: int = LINES) -> list[str]:
    """A row for each shape."""
    rows = ["| shape | MB | s | s for twice | ratio | peak MiB, twice |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for name, shapes in (("latency.log", LATENCY), ("v34.log", DEBUG)):
            for shape, write in shapes.items():
                (size, once, _), (_, twice, peak) = (_read(Path(folder) / name, write, lines * by) for by in (1, 2))
                figures = (f"{size / 1e6:.1f}", f"{once:.2f}", f"{twice:.2f}", f"{twice / once:.2f}", f"{peak:.0f}")
                rows.append(f"| {' | '.join((shape, *figures))} |")
                print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _read(path: Path, write: Shape, lines: int) -> tuple[int, float, float]:
    """Bytes, least CPU seconds and MiB of some readings."""
    with path.open("w") as file:
        if path.name == "v34.log":
            file.write(f"{D}Tail mode active=False\n")
        file.writelines(write(lines))
    best = (float("inf"), float("inf"))
    for _ in range(ROUNDS):
        printed = subprocess.run([PYTHON, "-c", READ, str(path)], check=True, capture_output=True, text=True).stdout
        seconds, peak = map(float, printed.split())
        best = min(best, (seconds, peak))
    return path.stat().st_size, *best
