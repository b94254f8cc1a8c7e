"""The part of the application that screens and actions may use."""

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.ui.key_commands import Command
from timmy_tui.ui.last_view import Choices
from timmy_tui.ui.messages import LogReader, TurnHistory
from timmy_tui.ui.themes_in_use import ThemesInUse
from timmy_tui.ui.view import Notice, View

Result = TypeVar("Result")


class Host(Protocol):
    """The application, as a screen or an action sees it. ``TimmyApp`` implements it; a test may use its own."""

    settings: Settings
    snapshot: Snapshot
    """The newest snapshot, also while the view is frozen."""
    view: View
    mouse: bool
    """Mouse reporting is on."""
    themes: ThemesInUse
    choices: Choices
    """What the user chose on each screen, now or when the dashboard was last open."""

    @property
    def commands(self) -> Sequence[Command]:
        """The table of commands, with the user's keys."""
        ...

    @property
    def log_reader(self) -> LogReader | None:
        """Both logs, page by page; None where only a snapshot is shown."""
        ...

    @property
    def turn_history(self) -> TurnHistory | None:
        """The turns that outlive the logs; None where there is no history."""
        ...

    def take_log_wanted(self) -> tuple[Turn, str] | None:
        """The turn and the stage (empty: all of it) whose lines were asked for; once."""
        ...

    def show_log(self, turn: Turn, key: str = "") -> None:
        """Go to the log screen and show only the lines of a turn, or of one of its stages."""

    @property
    def events(self) -> Iterable[Notice]:
        """All notices, oldest first."""
        ...

    @property
    def unavailable(self) -> Mapping[str, str]:
        """Command id → why it does not work here."""
        ...

    @property
    def theme(self) -> str:
        """Name of the theme in use."""
        ...

    @property
    def current_mode(self) -> str:
        """Name of the screen below all overlays."""
        ...

    @property
    def screen(self) -> Screen[Any]:
        """The screen on top."""
        ...

    @property
    def screen_stack(self) -> list[Screen[Any]]:
        """The screen and its overlays, topmost last."""
        ...

    def now(self) -> float:
        """time.time(), by the dashboard's clock."""
        ...

    def say(self, text: str, role: str = "info", lasts_s: float = 15.0) -> None:
        """Show a notice in the status line; the event log has it too."""

    def refresh_view(self) -> None:
        """Make the present view."""

    def report_mouse(self, on: bool) -> bool:
        """Switch mouse reporting on or off; returns the present state."""
        ...

    def switch_mode(self, mode: str) -> object:
        """Go to a screen."""
        ...

    def push_screen(self, screen: Screen[Any]) -> object:
        """Open an overlay."""
        ...

    async def push_screen_wait(self, screen: Screen[Result]) -> Result | None:
        """Open a dialog and wait for its answer. Only inside ``run_task``."""
        ...

    def pop_screen(self) -> object:
        """Close the topmost overlay."""
        ...

    def exit(self) -> None:
        """Leave the dashboard."""

    def leave(self) -> None:
        """Leave the dashboard, and a summary of this session in the terminal."""

    def stop_process(self) -> None:
        """Stop as a job of the shell and give the terminal back."""

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by the terminal's escape sequence (OSC 52)."""

    def run_task(self, task: Coroutine[Any, Any, None], name: str, group: str) -> None:
        """Run in the background; a failure becomes a notice."""
