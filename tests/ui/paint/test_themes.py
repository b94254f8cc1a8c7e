"""Theme files: the packaged ones are whole, the user's take their place, a broken one is said once and skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.color import Color
from textual.color import Color as ToolkitColor

from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import snapshot, troubled
from timmy_tui.core.errors import ThemeError
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.core.settings import config_dir
from timmy_tui.model.stages.watched import CRITICAL
from timmy_tui.ui.paint.terminal_colours import TerminalColours
from timmy_tui.ui.paint.theme_choice import fitting_theme, without_colours
from timmy_tui.ui.paint.themes import (
    FALLBACK,
    GAP_KEY,
    OVER,
    REQUIRED,
    STAGE,
    is_monochrome,
    load_theme,
    load_themes,
    packaged_folder,
    plain_theme,
    two_colours,
)
from timmy_tui.ui.remembered_theme import remember_theme, remembered_theme

BASE = """
name = "mine"
[toolkit]
background = "#101010"
[roles]
text = "#eeeeee"
muted = "#999999"
faint = "#555555"
value = "bold #ffffff"
good = "green"
warn = "yellow"
bad = "bold red"
info = "cyan"
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_packaged_themes_are_whole() -> None:
    themes, problems = load_themes([packaged_folder()])
    assert problems == [] and {"timmy-dark", "timmy-light", "ansi16", "okabe-ito"} < set(themes)
    for theme in themes.values():
        assert set(theme.styles) == {*REQUIRED, *FALLBACK}


def test_a_role_of_two_colours_has_no_more_of_its_roles_than_these() -> None:
    styles = load_theme(packaged_folder() / "timmy-dark.toml").styles
    style = two_colours(f"value{OVER}stage.llm", styles)
    assert style.color == styles["value"].color and style.bgcolor == styles["stage.llm"].color and not style.bold
    assert two_colours(f"stage.llm{OVER}nothing", styles).bgcolor == styles["text"].color


def test_a_theme_without_three_colours_of_stages_is_monochrome(tmp_path: Path) -> None:
    grey = "".join(f'"{STAGE}{key}" = "white"\n' for key in (*CRITICAL, GAP_KEY))
    assert is_monochrome(load_theme(write(tmp_path / "grey.toml", BASE + grey)).styles)
    assert not is_monochrome(load_theme(write(tmp_path / "mine.toml", BASE)).styles)
    assert not is_monochrome(plain_theme().styles)


