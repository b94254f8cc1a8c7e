"""Ways out: what telling every turn costs, and what a dead collector does to the screen.

- 10 turns a second to a collector and a Prometheus, in a process that does nothing else: its CPU, less that of the same
  process without them. The collector is a process of its own.
- Append → screen and exec → first frame, without telemetry, with a collector that is dead, with one that takes turns.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import truediv
from pathlib import Path
from statistics import median

from bench.dashboard.append import SAMPLES, time_phases
from bench.dashboard.peers import PYTHON, TIMMY, make_root
from bench.dashboard.screen import Screen
from bench.reading.logs import write_log

RATE = 10
"""Turns a second."""
SECONDS = 40
ROUNDS, FRAMES = 3, 4
"""Rounds, and frames of each kind in a round."""
DEAD = "http://127.0.0.1:9"
SETTINGS = '[otel]\nenabled = true\nendpoint = "{endpoint}"\n[prometheus]\nport = {port}\n'
COLLECTOR = """
import sys, time
from tests.telemetry.receiver import receiving
with receiving() as receiver:
    print(receiver.port, flush=True)
    sys.stdin.read()
    print(len(receiver.traces()), flush=True)
"""


def measure() -> list[str]:
    """All tables."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_cost_lines(), "", *_screen_lines(Path(folder))]


@contextmanager
def collector() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A collector in a process of its own, and its address."""
    with subprocess.Popen([PYTHON, "-c", COLLECTOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{child.stdout.readline().strip()}", child


def _cost_lines() -> list[str]:
    with collector() as (endpoint, child):
        plain, both = _cpu_share(""), _cpu_share(endpoint)
        told, _ = child.communicate("")
    return [
        f"| {RATE} turns a second for {SECONDS} s | CPU, % of a core |",
        "|---|---|",
        f"| snapshots alone | {plain:.2f} |",
        f"| with OTLP (traces and metrics) and Prometheus | {both:.2f} |",
        f"| difference | {both - plain:.2f} |",
        "",
        f"The collector got {told.strip()} of {RATE * SECONDS} turns.",
    ]


def _cpu_share(endpoint: str) -> float:
    done = subprocess.run(
        [PYTHON, "-m", "bench.ways_out.telemetry", endpoint],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS + 120,
    )
    return float(done.stdout)


def _tell(endpoint: str) -> None:
    """In a process of its own: prints its CPU share while snapshots come, from the second on in which all is loaded."""
    from tests.telemetry.turns import new_turns, reuse_of, snapshot_of
    from timmy_tui.telemetry.otlp import OtlpExporter, OtlpOptions
    from timmy_tui.telemetry.prometheus.observer import PrometheusServer
    from timmy_tui.telemetry.told_turns import ToldTurns

    otlp = OtlpExporter(OtlpOptions(endpoint), ToldTurns(None), "/timmy", print)
    prometheus = PrometheusServer(0, ToldTurns(None), "/timmy")
    observers = (otlp, prometheus) if endpoint else ()
    for observer in observers:
        observer.start()
    turns = new_turns(RATE * SECONDS)
    reuse = [reuse_of(turn) for turn in turns]
    warm = 8 * RATE
    for number in range(1, len(turns) + 1):
        snapshot = snapshot_of(turns[max(number - 500, 0) : number], reuse[max(number - 200, 0) : number])
        for observer in observers:
            observer.observe(snapshot)
        if number == warm:
            began, cpu_s = time.monotonic(), _cpu_s()
        time.sleep(1 / RATE)
    share = (_cpu_s() - cpu_s) / (time.monotonic() - began)
    for observer in observers:
        observer.stop(time.monotonic() + 5.0)
    print(100 * share)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _screen_lines(folder: Path) -> list[str]:
    """The three kinds in turn, round by round: the machine is rarely idle, and a ratio is taken within a round."""
    with collector() as (endpoint, child):
        kinds = {"without": "", "a dead collector": DEAD, "a collector that takes turns": endpoint}
        appends: dict[str, list[float]] = {name: [] for name in kinds}
        frames: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, one in kinds.items():
                appends[name] += _append_ms(folder, one)
            for _ in range(FRAMES):
                for name, one in kinds.items():
                    frames[name].append(_frame_ms(folder, one))
        child.communicate("")
    lines = [
        f"| telemetry | append → screen p50 ms | p95 ms | missed of {ROUNDS * SAMPLES} | first frame ms | / without |",
        "|---|---|---|---|---|---|",
    ]
    for name, times in appends.items():
        ordered = sorted(times)
        p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        ratio = median(map(truediv, frames[name], frames["without"]))
        missed = ROUNDS * SAMPLES - len(ordered)
        lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {missed} | {median(frames[name]):.0f} | {ratio:.2f} |")
    return lines


def _environ(folder: Path, endpoint: str) -> dict[str, str]:
    config = folder / "config" / "timmy_tui"
    config.mkdir(parents=True, exist_ok=True)
    settings = config / "settings.toml"
    settings.write_text(SETTINGS.format(endpoint=endpoint, port=19_463) if endpoint else "")
    settings.chmod(0o600)
    return {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}


def _dashboard(folder: Path, endpoint: str) -> tuple[Sequence[str], dict[str, str], Path]:
    """Command, environment and log of a dashboard on a log of some minutes ago, a new one for each run."""
    root = make_root(Path(tempfile.mkdtemp(dir=folder)) / "timmy")
    log = root / "shared/latency.log"
    write_log(log, 5000, time.time() - 60)
    return [*TIMMY, "--root", str(root), "--no-services"], _environ(folder, endpoint), log


def _append_ms(folder: Path, endpoint: str) -> list[float]:
    argv, environ, log = _dashboard(folder, endpoint)
    with Screen(argv, environ=environ) as screen:
        return time_phases(screen, log)


def _frame_ms(folder: Path, endpoint: str) -> float:
    argv, environ, _ = _dashboard(folder, endpoint)
    with Screen(argv, environ=environ) as screen:
        shown = screen.wait_for(b"V2V", 60)
        return float("nan") if shown is None else 1000 * (shown - screen.started)


if __name__ == "__main__":
    _tell(sys.argv[1])
