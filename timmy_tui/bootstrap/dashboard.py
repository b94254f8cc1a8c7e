"""Everything put together for the screen: sources, pipeline, control, app."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timmy_tui.bootstrap.deferred import DeferredController, DeferredSource
from timmy_tui.bootstrap.startup import DashboardOptions, with_view
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings, state_dir
from timmy_tui.sources.timmy import Timmy

if TYPE_CHECKING:
    from timmy_tui.pipeline.live_source import LiveSource

if os.environ.get("TMUX") or os.environ.get("SSH_CONNECTION"):
    # Read when Textual is imported: a pane repaints less, and nothing slides.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_FPS", "15")
else:
    # The screen is drawn only when something changed, so that this is a bound on the delay, not a rate: 4 ms, not 17.
    os.environ.setdefault("TEXTUAL_FPS", "240")


def open_live(timmy: Timmy, options: DashboardOptions) -> None:
    """The dashboard on a Timmy, until the user leaves."""
    from timmy_tui.bootstrap.ollama_actions import OllamaActions
    from timmy_tui.ui.app import TimmyApp
    from timmy_tui.ui.messages import Backend, Noticed
    from timmy_tui.ui.view import Notice

    def tell(word: str, role: str = "warn") -> None:
        app.post_message(Noticed(Notice(time.time(), clean(word), role)))

    def make() -> "LiveSource":
        from timmy_tui.bootstrap.wiring import SourceParts, live_source
        from timmy_tui.control.controller import Controller

        if trouble:
            return live_source(timmy, SourceParts(services=services), tell)
        controller = Controller(timmy, why, tell, lambda kind, label: source.mark_change(kind, label))
        parts = SourceParts(services=services, record=options.record, trials=True)
        source = live_source(timmy, parts, tell, controller.see)
        # It marks what it sees from its first look on: not before there is something to mark it on.
        controller.open()
        control.controller = controller
        return source

    trouble, state = usable_state(timmy.state)
    timmy = Timmy(with_view(timmy.settings, options), timmy.installation, state)
    services = not options.no_services
    why = "--read-only" if options.read_only else served() or trouble or taken(timmy)
    control = DeferredController()
    llm = OllamaActions(timmy) if services else None
    app = TimmyApp(timmy.settings, Backend(DeferredSource(make), control, llm, why))
    try:
        app.run(mouse=timmy.settings.view.mouse)
    finally:
        control.close()


def usable_state(state: Path | None) -> tuple[str, Path]:
    """Why the state folder (None: the user's) cannot be used, empty when it can; and which it is.

    Without it the dashboard shows everything and remembers and changes nothing.
    """
    folder = state
    try:
        folder = folder or state_dir()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"the state folder {folder} cannot be written", folder
    except OSError as error:
        return f"the state folder cannot be used: {error.strerror}", folder or Path()
    return "", folder


def taken(timmy: Timmy) -> str:
    """Why a second dashboard on the same Timmy only looks; empty for the first."""
    from timmy_tui.control.journal.lock import dashboard_lock, second

    owner = dashboard_lock(timmy.control_folder).owner()
    return second(owner) if owner is not None else ""


def served() -> str:
    """Why a dashboard that is served as a web page changes nothing: whoever reaches the port would have the hands."""
    return "read-only: served as a web page" if "web_driver" in os.environ.get("TEXTUAL_DRIVER", "") else ""


def open_replay(settings: Settings, files: Sequence[Path], speed: float | None) -> None:
    """The dashboard on saved logs; nothing can be changed from it."""
    from timmy_tui.ui.app import TimmyApp
    from timmy_tui.ui.messages import Backend

    def make() -> "LiveSource":
        from timmy_tui.bootstrap.wiring import replay_source

        return replay_source(settings, tuple(files), speed)

    backend = Backend(DeferredSource(make), read_only="a replay")
    TimmyApp(settings, backend).run(mouse=settings.view.mouse)
