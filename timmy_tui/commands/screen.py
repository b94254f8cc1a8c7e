"""Everything put together for the screen: sources, pipeline, control, app."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timmy_tui.clean import clean
from timmy_tui.commands.deferred import Deferred, DeferredRoom
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

    def tell(word: str, role: str = "warn") -> None:
        app.post_message(Noticed(Notice(time.time(), clean(word), role)))

    def make() -> "LiveSource":
        from timmy_tui.commands.assembly import live_source, open_control

        # The room hears of snapshots and the source of changes: each is asked for only once both are there.
        hands.room = room = open_control(
            settings, installation.root, state, why, tell, lambda kind, label: source.mark_change(kind, label)
        )
        source = live_source(settings, installation, services, record, state, tell, room.see)
        return source

    state = None if record else installation.root / "demo" / "state"
    why = "--read-only" if read_only else served() or taken(installation.root, state)
    hands = DeferredRoom()
    app = TimmyApp(
        settings,
        Deferred(make),
        control=hands,
        llm_actions=OllamaActions(settings, installation.root) if services else None,
        read_only=why,
    )
    try:
        app.run(mouse=settings.view.mouse)
    finally:
        hands.close()


def taken(root: Path, state: Path | None) -> str:
    """Why a second dashboard on the same Timmy only looks; empty for the first."""
    from timmy_tui.control.lock import control_dir, dashboard_lock, second
    from timmy_tui.errors import ControlError

    try:
        owner = dashboard_lock(control_dir(root, state)).owner()
    except (OSError, ControlError) as error:
        return f"the state folder cannot be used: {getattr(error, 'message', '') or error}"
    return second(owner) if owner is not None else ""


def served() -> str:
    """Why a dashboard that is served as a web page changes nothing: whoever reaches the port would have the hands."""
    return "read-only: served as a web page" if "web_driver" in os.environ.get("TEXTUAL_DRIVER", "") else ""


def open_replay(settings: Settings, files: Sequence[Path], speed: float | None) -> None:
    """The dashboard on saved logs; nothing can be changed from it."""
    from timmy_tui.ui.app import TimmyApp

    def make() -> "LiveSource":
        from timmy_tui.commands.assembly import replay_source

        return replay_source(settings, tuple(files), speed)

    TimmyApp(settings, Deferred(make), read_only="a replay").run(mouse=settings.view.mouse)
