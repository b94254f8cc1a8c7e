"""Finding the installation."""

from pathlib import Path

import pytest

from timmy_tui.core.errors import NotFound
from timmy_tui.core.installation import find_installation
from timmy_tui.core.settings import Paths, Settings


@pytest.fixture
def timmy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    root = tmp_path / "timmy"
    (root / "v34").mkdir(parents=True)
    (root / "shared").mkdir()
    (root / "v34/config.py").touch()
    return root


def test_a_folder_inside_finds_the_root(timmy: Path) -> None:
    assert find_installation(Settings(), start=timmy / "v34").root == timmy


def test_given_root_wins_over_settings_and_place(timmy: Path, tmp_path: Path) -> None:
    settings = Settings(paths=Paths(root=str(tmp_path)))
    assert find_installation(settings, root=timmy).root == timmy
    assert find_installation(settings, start=timmy).root == tmp_path


def test_the_usual_place_is_last(timmy: Path, tmp_path: Path) -> None:
    usual = tmp_path / "home/timmy-backend/little-timmy"
    usual.mkdir(parents=True)
    assert find_installation(Settings(), start=tmp_path).root == usual


def test_nothing_found_names_what_was_looked_for_and_the_demo(timmy: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        find_installation(Settings(), start=tmp_path)
    for wanted in (str(tmp_path), "v34/config.py", "shared/", "timmy-backend/little-timmy", "timmy-tui demo"):
        assert wanted in str(caught.value)


def test_a_wrong_root_is_an_error(timmy: Path) -> None:
    with pytest.raises(NotFound, match="not a folder"):
        find_installation(Settings(), root=timmy / "v34/config.py")


def test_the_debug_log_written_last_is_followed(timmy: Path) -> None:
    installation = find_installation(Settings(), root=timmy)
    panel, app = installation.v34_logs
    assert installation.v34_log == panel
    app.touch()
    assert installation.v34_log == app
