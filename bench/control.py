"""Control: kill -9 at random instants of a change, flips against a second writer, and what an edit costs.

Torn, lost and wrong must be 0. The kills and the flips are also tests, with fewer rounds.
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
    Journal,
    Standing,
    classify,
    file_records,
    new_op,
    plan_rollback,
    remove_leftovers,
)

KILLS, FLIPS, EDITS = 100, 1000, 100
TEMPLATE = Path(__file__).parents[1] / "timmy_tui/demo/timmy/v34"
FULL = Constant("USE_FULL_MEGA_PROMPT")
RAW = Keyword("generate_api_call", "raw")
_LONG_AGO = 1_700_000_000


def measure() -> list[str]:
    """The three tables."""
    with tempfile.TemporaryDirectory() as folder:
        killed = kills(Path(folder), KILLS)
        flipped = flips(Path(folder), FLIPS)
        cost = edits(Path(folder), EDITS)
    return [
        f"| kill -9 until {KILLS} changes were left open | n |",
        "|---|---|",
        *(f"| {name} | {number} |" for name, number in killed.items()),
        "",
        f"| flips × {FLIPS} beside a writer of the same file | n |",
        "|---|---|",
        *(f"| {name} | {number} |" for name, number in flipped.items()),
        "",
        "| one edit | p50 ms | p95 ms |",
        "|---|---|---|",
        *(f"| {name} | {p50:.2f} | {p95:.2f} |" for name, (p50, p95) in cost.items()),
    ]


def lay_out(folder: Path) -> tuple[Path, Path]:
    """config.py and app.py of the demo in a fresh folder."""
    v34 = Path(tempfile.mkdtemp(dir=folder))
    for name in ("config.py", "app.py"):
        shutil.copyfile(TEMPLATE / f"{name}.template", v34 / name)
    return v34 / "config.py", v34 / "app.py"


def kills(folder: Path, rounds: int, seed: int = 1) -> dict[str, int]:
    """A child makes changes of two files with their journal and dies at a random instant; then: recovery.

    Until ``rounds`` of the kills have met an open operation; the others fell between two changes.
    """
    config, app = lay_out(folder)
    chance = random.Random(seed)
    journal, backups = Journal(folder / "journal.jsonl"), folder / "backups"
    good = {path: _both(path) for path in (config, app)}
    counts = dict.fromkeys(
        [
            "kills",
            "torn",
            "open",
            "not applied",
            "half applied",
            "applied",
            "changed by someone else",
            "wrong rollback",
            "left",
        ],
        0,
    )
    while counts["open"] < rounds:
        counts["kills"] += 1
        _die_in_a_change(config, app, journal, backups, chance.uniform(0, 0.012))
        counts["torn"] += sum(path.read_bytes() not in good[path] for path in good)
        for operation in journal.open_operations():
            counts["open"] += 1
            standing = classify(operation)
            counts[standing.value] += 1
            remove_leftovers(operation)
            _age(config, app)
            if standing in (Standing.APPLIED, Standing.HALF_APPLIED):
                write(plan_rollback(operation, backups))
            wrong = any(atomic_replace.read_file(Path(file.path)).sha256 != file.before for file in operation.files)
            counts["wrong rollback"] += wrong
            journal.append(Entry(op=operation.op, stage="rolled back"))
        counts["left"] += sum(path.suffix == ".tmp" for path in config.parent.iterdir())
    return counts


def _both(path: Path) -> set[bytes]:
    selector, data = (FULL if path.name == "config.py" else RAW), path.read_bytes()
    old = find_literal(data, selector)
    return {data[: old.start] + value + data[old.end :] for value in (b"True", b"False")}


def _die_in_a_change(config: Path, app: Path, journal: Journal, backups: Path, after_s: float) -> None:
    begun, begin = os.pipe()
    _age(config, app)
    pid = os.fork()
    if pid == 0:
        try:
            planned = _plan(config, app, backups)
            while True:
                op = new_op()
                journal.append(Entry(op=op, stage="editing", label="both", files=file_records(planned)))
                os.write(begin, b".")
                write(planned)
                journal.append(Entry(op=op, stage="kept"))
                _age(config, app)
                planned = _plan(config, app, backups)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(1)
    os.read(begun, 1)
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(begun)
    os.close(begin)


def _age(*paths: Path) -> None:
    """As if not written for a while: no wait for the next whole second."""
    for path in paths:
        os.utime(path, (_LONG_AGO, _LONG_AGO))


def _plan(config: Path, app: Path, backups: Path) -> tuple[PlannedFile, ...]:
    value = not find_literal(config.read_bytes(), FULL).value
    return plan([Edit(config, FULL, value), Edit(app, RAW, value)], backups)


def flips(folder: Path, rounds: int, seed: int = 1) -> dict[str, int]:
    """Flips while another process adds a numbered line to the same file, in place and by rename, in every way."""
    config, _ = lay_out(folder)
    stop = folder / "stop"
    stop.unlink(missing_ok=True)
    waiting = atomic_replace.wait_for_later_second
    atomic_replace.wait_for_later_second = lambda mtime_ns: None  # a wait would only make meetings rarer
    began = time.perf_counter()
    apply([Edit(config, FULL, not find_literal(config.read_bytes(), FULL).value)], folder / "backups")
    # Where an edit takes longer than the pauses of the other writer, on a busy machine, none would ever be made.
    longest_pause_s = max(0.05, 4 * (time.perf_counter() - began))
    pid = os.fork()
    if pid == 0:
        try:
            _write_for_ever(config, stop, random.Random(seed), longest_pause_s)
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
                pass  # the writer had just emptied it
    finally:
        atomic_replace.wait_for_later_second = waiting
        stop.touch()
        os.waitpid(pid, 0)
    found = [int(number) for number in re.findall(rb"# user edit (\d+)", config.read_bytes())]
    wrote = int((folder / "wrote").read_text())
    return {
        "made": made,
        "conflicts": conflicts,
        "user edits": wrote,
        "lost": wrote - len(set(found)),
        "left": _left(config),
    }


def _left(config: Path) -> int:
    return sum(path.suffix == ".tmp" for path in config.parent.iterdir())


def _write_for_ever(config: Path, stop: Path, chance: random.Random, longest_pause_s: float) -> None:
    """A user whose saves never meet a rule."""
    number, saved = 0, config.with_name("saved")
    while not stop.exists():
        time.sleep(chance.uniform(0, longest_pause_s))
        number += 1
        line = b"# user edit %d\n" % number
        way = chance.randrange(3)
        if way == 0:
            with config.open("ab") as file:
                file.write(line)
            continue
        data = config.read_bytes() + line
        if way == 1:
            saved.write_bytes(data)
            os.replace(saved, config)
        else:
            config.write_bytes(data)
    (stop.parent / "wrote").write_text(str(number))


def edits(folder: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """What one edit costs, beside ``sed -i`` on the same file."""
    config, _ = lay_out(folder)
    sed = ["sed", "-i", "s/^USE_FULL_MEGA_PROMPT = .*/USE_FULL_MEGA_PROMPT = True/", str(config)]
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        os.utime(config, (_LONG_AGO, _LONG_AGO))
        value = not find_literal(config.read_bytes(), FULL).value
        began = time.perf_counter()
        apply([Edit(config, FULL, value)], folder / f"backups{number}")
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        subprocess.run(sed, check=True)
        theirs.append(time.perf_counter() - began)
    return {"timmy_tui: proof, backup, fsync, swap": _percentiles(ours), "sed -i": _percentiles(theirs)}


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return 1000 * ordered[len(ordered) // 2], 1000 * ordered[int(len(ordered) * 0.95)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        run = {"kills": kills, "flips": flips}[sys.argv[1]]
        print(json.dumps(run(Path(scratch), int(sys.argv[2]))))
