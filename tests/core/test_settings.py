"""Settings are typed, and a wrong file is refused with a hint."""

import os
from pathlib import Path
from typing import get_type_hints

import pytest
from msgspec import Struct
from msgspec.structs import fields

from timmy_tui.core.errors import SettingsError
from timmy_tui.core.settings import Settings, load_settings, refuse_commands_in_repository


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_no_file_means_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_settings() == Settings()


def test_values_are_read_and_typed(tmp_path: Path) -> None:
    path = write(tmp_path, '[view]\nwindow = 30\n[flags.loud]\nname = "LOUD"\ntype = "bool"\n')
    settings = load_settings(path)
    assert settings.view.window == 30
    assert settings.flags["loud"].name == "LOUD"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[view]\nwindwo = 3\n", "view.windwo"),
        ("[view]\nwindwo = 3\n", "Did you mean view.window?"),
        ("[vieww]\n", "Did you mean view?"),
        ('[flags.x]\nname="X"\ntype="bool"\nlable="y"\n', "Did you mean flags.x.label?"),
        ('[view]\nwindow = "three"\n', "$.view.window"),
        ("[view\n", "is not valid TOML"),
    ],
)
def test_a_wrong_key_or_type_names_the_place(tmp_path: Path, text: str, wanted: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert wanted in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.chmod(0o666)
    with pytest.raises(SettingsError, match="other users can write"):
        load_settings(path)


def test_a_named_file_that_is_missing_or_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "none.toml")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="not a regular file"):
        load_settings(tmp_path / "pipe")


def test_a_link_into_a_folder_of_everybodys_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "settings.toml").write_text("[view]\nwindow = 30\n")
    (shared / "settings.toml").chmod(0o600)
    link = tmp_path / "settings.toml"
    link.symlink_to(shared / "settings.toml")
    with pytest.raises(SettingsError, match="other users can write to"):
        load_settings(link)
    shared.chmod(0o700)
    assert load_settings(link).view.window == 30


def test_a_command_that_comes_with_the_monitored_repository_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "timmy"
    root.mkdir()
    inside, own = root / "settings.toml", tmp_path / "settings.toml"
    for path in (inside, own):
        path.write_text('[control]\nstrategy = "command"\ncommand = ["/bin/true"]\n')
        path.chmod(0o600)
    with pytest.raises(SettingsError, match="names a command"):
        refuse_commands_in_repository(load_settings(inside), inside, root)
    refuse_commands_in_repository(load_settings(own), own, root)
    inside.write_text("[view]\nwindow = 30\n")
    refuse_commands_in_repository(load_settings(inside), inside, root)


def numbers() -> list[tuple[str, str]]:
    """(table, key) of every setting that is a number."""
    tables = [(table.name, type(table.default)) for table in fields(Settings) if isinstance(table.default, Struct)]
    hints = [(name, key, hint) for name, kind in tables for key, hint in get_type_hints(kind).items()]
    return [(name, key) for name, key, hint in hints if hint in (int, float)]


@pytest.mark.parametrize("value", ["1" + 30 * "0", "-1" + 30 * "0", "nan", "inf", "-inf", "-1"])
@pytest.mark.parametrize(("table", "key"), numbers())
def test_a_number_out_of_range_is_refused(tmp_path: Path, table: str, key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"(\$\.|sets ){table}\.{key}"):
        load_settings(write(tmp_path, f"[{table}]\n{key} = {value}\n"))


def test_there_are_numbers() -> None:
    assert len(numbers()) > 10


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[paths]\nv34_logs = []\n", "v34_logs"),
        (f"a = {5000 * '['}", "is nested more than 200 levels deep"),
        (f"a = 1{5000 * '0'}", "is not valid TOML"),
        ('[paths]\nlatency_log = "a\\u0000b"\n', "NUL"),
        ('[control]\ncommand = ["a", "b\\u0000"]\n', "NUL"),
    ],
)
def test_what_nothing_can_be_done_with_is_refused(tmp_path: Path, text: str, wanted: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text))
    assert wanted in str(caught.value)
