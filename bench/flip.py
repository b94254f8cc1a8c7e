"""From the key to the new value serving, beside doing it by hand: an edit in place, then waiting for the reloader.

Both wait for the same thing, exactly one new process that listens and answers; the reloader looks once a second, so the
totals scatter by that second. What the dashboard itself adds is measured apart: until the file is in place (guards,
restore point, journal, backup, proof), and from the first answer to its being said.
"""

import statistics
import tempfile
import threading
import time
from pathlib import Path

from timmy_tui.control.controller import Controller
from timmy_tui.control.service.listeners import Answer, ask, who_serves
from timmy_tui.core.settings import Settings
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.model.change import ChangeState

REPEATS = 15


def measure() -> list[str]:
    """Lines of the table."""
    own: list[float] = []
    hand: list[float] = []
    before: list[float] = []
    after: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Demo(DemoOptions(history=0, conversation=False, import_s=0.2)) as demo,
    ):
        assert demo.root is not None
        config = demo.root / "v34/config.py"
        _until(lambda: ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
        room = Controller(Settings(), demo.root, Path(folder))
        room.open(watch=False)
        for number in range(REPEATS):
            hand.append(_by_hand(demo, config, number))
            whole, written, said = _by_key(demo, room, config)
            own.append(whole)
            before.append(written)
            after.append(said)
        room.close()
    overhead = [one + other for one, other in zip(before, after, strict=True)]
    return [
        "| | median | worst |",
        "|---|---|---|",
        _row("by hand: edit, wait for the new process", hand),
        _row("the dashboard: confirm → verifying", own),
        _row("of that its own: until the file is in place", before),
        _row("of that its own: from the first answer to saying so", after),
        _row("**its own, together** (aim ≤ 0.5 s)", overhead),
    ]


def _row(name: str, values: list[float]) -> str:
    return f"| {name} | {statistics.median(values):.2f} s | {max(values):.2f} s |"


def _by_hand(demo: Demo, config: Path, number: int) -> float:
    old = _identity(demo)
    text = config.read_text()
    _rest()
    began = time.monotonic()
    config.write_text(text + f"# {number}\n")
    _until(lambda: _identity(demo) not in ("", old) and ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
    return time.monotonic() - began


def _by_key(demo: Demo, room: Controller, config: Path) -> tuple[float, float, float]:
    """Seconds in all, until the file was in place, and from the first answer to ``verifying``."""
    _rest()
    value = "4" if "NUM_RETRIEVED_CHUNKS = 5" in config.read_text() else "5"
    plan = room.plan("flip", {"key": "retrieved-chunks", "value": value})
    assert not plan.refusal, plan.refusal
    old, data = _identity(demo), config.read_bytes()
    seen: dict[str, float] = {}

    def watch() -> None:
        _until(lambda: config.read_bytes() != data, 0.002)
        seen["written"] = time.monotonic()
        _until(lambda: _identity(demo) not in ("", old) and ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
        seen["answers"] = time.monotonic()

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    room.start(plan)
    _until(lambda: room.progress is not None and room.progress.state is ChangeState.VERIFYING, 0.002)
    ended = time.monotonic()
    watcher.join()
    room.answer("keep")
    _until(lambda: room.idle)
    return ended - began, seen["written"] - began, max(ended - seen["answers"], 0.0)


def _identity(demo: Demo) -> str:
    listeners = who_serves(int(demo.urls["v34"].rsplit(":", 1)[1])).listeners
    return listeners[0].identity if len(listeners) == 1 else ""


def _rest() -> None:
    """Past the second of the last write, so that neither way has to wait for the next one."""
    time.sleep(1.2)


def _until(what: object, every_s: float = 0.02) -> None:
    assert callable(what)
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(every_s)
