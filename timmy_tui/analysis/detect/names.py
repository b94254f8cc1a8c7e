"""What a finding is called: the stage, the gap or the group of stages that its series have in common."""

from collections.abc import Collection

from timmy_tui.analysis.stats.series import stage_of
from timmy_tui.model.stages.watched import BY_KEY, GAP, GPU, UNATTRIBUTED, V2V, top_of, with_parts


def direction_word(direction: int) -> str:
    """Of a shift: positive is slower."""
    return "slower" if direction > 0 else "faster"


def finding_name(series: str, partners: Collection[str]) -> str:
    """The stage to name when these series moved together."""
    if series.startswith(GAP):
        return UNATTRIBUTED
    if series == V2V:
        return V2V
    members = {stage_of(one) for one in (series, *partners)}
    tops = {top_of(member) for member in members}
    if len(tops) > 1:
        return GPU
    # A part that holds another one moved because of it: the wait holds the load.
    inner = {member for member in members if not members & {*with_parts(member)} - {member}}
    if len(inner) > 1 or members & tops and len(members) > 1:
        return tops.pop()
    (stage,) = inner
    return BY_KEY[stage].parent if BY_KEY[stage].measured == "rest" else stage


def gap_name(series: Collection[str]) -> str:
    """``classify→store``, or ``classify→store/retrieve`` where turns that store and those that do not share it."""
    ends = [name.removeprefix(GAP).split("→") for name in series if name.startswith(GAP)]
    if not ends:
        return ""
    order = list(BY_KEY)
    sides = ("/".join(sorted({pair[side] for pair in ends}, key=order.index)) for side in (0, 1))
    return "→".join(sides)


def is_same_gap(series: str, other: str) -> bool:
    """Two gaps that begin or end at the same stage: whether a turn stores decides which of them it has."""
    if not (series.startswith(GAP) and other.startswith(GAP)):
        return False
    ends, others = (name.removeprefix(GAP).split("→") for name in (series, other))
    return ends[0] == others[0] or ends[1] == others[1]
