"""What happens more or less often than before, and time between two stages: changes that no stage's level shows."""

from collections.abc import Iterator

from timmy_tui.analysis.compare.equal_work import Sides, Values
from timmy_tui.analysis.stats.exact_test import fisher
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import ShareChange
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, GAP, IN_ORDER
from timmy_tui.model.turn import Turn

_TUNING = TUNING.comparison
_COUNTED = tuple(key for key in IN_ORDER if BY_KEY[key].compared and not BY_KEY[key].parent)


def changed_shares(sides: Sides) -> tuple[ShareChange, ...]:
    """Stages that take place in more or fewer turns than before, by Fisher's exact test."""
    return tuple(_share_changes(sides))


def _share_changes(sides: Sides) -> Iterator[ShareChange]:
    if any(len(side) < _TUNING.least_values for side in sides):
        return
    for stage in _COUNTED:
        known = [[turn for turn, _ in side if stage not in turn.unmeasured] for side in sides]
        if any(len(side) < _TUNING.least_values for side in known):
            continue
        had_a, had_b = (sum(turn.stages.get(stage) is not None for turn in side) for side in known)
        n_a, n_b = map(len, known)
        p = fisher(had_a, n_a, had_b, n_b)
        if abs(had_a / n_a - had_b / n_b) >= _TUNING.least_share and p <= _TUNING.share_p:
            skipped = any(stage in turn.skipped for side in known for turn in side)
            yield ShareChange(stage=stage, had_a=had_a, n_a=n_a, had_b=had_b, n_b=n_b, optional=skipped, p=p)


def gap_values(sides: Sides) -> dict[str, Values]:
    """By gap (``gap:classify→retrieve``): ms of every turn whose unattributed time is known; a turn without has none.

    A gap ends at the next stage that every turn has: whether a turn stores decides where in it the storing stands.
    Only those that are worth a line on one side.
    """
    by_side = [[_gaps(turn) for turn, _ in side if turn.unattributed_ms is not None] for side in sides]
    names = dict.fromkeys(name for side in by_side for gaps in side for name in gaps)
    found: dict[str, Values] = {}
    for name in names:
        values: Values = [[(gaps.get(name, 0.0), ()) for gaps in side] for side in by_side]
        if any(_middle([ms for ms, _ in side]) >= _TUNING.least_gap_ms for side in values):
            found[GAP + name] = values
    return found


def _gaps(turn: Turn) -> dict[str, float]:
    gaps: dict[str, float] = {}
    for gap in turn.gaps:
        name = f"{_fixed(gap.after, -1)}→{_fixed(gap.before, 1)}"
        gaps[name] = gaps.get(name, 0.0) + gap.ms
    return gaps


def _fixed(stage: str, step: int) -> str:
    """The stage itself, or the next one in this direction that no turn leaves out."""
    while stage in BY_KEY and BY_KEY[stage].optional:
        stage = CRITICAL[CRITICAL.index(stage) + step]
    return stage


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
