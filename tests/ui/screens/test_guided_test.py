"""A guided test from the screen: begun, carried on, left, resumed."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import judgement, snapshot
from timmy_tui.model.change import ControlState, FlagState, JournalEntry
from timmy_tui.model.judgement import TrialRecipe, TrialState
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


# -- any flag


FLAGS = ControlState(
    flags=(
        FlagState("retrieval", "retrieval", "on", "on", "", True, ("on", "off")),
        FlagState("retrieved-chunks", "retrieved chunks", "5", "—", "", True),
        FlagState("debug-mode", "DEBUG_MODE", "off", "on", "--debug overwrites it", False, ("on", "off")),
    )
)
RETRIEVAL = TrialRecipe(
    name="retrieval", label="retrieval on→off", there=(("retrieval", "off"),), back=(("retrieval", "on"),)
)


async def test_the_flag_under_the_cursor_is_tested_by_its_key() -> None:
    control = FakeControl(FLAGS)
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5", "v")
        await dashboard.until(lambda: "test retrieval on→off" in dashboard.text() and "y begin" in dashboard.text())
        assert "nothing is written before that" in dashboard.text() and "these stop it: 1 with" in dashboard.text()
        await dashboard.press("y")
        await dashboard.until(lambda: dashboard.source.requests == [BeginTrial("flag", RETRIEVAL)])
        # It was planned, to see that it can be done, and not begun.
        assert control.calls == [("plan", Flip((("retrieval", "off"),), only=True))]


async def test_there_and_back_is_the_other_answer() -> None:
    async with running_dashboard(snapshot(), control=FakeControl(FLAGS)) as dashboard:
        await dashboard.press("5", "v")
        await dashboard.until(lambda: "o there and back (A B A)" in dashboard.text())
        await dashboard.press("o")
        await dashboard.until(lambda: dashboard.source.requests == [BeginTrial("flag", RETRIEVAL, aba=True)])


async def test_a_flag_with_more_than_two_values_asks_which_one_to_try() -> None:
    control = FakeControl(FLAGS)
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5", "down", "v")
        await dashboard.until(lambda: "retrieved chunks: value to try" in dashboard.text())
        await dashboard.press("backspace", "0", "3", "enter")
        await dashboard.until(lambda: "test retrieved chunks 5→3" in dashboard.text())
        await dashboard.press("y")
        recipe = TrialRecipe(
            name="retrieved-chunks", label="retrieved chunks 5→3", there=(("retrieved-chunks", "3"),),
            back=(("retrieved-chunks", "5"),),
        )  # fmt: skip
        await dashboard.until(lambda: dashboard.source.requests == [BeginTrial("flag", recipe)])


async def test_what_cannot_be_tested_says_why_and_asks_nothing() -> None:
    async with running_dashboard(snapshot(), control=FakeControl(FLAGS)) as dashboard:
        await dashboard.press("5", "down", "down", "v")
        await dashboard.until(lambda: "DEBUG_MODE cannot be tested: --debug overwrites it" in dashboard.text())
    refused = FakeControl(FLAGS, refusal="two v34 listen")
    async with running_dashboard(snapshot(), control=refused) as dashboard:
        await dashboard.press("5", "v")
        await dashboard.until(lambda: "retrieval on→off: two v34 listen" in dashboard.text())
    async with running_dashboard(guided("measure", sentence="3 more"), control=FakeControl(FLAGS)) as dashboard:
        await dashboard.press("5", "v")
        await dashboard.until(lambda: "a guided test is open: h goes on with it" in dashboard.text())
        assert dashboard.source.requests == []


async def test_the_palette_has_a_test_of_every_flag_on_every_screen() -> None:
    async with running_dashboard(snapshot(), control=FakeControl(FLAGS)) as dashboard:
        await dashboard.press("colon", *"testretrieval")
        await dashboard.until(lambda: "Guided test of this flag" in dashboard.text())
        await dashboard.press("enter")
        await dashboard.until(lambda: "test retrieval on→off" in dashboard.text())


# -- a test that stopped by itself

STOPPED = "stopped: 2 of 5 turns failed"
CHANGED = ControlState(
    journal=(
        JournalEntry("op2", 500.0, "retrieval on→off", "kept", True),
        JournalEntry("op1", 100.0, "tail mode off→on", "kept", True),
    )
)


async def test_a_stop_asks_and_undoes_the_change_of_the_test() -> None:
    control = FakeControl(CHANGED)
    async with running_dashboard(
        guided("stopped", sentence=STOPPED, changed_since=400.0), control=control
    ) as dashboard:
        assert f"{STOPPED}  h next" in dashboard.text() and control.calls == []
        await dashboard.press("h")
        await dashboard.until(lambda: "y undo it" in dashboard.text() and "o go on all the same" in dashboard.text())
        await dashboard.press("y")
        await dashboard.until(lambda: control.calls == [("plan", Undo("op2"))])
        assert dashboard.source.requests == [ActOnTrial("undo")]


async def test_a_stop_goes_on_where_the_user_says_so() -> None:
    control = FakeControl(CHANGED)
    async with running_dashboard(
        guided("stopped", sentence=STOPPED, changed_since=400.0), control=control
    ) as dashboard:
        await dashboard.press("h")
        await dashboard.until(lambda: "o go on all the same" in dashboard.text())
        await dashboard.press("o")
        await dashboard.until(lambda: dashboard.source.requests == [ActOnTrial("resume")])
        assert control.calls == []


async def test_a_flag_changed_elsewhere_leaves_nothing_to_undo() -> None:
    async with running_dashboard(guided("stopped", sentence="stopped: raw is on"), control=FakeControl(CHANGED)) as one:
        await one.press("h")
        await one.until(lambda: "y end it" in one.text())
        assert "undo it" not in one.text()
        await one.press("y")
        await one.until(lambda: one.source.requests == [ActOnTrial("stop")])


def stop_now(since: float = 400.0) -> Any:
    return guided("stopped", sentence=STOPPED, changed_since=since, undo_now=True)


async def test_a_stop_is_undone_at_once_where_the_user_wanted_that_and_only_once() -> None:
    control = FakeControl(CHANGED)
    async with running_dashboard(stop_now(), control=control) as dashboard:
        await dashboard.until(lambda: dashboard.source.requests == [ActOnTrial("undo")])
        await dashboard.publish(stop_now())
        await dashboard.until(lambda: f"guided test {STOPPED}; started" in dashboard.text())
        assert control.calls == [("plan", Undo("op2")), ("start", f"{Undo('op2')}")]


async def test_nothing_is_undone_by_itself_where_more_than_one_change_was_made_since() -> None:
    control = FakeControl(CHANGED)
    async with running_dashboard(stop_now(since=50.0), control=control) as dashboard:
        await dashboard.until(lambda: "not undone, more was changed since" in dashboard.text())
        assert control.calls == [] and dashboard.source.requests == []


async def test_a_dashboard_that_only_reads_undoes_nothing() -> None:
    control = FakeControl(CHANGED)
    async with running_dashboard(stop_now(), control=control, start=Start(read_only="a second one")) as dashboard:
        await dashboard.publish(stop_now())
        assert control.calls == [] and dashboard.source.requests == []
