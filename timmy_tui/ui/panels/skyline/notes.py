"""What is said under the skyline: findings, flips with their verdict, restarts, marks, the cursor, the ruler."""

from collections.abc import Iterator

from msgspec.structs import replace

from timmy_tui.core.formatting import plural, signed_duration
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.stages.watched import BY_KEY, V2V
from timmy_tui.model.turn import Epoch, TurnState
from timmy_tui.report.words.findings import ratio_words
from timmy_tui.ui.charts.skyline_notes import Note
from timmy_tui.ui.paint.lines import Span, foreign
from timmy_tui.ui.paint.wording import change_of, change_words, clock_time, finding_role, row_name, stage_name
from timmy_tui.ui.panels.against_usual import drifts
from timmy_tui.ui.panels.headline import SHORT_CHANGE, headline_words, turns_since
from timmy_tui.ui.panels.row_columns import columns_for
from timmy_tui.ui.panels.skyline.window import GUTTER, Window, index_of_start
from timmy_tui.ui.view import View

RULER = 20
"""Turns from one tick of the ruler to the next."""
RESTART = "restart"
RESTARTS_NAMED = 3
"""The newest restarts, which have the word."""
CURSOR_RANK, FLIP_RANK, FINDING_RANK, RESTART_RANK, EVENT_RANK, MARK_RANK, RULER_RANK = range(7)


def cursor_note(view: View, window: Window) -> Iterator[Note]:
    """The turn under the cursor by number, time and headline."""
    turn, index = view.cursor_turn, view.cursor_index
    if turn is None or index is None:
        return
    name = view.turn_name(turn.ordinal, turn.request_id)
    figure = f"{turn.span} {headline_words(turn, turn.headline_ms)}"
    if turn.headline_ms is None:
        figure = "not measured" if turn.state is TurnState.COMPLETE else turn.state.words
    parts = [name, clock_time(turn.started).strip(), figure, f"{len(view.turns) - index}t back"]
    words = tuple(f" {' · '.join(part for part in parts[:count] if part)}" for count in (4, 3, 2, 1))
    yield Note(window.column_of(index), CURSOR_RANK, (view.glyphs.cut, "key"), words, "value", anywhere=True)


def ruler_notes(view: View, window: Window) -> Iterator[Note]:
    """−20, −40 … at the twentieth-last turn and so on; at the left edge, that there are older ones."""
    for back in range(RULER, len(view.turns) + 1, RULER):
        column = window.column_of(len(view.turns) - back)
        if 0 <= column < window.columns - window.flight:
            yield Note(column, RULER_RANK, (view.glyphs.tick, "faint"), (f"−{back}",), "faint", weak=True)
    if window.first:
        # Not how many: that would be another line with each turn.
        yield Note(0, RULER_RANK, (view.glyphs.before, "faint"), (" older turns", " older"), "faint", weak=True)


def event_notes(view: View, window: Window) -> Iterator[Note]:
    """Everything that happened at a turn that is shown, and at the left edge the findings that began before it."""
    yield from _finding_notes(view, window)
    yield from epoch_notes(view, window)
    begun = {column for epoch in view.snapshot.epochs if (column := _begun(view, window, epoch)) is not None}
    for marker in view.snapshot.marks:
        column = column_of_start(view, window, marker.ordinal)
        if column is not None and column not in begun:
            label = foreign(marker.label, 30)
            yield Note(column, EVENT_RANK, (view.glyphs.upright, "muted"), (f"{marker.kind} {label}", label), "muted")
    for ordinal, mark in view.marks.items():
        column = column_of_start(view, window, ordinal)
        if column is not None:
            good = mark == "good"
            yield Note(column, MARK_RANK, ("+" if good else "-", "good" if good else "bad"), (mark,), "muted")


def epoch_notes(view: View, window: Window) -> Iterator[Note]:
    """Flips, with the newest one's verdict, and restarts."""
    judgement = view.snapshot.judgement
    restarts = [epoch.number for epoch in view.snapshot.epochs if epoch.restarted and not epoch.changes]
    for epoch in view.snapshot.epochs:
        column = _begun(view, window, epoch)
        if column is not None:
            verdict = judgement.verdict if judgement and epoch is view.tried else None
            note = _epoch_note(view, epoch, column, verdict)
            # The word over and over tells no more: older restarts have the sign.
            yield replace(note, words=()) if epoch.number in restarts[:-RESTARTS_NAMED] else note


