"""A room on a Timmy that nobody runs: a flip is written at once and waits for the user's word."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timmy_tui.control.change.planner import ChangePlan
from timmy_tui.control.controller import Controller
from timmy_tui.control.edit.transaction import write
from timmy_tui.control.journal.lock import control_dir
from timmy_tui.control.journal.write_ahead import Entry, Journal, file_records
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.core.settings import Control, Services, Settings
from timmy_tui.model.change import ChangeProgress, ChangeState

NOBODY = Settings(services=Services(v34="http://127.0.0.1:9"), control=Control(rollback_countdown_s=0.1))


class Seen:
    """A room, what it said, and the journal beside it."""

    def __init__(self, root: Path, state: Path, settings: Settings) -> None:
        self.root, self.folder = root, control_dir(root, state)
        self.config, self.app = root / "v34/config.py", root / "v34/app.py"
        self.said: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self.room = Controller(
            settings,
            root,
            state,
            tell=lambda word, role: self.said.append(word),
            mark=lambda kind, label: self.marks.append((kind, label)),
        )

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal.jsonl")

    @property
    def shown(self) -> ChangeProgress:
        shown = self.room.progress
        assert shown is not None
        return shown

    def stages(self) -> list[tuple[str, str]]:
        """(op, stage) of every line of the journal."""
        if not self.journal.path.exists():
            return []
        lines = [json.loads(line) for line in self.journal.path.read_text().splitlines()]
        return [(line["op"], line["stage"]) for line in lines]

    def bytes(self) -> tuple[bytes, bytes]:
        """Of both files."""
        return self.config.read_bytes(), self.app.read_bytes()

    def start(self, kind: str, **arguments: Any) -> ChangePlan:
        """Plan and go."""
        plan = self.room.plan(kind, arguments)
        assert plan.refusal == "", plan.refusal
        self.room.start(plan)
        return plan

    def until(self, what: Callable[[], object], limit_s: float = 20.0) -> None:
        """Look until it is so."""
        deadline = time.monotonic() + limit_s
        while not what():
            assert time.monotonic() < deadline, (self.room.progress, self.said)
            time.sleep(0.005)

    def until_state(self, state: ChangeState) -> None:
        self.until(lambda: self.shown.state is state)

    def until_over(self) -> ChangeState:
        """Until it has ended; how."""
        self.until(lambda: self.room.idle)
        return self.shown.state

    def flip(self, value: str = "3", key: str = "retrieved-chunks") -> str:
        """Up to the question; the operation."""
        self.start("flip", key=key, value=value)
        self.until(lambda: self.room.idle or "undo" in self.shown.choices)
        return self.shown.op


@contextmanager
def seen_at(root: Path, state: Path, settings: Settings = NOBODY, watch: bool = False) -> Iterator[Seen]:
    """Opened; looks by itself only when it is to ``watch``."""
    seen = Seen(root, state, settings)
    seen.room.open(watch)
    try:
        yield seen
    finally:
        seen.room.close()


def leave_open(seen: Seen, op: str, key: str, value: str, files: int = 9, only: bool = True) -> tuple[bytes, bytes]:
    """What a change leaves that was killed once ``files`` of its files were written; the bytes before it."""
    before = seen.bytes()
    plan = seen.room._planner.plan("flip", {"key": key, "value": value, "only": only}, who_serves(9), False)
    seen.journal.append(Entry(op=op, stage="editing", label=plan.label, files=file_records(plan.planned)))
    if files:
        write(plan.planned[:files])
    return before
