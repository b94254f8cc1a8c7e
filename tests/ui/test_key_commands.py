"""The one table of commands: bindings, footer, help and palette agree, and read-only binds nothing dangerous."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from tests.ui.fakes import FakeControl, FakeLlm, FakeSource
from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import control_state, snapshot
from timmy_tui.core.settings import config_dir
from timmy_tui.ui.actions.table import action_table
from timmy_tui.ui.actions.trial import TrialActions
from timmy_tui.ui.actions.user_requests import Requests, unavailable_commands
from timmy_tui.ui.key_commands import COMMANDS, footer_words, key_name, read_keymap, with_keys
from timmy_tui.ui.messages import Backend
from timmy_tui.ui.screens.confirm import ConfirmScreen


def test_every_command_has_a_row_of_its_own_and_help() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
    assert all(command.help and command.label and command.keys for command in COMMANDS)


async def test_every_command_leads_somewhere() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        app = dashboard.app
        requests = Requests(app, app.backend)
        acts = action_table(app, requests, TrialActions(requests, app, app.backend))
        for command in COMMANDS:
            assert bool(command.screens) or command.id in acts, command.id


def whole(read_only: str = "") -> Backend:
    """Everything that a dashboard can work on."""
    return Backend(FakeSource(), FakeControl(control_state()), FakeLlm(), read_only)


def test_what_the_footer_shows_works_there() -> None:
    shown = footer_words(COMMANDS, "live", unavailable_commands(Backend(FakeSource())))
    words = [word for _, word in shown]
    assert "freeze" in words and "tail mode" not in words and "filter" not in words
    shown = footer_words(COMMANDS, "turns", unavailable_commands(whole()))
    assert ("/", "filter") in shown and ("t", "tail mode") in shown


def test_read_only_takes_every_dangerous_command_away() -> None:
    absent = unavailable_commands(whole("a second dashboard"))
    assert set(absent) == {command.id for command in COMMANDS if command.danger} | {"guided", "test_flag"}
    assert set(absent.values()) == {"a second dashboard"}


def test_a_keymap_changes_keys_and_takes_them_from_others(tmp_path: Path) -> None:
    path = tmp_path / "keymap.toml"
    path.write_text('freeze = "z"\nhelp = ["h", "f2"]\nnothing = "n"\nquit = 3\n')
    keymap, problems = read_keymap(path)
    assert keymap == {"freeze": "z", "help": "h,f2"}
    assert len(problems) == 2 and "there is no command nothing" in problems[0] and "quit must be" in problems[1]
    rows = {command.id: command for command in with_keys({"freeze": "q"})}
    assert rows["freeze"].keys == "q" and rows["quit"].keys == ""
    assert key_name("question_mark,f1") == "?"
    assert (key_name("comma"), key_name("full_stop")) == ("comma", "dot"), "alone beside words they are not seen"


def test_a_keymap_that_is_not_toml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "keymap.toml"
    assert read_keymap(path) == ({}, [])
    for text, word in (("freeze = ", "is not valid TOML"), (f"freeze = {'[' * 3000}", "is nested more than")):
        path.write_text(text)
        keymap, problems = read_keymap(path)
        assert keymap == {} and f"keymap.toml {word}" in problems[0]


async def test_the_users_keys_work_and_stand_in_the_footer() -> None:
    config_dir().mkdir(parents=True)
    (config_dir() / "keymap.toml").write_text('freeze = "z"\nfilter = "F"\n')
    async with running_dashboard(snapshot(), size=(120, 30)) as dashboard:
        assert "z freeze" in dashboard.text()
        await dashboard.press("space")
        assert "FROZEN" not in dashboard.text()
        await dashboard.press("z")
        assert "FROZEN" in dashboard.text()
        await dashboard.press("2", "F")
        assert isinstance(dashboard.app.focused, Input)


async def test_read_only_says_why_a_dangerous_key_does_nothing_and_its_dialogs_refuse() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(
        snapshot(), control=control, llm=FakeLlm(), start=Start(read_only="a replay")
    ) as dashboard:
        for key, word in zip("tr*uwh=!.,", ("tail mode", "restart", "restore point", "undo", "warm", "guided test",
                             "keep", "go now", "stop waiting", "listen again"), strict=True):  # fmt: skip
            await dashboard.press(key)
            assert f"{word} does not work here: a replay" in dashboard.text() and "go ahead" not in dashboard.text()
        await dashboard.press("5", "enter")
        assert "act does not work here: a replay" in dashboard.text()
        await dashboard.press("4", "p")
        assert "probe does not work here: a replay" in dashboard.text()
        assert control.calls == [] and "go ahead" not in dashboard.text()
        answers: list[str | None] = []
        dashboard.app.push_screen(ConfirmScreen("restart", ("now",), "a replay"), answers.append)
        await dashboard.until(lambda: "refused: a replay" in dashboard.text())
        await dashboard.press("y")
        assert answers == []
        await dashboard.press("escape")
        assert answers == [""]
