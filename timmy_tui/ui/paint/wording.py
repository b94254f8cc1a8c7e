"""Phrases that several panels share."""

from collections.abc import Mapping

from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages import BY_KEY, GAP, GPU, label
from timmy_tui.model.turn import Reason
from timmy_tui.report.finding_words import is_drift, size_words, span_words
from timmy_tui.ui.paint.glyphs import Glyphs


def clock_time(at: float | None) -> str:
    """Time of day; blanks when it is unknown or not valid."""
    from datetime import datetime

    try:
        return datetime.fromtimestamp(at).strftime("%H:%M:%S") if at is not None else " " * 8
    except (ValueError, OverflowError, OSError):
        return " " * 8


def signed(ms: float | None, glyphs: Glyphs) -> str:
    """``▲+412ms``: a difference with its direction; empty below 1 ms or where unknown."""
    if ms is None or abs(ms) < 1:
        return ""
    return f"{glyphs.up}+{duration(ms)}" if ms > 0 else f"{glyphs.down}-{duration(-ms)}"


def stage_name(key: str) -> str:
    """Label of the subject of a finding: a stage, V2V, the GPU, or a gap."""
    if key == GPU:
        return "everything on the GPU"
    if key.startswith(GAP):
        after, _, before = key.removeprefix(GAP).partition("→")
        return f"gap {label(after)}→{label(before)}"
    stage = BY_KEY.get(key)
    return key if stage is not None and stage.parent else label(key)


_SHORT_REASONS: Mapping[str, tuple[str, ...]] = {
    Reason.STEPPED: ("clock step", "step"),
    Reason.CLOCKS_DIFFER: ("clocks",),
    Reason.ASLEEP: ("asleep",),
    Reason.EXCEEDS_WHOLE: ("over its whole", "over"),
    Reason.SETTING: ("setting", "limit"),
    Reason.BACKWARDS: ("backwards", "back"),
}


def reason_words(reason: str, width: int) -> str:
    """Why a figure is unknown: the whole phrase, or the longest short one that fits."""
    words = (reason, *_SHORT_REASONS.get(reason, ()))
    return next((text for text in words if len(text) <= width), words[-1][:width])


def finding_words(finding: Finding, glyphs: Glyphs, width: int) -> str:
    """``▲ slower ×1.38 · 12t``, of a drift ``▲ slower ×1.60 over 300 turns, still rising``; as much of it as fits."""
    glyph = glyphs.up if finding.direction == "slower" else glyphs.down
    ratio = size_words(finding)
    for text in (
        *((f"{glyph} {finding.direction} {ratio} {span_words(finding)}",) if is_drift(finding) else ()),
        f"{glyph} {finding.direction} {ratio} · {finding.n}t",
        f"{glyph} {finding.direction} {ratio}",
        f"{glyph} {finding.direction}",
        f"{glyph}{ratio}",
    ):
        if len(text) <= width:
            return str(text)
    return glyph


def finding_role(finding: Finding) -> str:
    """Slower is bad, faster is good, an acknowledged finding is muted."""
    if finding.acknowledged:
        return "muted"
    return "bad" if finding.direction == "slower" else "good"


def tokens(value: int | None) -> str:
    """``2 070``: digits in groups of three."""
    return "—" if value is None else f"{value:,}".replace(",", " ")
