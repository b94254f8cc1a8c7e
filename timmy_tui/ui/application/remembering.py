"""The view of the last time: restored at the start, remembered until the end, and what happened in between."""

import math
from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from timmy_tui.core.errors import TimmyError
from timmy_tui.model.change import ControlState
from timmy_tui.ui.application.since_last import since_words, turns_since
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import SCREENS
from timmy_tui.ui.last_view import LastView, LastViewFile, LiveChoice, choice_of, remember_choice
from timmy_tui.ui.threads import in_thread

SINCE_S = 60.0
"""So long it is said what happened since the last time, unless Escape takes it away."""
DAY_S = 86_400.0
"""Timmy's clock may be ahead of ours."""


class Remembering:
    """For one dashboard."""

    def __init__(self, host: Host, file: LastViewFile | None) -> None:
        """``file``: None where nothing is remembered."""
        self._host, self._file = host, file
        self._last: LastView | None = None
        """When the dashboard was last open; None once it was said what happened since."""

    def restore(self) -> str:
        """Take over what was chosen the last time; the name of the screen to show, or empty."""
        host, file = self._host, self._file
        if file is None:
            return ""
        self._last, problem = file.read()
        if problem:
            host.say(f"the view of the last time is not used: {problem}", "warn")
        if self._last is None or file.fresh:
            return ""
        host.choices.update({screen: dict(chosen) for screen, chosen in self._last.choices.items()})
        live = choice_of(host.choices, "live", LiveChoice)
        host.view = replace(host.view, raw_rows=live.raw_rows)
        return self._last.screen if self._last.screen in SCREENS else ""

    def write_last(self) -> None:
        """At the end, when there is no screen any more to say an error on."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write(self._view_now())

    async def write(self) -> None:
        """While it runs; a view that cannot be written is no loss that one must hear of every minute."""
        if self._file is not None:
            with suppress(OSError):
                await in_thread(self._file.write, self._view_now())

    def _view_now(self) -> LastView:
        host = self._host
        remember_choice(host.choices, "live", LiveChoice(host.view.raw_rows))
        newest = max((turn.started for turn in host.snapshot.turns if turn.started is not None), default=None)
        if self._last is not None and newest is None:
            newest = self._last.newest  # Nothing was read yet.
        choices = {screen: dict(chosen) for screen, chosen in host.choices.items()}
        return LastView(host.now(), newest=newest, screen=host.current_mode, choices=choices)

    def react(self, has_begun: bool, control: Callable[[], ControlState | None]) -> None:
        """Say once what happened since the last time; ``has_begun``: what was in the logs before is read."""
        if self._last is not None and has_begun:
            last, self._last = self._last, None
            self._host.run_task(self._say_since(last, control), "history", "since")

    async def _say_since(self, last: LastView, control: Callable[[], ControlState | None]) -> None:
        host = self._host
        turns, now, history = turns_since(last, host.snapshot), host.now(), host.turn_history
        words = f"more than {len(host.snapshot.turns)}" if turns is None else str(turns)
        if turns is None and history is not None and last.newest is not None:
            with suppress(TimmyError):
                read = await in_thread(history.buckets, (math.nextafter(last.newest, math.inf), now + DAY_S))
                words = f"{'more than ' if read.cut else ''}{read.turns}"
        text = since_words(last, host.snapshot, control(), words, now)
        if text:
            host.say(text, lasts_s=SINCE_S)
