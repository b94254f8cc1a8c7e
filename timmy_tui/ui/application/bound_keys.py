"""The keys as the user's keymap has them: the table of commands, and what the screen says of it."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from timmy_tui.ui.key_commands import OVERLAYS, SCREENS, Command, footer_words, key_name, with_keys, works_on
from timmy_tui.ui.view import View


class BoundKeys:
    """Of one keymap."""

    def __init__(self, keymap: Mapping[str, str]) -> None:
        """``keymap``: command id → its keys, where the user has others."""
        self.keymap = keymap
        self.commands = with_keys(keymap)
        self._by_id = {command.id: command for command in self.commands}
        self.stop_keys = frozenset(self._by_id["suspend"].keys.split(","))

    def everywhere(self) -> Iterator[Command]:
        """Commands with a key that no screen binds itself."""
        return (command for command in self.commands if command.keys and not command.screens)

    def works(self, command: str, place: str) -> bool | None:
        """Whether a command that no screen binds itself works at a place; None of any other."""
        row = self._by_id.get(command)
        return works_on(row, place) if row is not None and not row.screens else None

    def named(self, view: View, unavailable: Mapping[str, str]) -> View:
        """The view with these keys. ``unavailable``: command id → why it does not work here."""
        footers = {place: footer_words(self.commands, place, unavailable) for place in (*SCREENS, *OVERLAYS)}
        keys = {command.id: key_name(command.keys) for command in self.commands}
        return replace(view, footers=footers, keys=keys, cached_lines={})
