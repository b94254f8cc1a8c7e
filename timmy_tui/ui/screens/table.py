"""The table of screens; each module is imported behind the first frame, or when its screen is opened before that."""

import importlib
from collections.abc import Callable
from typing import Any

from textual.screen import Screen

SCREENS = {
    "live": "timmy_tui.ui.screens.live:LiveScreen",
    "turns": "timmy_tui.ui.screens.turns:TurnsScreen",
    "trends": "timmy_tui.ui.screens.trends:TrendsScreen",
    "llm": "timmy_tui.ui.screens.llm:LlmScreen",
    "changes": "timmy_tui.ui.screens.changes:ChangesScreen",
    "log": "timmy_tui.ui.screens.log.screen:LogScreen",
}


def open_screen(name: str) -> Callable[[], Screen[Any]]:
    """A function that makes the screen. The import waits for the call: the first frame needs the live screen only."""

    def make() -> Screen[Any]:
        module, _, attribute = SCREENS[name].partition(":")
        screen = getattr(importlib.import_module(module), attribute)(name)
        assert isinstance(screen, Screen)
        return screen

    return make


def import_screens() -> None:
    """Import what the screens are made of."""
    for place in SCREENS.values():
        importlib.import_module(place.partition(":")[0])
