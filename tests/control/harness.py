"""One controller under test, on any Timmy: one that nobody runs, the demo's processes, a real Flask-SocketIO service.

Every plan and every start of a test goes through ``ControlHarness.plan`` and ``ControlHarness.start``.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.control.services import DemoV34, Service
from tests.waiting import wait_for
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.controller import Controller
from timmy_tui.control.edit.transaction import write
from timmy_tui.control.journal.write_ahead import Entry, Journal, Operation, file_records
from timmy_tui.control.service.listeners import Listener, Serving, port_of, who_serves
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import Control, Services, Settings
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import ChangeRequest, Flip
from timmy_tui.sources.timmy import timmy_at

UNUSED_PORT = 9
NO_SERVICE = Settings(
    services=Services(v34=f"http://127.0.0.1:{UNUSED_PORT}"), control=Control(rollback_countdown_s=0.1)
)
"""Nobody runs v34: a flip is written at once and then waits for the user's answer."""
QUICK = Settings(control=Control(rollback_countdown_s=0.3, healthy_limit_s=25.0))
"""v34 runs; a failed change is rolled back soon."""


def with_control(settings: Settings = QUICK, **control: Any) -> Settings:
    """``settings`` with some of those of [control] otherwise."""
    return replace(settings, control=replace(settings.control, **control))


class ControlHarness:
    """A controller, what it said and marked, and the files and the journal beside it."""

    def __init__(self, service: Service, state: Path, settings: Settings = NO_SERVICE, read_only: str = "") -> None:
        """``state``: the user's state folder."""
        self.service, self.state_folder, self.settings = service, state, settings
        self.root, self.config, self.app = service.root, service.config, service.app
        self.notices: list[tuple[str, str]] = []
        """(message, role) of each."""
        self.marks: list[tuple[str, str]] = []
        self.timmy = timmy_at(self.root, settings, state)
        self.controller = Controller(
            self.timmy,
            read_only,
            notify=lambda message, role: self.notices.append((message, role)),
            add_marker=lambda kind, label: self.marks.append((kind, label)),
        )

    # -- acting

    def plan(self, request: ChangeRequest) -> ChangePlan:
        """What the controller would do."""
        return self.controller.plan(request)

    def start(self, request: ChangeRequest) -> ChangePlan:
        """Plan, which must not be refused, and begin."""
        plan = self.plan(request)
        assert plan.refusal == "", plan.refusal
        self.controller.start(plan)
        return plan

    def flip(self, key: str = "retrieved-chunks", value: str = "3", until: ChangeState = ChangeState.VERIFYING) -> str:
        """Change one flag and wait for a state, or for the end of the change; the operation."""
        self.start(Flip(((key, value),)))
        self.until(lambda: self.controller.idle or self.state in (until, ChangeState.NEEDS_ATTENTION))
        return self.progress.op

    def answer(self, choice: str) -> ChangeState:
        """Say it to the running change and wait for its end; how it ended."""
        self.controller.answer(choice)
        return self.until_over()

    def see(self, *turns: Turn, in_phase: str = "") -> None:
        """Show these turns to the controller; ``in_phase``: another one is still open, in this phase."""
        flight = OpenTurn(Turn(ordinal=len(turns)), in_phase, 0.0, 0.0) if in_phase else None
        self.controller.observe(Snapshot(turns=turns, open_turn=flight))

    # -- waiting

    def until(self, condition: Callable[[], object]) -> None:
        """Look until it holds."""
        wait_for(condition, lambda: (self.controller.progress, self.messages))

    def until_state(self, *states: ChangeState) -> None:
        """Until the change is in one of these states."""
        self.until(lambda: self.state in states)

    def until_choice(self, choice: str) -> None:
        """Until the user may give this answer."""
        self.until(lambda: self.controller.progress is not None and choice in self.progress.choices)

    def until_message(self, part: str) -> None:
        """Until the message of the change has this part."""
        self.until(lambda: part in self.progress.message)

    def until_over(self) -> ChangeState:
        """Until the change has ended; how."""
        self.until(lambda: self.controller.idle)
        return self.state

    # -- reading

    @property
    def messages(self) -> list[str]:
        """What was said so far, without the roles."""
        return [message for message, _ in self.notices]

    @property
    def progress(self) -> ChangeProgress:
        """The running change, or the last one."""
        progress = self.controller.progress
        assert progress is not None
        return progress

    @property
    def state(self) -> ChangeState:
        """That of the running change, or of the last one."""
        return self.progress.state

    def contents(self) -> tuple[bytes, bytes]:
        """Of config.py and app.py."""
        return self.service.contents()

    @property
    def folder(self) -> Path:
        """Where the journal and the locks are."""
        return self.timmy.control_folder

    @property
    def journal(self) -> Journal:
        """As another program reads it."""
        return Journal(self.folder / "journal.jsonl")

    @property
    def open_operation(self) -> Operation:
        """The only one that is still open in the journal."""
        (operation,) = self.journal.open_operations()
        return operation

    def stages(self) -> list[tuple[str, str]]:
        """(operation, stage) of every line of the journal."""
        path = self.journal.path
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(line["op"], line["stage"]) for line in lines]

    def restore_points(self, prefix: str = "") -> list[str]:
        """Names of the own restore points that begin so, as the screen shows them now."""
        self.controller.poll()
        points = self.controller.state().restore_points
        return [point.name for point in points if point.kind == "own" and point.name.startswith(prefix)]

    @property
    def url(self) -> str:
        """Of v34."""
        return self.timmy.services.urls.v34

    def serving(self) -> Serving:
        """Who listens on v34's port."""
        return who_serves(port_of(self.url))

    @property
    def listener(self) -> Listener:
        """The only process that serves."""
        (listener,) = self.serving().listeners
        return listener

    # -- earlier runs

    def leave_open(
        self, operation: str, *flags: tuple[str, str], files: int = 9, only: bool = True, listener: str = ""
    ) -> tuple[bytes, bytes]:
        """What a change leaves that was killed once ``files`` of its files were written; the bytes before it.

        Planned with a journal of its own, where nothing else is open, and as if v34 did not run. ``listener``: the
        identity of the one that served then.
        """
        before = self.contents()
        earlier = ControlHarness(self.service, self.state_folder / "earlier", NO_SERVICE)
        plan = earlier.plan(Flip(flags, only=only))
        assert plan.refusal == "", plan.refusal
        records = file_records(plan.planned)
        self.journal.append(Entry(op=operation, stage="editing", label=plan.label, service=listener, files=records))
        write(plan.planned[:files])
        return before


