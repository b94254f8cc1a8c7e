"""Control: kill -9 at random instants of a change, flips beside a second writer, and the cost of an edit.

The counts of torn, lost and wrong must be 0. The kills and the flips are also tests, with fewer rounds.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from timmy_tui.control.edit import atomic_replace
from timmy_tui.control.edit.literal import Constant, Keyword, find_literal
from timmy_tui.control.edit.transaction import Edit, PlannedFile, apply, plan, write
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.journal.write_ahead import (
    Entry,
    FileState,
    Journal,
    classify,
    file_records,
    new_op,
    plan_rollback,
    remove_leftovers,
)

KILLS, FLIPS, EDITS = 100, 1000, 100
TEMPLATE = Path(__file__).parents[2] / "timmy_tui/demo/timmy/v34"
FULL = Constant("USE_FULL_MEGA_PROMPT")
RAW = Keyword("generate_api_call", "raw")
_LONG_AGO = 1_700_000_000


def measure() -> list[str]:
    """Lines of the three tables."""
    with tempfile.TemporaryDirectory() as folder:
        kill_counts = kills(Path(folder), KILLS)
        flip_counts = flips(Path(folder), FLIPS)
        durations = edits(Path(folder), EDITS)
    return [
        f"| kill -9 until {KILLS} changes were left open | n |",
        "|---|---|",
        *(f"| {name} | {number} |" for name, number in kill_counts.items()),
        "",
        f"| flips × {FLIPS} beside a writer of the same file | n |",
        "|---|---|",
        *(f"| {name} | {number} |" for name, number in flip_counts.items()),
        "",
        "| one edit | p50 ms | p95 ms |",
        "|---|---|---|",
        *(f"| {name} | {p50:.2f} | {p95:.2f} |" for name, (p50, p95) in durations.items()),
    ]


def write_v34(folder: Path) -> tuple[Path, Path]:
    """Write config.py and app.py of the demo into a new folder; returns their paths."""
    v34 = Path(tempfile.mkdtemp(dir=folder))
    for name in ("config.py", "app.py"):
        shutil.copyfile(TEMPLATE / f"{name}.template", v34 / name)
    return v34 / "config.py", v34 / "app.py"


def kills(folder: Path, rounds: int, seed: int = 1) -> dict[str, int]:
    """A child process changes two files with a journal and is killed at a random instant; then the change is recovered.

    Repeated until ``rounds`` of the kills have left an open operation; the other kills fell between two changes.
    Returns counts by outcome.
    """
    config, app = write_v34(folder)
    rng = random.Random(seed)
    journal, backups = Journal(folder / "journal.jsonl"), folder / "backups"
    valid = {path: _valid_contents(path) for path in (config, app)}
    counts = dict.fromkeys(("kills", "torn", "open", *(state.value for state in FileState)), 0)
    counts |= {"wrong rollback": 0, "left": 0}
    while counts["open"] < rounds:
        counts["kills"] += 1
        _kill_during_change(config, app, journal, backups, rng.uniform(0, 0.012))
        counts["torn"] += sum(path.read_bytes() not in valid[path] for path in valid)
        for operation in journal.open_operations():
            counts["open"] += 1
            state = classify(operation)
            counts[state.value] += 1
            remove_leftovers(operation)
            _set_old_mtime(config, app)
            if state in (FileState.APPLIED, FileState.HALF_APPLIED):
                write(plan_rollback(operation, backups))
            wrong = any(atomic_replace.read_file(Path(file.path)).sha256 != file.before for file in operation.files)
            counts["wrong rollback"] += wrong
            journal.append(Entry(op=operation.op, stage="rolled back"))
        counts["left"] += sum(path.suffix == ".tmp" for path in config.parent.iterdir())
    return counts


def _valid_contents(path: Path) -> set[bytes]:
    """The contents with True and with False; everything else is torn."""
    selector, data = (FULL if path.name == "config.py" else RAW), path.read_bytes()
    old = find_literal(data, selector)
    return {data[: old.start] + value + data[old.end :] for value in (b"True", b"False")}


def _kill_during_change(config: Path, app: Path, journal: Journal, backups: Path, after_s: float) -> None:
    started, signal_start = os.pipe()
    _set_old_mtime(config, app)
    pid = os.fork()
    if pid == 0:
        try:
            planned = _plan(config, app, backups)
            while True:
                op = new_op()
                journal.append(Entry(op=op, stage="editing", label="both", files=file_records(planned)))
                os.write(signal_start, b".")
                write(planned)
                journal.append(Entry(op=op, stage="kept"))
                _set_old_mtime(config, app)
                planned = _plan(config, app, backups)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(1)
    os.read(started, 1)
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(started)
    os.close(signal_start)


def _set_old_mtime(*paths: Path) -> None:
    """Set an old modification time, so that the next write need not wait for the next whole second."""
    for path in paths:
        os.utime(path, (_LONG_AGO, _LONG_AGO))


def _plan(config: Path, app: Path, backups: Path) -> tuple[PlannedFile, ...]:
    value = not find_literal(config.read_bytes(), FULL).value
    return plan([Edit(config, FULL, value), Edit(app, RAW, value)], backups)


def flips(folder: Path, rounds: int, seed: int = 1) -> dict[str, int]:
    """Flips while another process adds numbered lines to the same file: appended, in place, and by rename.

    Returns counts by outcome.
    """
    config, _ = write_v34(folder)
    stop = folder / "stop"
    stop.unlink(missing_ok=True)
    original_wait = atomic_replace.wait_for_later_second
    atomic_replace.wait_for_later_second = lambda mtime_ns: None  # waits would only make conflicts rarer
    # Where an edit takes longer than the pauses of the other writer, on a busy machine, none would ever be made.
    longest_pause_s = max(0.05, 4 * _edit_s(config, folder / "backups"))
    pid = os.fork()
    if pid == 0:
        try:
            _write_until_stopped(config, stop, random.Random(seed), longest_pause_s)
        finally:
            os._exit(0)
    made = conflicts = 0
    try:
        while made < rounds:
            try:
                value = not find_literal(atomic_replace.read_file(config).data, FULL).value
                apply([Edit(config, FULL, value)], folder / "backups")
                made += 1
            except Conflict:
                conflicts += 1
            except Refused:
                pass  # the other writer had just emptied the file
    finally:
        atomic_replace.wait_for_later_second = original_wait
        stop.touch()
        os.waitpid(pid, 0)
    present = {int(number) for number in re.findall(rb"# user edit (\d+)", config.read_bytes())}
    written = int((folder / "written").read_text())
    return {
        "made": made,
        "conflicts": conflicts,
        "user edits": written,
        "lost": written - len(present),
        "left": _temporary_files(config),
    }


def _edit_s(config: Path, backups: Path) -> float:
    """Seconds that one edit takes on this machine now."""
    began = time.perf_counter()
    apply([Edit(config, FULL, not find_literal(config.read_bytes(), FULL).value)], backups)
    return time.perf_counter() - began


def _temporary_files(config: Path) -> int:
    """Number of temporary files left behind."""
    return sum(path.suffix == ".tmp" for path in config.parent.iterdir())


def _write_until_stopped(config: Path, stop: Path, rng: random.Random, longest_pause_s: float) -> None:
    """A user who saves the file again and again, in three ways; ends with ``stop`` or when the parent has exited."""
    number, saved, parent = 0, config.with_name("saved"), os.getppid()
    while not stop.exists() and os.getppid() == parent:
        time.sleep(rng.uniform(0, longest_pause_s))
        number += 1
        line = b"# user edit %d\n" % number
        method = rng.randrange(3)
        if method == 0:
            with config.open("ab") as file:
                file.write(line)
            continue
        data = config.read_bytes() + line
        if method == 1:
            saved.write_bytes(data)
            os.replace(saved, config)
        else:
            config.write_bytes(data)
    (stop.parent / "written").write_text(str(number))


def edits(folder: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """(p50, p95) in ms of one edit and of ``sed -i`` on the same file."""
    config, _ = write_v34(folder)
    sed = ["sed", "-i", "s/^USE_FULL_MEGA_PROMPT = .*/USE_FULL_MEGA_PROMPT = True/", str(config)]
    own_times: list[float] = []
    sed_times: list[float] = []
    for number in range(rounds):
        os.utime(config, (_LONG_AGO, _LONG_AGO))
        value = not find_literal(config.read_bytes(), FULL).value
        started = time.perf_counter()
        apply([Edit(config, FULL, value)], folder / f"backups{number}")
        own_times.append(time.perf_counter() - started)
        started = time.perf_counter()
        subprocess.run(sed, check=True)
        sed_times.append(time.perf_counter() - started)
    return {"timmy_tui: verify, backup, fsync, swap": _percentiles(own_times), "sed -i": _percentiles(sed_times)}


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return 1000 * ordered[len(ordered) // 2], 1000 * ordered[int(len(ordered) * 0.95)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        run = {"kills": kills, "flips": flips}[sys.argv[1]]
        print(json.dumps(run(Path(scratch), int(sys.argv[2]))))
