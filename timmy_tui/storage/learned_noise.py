"""Learns from the history how much sessions differ by chance."""

import time
from typing import TYPE_CHECKING

from timmy_tui.storage.history import History

if TYPE_CHECKING:
    from timmy_tui.analysis.compare.restart_noise import Computed
    from timmy_tui.analysis.stats.session_noise import SessionNoise

LEARNED_DAYS = 90
"""Older sessions are not used, because the machine may have changed since."""


def session_noise(history: History, computed: "Computed | None" = None) -> "SessionNoise":
    """How much the sessions of the last 90 days differed by chance. ``computed``: of the call before (``learn``)."""
    from timmy_tui.analysis.compare.restart_noise import learn

    since = time.time() - 86_400 * LEARNED_DAYS
    change_times = [at for _, at, _, kind in history.changes() if kind in ("change", "outside")]
    return learn(history.each_turn(since=since), change_times, computed)
