"""A guided test from the screen: begun, carried on, left, resumed."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import running_dashboard
from tests.ui.snapshots import judgement, snapshot
from timmy_tui.model.change import ControlState
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.user_requests import ActOnTrial, BeginTrial, Flip, Undo


def guided(phase: str, **facts: Any) -> Any:
    """A snapshot with a guided test in it."""
    trial = TrialState(label="Test 1: raw off", step=2, steps=4, phase=phase, **facts)
    return replace(snapshot(), judgement=replace(judgement(20), trial=trial))


async def test_a_guided_test_is_begun_by_its_key() -> None:
    async with running_dashboard(snapshot(), control=FakeControl(ControlState())) as dashboard:
        await dashboard.press("h")
        await dashboard.until(
            lambda: "begin with Test 1" in dashboard.text() and "o begin with Test 2" in dashboard.text()
        )
        await dashboard.press("y")
        await dashboard.until(lambda: BeginTrial("guide") in dashboard.source.requests)


async def test_a_guided_test_says_what_it_wants_and_its_key_does_it() -> None:
    control = FakeControl(ControlState())
    wish = (("raw", "off"),)
    async with running_dashboard(
        guided("change", sentence="now change raw to off", wish=wish), control=control
    ) as dashboard:
        assert "step 2 of 4  now change raw to off  h next" in dashboard.text()
        await dashboard.press("h")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        assert control.calls == [("plan", Flip(wish, only=True))]


async def test_the_verdict_of_a_guided_test_is_kept_or_undone() -> None:
    control = FakeControl(ControlState())
    async with running_dashboard(
        guided("verdict", sentence="LLM ×0.4. Keep it, or undo?"), control=control
    ) as dashboard:
        await dashboard.press("5")
        await dashboard.until(lambda: "guided test" in dashboard.text())
        await dashboard.press("h")
        await dashboard.until(lambda: "y keep it" in dashboard.text() and "o undo it" in dashboard.text())
        await dashboard.press("o")
        await dashboard.until(lambda: ("plan", Undo()) in control.calls)
        assert dashboard.source.requests == [ActOnTrial("undo")]


async def test_a_guided_test_is_left_and_resumed() -> None:
    async with running_dashboard(
        guided("measure", sentence="3 more turns as it is"), control=FakeControl(ControlState())
    ) as dashboard:
        await dashboard.press("h")
        await dashboard.until(lambda: "y leave it for now" in dashboard.text())
        await dashboard.press("y")
        await dashboard.until(lambda: ActOnTrial("leave") in dashboard.source.requests)
        await dashboard.publish(guided("measure", sentence="left", left=True))
        await dashboard.press("h")
        await dashboard.until(lambda: "y resume it" in dashboard.text())
        await dashboard.press("y")
        await dashboard.until(lambda: ActOnTrial("resume") in dashboard.source.requests)
