"""A dashboard that only looks, as a web page does: no key of it changes, marks, loads or writes anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl, FakeLlm
from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import control_state, finding, judgement, snapshot
from tests.ui.test_key_walk import WAYS
from timmy_tui.core.web_page import REASON
from timmy_tui.ui.actions.user_requests import WRITE_FILES
from timmy_tui.ui.key_commands import COMMANDS, OVERLAYS, SCREENS, works_on

CONFIRM = ("y", "enter", "o")
"""Keys that go ahead in a dialog."""


class CountingLlm(FakeLlm):
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def probe(self) -> tuple[str, ...]:
        self.calls += 1
        return super().probe()

    def warm(self) -> str:
        self.calls += 1
        return super().warm()


def changing_keys(place: str) -> list[str]:
    """Keys, on this screen or overlay, of every command that changes something, or leaves a file."""
    return [
        key
        for command in COMMANDS
        if works_on(command, place)
        and (command.danger or command.needs or command.id in (*WRITE_FILES, "theme", "toggle"))
        for key in command.keys.split(",")
    ]


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", [*SCREENS, *OVERLAYS])
async def test_no_key_changes_anything(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    control, llm = FakeControl(control_state()), CountingLlm()
    shown = snapshot(judgement=judgement(31, finding()))
    start = Start(read_only=REASON, looks_only=True)
    async with running_dashboard(shown, (120, 30), control, llm, start) as dashboard:
        await dashboard.press(*WAYS[place])
        await dashboard.until(lambda: dashboard.app.place == place)
        for key in changing_keys(place):
            await dashboard.press(key)
            if dashboard.app.place != place:  # A dialog, perhaps.
                await dashboard.press(*CONFIRM, "escape", *WAYS[place])
                await dashboard.until(lambda: dashboard.app.place == place)
        assert (control.calls, llm.calls, dashboard.source.requests, files(tmp_path)) == ([], 0, [], set())


async def test_a_key_that_is_refused_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start(read_only=REASON, looks_only=True)
    async with running_dashboard(snapshot(), (120, 30), FakeControl(control_state()), FakeLlm(), start) as dashboard:
        for keys in (["t"], ["g"], ["w"], ["F"], ["2", "x"]):
            dashboard.app.say("nothing yet")
            await dashboard.press(*keys)
            await dashboard.until(lambda: REASON in dashboard.app.events[-1].text)


async def test_only_to_read_is_less_strict_than_only_to_look() -> None:
    start = Start(read_only="--read-only")
    async with running_dashboard(snapshot(), (120, 30), FakeControl(control_state()), FakeLlm(), start) as dashboard:
        await dashboard.press("g")
        await dashboard.until(lambda: len(dashboard.source.requests) == 1)


@pytest.mark.parametrize("second", [True, False])
async def test_only_the_second_dashboard_takes_the_place_of_the_first(second: bool) -> None:
    """One that is read-only for another reason stays so, whoever holds the lock."""
    control = FakeControl(control_state())
    start = Start(read_only="another dashboard (pid 7) makes the changes", second=second)
    async with running_dashboard(snapshot(), (120, 30), control, start=start) as dashboard:
        await dashboard.press("b")
        assert control.calls == []
        control.shown_state = replace(control_state(), is_first=True)
        await dashboard.publish(snapshot())
        assert dashboard.app.view.read_only == ("" if second else start.read_only)
        said = "the other dashboard has ended: changes can be made here now"
        assert (said in [notice.text for notice in dashboard.app.events]) is second
        await dashboard.press("t")
        await dashboard.pilot.pause()
        assert bool(control.calls) is second
