"""The theme that the user chose on the screen, remembered in a file: one for 16 colours, one for more."""

import json
from pathlib import Path

from timmy_tui.core.foreign.decode import Unreadable, decode_toml
from timmy_tui.core.private_file import replace_private
from timmy_tui.core.settings import state_dir
from timmy_tui.core.web_page import refuse_to_write

NAME = "ui.toml"


def remembered_theme(configured: str, few_colours: bool = False, path: Path | None = None) -> str | None:
    """The theme chosen on the screen of a terminal with as many colours; None without one.

    Also None when the theme in the settings has changed since, or where there is no folder for what is remembered.
    """
    try:
        path = path or state_dir() / NAME
    except OSError:
        return None
    return _choices(configured, path).get(_key(few_colours))


def remember_theme(theme: str, configured: str, few_colours: bool = False, path: Path | None = None) -> None:
    """Write the choice, completely or not at all. Raises OSError."""
    refuse_to_write()
    path = path or state_dir() / NAME
    choices = {**_choices(configured, path), _key(few_colours): theme, "instead_of": configured}
    # A JSON string is a TOML basic string as well.
    text = "".join(f"{key} = {json.dumps(choice)}\n" for key, choice in choices.items())
    replace_private(path, text.encode())


def _key(few_colours: bool) -> str:
    """What is good in all colours may not be readable on a console of 16, where another is remembered."""
    return "theme_of_16_colours" if few_colours else "theme"


def _choices(configured: str, path: Path) -> dict[str, str]:
    """What the file has, if it is of this setting."""
    try:
        data = decode_toml(path.read_bytes())
    except OSError:
        return {}
    if isinstance(data, Unreadable) or data.get("instead_of") != configured:
        return {}
    keys = (_key(False), _key(True))
    return {key: value for key in keys if isinstance(value := data.get(key), str)}
