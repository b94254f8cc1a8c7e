"""The table of keys against what is bound on every screen, page and dialog: a new key is covered unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual import events
from textual.screen import Screen

from tests.ui.fakes import FakeControl, FakeLlm
from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import control_state, finding, judgement, snapshot
from timmy_tui.ui.key_commands import COMMANDS, MOVES, OVERLAYS, READING, SCREENS, Command, works_on
from timmy_tui.ui.screens.overlays import IN_DIALOGS

ROWS = (*COMMANDS, *MOVES)
TMUX = {"ctrl+b", "ctrl+a", "ctrl+h", "ctrl+j", "ctrl+k", "ctrl+l", "ctrl+backslash", "ctrl+s"}
TOOLKIT = {"tab", "shift+tab", "ctrl+c", "super+c", "ctrl+q", "escape"}
"""Bound by Textual or on every page; the help page has them in words."""
WAYS: dict[str, tuple[str, ...]] = {
    "live": ("1",), "turns": ("2",), "trends": ("3",), "llm": ("4",), "changes": ("5",), "log": ("6",),
    "help": ("question_mark",), "events": ("e",), "findings": ("i",), "turn": ("2", "enter"),
    "line": ("6", "enter"), "postcard": ("c",), "columns": ("2", "v"), "criteria": ("4", "enter"), "across": ("B",),
}  # fmt: skip
"""Keys that lead to a screen or overlay."""


def keys(command: Command) -> list[str]:
    return command.keys.split(",")


def changes_the_system(command: Command) -> bool:
    return command.danger or command.needs in ("control", "llm")


def places(command: Command) -> list[str]:
    return [place for place in (*SCREENS, *OVERLAYS) if works_on(command, place)]


async def bound_at(dashboard: RunningDashboard, place: str) -> dict[str, str]:
    """Key → action, as the toolkit would run it there."""
    await dashboard.press(*WAYS[place])
    await dashboard.until(lambda: dashboard.app.place == place)
    screen: Screen[object] = dashboard.app.screen
    return {key: one.binding.action for key, one in screen.active_bindings.items() if one.enabled}


def test_every_place_has_a_way_to_it() -> None:
    assert set(WAYS) == {*SCREENS, *OVERLAYS}


@pytest.mark.parametrize("place", [*SCREENS, *OVERLAYS])
async def test_a_key_acts_where_its_row_says_and_nowhere_else(place: str) -> None:
    async with running_dashboard(snapshot(), control=FakeControl(control_state()), llm=FakeLlm()) as dashboard:
        bound = await bound_at(dashboard, place)
        expected: dict[str, str] = {}
        for command in ROWS:
            if works_on(command, place):
                action = (command.action or command.id) if command.screens else f"do('{command.id}')"
                expected |= dict.fromkeys(keys(command), action)
        assert {key: action for key, action in bound.items() if key not in TOOLKIT} == expected


@pytest.mark.parametrize("place", [*SCREENS, *OVERLAYS])
def test_no_key_means_two_things_in_a_place_and_none_is_tmuxs(place: str) -> None:
    here = [key for command in ROWS if works_on(command, place) for key in keys(command)]
    assert len(here) == len(set(here))
    assert not (TMUX | TOOLKIT) & set(here) and not any(key.startswith("alt+") for key in here)


def pairs_by_case() -> Iterator[tuple[str, str]]:
    """(what one key does, what the same letter in the other case does) where one of them changes the system."""
    dialog = [("y", True), ("o", True)]
    table = [(key, changes_the_system(command)) for command in ROWS for key in keys(command)]
    for first, changes in (*table, *dialog):
        for second, _ in (*table, *dialog):
            if changes and first != second and first.lower() == second.lower():
                yield first, second


def test_no_two_keys_differ_by_case_alone_where_one_changes_the_system() -> None:
    assert list(pairs_by_case()) == []


def test_y_is_yes_and_nothing_else() -> None:
    assert [command.id for command in ROWS if {"y", "Y"} & set(keys(command))] == []


@pytest.mark.parametrize("place", [*READING, *OVERLAYS])
def test_where_one_reads_no_letter_changes_timmy_or_a_mark(place: str) -> None:
    letters = [
        (key, command.id)
        for command in COMMANDS
        if works_on(command, place) and not command.screens and (command.danger or command.needs)
        for key in keys(command)
        if key.isalpha() and len(key) == 1
    ]
    assert letters == []


async def test_letters_of_other_screens_do_nothing_in_help_and_log() -> None:
    control = FakeControl(control_state())
    here = {key for command in ROWS for key in keys(command) if len(key) == 1 and key.isalpha()}
    async with running_dashboard(
        snapshot(judgement=judgement(30, finding())), control=control, llm=FakeLlm()
    ) as dashboard:
        await dashboard.press("question_mark")
        help_page = dashboard.app.screen
        for key in sorted(here - {"q", "j", "k"}):
            await dashboard.press(key)
            assert dashboard.app.screen is help_page, key
        await dashboard.press("escape", "6")
        log = dashboard.app.screen
        for key in ("t", "g", "x", "h", "a", "r", "asterisk", "u", "w", "p"):
            await dashboard.press(key)
            assert dashboard.app.screen is log, key
        assert control.calls == [] and dashboard.source.requests == []


async def test_every_key_is_in_the_footer_or_in_help() -> None:
    async with running_dashboard(snapshot(), size=(180, 130)) as dashboard:
        await dashboard.press("question_mark")
        text = dashboard.text()
        for command in ROWS:
            assert command.help in text, command.id
        for key, meaning in IN_DIALOGS:
            assert key in text and meaning in text


async def test_help_is_searched() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("question_mark", "slash", *"restore point", "enter")
        rows = dashboard.rows()
        assert "lines" in rows[0] and "of" in rows[0]
        assert "Make a restore point of the code files" in dashboard.text() and "Find a command" not in dashboard.text()
        await dashboard.press("escape")
        assert "How long did I wait" in dashboard.text()
        await dashboard.press("escape")
        assert dashboard.app.place == "live"


async def test_what_is_found_in_help_is_found_whole() -> None:
    """Of a text on two rows only that with the word was shown: half a sentence."""
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        await dashboard.press("question_mark", "slash", *"flip the flag", "enter")
        assert "Flip the flag, undo the operation" in dashboard.text() and "cursor" in dashboard.text()
        await dashboard.press("escape", "slash", *"point under the", "enter")
        assert "Enter " in dashboard.text() and "Flip the flag" in dashboard.text()


async def test_home_and_end_go_to_the_first_and_last_turn() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "home")
        assert "turn 400 " in dashboard.text()
        await dashboard.press("end")
        assert "turn 430 " in dashboard.text() and "following" in dashboard.text()


async def test_the_wheel_and_a_click_move_the_cursor() -> None:
    async with running_dashboard(snapshot(), control=FakeControl(control_state())) as dashboard:
        await dashboard.press("5")
        assert await dashboard.pilot.click(offset=(5, 5))
        await dashboard.pilot.pause()
        assert dashboard.rows()[5].startswith("> context size")
        await dashboard.press("1", "question_mark")
        second = dashboard.rows()[4]
        await dashboard.wheel(events.MouseScrollDown)
        assert dashboard.rows()[1] == second
        await dashboard.wheel(events.MouseScrollUp)
        assert dashboard.rows()[4] == second
        await dashboard.press("2")
        assert await dashboard.pilot.click("#table", offset=(8, 3))
        await dashboard.pilot.pause()
        assert "following" not in dashboard.text()
