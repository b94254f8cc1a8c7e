"""What the screen looked like when the dashboard was last open, in one small private file.

Of private text it holds only what the user typed into the filter of the turns, which is shown again.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from timmy_tui.core.foreign.decode import Unreadable, decode_as, decode_json
from timmy_tui.core.private_file import replace_private
from timmy_tui.core.web_page import refuse_to_write

T = TypeVar("T")
VERSION = 1
LARGEST = 64 * 1024
"""Bytes: a view is some hundred."""
EVERY_S = 60.0
"""Seconds between two writings while the dashboard runs: a killed one has been away for at most so long too little."""
Choices = dict[str, dict[str, Any]]
"""Screen → what the user chose there, by name."""


class TableChoice(Struct, frozen=True):
    """Of the turns."""

    filter: str = ""
    sorted_by: str = "time"
    downwards: bool = False


class LogChoice(Struct, frozen=True):
    """Of the log; a pattern is not kept: it would search through all of the logs at each start."""

    service: Literal["", "events", "stt", "v34", "tts"] = ""
    failures: bool = False
    wrapped: bool = False


class LiveChoice(Struct, frozen=True):
    """Of the live screen."""

    raw_rows: bool = False


class LastView(Struct, frozen=True):
    """The content of the file."""

    seen: float
    """time.time() when the dashboard was last open."""
    version: int = VERSION
    newest: float | None = None
    """When the newest turn began, by Timmy's clock; None without one."""
    screen: str = "live"
    choices: Mapping[str, Mapping[str, Any]] = {}


class LastViewFile:
    """The file of one Timmy."""

    def __init__(self, path: Path, writes: bool = True, fresh: bool = False) -> None:
        """``writes``: False in a second dashboard, which leaves it to the first. ``fresh``: show the usual view."""
        self._path, self._writes, self.fresh = path, writes, fresh

    def read(self) -> tuple[LastView | None, str]:
        """(the view, ""), or (None, why it cannot be used); (None, "") where there is none."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                data = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None, ""
        except OSError as error:
            return None, f"it cannot be read: {error.strerror}"
        if len(data) > LARGEST:
            return None, f"it has more than {LARGEST // 1024} KiB"
        fields = decode_json(data)
        version = fields.get("version") if isinstance(fields, dict) else None
        if isinstance(version, int) and version > VERSION:
            return None, "a newer timmy_tui has written it"
        view = decode_as(data, LastView)
        if isinstance(view, Unreadable):
            return None, "it is damaged"
        return (view, "") if math.isfinite(view.seen) else (None, "it is damaged")

    def write(self, view: LastView) -> None:
        """In one step, readable by the user alone. Raises OSError."""
        if self._writes:
            refuse_to_write()
            replace_private(self._path, msgspec.json.encode(view))


def choice_of(choices: Choices, screen: str, kind: type[T]) -> T:
    """What was chosen on a screen; the usual where nothing was, or nothing that this version knows."""
    try:
        return msgspec.convert(choices.get(screen, {}), kind)
    except (msgspec.MsgspecError, ValueError):
        return kind()


def remember_choice(choices: Choices, screen: str, choice: Struct) -> None:
    """What is chosen now."""
    choices[screen] = msgspec.to_builtins(choice)
