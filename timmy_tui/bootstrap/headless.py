"""``timmy-tui watch``: what the dashboard does behind its screen, without one. Imports no Textual."""

import os
import time
from collections.abc import Callable

from msgspec import Struct

from timmy_tui.bootstrap.until_signal import run_until_signal
from timmy_tui.bootstrap.watched_source import Inbox, WatchedSource
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.running.interruptions import InterruptionWatch, elapsed
from timmy_tui.report.watch.events import SCHEMA, Happening, WatchEvents, notice
from timmy_tui.sources.timmy import Timmy

LOOK_S = 1.0
"""Longest time between two looks without a snapshot: at a sleep, and at the reader."""

Say = Callable[[Happening], None]


class WatchOptions(Struct, frozen=True, kw_only=True):
    """How a Timmy is watched."""

    services: bool = True
    for_s: float = float("inf")
    """End after so many seconds."""


class Watch:
    """Prints what is new; what is followed and recorded does not wait for that."""

    def __init__(self, timmy: Timmy, options: WatchOptions, say: Say, is_alone: Callable[[], bool]) -> None:
        """``say`` may raise, which ends it. ``is_alone``: nobody reads what is said any more."""
        self._timmy = timmy
        self._options = options
        self._say = say
        self._is_alone = is_alone
        self._inbox = Inbox()
        self._source = WatchedSource(timmy, options.services, self._inbox)

    def run(self) -> None:
        """Until SIGTERM or SIGHUP, or what ``say`` raises, or the time is over. KeyboardInterrupt passes through."""
        until = time.monotonic() + self._options.for_s
        run_until_signal(lambda: self._work(until), self._source.stop)

    def _work(self, until: float) -> None:
        owner = self._source.start()
        self._say(self._watching(owner))
        reading = 1
        events = WatchEvents(numbered=self._source.records)
        interruptions = InterruptionWatch()
        while (left := until - time.monotonic()) > 0:
            if self._is_alone():
                raise BrokenPipeError
            news = self._inbox.wait(min(LOOK_S, left))
            interruption = interruptions.look()
            for one in (*news.notices, *([] if interruption is None else [notice(interruption.words)])):
                self._say(one)
            if news.reading != reading:
                reading = news.reading
                events.begin_again(numbered=self._source.records)
            if news.snapshot is not None:
                for one in events.look(news.snapshot, elapsed()):
                    self._say(one)

    def _watching(self, owner: str) -> Happening:
        why_not = self._source.problem or (f"another watcher ({owner}) records" if owner else "")
        words = f"watching {self._timmy.key}" + (f"; nothing is recorded: {why_not}" if why_not else "")
        facts = {
            "schema": SCHEMA, "root": self._timmy.key, "pid": os.getpid(), "records": not why_not,
            "why_not": why_not or None,
        }  # fmt: skip
        return Happening("watching", clean(words, 500), facts)
