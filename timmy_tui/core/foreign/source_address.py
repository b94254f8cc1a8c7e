"""Where the records of another voice system come from, as its user writes it: a file, a unit's journal, an address."""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Literal

from msgspec import Struct

from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.addresses import ADVICE, base_url, mask_url, not_an_address
from timmy_tui.core.foreign.sanitize import clean

JOURNAL = "journal:"
USER = "user:"
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,254}")
"""A unit's name as systemd allows it, without the patterns that journalctl would also take."""
_URL = re.compile(r"https?:/", re.IGNORECASE)


class SourceAddress(Struct, frozen=True, dict=True):
    """One source. Make it with ``source_address``."""

    kind: Literal["file", "journal", "http"]
    name: str
    """The path, the unit, or the URL with what it holds of a password."""
    user: bool = False
    """A unit of the user's own."""

    @property
    def path(self) -> Path | None:
        """Of a file; None of what is not one."""
        return Path(self.name).expanduser() if self.kind == "file" else None

    @cached_property
    def shown(self) -> str:
        """To show: a URL without user, password and query, in which a token can stand."""
        if self.kind == "journal":
            return f"{JOURNAL}{USER if self.user else ''}{self.name}"
        return mask_url(self.name.partition("#")[0].partition("?")[0]) if self.kind == "http" else clean(self.name)

    @cached_property
    def key(self) -> str:
        """To tell one source from another, without secrets: another query is another source, another password not."""
        query = self.name.partition("#")[0].partition("?")[2] if self.kind == "http" else ""
        return f"{self.shown}?{hashlib.sha256(query.encode()).hexdigest()[:8]}" if query else self.shown

    @cached_property
    def place(self) -> Path:
        """What stands for it where a path is asked for. It is not the path of a file unless ``path`` is."""
        return self.path or Path(self.shown)


def source_address(text: str) -> SourceAddress:
    """Read one. Raises SourceError for a unit or a URL that is not valid; everything else is a path."""
    if text.startswith(JOURNAL):
        name = text.removeprefix(JOURNAL)
        user = name.startswith(USER)
        name = name.removeprefix(USER)
        if not _UNIT.fullmatch(name):
            raise SourceError(f"{clean(name, 80)!r} is not the name of a unit.", "Write it as journal:NAME.service.")
        return SourceAddress("journal", name if "." in name else f"{name}.service", user)
    if _URL.match(text):
        if not base_url(text):
            raise SourceError(f"{not_an_address(text)}.", ADVICE)
        return SourceAddress("http", text)
    return SourceAddress("file", text)
