"""The palette: what is meant where nothing matches, and why a command does not work here."""

from __future__ import annotations

import pytest

from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.ui.key_commands import COMMANDS
from timmy_tui.ui.screens.palette import nearest_commands

MISTYPED = [
    ("trnds", "trends"), ("resart", "restart"), ("TAILMODE", "tail_mode"), ("fintings", "findings"),
    ("themee", "theme"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), MISTYPED)
def test_a_mistyped_name_finds_its_command(typed: str, meant: str) -> None:
    assert nearest_commands(typed, COMMANDS)[0].id == meant


def test_nothing_is_near_to_nonsense() -> None:
    assert nearest_commands("qqqqwwww", COMMANDS) == [] and nearest_commands("", COMMANDS) == []


async def test_the_palette_says_what_may_be_meant_and_enter_takes_it() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("colon", *"fintings")
        await dashboard.until(lambda: "no such command, did you mean: findings" in dashboard.text())
        await dashboard.press("enter")
        await dashboard.until(lambda: dashboard.app.place == "findings")


async def test_the_palette_says_that_there_is_no_such_command() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("colon", *"qqqqwwww")
        await dashboard.until(lambda: "no such command" in dashboard.text())
        assert "did you mean" not in dashboard.text()


async def test_what_cannot_work_in_a_replay_is_found_with_its_reason() -> None:
    async with running_dashboard(snapshot(), start=Start(read_only="a replay")) as dashboard:
        await dashboard.press("colon", *"tail mode")
        await dashboard.until(lambda: "not here: a replay" in dashboard.text())
        await dashboard.press("enter")
        await dashboard.until(lambda: any("tail mode: not here" in notice.text for notice in dashboard.app.events))


@pytest.mark.parametrize(("size", "commands"), [((40, 10), 3), ((60, 15), 6)])
async def test_a_low_pane_has_room_for_several_commands(size: tuple[int, int], commands: int) -> None:
    """At 40×10 blank rows and borders left room for one."""
    async with running_dashboard(snapshot(), size=size) as dashboard:
        await dashboard.press("colon")
        names = ("live  1", "turns  2", "trends  3", "LLM  4", "changes  5", "log  6")
        await dashboard.until(lambda: sum(name in dashboard.text() for name in names) >= commands)


@pytest.mark.parametrize(
    ("typed", "name", "where"),
    [("csv", "export", "not here: works on turns"), ("probe", "probe", "not here: works on llm")],
)
async def test_a_command_of_another_screen_says_where_it_works(typed: str, name: str, where: str) -> None:
    """``no such command`` was not true."""
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("colon", *typed)
        await dashboard.until(lambda: where in dashboard.text())
        assert name in dashboard.text() and "no such command" not in dashboard.text()
        await dashboard.press("enter")
        await dashboard.until(lambda: any("not here: works on " in notice.text for notice in dashboard.app.events))


async def test_a_mistyped_command_of_another_screen_is_meant_where_none_of_this_one_is() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("colon", *"probee")
        await dashboard.until(lambda: "no such command, did you mean: probe" in dashboard.text())
        assert "not here: works on llm" in dashboard.text()
