"""A storm of rotations: 15 in 25 s, at the speed at which they happen, while turns are written. How many are lost?

A process of its own writes turns, line by line, each line with its own open as the tracker does, and rotates the log
between them: by rename as logrotate does, or by deleting and making it anew as the control panel does. Pauses between
two rotations are from 30 ms up.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.dashboard.peers import make_root
from bench.reading.logs import turn_lines
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import Settings
from timmy_tui.pipeline.live_source import follow_logs

ROTATIONS = 15
SECONDS = 25.0
TURNS = 162
SHORTEST_S = 0.03
WAYS = ("rename", "delete")


def measure() -> list[str]:
    """One row per way of rotating, with and without file system events."""
    rows = [
        "| rotated by | events | turns written | lost | lines lost | files counted as missed |",
        "|---|---|---|---|---|---|",
    ]
    return rows + [_storm(way, notify) for way in WAYS for notify in (True, False)]


def _storm(way: str, notify: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        root = make_root(Path(folder) / "timmy")
        settings = Settings()
        if not notify:
            settings = Settings(tail=type(settings.tail)(notify=False))
        installation = installation_at(root, settings.paths)
        log = installation.latency_log
        log.touch()
        feeds, waker = follow_logs(settings, installation)
        feed = next(feed for feed in feeds if feed.kind == "latency")
        news = threading.Event()
        feed.start(news.set)
        if waker is not None:
            waker.start()
            waker.watching.wait(10)
        read: list[bytes] = []
        writer = subprocess.Popen([sys.executable, "-m", "bench.reading.rotations", str(log), way])
        try:
            ended_at = None
            while ended_at is None or time.monotonic() - ended_at < 3 * 2.0:
                news.wait(0.25)
                news.clear()
                read += [line for batch in feed.drain() for line in batch.lines]
                if ended_at is None and writer.poll() is not None:
                    ended_at = time.monotonic()
        finally:
            writer.wait()
            feed.stop()
            if waker is not None:
                waker.stop()
        return _row(way, notify, read, feed.state.missed)


def _row(way: str, notify: bool, read: list[bytes], missed: int) -> str:
    per_turn: dict[str, int] = {}
    for line in read:
        request_id = json.loads(line)["request_id"]
        per_turn[request_id] = per_turn.get(request_id, 0) + 1
    wanted = [turn_lines(number, 0.0) for number in range(TURNS)]
    ids = [json.loads(lines[0])["request_id"] for lines in wanted]
    missing = [len(lines) - per_turn.get(request_id, 0) for request_id, lines in zip(ids, wanted, strict=True)]
    lost = sum(count > 0 for count in missing)
    return f"| {way} | {'yes' if notify else 'no'} | {TURNS} | {lost} | {sum(missing)} | {missed} |"


def write(log: Path, way: str) -> None:
    """Write the turns and rotate the log between them, at the speed of the storm."""
    rng = random.Random(12)
    cuts = sorted(rng.uniform(0, SECONDS) for _ in range(ROTATIONS // 2))
    # Every other rotation follows the one before it closely: two within two seconds, some within a twentieth of one.
    cuts = sorted([*cuts, *(cut + rng.uniform(SHORTEST_S, 1.5) for cut in cuts), SECONDS / 2])
    began = time.monotonic()
    turns = iter(range(TURNS))
    rotated = 0
    for number in turns:
        due = began + SECONDS * number / TURNS
        while rotated < len(cuts) and began + cuts[rotated] <= due:
            time.sleep(max(0.0, began + cuts[rotated] - time.monotonic()))
            rotated += 1
            _rotate(log, way, rotated)
            following = next(turns, None) if rotated % 2 else None
            if following is not None:
                _append(log, turn_lines(following, time.time()))
        time.sleep(max(0.0, due - time.monotonic()))
        _append(log, turn_lines(number, time.time()))


def _append(log: Path, lines: list[str]) -> None:
    for line in lines:
        with log.open("a") as file:
            file.write(line)


def _rotate(log: Path, way: str, number: int) -> None:
    if way == "delete":
        log.unlink(missing_ok=True)
    elif log.exists():
        log.rename(log.with_name(f"{log.name}.{number}"))
    log.touch()


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
