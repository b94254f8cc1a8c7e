"""A finding as a line and as an object, for commands. ``numbers``: ordinal of a turn → its number."""

from collections.abc import Mapping
from typing import Any

import msgspec

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING
from timmy_tui.model.judgement import Finding
from timmy_tui.report.words.findings import end_words, level_words, span_words, what_words


def finding_line(finding: Finding, numbers: Mapping[int, int | None]) -> str:
    """``retrieve slower ×1.38 since turn 41 (2bfc7ffd): 52ms → 72ms, 12 turns, reported at turn 45 (…)``."""
    since = _turn_words(numbers.get(finding.since), finding.since_id)
    where = f"{finding.stage} {finding.gap}".strip()
    work = f", at equal {' and '.join(finding.adjusted_for)}" if finding.adjusted_for else ""
    work += f", {finding.note}" if finding.note else ""
    cause = f", {finding.cause}" if finding.cause and finding.share is None else ""
    reported_at = _turn_words(numbers.get(finding.raised), finding.raised_id)
    lasting = end_words(finding) or span_words(finding)
    return (
        f"{where} {what_words(finding)} since {since}: {level_words(finding)}, {lasting}, "
        f"reported at {reported_at}{work}{cause}"
    )


def _turn_words(number: int | None, request_id: str) -> str:
    """``turn 17 (2bfc7ffd)``; a typed turn has no id, a turn in flight no number."""
    named = f" ({clean(request_id)})" if request_id else ""
    return f"turn {MISSING if number is None else number}{named}"


def finding_row(finding: Finding, numbers: Mapping[int, int | None]) -> dict[str, Any]:
    """A finding for programs."""
    row: dict[str, Any] = {
        "number": numbers.get(finding.raised),
        "request_id": finding.raised_id,
        "stage": finding.stage,
        "direction": finding.direction,
        "since_number": numbers.get(finding.since),
        "since": finding.since_id,
        "ratio": finding.ratio,
        "n": finding.n,
        "low": finding.low,
        "high": finding.high,
        "before_ms": finding.before_ms,
        "after_ms": finding.after_ms,
        "cost_ms": finding.cost_ms,
        "steps": finding.steps,
        "goes_on": finding.goes_on,
        "ended": finding.ended or None,
        "lasted": finding.lasted if finding.ended else None,
        "cause": finding.cause or None,
        "note": finding.note or None,
    }
    if finding.share is not None:
        row["share"] = msgspec.to_builtins(finding.share)
    return {**row, "gap": finding.gap} if finding.gap else row
