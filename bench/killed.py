"""``kill -9`` of a dashboard at a random instant of a flip, then the next start: is anything torn, lost or not told?

Each round flips tail mode and raw as one change over two files, is killed between 0 and 2.5 s after it began, and is
followed by a new start that must classify what is open; an applied change is then taken back.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from timmy_tui.control.controller import Controller
from timmy_tui.control.journal.lock import control_dir
from timmy_tui.control.journal.write_ahead import CLOSED, Journal
from timmy_tui.control.service.listeners import Answer, ask
from timmy_tui.core.settings import Settings
from timmy_tui.demo.run import Demo, DemoOptions

ROUNDS = 100
DASHBOARD = """
import sys, time
from pathlib import Path
from timmy_tui.control.controller import Controller
from timmy_tui.core.settings import Settings
room = Controller(Settings(), Path(sys.argv[1]), Path(sys.argv[2]))
room.open()
plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
assert not plan.refusal, plan.refusal
print("planned", flush=True)
room.start(plan)
time.sleep(60)
"""


def measure() -> list[str]:
    """Lines of the table."""
    chance = random.Random(11)
    found: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Demo(DemoOptions(history=0, conversation=False, import_s=0.05)) as demo,
    ):
        assert demo.root is not None
        _until(lambda: ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
        files = [demo.root / "v34/config.py", demo.root / "v34/app.py"]
        for number in range(ROUNDS):
            found.update(_round(demo, files, Path(folder) / str(number), chance.uniform(0, 2.5)))
    return [
        f"{ROUNDS} kills: {found['open']} open operations at the next start, {found['told']} of them classified; "
        f"{found['torn']} torn files, {found['inexact']} rollbacks that were not byte-exact, {found['left']} files "
        "left behind."
    ]


def _round(demo: Demo, files: list[Path], state: Path, seconds: float) -> Counter[str]:
    assert demo.root is not None
    found: Counter[str] = Counter()
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
        found["torn"] += path.read_bytes() not in (old, new)
    journal = Journal(control_dir(demo.root, state) / "journal.jsonl")
    found["open"] += len(journal.open_operations())
    room = Controller(Settings(), demo.root, state)
    room.open(watch=False)
    was = len(journal.open_operations())
    room.look()
    if not room.idle:
        _until(lambda: room.progress is not None and bool(room.progress.choices))
        room.answer("undo")
        _until(lambda: room.idle)
    found["told"] += was * all(one.stage in CLOSED for one in journal.operations())
    found["inexact"] += [path.read_bytes() for path in files] != before
    found["left"] += sum(path.suffix == ".tmp" for path in files[0].parent.iterdir())
    room.close()
    return found


def _until(what: object) -> None:
    assert callable(what)
    deadline = time.monotonic() + 90
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
