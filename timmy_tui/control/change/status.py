"""What screen 5 shows beside the running change: flags, service, journal, restore points, and edits made elsewhere."""

import time
from collections.abc import Sequence

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.shown import JournalView, OutsideEdits, stamp_of
from timmy_tui.control.flags.evidence import of_running_process
from timmy_tui.control.flags.readings import flag_states, flag_table
from timmy_tui.control.service.listeners import Serving, alive, describe, starting
from timmy_tui.model.change import ControlState, FlagState, RestorePoint
from timmy_tui.model.turn import Turn

SERVICE_S = 120.0
"""Seconds between two searches for the listener (37 ms) while the last one still lives: a second one beside it is seen
this late, and before every change. Every 30 s the searches took 1.2 ms of CPU a second."""
SEARCH_S = 3.0
"""The same while nothing listens: a v34 that comes up is soon seen."""
POINTS_S = 30.0
"""Seconds between two calls of git for its tags (20 ms) while nothing is changed here."""


class ControlStatus:
    """Reads the state in one thread; changes nothing."""

    def __init__(self, context: ChangeContext) -> None:
        """``context.add_marker`` is called for an edit that was made elsewhere."""
        self._settings, self._root = context.timmy.settings, context.timmy.root
        self._journal, self._points = JournalView(context.journal), context.points
        self._watch = context.setup.watch
        self._outside = OutsideEdits(context.add_marker)
        self._flags: tuple[FlagState, ...] = ()
        self._flags_read_from: tuple[object, ...] | None = None
        self._turns: Sequence[Turn] = ()
        """Held, so that no other turns get their id."""
        self._shown_points: tuple[RestorePoint, ...] = ()
        self._points_at = float("-inf")
        self._folder = context.timmy.v34_folder
        self._described_look = float("-inf")
        self._starting: tuple[tuple[int, float], ...] = ()
        self._start_hint = ""

    def read(self, turns: Sequence[Turn], changing: bool) -> ControlState:
        """The state now. ``changing``: an edit found now is our own. Raises OSError, ControlError."""
        self._read_flags(turns)
        paths = (self._settings.paths.config, self._settings.paths.app)
        self._outside.look({path: self._root / path for path in paths}, self._flags, changing)
        now = time.monotonic()
        if changing or now - self._points_at >= POINTS_S:
            self._shown_points, self._points_at = self._points.list(), now
        return ControlState(
            flags=self._flags,
            journal=self._journal.entries(),
            restore_points=self._shown_points,
            restore_problems=self._points.list_problems,
            service=self._service(),
        )

    def expire_points(self) -> None:
        """Restore points may have changed: the next ``read`` lists them again."""
        self._points_at = float("-inf")

    def _read_flags(self, turns: Sequence[Turn]) -> None:
        """Parse the files again only when one of them or the turns changed: two files take 7 ms."""
        paths = dict.fromkeys(flag.file for flag in flag_table(self._root, self._settings))
        files = tuple(stamp_of(self._root / path) for path in paths)
        serving = self._watch.newest(_fresh_enough)
        read_from = (files, serving.identity, id(turns))
        if self._flags_read_from != read_from:
            # Turns of a v34 that has been replaced do not show what runs now.
            one = serving.only
            shown = turns if one is None else of_running_process(turns, one.started_at)
            self._flags = flag_states(self._root, self._settings, shown)
            self._flags_read_from, self._turns = read_from, turns

    @property
    def serving(self) -> Serving:
        """Who listens, fresh."""
        return self._watch.look()

    def _service(self) -> str:
        serving = self._watch.newest(_fresh_enough)
        if self._watch.looked_at != self._described_look:
            self._described_look = self._watch.looked_at
            nothing_listens = not serving.listeners and not serving.hidden and not serving.elsewhere
            self._starting = starting(self._folder) if nothing_listens else ()
            self._start_hint = f"; {self._watch.start_hint}" if nothing_listens and not self._starting else ""
        if self._starting:
            return f"port {serving.port}: starting (pid {', '.join(str(pid) for pid, _ in self._starting)})"
        return describe(serving, time.clock_gettime(time.CLOCK_BOOTTIME)) + self._start_hint


def _fresh_enough(serving: Serving, age_s: float) -> bool:
    """The search for who listens need not be made again."""
    all_alive = all(alive(one.pid, one.started) for one in serving.listeners)
    return all_alive and age_s < (SERVICE_S if serving.listeners else SEARCH_S)
