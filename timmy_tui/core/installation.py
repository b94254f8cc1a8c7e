"""Finds the Little Timmy installation: the folder that holds v34/ and shared/, and its logs and code files."""

import os
import stat
from pathlib import Path

from msgspec import Struct

from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import Paths, Settings

DEFAULT_ROOT = Path("~/timmy-backend/little-timmy")
"""Where the upstream project's own documentation puts it."""


class Installation(Struct, frozen=True):
    """One Little Timmy on disk. Its files need not exist yet."""

    root: Path
    latency_log: Path
    v34_logs: tuple[Path, ...]
    """Possible places of v34's captured output, in order of preference."""
    config: Path
    app: Path
    stream: str = ""
    """What stands for the source of another system that is not a file: a journal, an address; without secrets."""

    @property
    def v34_log(self) -> Path:
        """The candidate that was written last; the first candidate while none exists."""
        present = [(path, info) for path in self.v34_logs if (info := _file_status(path)) is not None]
        return max(present, key=lambda item: item[1].st_mtime)[0] if present else self.v34_logs[0]


def _file_status(path: Path) -> os.stat_result | None:
    """The status of a regular file; None of anything else, also where a link leads to itself or a folder is barred."""
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return None
    return info if stat.S_ISREG(info.st_mode) else None


def find_installation(settings: Settings, root: Path | None = None, start: Path | None = None) -> Installation:
    """The installation to watch: ``root``, else the root of the settings, else ``start`` or a folder above it, else
    DEFAULT_ROOT. ``start`` is the current folder by default.

    Raises NotFound, which names every place that was searched.
    """
    if root is not None:
        chosen = root.expanduser()
        if not chosen.is_dir():
            raise NotFound(f"{chosen} is not a folder.", _hint())
        return installation_at(chosen, settings.paths)
    if settings.paths.root:
        chosen = Path(settings.paths.root).expanduser()
        if not chosen.is_dir():
            raise NotFound(f"{chosen} is not a folder (paths.root in the settings).", _hint())
        return installation_at(chosen, settings.paths)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / settings.paths.config).is_file() and (folder / "shared").is_dir():
            return installation_at(folder, settings.paths)
    default = DEFAULT_ROOT.expanduser()
    if default.is_dir():
        return installation_at(default, settings.paths)
    raise NotFound(
        f"there is no Timmy in {here}, in a folder above it, or in {default} "
        f"(searched for {settings.paths.config} and shared/).",
        _hint(),
    )


def installation_at(root: Path, paths: Paths) -> Installation:
    """The installation at ``root``; the relative paths of the settings are resolved below it."""
    root = root.resolve()
    return Installation(
        root=root,
        latency_log=root / paths.latency_log,
        v34_logs=tuple(root / log for log in paths.v34_logs),
        config=root / paths.config,
        app=root / paths.app,
    )


def _hint() -> str:
    return "Use --root PATH, or try the dashboard without Timmy: timmy-tui demo"
