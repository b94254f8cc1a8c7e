"""The user's folders are the same as those of platformdirs, which is imported only outside Linux."""

import sys
from pathlib import Path

import pytest
from platformdirs import user_config_path, user_state_path

from timmy_tui.core.settings import APP, config_dir, state_dir


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs is asked itself")
@pytest.mark.parametrize("base", [None, "", " ", "relative", "~/home", "{tmp}", "{tmp}/a b"])
def test_the_folders_of_linux(base: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        if base is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, base.format(tmp=tmp_path))
    assert config_dir() == user_config_path(APP)
    assert state_dir() == user_state_path(APP)
    assert state_dir().stat().st_mode & 0o777 == 0o700
