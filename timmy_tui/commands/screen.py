"""Everything put together for the screen: sources, pipeline, control, app."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timmy_tui.clean import clean
from timmy_tui.commands.deferred import Deferred, DeferredBoard
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
    settings: Settings,
    installation: Installation,
    services: bool = True,
    read_only: bool = False,
    record: bool = True,
) -> None:
    """The dashboard on a Timmy, until the user leaves. ``record``: into the history and tmux's status line."""
    from timmy_tui.commands.actions import OllamaActions
    from timmy_tui.ui.app import TimmyApp
    from timmy_tui.ui.messages import Noticed
    from timmy_tui.ui.view import Notice

    def tell(word: str) -> None:
        app.post_message(Noticed(Notice(time.time(), clean(word), "warn")))

    def make() -> "LiveSource":
        from timmy_tui.commands.assembly import live_source, watch_control

        board.board = watched = watch_control(settings, installation.root)
        return live_source(settings, installation, services, record, tell, lambda snapshot: watched.see(snapshot.turns))

    board = DeferredBoard()
    app = TimmyApp(
        settings,
        Deferred(make),
        control=board,
        llm_actions=OllamaActions(settings, installation.root) if services else None,
        read_only="--read-only" if read_only else "",
    )
    try:
        app.run(mouse=settings.view.mouse)
    finally:
        board.close()


def open_replay(settings: Settings, files: Sequence[Path], speed: float | None) -> None:
    """The dashboard on saved logs; nothing can be changed from it."""
    from timmy_tui.ui.app import TimmyApp

    def make() -> "LiveSource":
        from timmy_tui.commands.assembly import replay_source

        return replay_source(settings, tuple(files), speed)

    TimmyApp(settings, Deferred(make), read_only="a replay").run(mouse=settings.view.mouse)
