"""The columns of the turns that the user chose, remembered in a file."""

from pathlib import Path

from timmy_tui.core.foreign.decode import Unreadable, decode_toml
from timmy_tui.core.private_file import replace_private
from timmy_tui.core.settings import state_dir
from timmy_tui.core.web_page import refuse_to_write
from timmy_tui.ui.panels.turns.cells import COLUMNS, USUAL

NAME = "columns.toml"


def remembered_columns(path: Path | None = None) -> tuple[str, ...]:
    """Keys of the columns; the usual ones where none are remembered, or none of them is known."""
    try:
        data = decode_toml((path or state_dir() / NAME).read_bytes())
    except OSError:
        return USUAL
    chosen = data.get("turns") if not isinstance(data, Unreadable) else None
    known = tuple(column.key for column in COLUMNS if isinstance(chosen, list) and column.key in chosen)
    return known or USUAL


def remember_columns(keys: tuple[str, ...], path: Path | None = None) -> None:
    """Write the choice, completely or not at all. Raises OSError."""
    refuse_to_write()
    words = ", ".join(f'"{key}"' for key in keys)
    replace_private(path or state_dir() / NAME, f"turns = [{words}]\n".encode())
