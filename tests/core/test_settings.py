"""Settings are typed, and a wrong file is refused with a hint."""

import os
import re
import tomllib
from pathlib import Path
from typing import get_type_hints

import pytest
from msgspec import Struct
from msgspec.structs import fields

from timmy_tui.core.errors import SettingsError
from timmy_tui.core.settings import Settings, load_settings, refuse_commands_in_repository, settings_problems


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
        ('[view]\nwindow = "three"\n', "settings.toml:2: view.window: expected `int`, got `str`."),
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
    with pytest.raises(SettingsError, match=rf":2:? (sets )?{table}\.{key}"):
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


SAMPLE = Path(__file__).parents[2] / "timmy_tui/core/settings.sample.toml"
COMMENTED = re.compile(r"^#(?=\w)", re.MULTILINE)
"""Before a key of the sample; its prose has a space there."""


def test_the_sample_is_the_defaults_as_it_stands_and_with_every_line_uncommented(tmp_path: Path) -> None:
    text = SAMPLE.read_text()
    assert load_settings(write(tmp_path, text)) == Settings()
    uncommented = COMMENTED.sub("", text)
    assert load_settings(write(tmp_path, uncommented)) == Settings()
    keys = {(table, key) for table, values in tomllib.loads(uncommented).items() for key in values}
    tables = [(table.name, type(table.default)) for table in fields(Settings) if isinstance(table.default, Struct)]
    assert keys == {(name, field.name) for name, kind in tables for field in fields(kind)}


def test_every_key_of_the_sample_is_explained() -> None:
    explained = {"v34", "ollama", "tts", "stt"}  # By the comment of their table.
    lines = SAMPLE.read_text().splitlines()
    for before, line in zip(lines, lines[1:], strict=False):
        if COMMENTED.match(line) and line[1:].split(" ")[0] not in explained:
            assert before.startswith("# "), line


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('theme = "x"\n', ["1: unknown key theme. Did you mean view.theme?"]),
        ("[view]\n\nwindwo = 3\n", ["3: unknown key view.windwo. Did you mean view.window?"]),
        ("view.windwo = 3\n", ["1: unknown key view.windwo. Did you mean view.window?"]),
        ('[view]\n"bell" = "regresion"\n',
         ["2: view.bell: invalid enum value 'regresion'. Did you mean \"regression\"?"]),
        ("[view]\nwindow = 0\n", ["2: view.window: expected `int` >= 1."]),
        ("[view]\nwindow = 1\n", []),
        ('x = """\n[view]\nwindow = "no"\n"""\n[view]\nwindow = "3"\n',
         ["1: unknown key x.", "6: view.window: expected `int`, got `str`."]),
        ('[flags.a]\ntype = "bool"\n', ["1: flags.a: object missing required field `name`."]),
        ('[flags]\na = 3\n', ["2: flags.a: expected a table."]),
        ("view = 3\n[control]\ncomand = []\nstrategy = 1\n",
         ["1: view: expected `object`, got `int`.", "3: unknown key control.comand. Did you mean control.command?",
          "4: control.strategy: expected `str`, got `int`."]),
        ("[view]\nwindow = \n", ["2 is not valid TOML: Invalid value (at line 2, column 10)."]),
        ("[view]\n\nwindow = inf\n", ["3 sets view.window to a number that cannot be used."]),
        ('[services]\n\nollama = "ftp://x"\n',
         ["3: services.ollama is 'ftp://x', which is not an HTTP address. Write it as http://host:port."]),
    ],
)  # fmt: skip
def test_every_fault_names_its_line_its_key_and_the_nearest_right_one(
    tmp_path: Path, text: str, faults: list[str]
) -> None:
    path = write(tmp_path, text)
    found = [f"{one.message} {one.hint}".rstrip() for one in settings_problems(path)]
    assert found == [f"{path}:{fault}" for fault in faults]
    if faults:
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        assert f"{caught.value.message} {caught.value.hint}".rstrip() == found[0]
