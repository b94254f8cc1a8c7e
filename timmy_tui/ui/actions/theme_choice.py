"""The theme that the user chose on the screen, remembered in a file."""

import json
from pathlib import Path

from timmy_tui.core.decode import Unreadable, decode_toml
from timmy_tui.core.private_file import replace_private
from timmy_tui.core.settings import state_dir
from timmy_tui.core.web_page import refuse_to_write

NAME = "ui.toml"


def remembered_theme(configured: str, path: Path | None = None) -> str | None:
    """The theme chosen on the screen; None without one, or when the theme in the settings has changed since."""
    try:
        data = decode_toml((path or state_dir() / NAME).read_bytes())
    except OSError:
        return None
    if isinstance(data, Unreadable):
        return None
    theme = data.get("theme")
    return theme if isinstance(theme, str) and data.get("instead_of") == configured else None


def remember_theme(theme: str, configured: str, path: Path | None = None) -> None:
    """Write the choice, completely or not at all. Raises OSError."""
    refuse_to_write()
    # A JSON string is a TOML basic string as well.
    text = f"theme = {json.dumps(theme)}\ninstead_of = {json.dumps(configured)}\n"
    replace_private(path or state_dir() / NAME, text.encode())
