"""How one Timmy's v34 is restarted and watched: the same for every change."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.progress import LiveState
from timmy_tui.control.service.restart_strategies import Strategy
from timmy_tui.control.service.watch import V34Watch
from timmy_tui.core.settings import Control


@dataclass(frozen=True)
class ServiceSetup:
    """Where v34 is, how it is restarted, and what the newest snapshot shows of it."""

    strategy: Strategy
    url: str
    folder: Path
    """Where v34 runs."""
    config: Path
    """The file that is touched when the reloader has missed an edit."""
    limits: Control
    live_state: Callable[[], LiveState]
    watch: V34Watch
