"""One value for a Timmy: nothing is read or made before it is asked for, and v34's config only once."""

from pathlib import Path

import pytest

from timmy_tui.core.settings import Paths, Services, Settings
from timmy_tui.sources.timmy import timmy_at


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "timmy/v34").mkdir(parents=True)
    (tmp_path / "timmy/v34/config.py").write_text("V34_PORT = 5001\nLLM_CONTEXT_SIZE = 8000\n")
    return tmp_path / "timmy"


def test_the_config_is_read_when_first_asked_and_again_only_on_demand(root: Path) -> None:
    timmy = timmy_at(root)
    (root / "v34/config.py").write_text("V34_PORT = 5002\nLLM_CONTEXT_SIZE = 4096\n")
    assert (timmy.services.urls.v34, timmy.services.model.num_ctx) == ("http://localhost:5002", 4096)
    (root / "v34/config.py").write_text("V34_PORT = 5003\nLLM_CONTEXT_SIZE = 2048\n")
    assert (timmy.services.urls.v34, timmy.services.model.num_ctx) == ("http://localhost:5002", 4096)
    now = timmy.services.reread()
    assert (now.urls.v34, now.model.num_ctx) == ("http://localhost:5003", 2048)


def test_its_settings_name_services_and_files(root: Path) -> None:
    settings = Settings(paths=Paths(app="v34/main/app.py"), services=Services(v34="http://box:7"))
    timmy = timmy_at(root, settings)
    assert timmy.services.urls.v34 == "http://box:7"
    assert (timmy.installation.config, timmy.v34_folder) == (root / "v34/config.py", root / "v34/main")


def test_a_link_in_the_way_is_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/app.py").touch()
    (root / "v34/app.py").symlink_to(tmp_path / "elsewhere/app.py")
    (tmp_path / "link").symlink_to(root)
    timmy = timmy_at(tmp_path / "link")
    assert (timmy.root, timmy.v34_folder) == (root, tmp_path / "elsewhere")


def test_the_control_folder_is_private_made_on_demand_and_one_for_each_root(root: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    timmy = timmy_at(root, state=state)
    assert not state.exists()
    folder = timmy.control_folder
    assert folder.parent == state and folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(root)
    assert timmy_at(tmp_path / "link", state=state).control_folder == folder
    assert timmy_at(tmp_path, state=state).control_folder != folder
    # The name is part of what is on disk: another one would lose the journal of earlier versions.
    assert timmy_at(Path("/"), state=state).control_folder.name == "control-8a5edab28263"


def test_without_a_state_folder_the_user_s_own_is_taken(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    assert timmy_at(root).control_folder.parent == tmp_path / "home/timmy_tui"
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        _ = timmy_at(root, state=tmp_path / "file").control_folder
