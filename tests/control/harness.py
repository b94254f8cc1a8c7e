"""A demo Timmy with the dashboard's harness on it, without the screen."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from timmy_tui.control.change.planner import ChangePlan
from timmy_tui.control.controller import Controller
from timmy_tui.control.service.listeners import Answer, ask, who_serves
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import Settings
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.model.change import ChangeState
from timmy_tui.pipeline.live_source import LiveSource, follow

LIMIT_S = 40.0


class Harness:
    """A running room, and what it said."""

    def __init__(self, demo: Demo, room: Controller, said: list[str], marks: list[tuple[str, str]]) -> None:
        assert demo.root is not None
        self.demo, self.room, self.said, self.marks = demo, room, said, marks
        self.root = demo.root
        self.config = self.root / "v34/config.py"
        self.app = self.root / "v34/app.py"

    @property
    def port(self) -> int:
        return int(self.demo.urls["v34"].rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        """Of the one that serves."""
        (one,) = who_serves(self.port).listeners
        return one.pid

    def start(self, kind: str, **arguments: Any) -> ChangePlan:
        """Plan and go."""
        plan = self.room.plan(kind, arguments)
        assert plan.refusal == "", plan.refusal
        self.room.start(plan)
        return plan

    def until(self, what: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Look until it is so."""
        deadline = time.monotonic() + limit_s
        while not what():
            assert time.monotonic() < deadline, (self.room.progress, self.said)
            time.sleep(0.02)

    def until_state(self, *states: ChangeState) -> None:
        """Until the running change is there."""
        self.until(lambda: self.state in states)

    def until_over(self) -> ChangeState:
        """Until it has ended; how."""
        self.until(lambda: self.room.idle)
        return self.state

    @property
    def state(self) -> ChangeState:
        shown = self.room.progress
        assert shown is not None
        return shown.state

    def stages(self) -> list[tuple[str, str]]:
        """(op, stage) of every line of the journal."""
        import json

        path = next((self.root.parent / "state").glob("control-*/journal.jsonl"))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return [(line["op"], line["stage"]) for line in lines]


@contextmanager
def harness(folder: Path, settings: Settings | None = None, follow_logs: bool = True, **demo: Any) -> Iterator[Harness]:
    """A demo in ``folder`` and a room that watches it; speeds are such that a turn takes some 50 ms."""
    given = {"history": 0, "speed": 50.0, "work_speed": 50.0, "import_s": 0.05, **demo}
    settings = settings or Settings()
    settings = replace(settings, tail=replace(settings.tail, poll_ms=50, poll_busy_ms=20))
    said: list[str] = []
    marks: list[tuple[str, str]] = []
    with Demo(DemoOptions(**given), folder / "timmy") as stand_in:
        assert stand_in.root is not None
        room = Controller(
            settings,
            stand_in.root,
            folder / "state",
            tell=lambda word, role: said.append(word),
            mark=lambda kind, label: marks.append((kind, label)),
        )
        held = Harness(stand_in, room, said, marks)
        source: LiveSource | None = None
        try:
            held.until(lambda: ask(stand_in.urls["v34"], 1.0) is Answer.ANSWERS)
            room.open()
            if follow_logs:
                feeds, waker = follow(settings, installation_at(stand_in.root, settings.paths))
                source = LiveSource(settings, feeds, waker=waker, watch=room.see)
                source.start(lambda snapshot: None)
            yield held
        finally:
            if source is not None:
                source.stop()
            room.close()
