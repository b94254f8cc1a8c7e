"""What the screen knows of the usual: columns of a row, what moved and since when, and a stage of a turn over it."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from timmy_tui.core.quantile import median
from timmy_tui.model.judgement import FLIP_SHOWN_TURNS, RATIO_KEYS, Finding, StageVerdict
from timmy_tui.model.stages.watched import (
    BY_KEY,
    GPU,
    GPU_STAGES,
    SETTINGS,
    SOFT_MS,
    UNATTRIBUTED,
    top_of,
)
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.ui.charts.ratio_row import DEAD_MS, Moved, Point
from timmy_tui.ui.paint.wording import Change
from timmy_tui.ui.panels.headline import turns_since
from timmy_tui.ui.view import View, index_from

LEAST_TURNS = 3
"""Judged turns since a change; with fewer it has the figures of its finding."""


UNLIKE_MS, UNLIKE_SHARE = 10.0, 0.1
"""A level at equal work that is off what is measured now by so many ms and so much of it is another figure."""


class LevelChange(NamedTuple):
    """A level that moved, by a finding or by the verdict on a flip."""

    before_ms: float
    after_ms: float
    """At equal work, as is the ratio."""
    ratio: float
    since: int
    """Ordinal of the first turn at the new level."""
    turns: int
    """At the new level so far."""
    part: str = ""
    """Label of the part of the stage that moved; empty for the whole stage."""
    seen: bool = False
    """The user knows of it, or it is too small to be worth a colour."""
    measured_ms: float | None = None
    """Level now as it was measured, whatever the work."""
    drifts: bool = False
    """It comes little by little."""

    @property
    def words(self) -> Change:
        """As it is said."""
        off = abs(self.after_ms - self.measured_ms) if self.measured_ms is not None else 0.0
        unlike = off > max(UNLIKE_MS, UNLIKE_SHARE * self.after_ms)
        return Change(self.before_ms, self.after_ms, self.ratio, unlike)

    @property
    def ms(self) -> float:
        """Lost a turn; negative: won."""
        return self.after_ms - self.before_ms


def level_change(view: View, key: str) -> LevelChange | None:
    """The change that a row shows: a lasting finding on the stage or a part of it, else a verdict on it."""
    return view.cached(("level change", key), lambda: _found(view, key) or _judged(view, key))


def _found(view: View, key: str) -> LevelChange | None:
    # How often a stage takes place is no change of its time.
    found = [finding for finding in view.findings if finding.share is None and _concerns(finding, key)]
    if not found:
        return None
    one = max(found, key=lambda finding: (finding.stage == key, abs(finding.after_ms - finding.before_ms)))
    change = _change_on_row(view, one, key)
    # Each gap has its own finding: what they share began with the first.
    first = min((other for other in found if other.direction == one.direction), key=lambda other: other.since)
    part = "" if one.stage in (key, GPU) else one.stage
    measured_ms = _measured_since(view, key, first.since)
    turns = turns_since(view, first)
    drifts = one.steps > 1 or _is_gradual(view, key, first.since)
    return change._replace(since=first.since, turns=turns, part=part, measured_ms=measured_ms, drifts=drifts)


def drifts(view: View, finding: Finding) -> bool:
    """It came little by little: the finding came in several steps, or the turns since it began show it.

    That it goes on is not asked: of steps of a quarter, 30 turns ago, that is said of 7 in 16.
    """
    key, stage = ("drifts", finding.key, finding.steps), finding.stage
    return view.cached(key, lambda: finding.steps > 1 or _is_gradual(view, stage, finding.since))


def _is_gradual(view: View, key: str, since: int) -> bool:
    from timmy_tui.ui.charts.ramp import is_gradual  # No first frame has a finding.

    return is_gradual(_logs_since(view, key, since))


def _logs_since(view: View, key: str, since: int) -> list[float]:
    """A stage over its usual at equal work in each judged turn from one on."""
    begin = index_from(view.turns, since)
    turns = view.turns[begin:] if begin is not None else ()
    return [log for turn in turns if (log := log_ratio(view, turn, key)) is not None]


def _measured_since(view: View, key: str, since: int) -> float | None:
    """Median of a stage from a turn on; None where it is in none of them."""
    begin = index_from(view.turns, since)
    turns = view.turns[begin:] if begin is not None else ()
    known = [ms for turn in turns if turn.state is TurnState.COMPLETE and (ms := stage_ms(turn, key)) is not None]
    return median(known) if known else None


def _change_on_row(view: View, finding: Finding, key: str) -> LevelChange:
    """A finding as the row ``key`` shows it: a part's whole, and each stage of the GPU, has times of its own."""
    own = LevelChange(
        finding.before_ms, finding.after_ms, finding.ratio, finding.since, finding.n,
        seen=finding.acknowledged or not finding.notable,
    )  # fmt: skip
    p50 = next((row.p50 for row in view.snapshot.stages if row.key == key), None)
    if finding.stage == GPU and p50 is not None:
        own = own._replace(before_ms=p50 / finding.ratio, after_ms=p50)
    begin = index_from(view.turns, finding.since)
    if key == finding.stage or key not in RATIO_KEYS or begin is None:
        return own
    since = view.turns[begin:]
    logs = _logs_since(view, key, finding.since)
    off = [one for turn in since if (one := _off_usual(view, turn, key)) is not None]
    if len(logs) < LEAST_TURNS:
        return own
    before, lost = (median(values) for values in zip(*off, strict=True))
    return own._replace(before_ms=before, after_ms=before + lost, ratio=math.exp(median(logs)))


