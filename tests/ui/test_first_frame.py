"""The first frame waits for nothing that it does not show; what a key soon needs is loaded behind it."""

from __future__ import annotations

import gc
import json
import os
import pty
import random
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.css import parse, stylesheet

from tests.ui.fakes import FakeSource
from tests.ui.running import Start, running_dashboard, strips_of
from tests.ui.snapshots import snapshot
from timmy_tui.core.quantile import median
from timmy_tui.core.settings import Settings, config_dir
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.ui import themes_in_use
from timmy_tui.ui.application import behind_first_frame
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.key_commands import SCREENS
from timmy_tui.ui.messages import Backend
from timmy_tui.ui.paint import themes as theme_files
from timmy_tui.ui.paint.themes import Palette, packaged_folder
from timmy_tui.ui.screens import table
from timmy_tui.ui.themes_in_use import ThemesInUse

ROOT = Path(__file__).resolve().parents[2]
NOT_YET = (
    "click", "email", "httpx", "json.tool", "numpy", "pandas", "psutil", "sqlite3", "statistics", "urllib.request",
    "watchfiles",
    "textual.widgets._data_table",
    "timmy_tui.analysis", "timmy_tui.bootstrap.wiring",
    "timmy_tui.commands.shared.lazy_group", "timmy_tui.commands.table",
    "timmy_tui.control.change", "timmy_tui.control.controller", "timmy_tui.demo", "timmy_tui.doctor",
    "timmy_tui.llm_actions", "timmy_tui.parse", "timmy_tui.pipeline", "timmy_tui.profiles.load",
    "timmy_tui.profiles.spec", "timmy_tui.sources.files", "timmy_tui.sources.services", "timmy_tui.storage",
    "timmy_tui.telemetry", "timmy_tui.turns",
    *(f"timmy_tui.ui.screens.{name}" for name in SCREENS if name != "live"),
    "timmy_tui.ui.screens.confirm", "timmy_tui.ui.screens.filter_bar", "timmy_tui.ui.screens.overlays",
    "timmy_tui.ui.panels.changes.screen", "timmy_tui.ui.panels.llm.screen", "timmy_tui.ui.panels.trends.screen",
    "timmy_tui.ui.turn_filter",
)  # fmt: skip
"""Modules and rooms that nothing of the first frame needs."""


@pytest.fixture(scope="module")
def first_frame(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a dashboard had loaded when it wrote its first picture, started as a user starts it."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "v34").mkdir()
    (folder / "v34/config.py").touch()
    (folder / "shared").mkdir()
    master, slave = pty.openpty()
    environ = {
        "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config"),
        "TEXTUAL_DRIVER": "tests.ui.first_frame_driver:FirstFrame", "FIRST_FRAME_FILE": str(folder / "left.json"),
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "timmy_tui", "--root", str(folder), "--no-services"],
        stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **environ}, timeout=50, check=True,
    )  # fmt: skip
    os.close(slave)
    os.close(master)
    left: dict[str, Any] = json.loads((folder / "left.json").read_text())
    return left


def test_the_first_picture_is_that_of_the_dashboard(first_frame: dict[str, Any]) -> None:
    assert "V2V" in first_frame["picture"] and "quit" in first_frame["picture"]


@pytest.mark.parametrize("name", NOT_YET)
def test_it_waits_for_no_module_that_it_does_not_show(first_frame: dict[str, Any], name: str) -> None:
    assert [one for one in first_frame["modules"] if one == name or one.startswith(f"{name}.")] == []


def test_each_module_that_it_does_not_wait_for_is_there() -> None:
    """Else a new name of one of them would end the test above in silence."""
    ours = [name for name in NOT_YET if name.startswith("timmy_tui")]
    for name in ours:
        place = ROOT / name.replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").is_file(), name


def test_it_reads_one_theme_and_no_source_runs(first_frame: dict[str, Any]) -> None:
    themes = [Path(name).name for name in first_frame["opened"] if name.startswith(str(packaged_folder()))]
    assert themes == ["timmy-dark.toml"]
    assert "source" not in first_frame["threads"]


@pytest.mark.parametrize("theme", ["timmy-dark", "timmy-light", "ansi16"])
async def test_the_styles_are_read_once_and_in_the_theme(monkeypatch: pytest.MonkeyPatch, theme: str) -> None:
    read: list[str] = []

    def counted(scope: str, css: str, *arguments: Any, **options: Any) -> Iterator[Any]:
        read.append(css)
        return iter(parse.parse(scope, css, *arguments, **options))

    monkeypatch.setattr(stylesheet, "parse", counted)
    async with running_dashboard(snapshot(), start=Start(view=ViewSettings(theme=theme))) as dashboard:
        assert [len([css for css in read if css == style]) for style in (App.DEFAULT_CSS, TimmyApp.CSS)] == [1, 1]
        ground = dashboard.app.get_theme(theme)
        assert ground is not None and ground.background is not None
        assert dashboard.app.screen.styles.background == ground.to_color_system().background or ground.ansi
        assert dashboard.app.theme_variables["background"] == ground.to_color_system().generate()["background"]


