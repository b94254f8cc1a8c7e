"""``kill -9`` of a dashboard at a random instant of a change, then a new start: counts torn files and lost changes.

Each round flips tail mode and raw as one change of two files and is killed between 0 and 2.5 s after its begin. The new
start must classify the open operation; an applied change is then undone.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from timmy_tui.control.controller import Controller
from timmy_tui.control.journal.write_ahead import CLOSED, Journal
from timmy_tui.control.service.listeners import Answer, ask
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.sources.timmy import timmy_at

ROUNDS = 100
DASHBOARD = """
import sys, time
from pathlib import Path
from timmy_tui.control.controller import Controller
from timmy_tui.model.user_requests import Flip
from timmy_tui.sources.timmy import timmy_at
controller = Controller(timmy_at(Path(sys.argv[1]), state=Path(sys.argv[2])))
controller.open()
plan = controller.plan(Flip((("tail-mode", "on"),)))
assert not plan.refusal, plan.refusal
print("planned", flush=True)
controller.start(plan)
time.sleep(60)
"""


def measure() -> list[str]:
    """Lines of the table."""
    rng = random.Random(11)
    counts: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Demo(DemoOptions(history=0, conversation=False, import_s=0.05)) as demo,
    ):
        assert demo.root is not None
        _wait_until(lambda: ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
        files = [demo.root / "v34/config.py", demo.root / "v34/app.py"]
        for number in range(ROUNDS):
            counts.update(_run_round(demo, files, Path(folder) / str(number), rng.uniform(0, 2.5)))
    return [
        f"{ROUNDS} kills: {counts['open']} open operations at the next start, "
        f"{counts['classified']} of them classified; {counts['torn']} torn files, "
        f"{counts['inexact']} rollbacks that were not byte-exact, {counts['left']} files "
        "left behind."
    ]


def _run_round(demo: Demo, files: list[Path], state: Path, seconds: float) -> Counter[str]:
    """One kill after ``seconds`` and one recovery; ``state``: the state folder. Returns counts by outcome."""
    assert demo.root is not None
    counts: Counter[str] = Counter()
    before = [path.read_bytes() for path in files]
    process = subprocess.Popen(
        [sys.executable, "-c", DASHBOARD, str(demo.root), str(state)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for path, old in zip(files, before, strict=True):
        new = old.replace(b"USE_FULL_MEGA_PROMPT = True", b"USE_FULL_MEGA_PROMPT = False").replace(
            b"=True,", b"=False,"
        )
        counts["torn"] += path.read_bytes() not in (old, new)
    timmy = timmy_at(demo.root, state=state)
    journal = Journal(timmy.control_folder / "journal.jsonl")
    counts["open"] += len(journal.open_operations())
    controller = Controller(timmy)
    controller.open(watch=False)
    open_operations = len(journal.open_operations())
    controller.poll()
    if not controller.idle:
        _wait_until(lambda: controller.progress is not None and bool(controller.progress.choices))
        controller.answer("undo")
        _wait_until(lambda: controller.idle)
    counts["classified"] += open_operations * all(operation.stage in CLOSED for operation in journal.operations())
    counts["inexact"] += [path.read_bytes() for path in files] != before
    counts["left"] += sum(path.suffix == ".tmp" for path in files[0].parent.iterdir())
    controller.close()
    return counts


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
