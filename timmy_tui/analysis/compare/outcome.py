"""What a change did, in one word: helped, hurt, no change, or cannot tell yet."""

from collections.abc import Sequence

from msgspec.structs import replace

from timmy_tui.analysis.compare.words import DRIFTED, MOVED, is_narrow
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.stages.watched import BY_KEY, V2V

HELPED, HURT, NO_CHANGE, OPEN = "helped", "hurt", "no change", "cannot tell yet"


def with_outcome(comparison: Comparison) -> Comparison:
    """The comparison, as one of before and after a change; its sentence begins with the outcome."""
    outcome = outcome_of(comparison)
    sentence = comparison.sentence
    if not comparison.wanted and not sentence.startswith(outcome):
        sentence = f"{outcome}: {sentence}"
    return replace(comparison, outcome=outcome, sentence=sentence)


def outcome_of(comparison: Comparison) -> str:
    """By V2V, where that is told; else by what the stages gain together that are, if that has a sign for certain."""
    if comparison.wanted:
        return OPEN
    rows = {row.stage: row for row in comparison.stages}
    whole = rows.get(V2V)
    if whole is not None and whole.verdict in MOVED:
        return HELPED if whole.verdict == "faster" else HURT
    if whole is not None and whole.verdict == DRIFTED:
        return OPEN
    least, most = _gained_ms(comparison.stages)
    if least > 0 or most < 0:
        return HELPED if least > 0 else HURT
    return NO_CHANGE if whole is not None and is_narrow(whole) and least == most == 0 else OPEN


def _gained_ms(rows: Sequence[StageVerdict]) -> tuple[float, float]:
    """What all stages that are told gain together, at least and at most; of a stage and its parts the whole counts."""
    moved = {row.stage: row for row in rows if row.verdict in MOVED and row.stage != V2V}
    least = most = 0.0
    for stage, row in moved.items():
        parent = BY_KEY[stage].parent if stage in BY_KEY else ""
        if parent not in moved and row.before_ms is not None and row.low is not None and row.high is not None:
            least += row.before_ms * (1 - row.high)
            most += row.before_ms * (1 - row.low)
    return least, most