async def test_no_picture_is_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the first nor the first of a new size."""
    pictures: list[str] = []

    def note(app: TimmyApp) -> None:
        pictures.append("\n".join(strip.text for strip in strips_of(app)))

    monkeypatch.setattr(TimmyApp, "post_display_hook", note)
    async with running_dashboard(snapshot()) as dashboard:
        for size in ((120, 40), (60, 20)):
            await dashboard.pilot.resize_terminal(*size)
            await dashboard.pilot.pause()
    assert len(pictures) > 3
    assert [picture for picture in pictures if "V2V" not in picture] == []


async def test_keys_work_before_there_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind_first_frame, "import_screens", pytest.fail)
    app = TimmyApp(Settings(), Backend(FakeSource()))
    async with app.run_test() as pilot:
        for key, name in zip("234561", (*SCREENS[1:], "live"), strict=True):
            await pilot.press(key)
            await pilot.pause()
            assert app.current_mode == app.screen.name == name
        await pilot.press("d")
        assert app.theme != "timmy-dark"


def all_taken(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Palette]]:
    """Gets all themes when a dashboard takes what was read behind its first frame."""
    taken: list[Mapping[str, Palette]] = []
    take = ThemesInUse.take_all

    def noted(themes: ThemesInUse, palettes: Mapping[str, Palette], problems: Iterable[str]) -> None:
        take(themes, palettes, problems)
        taken.append(palettes)

    monkeypatch.setattr(ThemesInUse, "take_all", noted)
    return taken


async def test_other_screens_and_themes_are_loaded_once_there_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    monkeypatch.setattr(behind_first_frame, "import_screens", lambda: imported.append("screens"))
    taken = all_taken(monkeypatch)
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.until(lambda: bool(taken))
        await dashboard.publish(snapshot(30))
        assert imported == ["screens"] and len(taken) == 1
        monkeypatch.setattr(themes_in_use, "load_themes", pytest.fail)
        assert set(dashboard.app.themes.palettes) == {path.stem for path in packaged_folder().glob("*.toml")}


def test_all_screens_are_imported() -> None:
    code = "import sys; from timmy_tui.ui.screens.table import import_screens; import_screens(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert {place.partition(":")[0] for place in table.SCREENS.values()} <= set(done.stdout.split())


async def test_one_comes_back_to_the_first_screen() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        first = dashboard.app.screen
        await dashboard.press("2", "1")
        assert dashboard.app.screen is first and dashboard.app.current_mode == "live" and "V2V" in dashboard.text()


def test_a_packaged_theme_has_the_name_of_its_file() -> None:
    for path in packaged_folder().glob("*.toml"):
        assert theme_files.load_theme(path).name == path.stem


@pytest.fixture
def own_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packaged themes that a test can damage."""
    folder = tmp_path / "packaged"
    folder.mkdir()
    for path in packaged_folder().glob("*.toml"):
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(theme_files, "packaged_folder", lambda: folder)
    return folder


@pytest.mark.parametrize("damaged", ["ember", "timmy-dark"])
async def test_a_damaged_theme_is_said_once_also_where_it_is_not_in_use(
    own_installation: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    (own_installation / f"{damaged}.toml").write_text("name = 3")
    taken = all_taken(monkeypatch)
    async with running_dashboard(snapshot()) as dashboard:
        app = dashboard.app
        await dashboard.until(lambda: bool(taken))
        await dashboard.press("d")
        assert [notice.text for notice in app.events if f"{damaged}.toml" in notice.text] == [
            f"{damaged}.toml: the role text is missing."
        ]
        assert app.theme in app.themes.palettes and damaged not in app.themes.palettes


@pytest.mark.parametrize("file", ["timmy-dark", "ember"])
async def test_a_theme_of_another_name_than_its_file_is_found(own_installation: Path, file: str) -> None:
    text = (own_installation / f"{file}.toml").read_text()
    (own_installation / f"{file}.toml").write_text(text.replace(f'name = "{file}"', 'name = "renamed"'))
    async with running_dashboard(snapshot(), start=Start(view=ViewSettings(theme="renamed"))) as dashboard:
        assert dashboard.app.theme == "renamed"


async def test_a_theme_of_the_users_is_used_from_the_first_frame_on() -> None:
    folder = config_dir() / "themes"
    folder.mkdir(parents=True)
    text = (packaged_folder() / "ember.toml").read_text()
    (folder / "file.toml").write_text(text.replace('name = "ember"', 'name = "of mine"'))
    async with running_dashboard(snapshot(), start=Start(view=ViewSettings(theme="of mine"))) as dashboard:
        assert dashboard.app.theme == "of mine" and not dashboard.app.events


def test_nothing_is_collected_from_the_choice_of_a_system_to_the_first_frame(tmp_path: Path) -> None:
    code = (
        "import gc, sys, timmy_tui.bootstrap.startup as startup, timmy_tui.cli\n"
        "import timmy_tui.commands.shared.lazy_group as group\n"
        "startup.find_timmy = lambda options: print(gc.isenabled(), end=' ') or sys.exit()\n"
        "group.run = lambda commands: print(gc.isenabled(), end=' ') or 0\n"
        "timmy_tui.cli.main()\n"
    )
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", code, *call], capture_output=True, text=True, timeout=50, env=environ
        ).stdout
        for call in ((), ("report",))
    ]
    assert said == ["False ", "True "] and gc.isenabled()


def test_the_median_is_the_usual_one() -> None:
    seeded = random.Random(7)
    for n in range(1, 40):
        values = [seeded.uniform(-5, 5000) for _ in range(n)]
        assert median(values) == statistics.median(values)
        assert median(iter(values)) == statistics.median(values)
