"""Which findings are worth a user's attention, and which one is said first."""

from collections.abc import Sequence
from typing import NamedTuple

from timmy_tui.model.judgement import Finding


class News(NamedTuple):
    """From when on a finding is news; the fields of the settings ``[findings]``."""

    felt_ms: float
    large_ratio: float
    large_ms: float
    young_turns: int


def is_notable(finding: Finding, news: News | None) -> bool:
    """A user could feel it; or it is large for its stage, and more than ticks of a clock. All are without ``news``."""
    if news is None:
        return True
    moved_ms = abs(finding.after_ms - finding.before_ms)
    ratio = max(finding.ratio, 1 / finding.ratio)
    return abs(finding.cost_ms) >= news.felt_ms or (ratio >= news.large_ratio and moved_ms >= news.large_ms)


def leading(findings: Sequence[Finding], news: News | None) -> Finding | None:
    """Of the notable ones that are slower and young, the one that costs most per turn."""
    young = [
        one
        for one in findings
        if one.notable and not one.ended and one.direction == "slower" and (news is None or one.age < news.young_turns)
    ]
    return max(young, key=lambda one: one.cost_ms, default=None)
