"""How far sessions differ by chance, learned from what the history remembers."""

import time
from typing import TYPE_CHECKING

from timmy_tui.storage.history import History

if TYPE_CHECKING:
    from timmy_tui.analysis.stats.session_noise import SessionNoise

LEARNED_DAYS = 90
"""Sessions older than this say little of the machine as it is."""


def session_noise(history: History) -> "SessionNoise":
    """How far sessions of the last 90 days differed by chance."""
    from timmy_tui.analysis.compare.restart_noise import learn

    since = time.time() - 86_400 * LEARNED_DAYS
    changed = [at for _, at, _, kind in history.changes() if kind in ("change", "outside")]
    return learn(history.turns(since=since), changed)
