"""Stand-ins for what the screen talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ControlState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.user_requests import ChangeRequest, PipelineRequest


class FakeSource:
    """Publishes what a test tells it to, and remembers the requests."""

    def __init__(self, *snapshots: Snapshot) -> None:
        self.snapshots = snapshots
        self.publish: Callable[[Snapshot], None] = lambda snapshot: None
        self.requests: list[PipelineRequest] = []
        self.stopped = False

    def start(self, publish: Callable[[Snapshot], None]) -> None:
        self.publish = publish
        for snapshot in self.snapshots:
            publish(snapshot)

    def stop(self) -> None:
        self.stopped = True

    def request(self, request: PipelineRequest) -> None:
        self.requests.append(request)


@dataclass(frozen=True)
class FakePlan:
    """A plan in words."""

    label: str
    preview: tuple[str, ...] = ()
    refusal: str = ""
    done: str = ""
    other: FakePlan | None = None
    other_word: str = ""


class FakeControl:
    """Plans everything, starts nothing."""

    preview: tuple[str, ...] = ("v34/config.py:12", "- USE_FULL_MEGA_PROMPT = True", "+ USE_FULL_MEGA_PROMPT = False")

    def __init__(self, state: ControlState, refusal: str = "", error: str = "", other: str = "") -> None:
        self.shown_state, self.refusal, self.error, self.other = state, refusal, error, other
        self.calls: list[tuple[object, ...]] = []

    def state(self) -> ControlState:
        return self.shown_state

    def plan(self, request: ChangeRequest) -> FakePlan:
        self.calls.append(("plan", request))
        if self.error:
            raise ControlError(self.error, "look at the log")
        other = FakePlan(f"{request.word} {self.other}", self.preview) if self.other else None
        return FakePlan(f"{request}", self.preview, self.refusal, "", other, self.other)

    def start(self, plan: Any) -> str:
        self.calls.append(("start", plan.label))
        return "started"

    def answer(self, choice: str) -> str:
        self.calls.append(("answer", choice))
        return f"{choice}: done"


class FakeLlm:
    """Answers at once."""

    def probe(self) -> tuple[str, ...]:
        return ("the same prompt twice: prefill 800ms, then 60ms", "the cache works")

    def warm(self) -> str:
        return "loaded in 2.1s"
