"""A Little Timmy v2 of one file of switches, a controller on it, and a process that uses the file."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.control.switches.standin import DEFAULTS, Standin
from tests.waiting import wait_for
from timmy_tui.control import systems
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.controller import Controller
from timmy_tui.control.journal.write_ahead import Journal, Operation
from timmy_tui.core.settings import Control, Settings
from timmy_tui.model.change import ChangeProgress, ChangeState, FlagState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.stages.system import SwitchFile, System
from timmy_tui.model.stages.v34 import TABLE
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import ChangeRequest, Flip
from timmy_tui.profiles.load import load
from timmy_tui.profiles.switches import switches_of
from timmy_tui.sources.timmy import Timmy, timmy_at

UNIT = "little-timmy.service"


class World:
    """Folder, file, journal, controller, and what that said and marked."""

    def __init__(self, folder: Path, unit: str = UNIT, fresh: bool = True) -> None:
        """``fresh``: made now; else as it lies there."""
        self.folder = folder
        self.file, self.log = folder / "data/lt_runtime_toggles.json", folder / "little_timmy.log"
        if fresh:
            self.file.parent.mkdir(parents=True)
            self.write(json.dumps(DEFAULTS, indent=2))
        self.switches = switches_of(load("little-timmy-v2"))
        self.system = System(
            name="little-timmy-v2", title="Little Timmy v2", stages=TABLE, switches=self.switches,
            switch_file=SwitchFile(path=str(self.file), unit=unit),
        )  # fmt: skip
        self.settings = Settings(control=Control(healthy_limit_s=10.0))
        self.notices: list[tuple[str, str]] = []
        self.marks: list[tuple[str, str]] = []

    def write(self, text: str | bytes) -> None:
        """As anybody may, and some time ago: a change waits until the second of the last one is over."""
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        written = time.time() - 10
        os.utime(self.file, (written, written))

    def values(self) -> Mapping[str, Any]:
        """What the file holds."""
        held: Mapping[str, Any] = json.loads(self.file.read_bytes())
        return held

    @property
    def timmy(self) -> Timmy:
        return timmy_at(self.folder, self.settings, self.folder / "state")

    @property
    def journal(self) -> Journal:
        return Journal(self.timmy.control_folder / "journal.jsonl")

    @property
    def newest(self) -> Operation:
        """The newest operation of the journal."""
        return self.journal.operations()[-1]

    def standin(self) -> Standin:
        """The process that uses the file."""
        return Standin(self.file, self.log)

    @contextmanager
    def opened(self, monkeypatch: Any, read_only: str = "") -> Iterator["Room"]:
        """A controller that watches this system."""
        monkeypatch.setattr(systems, "watched", lambda: self.system)
        controller = Controller(
            self.timmy,
            read_only,
            notify=lambda message, role: self.notices.append((message, role)),
            add_marker=lambda kind, label: self.marks.append((kind, label)),
        )
        controller.open(watch=False)
        try:
            yield Room(self, controller)
        finally:
            controller.close()


class Room:
    """The controller, asked as the screen asks it."""

    def __init__(self, world: World, controller: Controller) -> None:
        self.world, self.controller = world, controller

    def plan(self, request: ChangeRequest) -> ChangePlan:
        return self.controller.plan(request)

    def refusal(self, *values: tuple[str, str]) -> str:
        """Why these cannot be flipped; empty when they can."""
        return self.plan(Flip(values)).refusal

    def start(self, request: ChangeRequest) -> ChangePlan:
        """Plan, which must not be refused, and begin."""
        plan = self.plan(request)
        assert (plan.refusal, plan.done) == ("", ""), (plan.refusal, plan.done)
        self.controller.start(plan)
        return plan

    def run(self, request: ChangeRequest) -> ChangeProgress:
        """The same, to its end; how it ended."""
        self.start(request)
        return self.ended()

    def flip(self, key: str, value: str) -> ChangeProgress:
        return self.run(Flip(((key, value),)))

    def ended(self) -> ChangeProgress:
        """The change when it is over."""
        self.until(lambda: self.controller.idle)
        return self.progress

    @property
    def progress(self) -> ChangeProgress:
        progress = self.controller.progress
        assert progress is not None
        return progress

    def until(self, condition: Callable[[], object]) -> None:
        wait_for(condition, lambda: (self.controller.progress, self.world.notices))

    def until_state(self, state: ChangeState) -> None:
        self.until(lambda: self.progress.state is state)

    def see(self, *turns: Turn, in_flight: bool = False) -> None:
        """Show these turns to the controller."""
        flight = OpenTurn(Turn(ordinal=len(turns)), "", 0.0, 0.0) if in_flight else None
        self.controller.observe(Snapshot(turns=turns, open_turn=flight))

    def flag(self, key: str) -> FlagState:
        """As screen 5 has it now."""
        self.controller.poll()
        return next(one for one in self.controller.state().flags if one.key == key)