@contextmanager
def controller_on(
    service: Service, state: Path, settings: Settings = NO_SERVICE, watch: bool = False
) -> Iterator[ControlHarness]:
    """An opened controller; it looks by itself only when it is to ``watch``."""
    harness = ControlHarness(service, state, settings)
    harness.controller.open(watch)
    try:
        yield harness
    finally:
        harness.controller.close()


@contextmanager
def controller_on_demo(
    folder: Path, settings: Settings = QUICK, talk: bool = True, **demo: Any
) -> Iterator[ControlHarness]:
    """A demo in ``folder`` and a controller that watches it.

    ``talk``: somebody talks to v34 and the logs are followed; else nobody does, and turns are what a test shows.
    """
    with (
        DemoV34(folder / "timmy", conversation=talk, **demo) as service,
        controller_on(service, folder / "state", settings, watch=True) as harness,
    ):
        if not talk:
            yield harness
            return
        with followed_logs(harness):
            yield harness


@contextmanager
def followed_logs(harness: ControlHarness) -> Iterator[None]:
    """The controller sees what the logs tell, as beside the dashboard."""
    # 0.2 s that a dashboard which is started and killed a dozen times does not need.
    from timmy_tui.pipeline import live_source
    from timmy_tui.pipeline.thread import Pipeline

    tail = replace(harness.settings.tail, poll_ms=50, poll_busy_ms=20)
    settings = replace(harness.settings, tail=tail)
    feeds, waker = live_source.follow_logs(settings, installation_at(harness.root, settings.paths))
    source = live_source.LiveSource(Pipeline(settings, feeds), waker=waker, on_snapshot=harness.controller.observe)
    source.start(lambda snapshot: None)
    try:
        yield
    finally:
        source.stop()