def restart_columns(view: View, window: Window) -> set[int]:
    """Where the sign of a restart stands."""
    epochs = (epoch for epoch in view.snapshot.epochs if not epoch.changes)
    return {column for epoch in epochs if (column := _begun(view, window, epoch)) is not None}


def _begun(view: View, window: Window, epoch: Epoch) -> int | None:
    """Column of an epoch that a flip or a restart began; None for others, and where it is not shown."""
    return column_of_start(view, window, epoch.first) if epoch.changes or epoch.restarted else None


def column_of_start(view: View, window: Window, ordinal: int) -> int | None:
    """Column of the turn at which something began; None where that is not shown."""
    index = index_of_start(view, ordinal)
    shown = index is not None and window.first <= index < window.first + window.count
    return window.column_of(index) if index is not None and shown else None


def _finding_notes(view: View, window: Window) -> Iterator[Note]:
    """What began to the left of the window stands at its edge with its age, and not as if it had begun there."""
    for finding in view.findings:
        if not finding.notable:
            continue
        index = index_of_start(view, finding.since)
        if index is None:
            continue
        words = _finding_texts(view, finding, window.columns + GUTTER)
        role = finding_role(finding)
        column = column_of_start(view, window, finding.since)
        if column is not None:
            sign = finding_sign(view, finding)
            yield Note(column, FINDING_RANK, sign, tuple(f" {text}" for text in words), role)
        elif index < window.first:
            back = turns_since(view, finding)
            texts = tuple(f" {back}t {text}" for text in words)
            yield Note(window.offset, FINDING_RANK, (view.glyphs.before, role), (*texts, f" {back}t"), role)


def finding_sign(view: View, finding: Finding) -> Span:
    """Slower or faster, at its first turn."""
    return view.glyphs.up if finding.direction == "slower" else view.glyphs.down, finding_role(finding)


def _finding_texts(view: View, finding: Finding, width: int) -> tuple[str, ...]:
    name = row_name(finding.stage, stage_name(finding.stage), columns_for(width).name)
    if drifts(view, finding):
        name = f"{name} drift"
    # The sign at its column has the direction.
    changed = change_words(change_of(finding), view.glyphs, SHORT_CHANGE).lstrip(view.glyphs.up + view.glyphs.down)
    moved = changed.partition(" ")[0]
    since = next((turn.started for turn in view.turns if turn.ordinal == finding.since), None)
    at = clock_time(since)[:5].strip()
    return (f"{name} {changed} {at}".rstrip(), f"{name} {changed}", f"{name} {moved}", name)


def _epoch_note(view: View, epoch: Epoch, column: int, verdict: Comparison | None) -> Note:
    if not epoch.changes:
        return Note(column, RESTART_RANK, (view.glyphs.upright, "muted"), (RESTART,), "muted")
    sign = (view.glyphs.flip, "info")
    moved = foreign(changes_words(epoch.changes), 40)
    short = foreign(epoch.changes[0].label, 16)
    outcome, role = verdict_words(verdict)
    texts = [f"{moved} {outcome}", f"{short} {outcome}"] if outcome else []
    # Right after a flip there is no room beside its sign: those of the restarts before it stand there.
    return Note(column, FLIP_RANK, sign, (*texts, moved, short), role, anywhere=True, leader=view.glyphs.rule)


def verdict_words(verdict: Comparison | None) -> tuple[str, str]:
    """(``LLM ×0.40``, role): the stage that gained or lost most since a flip; ``no change``; empty while not known."""
    if verdict is None:
        return "", "info"
    if verdict.wanted:
        # A stage that has its turns already would be judged ahead of the whole, whose sentence says that it is not yet.
        return f"verdict in {plural(verdict.wanted, 'turn')}", "info"
    all_moved = [one for one in verdict.stages if one.verdict in ("faster", "slower") and one.ratio is not None]
    moved = [one for one in all_moved if one.stage != V2V] or all_moved
    if moved:
        most = max(moved, key=lambda one: abs((one.after_ms or 0.0) - (one.before_ms or 0.0)))
        role = "good" if most.verdict == "faster" else "bad"
        name = stage_name(most.stage) if most.stage in BY_KEY else most.stage
        size = ratio_words(most.ratio or 0.0) or signed_duration((most.after_ms or 0.0) - (most.before_ms or 0.0))
        return f"{name} {size}", role
    if verdict.outcome:
        return verdict.outcome, "info"
    if any(one.verdict == "unchanged" for one in verdict.stages):
        return "no change", "info"
    return "", "info"
