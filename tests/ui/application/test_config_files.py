"""Settings, keymap and themes that are edited while the dashboard runs: applied at once, or said to wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.fakes import FakeSource
from tests.ui.running import RunningDashboard
from tests.ui.snapshots import snapshot
from timmy_tui.core.settings import Settings, load_settings
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.application.config_files import ConfigFiles
from timmy_tui.ui.messages import Backend


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration folder, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "timmy_tui/themes").mkdir(parents=True)
    return tmp_path / "timmy_tui"


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def test_a_file_that_comes_changes_or_goes_is_noticed_once(folder: Path) -> None:
    files = ConfigFiles(folder / "settings.toml")
    assert files.changed() == set()
    write(folder / "settings.toml", "")
    write(folder / "themes/a.toml", "")
    assert (files.changed(), files.changed()) == ({"settings", "themes"}, set())
    write(folder / "settings.toml", "[view]\n")
    write(folder / "keymap.toml", "")
    assert (files.changed(), files.changed()) == ({"settings", "keymap"}, set())
    for name in ("settings.toml", "keymap.toml", "themes/a.toml"):
        (folder / name).unlink()
    assert files.changed() == {"settings", "keymap", "themes"}


async def test_what_can_be_applied_is_and_the_rest_is_said(folder: Path) -> None:
    settings_file, themes = folder / "settings.toml", Path(__file__).parents[3] / "themes"
    backend = Backend(FakeSource(snapshot()), settings_file=settings_file, reload=lambda: load_settings(settings_file))
    app = TimmyApp(Settings(), backend)
    async with app.run_test(size=(120, 30)) as pilot:
        dashboard = RunningDashboard(app, pilot, FakeSource())

        async def until_said(text: str) -> None:
            await dashboard.until(lambda: any(text in notice.text for notice in app.events))
            app.events.clear()

        await dashboard.until(lambda: app.snapshot.turns != ())
        write(settings_file, '[view]\ntheme = "timmy-light"\nascii = true\nwindow = 30\n')
        await until_said("settings read again; from the next start on: view.window")
        assert app.theme == "timmy-light" and app.view.glyphs.plain and app.settings.view.window == 20
        write(settings_file, "[view]\nwindwo = 30\n")
        await until_said("settings.toml:2: unknown key view.windwo. Did you mean view.window?")
        assert app.theme == "timmy-light"
        write(folder / "keymap.toml", 'freeze = "z"\ntrends = "9"\n')
        await until_said("keymap.toml read again")
        assert app.view.keys["freeze"] == "z"
        await dashboard.press("space")
        assert app.view.live_snapshot is None
        await dashboard.press("z")
        assert app.view.live_snapshot is not None
        await dashboard.press("z", "9")
        assert app.place == "trends"
        write(folder / "keymap.toml", "")
        await until_said("keymap.toml read again")
        await dashboard.press("9")
        await dashboard.press("space")
        assert app.view.live_snapshot is not None
        before = app.view.styles["bad"]
        light = (themes / "timmy-light.toml").read_text()
        write(folder / "themes/mine.toml", light.replace("[roles]\n", "[roles]\n").replace("bad = ", 'bad = "blue" #'))
        await until_said("themes read again")
        assert app.view.styles["bad"] != before
