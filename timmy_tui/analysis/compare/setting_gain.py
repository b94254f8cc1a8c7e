"""What a changed setting gains, where the gain is not measured: a range, never the difference of the settings."""

from collections.abc import Sequence

from msgspec.structs import replace

from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import FlagChange

PAUSE_THRESHOLD = "pause-threshold"
"""Key of the flag. STT compares it with a timer once a pass, so that the wait is a whole number of passes: a change by
0.2 s moves it by 0 to 0.4 s."""


def with_changes(comparison: Comparison, changes: Sequence[FlagChange]) -> Comparison:
    """The comparison with the flags that changed between its sides, and what one of them gains unmeasured."""
    gains = [gain for change in changes if (gain := _gain(change))]
    return replace(comparison, changes=tuple(changes), sentence="; ".join((comparison.sentence, *gains)))


def _gain(change: FlagChange) -> str:
    before, after = change.before, change.after
    if change.flag != PAUSE_THRESHOLD or not isinstance(before, float) or not isinstance(after, float):
        return ""
    word = "longer" if after > before else "shorter"
    most_ms = 2 * 1000 * abs(after - before)
    return f"the wait before a turn is {word} by 0 to {duration(most_ms)}, which is not measured"
