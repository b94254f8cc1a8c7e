"""Finding Timmy: the folder that holds v34/ and shared/, and the files in it that matter."""

from pathlib import Path

from msgspec import Struct

from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import Paths, Settings

USUAL = Path("~/timmy-backend/little-timmy")
"""Where the upstream project's own documentation puts it."""


class Installation(Struct, frozen=True):
    """One Timmy on disk. The files need not exist yet."""

    root: Path
    latency_log: Path
    v34_logs: tuple[Path, ...]
    """Candidates for v34's captured output, in order of preference."""
    config: Path
    app: Path

    @property
    def v34_log(self) -> Path:
        """The candidate written last; the first one while none exists."""
        present = [(path.stat().st_mtime, path) for path in self.v34_logs if path.is_file()]
        return max(present, key=lambda item: item[0])[1] if present else self.v34_logs[0]


def find_installation(settings: Settings, root: Path | None = None, start: Path | None = None) -> Installation:
    """The Timmy to watch: ``root`` if given, else the settings, else around ``start``, else the usual place.

    Raises NotFound, naming every place that was looked at.
    """
    if root is not None:
        chosen = root.expanduser()
        if not chosen.is_dir():
            raise NotFound(f"{chosen} is not a folder.", _way_out())
        return at(chosen, settings.paths)
    if settings.paths.root:
        chosen = Path(settings.paths.root).expanduser()
        if not chosen.is_dir():
            raise NotFound(f"{chosen}, the root in the settings, is not a folder.", _way_out())
        return at(chosen, settings.paths)
    here = (start or Path.cwd()).resolve()
    looked = [here, *here.parents]
    for folder in looked:
        if (folder / settings.paths.config).is_file() and (folder / "shared").is_dir():
            return at(folder, settings.paths)
    usual = USUAL.expanduser()
    if usual.is_dir():
        return at(usual, settings.paths)
    raise NotFound(
        f"no Timmy in {here} or a folder above it (looked for {settings.paths.config} and shared/), nor in {usual}.",
        _way_out(),
    )


def at(root: Path, paths: Paths) -> Installation:
    """The installation at ``root``, with the settings' relative paths resolved below it."""
    root = root.resolve()
    return Installation(
        root=root,
        latency_log=root / paths.latency_log,
        v34_logs=tuple(root / log for log in paths.v34_logs),
        config=root / paths.config,
        app=root / paths.app,
    )


def _way_out() -> str:
    return "Name it with --root PATH, or see the dashboard on a stand-in: timmy-tui demo"
