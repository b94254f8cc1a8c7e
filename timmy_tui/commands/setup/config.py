"""``timmy-tui config``: where the settings are, what applies, what is wrong with them, and an editor on them."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct

from timmy_tui.commands.shared.options import json_option, settings_option, takes
from timmy_tui.core.errors import SettingsError
from timmy_tui.core.foreign.addresses import mask_url
from timmy_tui.core.output import say, say_json, say_lines
from timmy_tui.core.settings import Settings, config_dir, load_settings, settings_problems

SAMPLE = Path(__file__).parents[2] / "core/settings.sample.toml"
"""Every setting with its default, commented out."""
EDITORS = ("nano", "vim", "vi")
"""Where neither VISUAL nor EDITOR is set."""


class ConfigPlace(Struct, frozen=True, kw_only=True):
    """The settings file; None is the user's own."""

    settings_path: Path | None

    @property
    def path(self) -> Path:
        """Of the file, which need not exist."""
        return self.settings_path or config_dir() / "settings.toml"


class ShowOptions(ConfigPlace, frozen=True, kw_only=True):
    """How the settings are printed."""

    as_json: bool


@click.group()
def config() -> None:
    """Show, check and edit the settings; themes and keys are checked too."""


@config.command()
@settings_option
@takes(ConfigPlace)
def path(options: ConfigPlace) -> None:
    """Print the path of the settings file, which need not exist. Themes and keymap.toml are beside it."""
    say(str(options.path))


@config.command()
@settings_option
@json_option
@takes(ShowOptions)
def show(options: ShowOptions) -> None:
    """Print all settings as they apply now: the file's, and the defaults of what it leaves out."""
    settings = load_settings(options.settings_path)
    values = _shown(settings)
    if options.as_json:
        say_json(values)
        return
    exists = options.path.exists()
    say(f"# {options.path}{'' if exists else ' does not exist: these are the defaults'}")
    say_lines(_as_toml(values, _shown(Settings())))


@config.command()
@settings_option
@takes(ConfigPlace)
def check(options: ConfigPlace) -> int:
    """Check settings, keymap and themes: file, line, key, and the nearest valid one. Exit code 1 if one is wrong."""
    return _check(options)


@config.command()
@settings_option
@takes(ConfigPlace)
def edit(options: ConfigPlace) -> int:
    """Open the settings in your editor (VISUAL, EDITOR), then check them. A new file has every default, commented."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(f"an editor needs a terminal. The file is {options.path}.")
    command = _editor()
    if not options.path.exists():
        options.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(options.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(SAMPLE.read_bytes())
    try:
        done = subprocess.run([*command, str(options.path)], check=False)
    except OSError as error:
        raise click.ClickException(f"{command[0]}: {error.strerror}. Set EDITOR to your editor.") from None
    if done.returncode:
        raise click.ClickException(f"{command[0]} ended with code {done.returncode}; the file is {options.path}.")
    return _check(options)


def _editor() -> list[str]:
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        command = shlex.split(wanted) if wanted else [name for name in EDITORS if shutil.which(name)][:1]
    except ValueError as error:
        raise click.ClickException(f"EDITOR cannot be read: {error}.") from None
    if not command:
        raise click.ClickException("there is no editor: set EDITOR to yours.")
    return command


def _check(options: ConfigPlace) -> int:
    folder = config_dir()
    read = options.settings_path is not None or options.path.exists()
    checked = [
        (options.path, _settings_faults(options.path) if read else []),
        (folder / "keymap.toml", _keymap_faults(folder)),
        (folder / "themes", _theme_faults()),
    ]
    for place, faults in checked:
        state = "ok" if place.exists() else "not there, so the defaults apply"
        say_lines(faults or [f"{place}: {state}"])
    return 1 if any(faults for _, faults in checked) else 0


def _settings_faults(path: Path) -> list[str]:
    faults = settings_problems(path)
    if not faults:
        from timmy_tui.control.service.restart_strategies import check_strategy

        try:
            check_strategy(load_settings(path), path)
        except SettingsError as error:
            faults = [error]
    return [f"{fault.message} {fault.hint}".rstrip() for fault in faults]


def _keymap_faults(folder: Path) -> list[str]:
    from timmy_tui.ui.key_commands import read_keymap

    return read_keymap(folder / "keymap.toml")[1]


def _theme_faults() -> list[str]:
    from timmy_tui.ui.paint.themes import load_themes

    return load_themes()[1]


def _shown(settings: Settings) -> dict[str, dict[str, Any]]:
    """Table → key → value; user and password of a URL are masked."""
    values: dict[str, dict[str, Any]] = msgspec.to_builtins(settings)
    services = {
        name: mask_url(value) if value else value for name, value in values["services"].items() if name != "poll"
    }
    return {**values, "services": {**services, "poll": settings.services.poll}}


def _as_toml(values: dict[str, dict[str, Any]], usual: dict[str, dict[str, Any]]) -> Iterator[str]:
    for table, keys in values.items():
        if table == "flags":
            for name, flag in keys.items():
                yield ""
                yield f"[flags.{_key(name)}]"
                yield from (f"{key} = {_toml(value)}" for key, value in flag.items())
            continue
        yield ""
        yield f"[{table}]"
        for key, value in keys.items():
            was = usual[table][key]
            yield f"{key} = {_toml(value)}" + ("" if value == was else f"  # default: {_toml(was)}")


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _toml(name)


def _toml(value: object) -> str:
    """A value in TOML. A JSON string is a TOML basic string as well."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(str(key))} = {_toml(item)}" for key, item in value.items()) + "}"
    return msgspec.json.encode(value).decode()
