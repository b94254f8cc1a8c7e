"""One Timmy as every command and the dashboard know it: its files, its services, its settings, its private folder."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from timmy_tui.core.installation import Installation, installation_at
from timmy_tui.core.settings import Settings, state_dir, state_path
from timmy_tui.model.stages.system import BUILT_IN, watched

if TYPE_CHECKING:
    from timmy_tui.sources.services.urls import ServiceConfig


class Timmy(Struct, frozen=True, eq=False, dict=True):
    """Found once and handed on. What needs a file to be read is read when it is first asked for, and only then."""

    settings: Settings
    installation: Installation
    state: Path | None = None
    """Folder of history, journals and restore points; None is the user's own."""

    @property
    def root(self) -> Path:
        """The folder that holds v34/ and shared/, without links."""
        return self.installation.root

    @property
    def key(self) -> str:
        """What its turns are stored under: its folder, or its profile and source, so that two systems never mix."""
        name, installation = watched().name, self.installation
        return str(self.root) if name == BUILT_IN else f"{name}:{installation.stream or installation.latency_log}"

    @property
    def v34_folder(self) -> Path:
        """Where v34 runs: the folder of its app.py, without links."""
        return self.installation.app.resolve().parent

    @cached_property
    def services(self) -> "ServiceConfig":
        """URLs of its services and what v34 asks of the model."""
        from timmy_tui.sources.services.urls import ServiceConfig  # the first frame needs none of it

        return ServiceConfig(self.settings, self.root)

    @property
    def control_path(self) -> Path:
        """Where journal, locks and backups of this Timmy are: ``<state>/control-<hash of its path>``. Makes nothing."""
        name = hashlib.sha256(self.key.encode(errors="surrogateescape")).hexdigest()[:12]
        return (self.state or state_path()) / f"control-{name}"

    @cached_property
    def control_folder(self) -> Path:
        """The same folder, private; it is made when first asked for. Raises OSError."""
        if self.state is None:
            state_dir()  # made with the access that the user's state folder has
        self.control_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.control_path


def timmy_at(root: Path, settings: Settings | None = None, state: Path | None = None) -> Timmy:
    """The one at ``root``, whether or not its files exist yet."""
    settings = settings or Settings()
    return Timmy(settings, installation_at(root, settings.paths), state)
