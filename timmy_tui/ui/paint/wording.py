"""Phrases that several panels share."""

from collections.abc import Mapping
from typing import NamedTuple

from timmy_tui.core.formatting import duration, signed_duration
from timmy_tui.model.judgement import Diagnosis, Finding
from timmy_tui.model.stages.watched import BY_KEY, GAP, GPU, UNATTRIBUTED, label
from timmy_tui.model.turn import Reason, TurnState
from timmy_tui.report.words.findings import is_drift, ratio_words, size_words, span_words, turns_of
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
    return f"{glyphs.up if ms > 0 else glyphs.down}{signed_duration(ms)}"


def stage_name(key: str) -> str:
    """Label of the subject of a finding: a stage, V2V, the GPU, or a gap."""
    if key == GPU:
        return "everything on the GPU"
    if key == UNATTRIBUTED:
        return "unnamed gap"
    if key.startswith(GAP):
        after, _, before = key.removeprefix(GAP).partition("→")
        return f"gap {label(after)}→{label(before)}"
    stage = BY_KEY.get(key)
    return key if stage is not None and stage.parent else label(key)


def part_name(key: str) -> str:
    """Label of a part of the headline. ``?`` stands for a turn that was not measured, so unnamed time is a gap."""
    return "gap" if key == UNATTRIBUTED else label(key)


LEAST_BEFORE_MS = 1.0
"""Of a level that was less, a ratio says nothing: an unnamed gap of 400 ms where there was 0.2 ms is ×2000."""
WRITTEN_OUT: Mapping[str, str] = {
    "endpointing": "endpointing", "classify": "classify", "store": "store", "retrieve": "retrieval", "prompt": "prompt",
    UNATTRIBUTED: "unnamed",
    "reply": "reply", "mute": "mute", "playback": "playback", "rearm": "rearm", "deaf": "deaf", "network": "network",
}  # fmt: skip
"""Stage → its name where a row has room for eleven cells; the others are their labels."""


def row_name(key: str, short: str, width: int) -> str:
    """Name of a row: written out where ``width`` cells have room for all of them, else its short label."""
    longest = max(map(len, WRITTEN_OUT.values()))
    if key.startswith(GAP):
        # Under the skyline ``?`` is a turn that was not measured.
        return "unnamed gap" if width >= longest else "gap"
    return WRITTEN_OUT.get(key, short) if width >= longest else short


EQUAL_WORK = "at equal work"


class Change(NamedTuple):
    """A level that moved, as it is said."""

    before_ms: float
    after_ms: float
    ratio: float
    """At equal work, as the two levels are."""
    unlike_measured: bool = False
    """The stage takes another time now than ``after_ms``, because its work changed too."""


def change_words(change: Change, glyphs: Glyphs, width: int) -> str:
    """``▲+41ms ×1.80  was 52ms → now 93ms``, or as much of it as fits. A unit is never cut off.

    Where what is measured now is another figure, the words say that these are at equal work.
    """
    ms = moved_words(change.before_ms, change.after_ms, change.ratio, glyphs)
    ratio = ratio_words(change.ratio) if change.before_ms >= LEAST_BEFORE_MS else ""
    short = f"{ms} {ratio}".rstrip()
    level = f"{short}  {level_words(change.before_ms, change.after_ms)}"
    said = (f"{level} {EQUAL_WORK}", f"{short} {EQUAL_WORK}") if change.unlike_measured else (level,)
    return next((text for text in (*said, short, ms) if len(text) <= width), ms[:1])


def change_of(finding: Finding) -> Change:
    """What a finding says of its own stage."""
    return Change(finding.before_ms, finding.after_ms, finding.ratio)


def moved_words(before_ms: float, after_ms: float, ratio: float, glyphs: Glyphs) -> str:
    """``▲+41ms``; of less than 1 ms the direction alone."""
    return signed(after_ms - before_ms, glyphs) or (glyphs.up if ratio >= 1 else glyphs.down)


def level_words(before_ms: float, after_ms: float) -> str:
    """``was 52ms → now 93ms``: the usual of a turn may be the new level by now."""
    return f"was {duration(before_ms)} → now {duration(after_ms)}"


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
    share = finding.share
    for text in (
        *((f"{glyph} in {share.had_b} of {share.n_b} turns", f"{glyph} {share.had_b}/{share.n_b}") if share else ()),
        *((f"{glyph} {finding.direction} {ratio} {span_words(finding)}",) if is_drift(finding) else ()),
        f"{glyph} {finding.direction} {ratio} · {turns_of(finding)}t",
        f"{glyph} {finding.direction} {ratio}",
        f"{glyph} {finding.direction}",
        f"{glyph}{ratio}",
    ):
        if len(text) <= width:
            return str(text)
    return glyph


BRIGHT_MS = 100.0
"""ms lost or won a turn from which a change is told in the brighter colour, whatever its ratio. Not measured."""


def moved_words_role(lost_ms: float) -> str:
    """The role of words on a change: they need more contrast than a column, and may have another colour than it."""
    return f"{'slower' if lost_ms > 0 else 'faster'}{'' if abs(lost_ms) >= BRIGHT_MS else '.slightly'}"


def finding_role(finding: Finding) -> str:
    """Slower or faster, by what it costs or gains; an acknowledged one muted.

    These are colours of no stage and of no state: what is red became slower, and nothing else is.
    """
    if finding.acknowledged:
        return "muted"
    ms = abs(finding.after_ms - finding.before_ms)
    return moved_words_role(ms if finding.direction == "slower" else -ms)


def diagnosis_words(diagnosis: Diagnosis | None) -> str:
    """Its sentence; of a turn that did not complete it begins with the name of the state, which is no word."""
    sentence = diagnosis.sentence if diagnosis is not None else ""
    state, colon, reason = sentence.partition(":")
    return f"{state.replace('_', ' ')}{colon}{reason}" if state in set(TurnState) else sentence


def tokens(value: int | None) -> str:
    """``2 070``: digits in groups of three."""
    return "—" if value is None else f"{value:,}".replace(",", " ")
