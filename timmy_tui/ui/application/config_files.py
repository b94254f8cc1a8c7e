"""Settings, keymap and themes while the dashboard runs: which files have changed, and what of it applies at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import fields

from timmy_tui.core.settings import Settings, config_dir

EVERY_S = 2.0
"""Seconds between two looks. A look is a status of each file, which finds a change on every file system. It is
made in a thread of its own, 0.3 ms of CPU each."""
LIVE = ("view.theme", "view.ascii", "view.bell", "view.mouse")
"""Settings that apply at once; the others from the next start on."""
Reload = Callable[[], Settings]


class ConfigFiles:
    """Remembers what the files looked like. Use it from one thread at a time."""

    def __init__(self, settings_file: Path | None) -> None:
        """``settings_file``: None where the dashboard has its settings from elsewhere, as the demo has."""
        folder = config_dir()
        self._looks: dict[str, Callable[[], object]] = {
            "keymap": lambda: _look(folder / "keymap.toml"),
            "themes": lambda: {path: _look(path) for path in sorted((folder / "themes").glob("*.toml"))},
        }
        if settings_file is not None:
            self._looks["settings"] = lambda: _look(settings_file)
        self._seen = {name: look() for name, look in self._looks.items()}

    def changed(self) -> set[str]:
        """Which of ``settings``, ``keymap`` and ``themes`` differ from the look before."""
        now = {name: look() for name, look in self._looks.items()}
        changed = {name for name in now if now[name] != self._seen[name]}
        self._seen = now
        return changed


def differences(before: Settings, after: Settings) -> Iterator[str]:
    """``view.window``, ``flags``: what two settings have differently."""
    for table in fields(Settings):
        old, new = getattr(before, table.name), getattr(after, table.name)
        if old != new and table.name == "flags":
            yield table.name
        elif old != new:
            yield from (f"{table.name}.{key}" for key in _keys(old) if getattr(old, key) != getattr(new, key))


def _keys(table: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = table.__struct_fields__
    return names


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