def _off_usual(view: View, turn: Turn, key: str) -> tuple[float, float] | None:
    """(usual ms for the turn's work, ms over it) of a judged stage."""
    ms, log = stage_ms(turn, key), log_ratio(view, turn, key)
    if ms is None or log is None:
        return None
    soft = BY_KEY[key].soft_ms if key in BY_KEY else SOFT_MS
    usual = max((ms + soft) * math.exp(-log) - soft, 0.0)
    return usual, ms - usual


def _concerns(finding: Finding, key: str) -> bool:
    if finding.stage == key or (finding.stage == GPU and key in GPU_STAGES):
        return True
    return finding.stage in BY_KEY and key in BY_KEY and top_of(finding.stage) == key


def _judged(view: View, key: str) -> LevelChange | None:
    """A stage that a flip moved, as long as it is among the newest turns."""
    judgement = view.snapshot.judgement
    verdict = judgement.verdict if judgement else None
    if verdict is None or verdict.undone or verdict.wanted:
        return None
    first = view.tried.first if view.tried is not None else None
    at = index_from(view.turns, first) if first is not None else None
    row: StageVerdict | None = next((row for row in verdict.stages if row.stage == key), None)
    if row is None or first is None or at is None or row.verdict not in ("faster", "slower") or row.ratio is None:
        return None
    turns = len(view.turns) - at
    if row.before_ms is None or row.after_ms is None or turns > FLIP_SHOWN_TURNS:
        return None
    change = LevelChange(
        row.before_ms, row.before_ms * row.ratio, row.ratio, first, turns, measured_ms=_measured_since(view, key, first)
    )
    # Certain, and felt by nobody: a hop of 6 ms that became one of 4 had a green row.
    return change._replace(seen=abs(change.ms) < DEAD_MS)


def moved_level(view: View, key: str, columns: int) -> Moved | None:
    """The same for a row of the newest ``columns`` turns."""
    change = level_change(view, key)
    if change is None:
        return None
    shown = view.turns[-columns:] if columns > 0 else ()
    start = index_from(shown, change.since)
    first = shown[0] if shown else None
    ahead = first is not None and not first.place and first.ordinal > change.since
    return Moved(change.ms, change.turns, None if ahead else start, change.seen, change.drifts)


def row_points(view: View, key: str, columns: int) -> list[Point | None]:
    """The newest ``columns`` turns of a stage against its usual; None: without it, or not complete."""
    shown = view.turns[-columns:] if columns > 0 else ()
    plain = plain_usual_ms(view, key)
    return [_point(view, turn, key, plain) for turn in shown]


def _point(view: View, turn: Turn, key: str, plain_ms: float | None) -> Point | None:
    ms = stage_ms(turn, key)
    if ms is None or turn.state is not TurnState.COMPLETE:
        return None
    off, log = _off_usual(view, turn, key), log_ratio(view, turn, key)
    if off is not None and log is not None:
        return Point(log, off[1])
    if not plain_ms or ms <= 0:
        return Point(0.0, 0.0, judged=False)
    return Point(math.log(ms / plain_ms), ms - plain_ms, judged=False)


def log_ratio(view: View, turn: Turn, key: str) -> float | None:
    """A stage of a turn over its usual at equal work, log units; None where it was not judged."""
    if key not in RATIO_KEYS:
        return None
    at = RATIO_KEYS.index(key)
    logs, usual = _ratios(view)
    log, level = (logs[turn.ordinal][at], usual[at]) if turn.ordinal in logs else (None, None)
    return None if log is None or level is None else log - level


Logs = tuple[float | None, ...]


def _ratios(view: View) -> tuple[Mapping[int, Logs], Logs]:
    """By ordinal; made once per snapshot."""

    def index() -> tuple[Mapping[int, Logs], Logs]:
        judgement = view.snapshot.judgement
        ratios = judgement.ratios if judgement else None
        return ({one.ordinal: one.logs for one in ratios.turns}, ratios.usual) if ratios else ({}, ())

    return view.cached("ratios", index)


def stage_ms(turn: Turn, key: str) -> float | None:
    """Time of a stage, or of all that is unattributed."""
    return turn.unattributed_ms if key == UNATTRIBUTED else turn.stages.get(key)


def plain_usual_ms(view: View, key: str) -> float | None:
    """The level ahead of the change that is shown; else the detector's; else the median of the window."""
    change = level_change(view, key)
    if change is not None and not change.part:
        return change.before_ms
    _, usual = _ratios(view)
    level = usual[RATIO_KEYS.index(key)] if usual and key in RATIO_KEYS else None
    if level is not None:
        return math.exp(level)
    return next((row.p50 for row in view.snapshot.stages if row.key == key), None)


def usual_ms(view: View, turn: Turn, key: str) -> float | None:
    """What this turn's work usually takes; where it was not judged, what is usual for any.

    With a diagnosis it is the usual of that, also where the level of the stage has changed for good: the sentence and
    the row then have one figure. It is made of the turns ahead of this one, so that it takes on a new level after
    some turns, while the words of the change go on telling from which level on it moved. A stage that the diagnosis
    had nothing to set against has none.
    """
    diagnosis = view.diagnosis_of(turn.ordinal)
    if diagnosis is not None and diagnosis.usuals and key in RATIO_KEYS and stage_ms(turn, key) is not None:
        return diagnosis.usuals.get(key)
    off = _off_usual(view, turn, key)
    return off[0] if off is not None else None if key in SETTINGS else plain_usual_ms(view, key)