def test_a_theme_may_leave_roles_out(tmp_path: Path) -> None:
    theme = load_theme(write(tmp_path / "mine.toml", BASE))
    assert theme.styles["spark.moved"].color == theme.styles["bad"].color
    assert theme.styles["spark.began"].reverse


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("not toml [", "is not valid TOML"),
        ("roles = " + "[" * 3000 + "]" * 3000, "is nested more than"),
        (BASE.replace('muted = "#999999"', ""), "the role muted is missing"),
        (BASE + 'sparkle = "red"', "unknown role sparkle"),
        (BASE.replace('"green"', '"gruen"'), "the role good is not a style"),
        (BASE.replace('"#101010"', '"dark"'), "toolkit.background is not a colour"),
        (BASE.replace("background", "backdrop"), "unknown key toolkit.backdrop"),
        (BASE.replace('"mine"', "7"), "name must be plain text"),
        (BASE.replace('"cyan"', "3"), "roles.info must be text"),
        ("roles = 3", "roles must be a table"),
        ("palette = 3\n" + BASE, "palette must be a table"),
        (BASE + "#" * 70_000, "larger than a theme"),
    ],
)
def test_a_broken_file_is_named_with_its_key(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(ThemeError, match="mine.toml") as caught:
        load_theme(write(tmp_path / "mine.toml", text))
    assert word in str(caught.value)


def test_no_theme_file_at_all_still_gives_a_theme(tmp_path: Path) -> None:
    themes, problems = load_themes([tmp_path / "nowhere"])
    assert list(themes) == ["timmy-dark"] and problems == []
    assert set(plain_theme().styles) == {*REQUIRED, *FALLBACK}


NAMES = ["timmy-dark", "ansi16", "timmy-light", "okabe-ito"]
MANY, FEW, LIGHT = TerminalColours(), TerminalColours(few=True), TerminalColours(light=True)


@pytest.mark.parametrize(
    ("wanted", "colours", "theme"),
    [
        ("timmy-dark", MANY, "timmy-dark"),
        ("timmy-dark", FEW, "ansi16"),
        ("timmy-dark", LIGHT, "timmy-light"),
        ("timmy-dark", TerminalColours(few=True, light=True), "ansi16"),
        ("okabe-ito", FEW, "okabe-ito"),
        ("okabe-ito", LIGHT, "okabe-ito"),
    ],
)
def test_the_terminal_decides_where_the_user_did_not(wanted: str, colours: TerminalColours, theme: str) -> None:
    assert fitting_theme(wanted, colours, NAMES) == (theme, "")


def test_a_theme_that_is_not_there_is_said() -> None:
    name, problem = fitting_theme("nord", FEW, NAMES)
    assert name == "timmy-dark" and "There is no theme nord; there are ansi16, okabe-ito" in problem
    assert fitting_theme("timmy-dark", FEW, ["mine", "timmy-dark"]) == ("timmy-dark", "")
    assert fitting_theme("timmy-dark", MANY, ["mine"]) == ("mine", "")


def test_the_choice_is_remembered_until_the_settings_change(tmp_path: Path) -> None:
    path = tmp_path / "ui.toml"
    assert remembered_theme("timmy-dark", path=path) is None
    remember_theme('odd "name"', "timmy-dark", path=path)
    assert remembered_theme("timmy-dark", path=path) == 'odd "name"'
    assert remembered_theme("timmy-light", path=path) is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["ui.toml"]
    path.write_text("theme = ")
    assert remembered_theme("timmy-dark", path=path) is None


def test_without_a_state_folder_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert remembered_theme("timmy-dark") is None


def test_a_console_of_16_colours_has_a_choice_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "ui.toml"
    remember_theme("okabe-ito", "timmy-dark", path=path)
    assert remembered_theme("timmy-dark", True, path) is None
    remember_theme("ansi16", "timmy-dark", True, path)
    both = [remembered_theme("timmy-dark", few, path) for few in (False, True)]
    assert both == ["okabe-ito", "ansi16"]
    remember_theme("ember", "timmy-light", path=path)
    assert remembered_theme("timmy-light", True, path) is None


def test_without_colours_what_has_a_ground_of_its_own_is_in_reverse() -> None:
    styles = load_theme(packaged_folder() / "ember.toml").styles
    bare = without_colours(styles)
    assert {colour for style in bare.values() for colour in (style.color, style.bgcolor)} == {Color.parse("default")}
    assert {role for role, style in bare.items() if style.reverse} >= {"cursor", "headline", "frozen"}
    assert bare["bad"].bold and bare["quote"].italic and not bare["text"].reverse


async def test_the_users_folder_overrides_and_a_broken_file_is_said_once() -> None:
    write(config_dir() / "themes" / "dark.toml", BASE.replace('"mine"', '"timmy-dark"').replace("#eeeeee", "#123456"))
    write(config_dir() / "themes" / "broken.toml", "name = 3")
    async with running_dashboard(snapshot()) as dashboard:
        notices = [notice.text for notice in dashboard.app.events]
        assert len(notices) == 1 and "broken.toml" in notices[0]
        assert dashboard.app.view.styles["text"].color == ToolkitColor.parse("#123456").rich_color


async def test_the_theme_key_goes_round_and_the_next_start_has_the_same() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        first = dashboard.app.theme
        await dashboard.press("d")
        second = dashboard.app.theme
        assert second != first and f"theme {second}" in dashboard.text()
    async with running_dashboard(snapshot()) as dashboard:
        assert dashboard.app.theme == second
        for _ in range(len(dashboard.app.themes.palettes) - 1):
            await dashboard.press("d")
        assert dashboard.app.theme == first


@pytest.mark.parametrize("theme", ["timmy-light", "ansi16"])
async def test_every_screen_is_drawn_in_the_other_themes(theme: str) -> None:
    async with running_dashboard(troubled(), start=Start(view=ViewSettings(theme=theme))) as dashboard:
        assert dashboard.app.theme == theme
        for key in "234561":
            await dashboard.press(key)
        assert "V2V ≥3.14s" in dashboard.text()
