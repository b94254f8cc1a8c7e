"""The time of a flag change in the dashboard, from the confirmation until v34 answers, compared with an edit by hand.

Both wait until exactly one new process listens and answers. The reloader polls once a second, so the totals vary by up
to a second. The time that the dashboard itself adds is measured separately: until the file is written (guards, restore
point, journal, backup, verification), and from v34's first answer to the state ``verifying``.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from timmy_tui.control.controller import Controller
from timmy_tui.control.service.listeners import Answer, ask, who_serves
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip
from timmy_tui.sources.timmy import timmy_at

REPEATS = 15


def measure() -> list[str]:
    """Lines of the table."""
    with_dashboard: list[float] = []
    by_hand: list[float] = []
    until_written: list[float] = []
    after_answer: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Demo(DemoOptions(history=0, conversation=False, import_s=0.2)) as demo,
    ):
        assert demo.root is not None
        config = demo.root / "v34/config.py"
        _wait_until(lambda: ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
        controller = Controller(timmy_at(demo.root, state=Path(folder)))
        controller.open(watch=False)
        for number in range(REPEATS):
            by_hand.append(_change_by_hand(demo, config, number))
            total, written, reported = _change_with_dashboard(demo, controller, config)
            with_dashboard.append(total)
            until_written.append(written)
            after_answer.append(reported)
        controller.close()
    overhead = [written + reported for written, reported in zip(until_written, after_answer, strict=True)]
    return [
        "| | median | worst |",
        "|---|---|---|",
        _row("by hand: edit, wait for the new process", by_hand),
        _row("the dashboard: confirm → verifying", with_dashboard),
        _row("of that the dashboard's own: until the file is written", until_written),
        _row("of that the dashboard's own: from the first answer to verifying", after_answer),
        _row("**the dashboard's own time together** (aim ≤ 0.5 s)", overhead),
    ]


def _row(name: str, values: list[float]) -> str:
    return f"| {name} | {statistics.median(values):.2f} s | {max(values):.2f} s |"


def _change_by_hand(demo: Demo, config: Path, number: int) -> float:
    """Seconds from the edit until the new process answers."""
    old = _identity(demo)
    text = config.read_text()
    _wait_for_next_second()
    started = time.monotonic()
    config.write_text(text + f"# {number}\n")
    _wait_until(lambda: _identity(demo) not in ("", old) and ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
    return time.monotonic() - started


def _change_with_dashboard(demo: Demo, controller: Controller, config: Path) -> tuple[float, float, float]:
    """Seconds in total, until the file was written, and from the first answer to ``verifying``."""
    _wait_for_next_second()
    value = "4" if "NUM_RETRIEVED_CHUNKS = 5" in config.read_text() else "5"
    plan = controller.plan(Flip((("retrieved-chunks", value),)))
    assert not plan.refusal, plan.refusal
    old, data = _identity(demo), config.read_bytes()
    times: dict[str, float] = {}

    def watch() -> None:
        _wait_until(lambda: config.read_bytes() != data, 0.002)
        times["written"] = time.monotonic()
        _wait_until(lambda: _identity(demo) not in ("", old) and ask(demo.urls["v34"], 1.0) is Answer.ANSWERS)
        times["answers"] = time.monotonic()

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    controller.start(plan)
    _wait_until(lambda: controller.progress is not None and controller.progress.state is ChangeState.VERIFYING, 0.002)
    ended = time.monotonic()
    watcher.join()
    controller.answer("keep")
    _wait_until(lambda: controller.idle)
    return ended - started, times["written"] - started, max(ended - times["answers"], 0.0)


def _identity(demo: Demo) -> str:
    listeners = who_serves(int(demo.urls["v34"].rsplit(":", 1)[1])).listeners
    return listeners[0].identity if len(listeners) == 1 else ""


def _wait_for_next_second() -> None:
    """Wait until the second of the last write has passed, so that the next write need not wait for it."""
    time.sleep(1.2)


def _wait_until(condition: Callable[[], bool], every_s: float = 0.02) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(every_s)
