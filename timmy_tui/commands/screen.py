"""Everything put together for the screen: sources, pipeline, control, app."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timmy_tui.commands.deferred import Deferred
from timmy_tui.installation import Installation
from timmy_tui.settings import Settings

if TYPE_CHECKING:
    from timmy_tui.live import LiveSource

if os.environ.get("TMUX") or os.environ.get("SSH_CONNECTION"):
    # Read when Textual is imported: a pane repaints less, and nothing slides.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_FPS", "15")
else:
    # The screen is drawn only when something changed, so that this is a bound on the delay, not a rate: 4 ms, not 17.
    os.environ.setdefault("TEXTUAL_FPS", "240")


def open_installation(
    settings: Settings, installation: Installation, services: bool = True, read_only: bool = False
) -> None:
    """The dashboard on a real Timmy, until the user leaves."""
    from timmy_tui.ui.app import TimmyApp

    def make() -> "LiveSource":
        from timmy_tui.live import LiveSource, follow

        feeds, waker = follow(settings, installation)
        return LiveSource(settings, feeds, waker=waker, line_root=installation.root)

    app = TimmyApp(settings, Deferred(make), read_only="--read-only" if read_only else "")
    app.run(mouse=settings.view.mouse)


def open_replay(settings: Settings, files: Sequence[Path], speed: float | None) -> None:
    """The dashboard on saved logs; nothing can be changed from it."""
    from timmy_tui.ui.app import TimmyApp

    def make() -> "LiveSource":
        from timmy_tui.live import LiveSource, play

        return LiveSource(settings, play(files, speed), replayed=True)

    TimmyApp(settings, Deferred(make), read_only="a replay").run(mouse=settings.view.mouse)
