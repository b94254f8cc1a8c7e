"""What a chart over turns shows: a series with its values and the signs of turns without one, levels, brackets."""

from collections import Counter
from collections.abc import Sequence

from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import BY_KEY, GPU, GPU_STAGES, HOPS, NETWORK, TRENDS, UNATTRIBUTED, top_of
from timmy_tui.model.trend_history import HEADLINE
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.report.words.findings import LARGEST_RATIO, size_words
from timmy_tui.ui.charts.bracket import Bracket
from timmy_tui.ui.charts.skyline_columns import Shown, column_of, what_is_shown
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Span as Piece
from timmy_tui.ui.paint.themes import FALLBACK, GAP_KEY, STAGE
from timmy_tui.ui.paint.wording import EQUAL_WORK, clock_time, finding_role, moved_words_role, signed, stage_name
from timmy_tui.ui.panels.against_usual import drifts, level_change, stage_ms
from timmy_tui.ui.panels.skyline.window import Window, index_of_start
from timmy_tui.ui.view import View

OF_SPAN = "span:"
"""Prefix of the series of a headline's span that is not the usual one."""


def series_keys(view: View) -> tuple[str, ...]:
    """The headline, the stages, the unnamed time, and every other span that a turn's headline has."""
    shown = what_is_shown(view.turns).span
    counted = Counter(turn.span for turn in view.turns if turn.headline_ms is not None)
    others = [f"{OF_SPAN}{span}" for span, _ in counted.most_common() if span not in (shown, Span.NONE)]
    return (HEADLINE, *TRENDS, UNATTRIBUTED, *others)


def series_name(view: View, key: str) -> str:
    """``V2V``, ``LLM``, ``?``; the headline is named by its span."""
    if key == HEADLINE:
        return str(what_is_shown(view.turns).span)
    if key.startswith(OF_SPAN):
        return key.removeprefix(OF_SPAN)
    return "gap" if key == UNATTRIBUTED else BY_KEY[key].label if key in BY_KEY else key


def written_name(view: View, key: str) -> str:
    """The same for a heading, which has room for more than the gutter: ``prefill``, not ``prefil``."""
    return stage_name(key) if key in BY_KEY else series_name(view, key)


def series_role(key: str) -> str:
    """Its colour: that of the stage on all screens."""
    if key == HEADLINE or key.startswith(OF_SPAN):
        return "text"
    if key == UNATTRIBUTED:
        return f"{STAGE}{GAP_KEY}"
    if key == "endpointing":
        return "muted"
    own = next((role for role in (f"{STAGE}{key}", f"bar.{key}") if role in FALLBACK), "")
    # The network has the colour of its hops in the skyline: ``bar.hop`` is that of TTS in some themes.
    return own or (f"{STAGE}{HOPS[0]}" if key == NETWORK else f"bar.{BY_KEY[key].owner}" if key in BY_KEY else "text")


def shown_of(view: View, key: str) -> Shown:
    """Which turns a headline's chart can show side by side."""
    usual = what_is_shown(view.turns)
    return Shown(Span(key.removeprefix(OF_SPAN)), False) if key.startswith(OF_SPAN) else usual


def value_of(turn: Turn, key: str, shown: Shown) -> float | None:
    """ms of a series in a turn; None where the turn did not complete, has no such figure, or one of another span."""
    if turn.state is not TurnState.COMPLETE:
        return None
    if key != HEADLINE and not key.startswith(OF_SPAN):
        return stage_ms(turn, key)
    other = turn.span is not shown.span or (shown.spoken and not turn.is_spoken)
    return None if other else turn.headline_ms


def sign_of(turn: Turn, key: str, shown: Shown, glyphs: Glyphs) -> Piece | None:
    """The sign of a turn without a value, as in the skyline; None where the stage just did not take place."""
    if value_of(turn, key, shown) is not None:
        return None
    if key == HEADLINE or turn.state is not TurnState.COMPLETE:
        column = column_of(turn, shown, glyphs)
        return (column.sign, column.role) if column.sign else None
    skipped = key in turn.skipped or key.startswith(OF_SPAN) or (key in BY_KEY and BY_KEY[key].parent)
    return None if skipped else (glyphs.unknown, "muted")


# -- findings


def findings_of(view: View, key: str) -> list[Finding]:
    """The findings that a series shows, ended ones too; the headline shows all that are worth it."""
    judgement = view.snapshot.judgement
    if judgement is None or key.startswith(OF_SPAN):
        return []
    if key == HEADLINE:
        return [one for one in judgement.findings if one.notable]
    return [one for one in judgement.findings if _concerns(one, key)]


def _concerns(finding: Finding, key: str) -> bool:
    """Of the series, of a part of it, or of the GPU that it runs on."""
    stage = finding.stage
    if stage == key or (stage == GPU and key in GPU_STAGES):
        return True
    return stage in BY_KEY and key in BY_KEY and top_of(stage) == key


def brackets_of(view: View, window: Window, key: str) -> list[Bracket]:
    """A bracket for each finding that is shown, from its first turn to its last or to now."""
    brackets = []
    last = window.first + window.count
    for finding in findings_of(view, key):
        start = index_of_start(view, finding.since)
        if start is None or start >= last:
            continue
        end = start + finding.lasted if finding.ended else last + 1
        if end <= window.first:
            continue
        begin = window.column_of(start) if start >= window.first else -1
        stop = window.column_of(end) - 1 if finding.ended else window.columns
        # The chart under it has no colour of it either.
        role = finding_role(finding) if finding.notable and not finding.ended else "muted"
        brackets.append(Bracket(begin, stop, _words(view, finding, start), role))
    return brackets or _verdict_brackets(view, window, key)


def _verdict_brackets(view: View, window: Window, key: str) -> list[Bracket]:
    """Of a stage that no finding tells of, and that a flip moved."""
    change = None if key == HEADLINE else level_change(view, key)
    start = index_of_start(view, change.since) if change is not None else None
    if change is None or change.seen or start is None:
        return []
    moved = signed(change.ms, view.glyphs)
    level = f"{duration(change.before_ms)} → {duration(change.after_ms)}"
    ratio = f"{moved} ×{change.ratio:.2f}"
    # The dots under it are what was measured: of another amount of work.
    work = f"{ratio} {EQUAL_WORK}"
    unlike = change.words.unlike_measured
    words = (f"{work} · {level}", work, ratio, moved) if unlike else (f"{ratio} · {level}", ratio, moved)
    begin = window.column_of(start) if start >= window.first else -1
    return [Bracket(begin, window.columns, words, moved_words_role(change.ms))]


def _words(view: View, finding: Finding, start: int) -> tuple[str, ...]:
    name, short = stage_name(finding.stage), series_name(view, finding.stage)
    moved = signed(finding.after_ms - finding.before_ms, view.glyphs)
    ratio = f" {size_words(finding)}" if 1 / LARGEST_RATIO < finding.ratio < LARGEST_RATIO else ""
    turn = view.turns[start] if 0 <= start < len(view.turns) else None
    if finding.ended:
        over = f"for {finding.lasted}t, over"
        return (f"{name} {moved}{ratio} {over}", f"{short} {moved} {over}", f"{short} over", short)
    back = len(view.turns) - start if start >= 0 else max(finding.n, len(view.turns))
    since = f"since {clock_time(turn.started)[:5]}" if turn is not None and turn.started is not None else "since"
    level = f"{duration(finding.before_ms)} → {duration(finding.after_ms)}"
    change = level_change(view, finding.stage)
    if change is not None and change.words.unlike_measured:
        # The p50 beside it is what was measured: of another amount of work.
        level = f"{level} {EQUAL_WORK}"
    if drifts(view, finding):
        name, short = f"{name} drift", f"{short} drift"
    return (
        f"{name} {moved}{ratio} {since}, {back}t · {level}",
        f"{name} {moved}{ratio} {since}, {back}t",
        f"{name} {moved}{ratio} {back}t",
        f"{short} {moved}{ratio}",
        f"{short} {moved}",
        short,
    )


# -- what stands beside


def companions(view: View, key: str, most: int) -> list[str]:
    """Series charted under the chosen one: those that moved, then the largest; in the order of a turn."""
    usual = {row.key: row.p50 for row in view.snapshot.stages if row.p50 is not None}
    known = [one for one in (*_TOP, UNATTRIBUTED) if one != key and one in usual]
    moved = {one: abs(change.ms) for one in known if (change := level_change(view, one)) and not change.seen}
    quiet = [one for one in known if one not in moved and one in BY_KEY and BY_KEY[one].owner != "setting"]
    ranked = sorted(moved, key=moved.__getitem__, reverse=True) + sorted(quiet, key=usual.__getitem__, reverse=True)
    head = [HEADLINE] if key != HEADLINE else []
    chosen = ranked[: max(most - len(head), 0)]
    return [*head, *(one for one in known if one in chosen)][:most]


_TOP: Sequence[str] = tuple(key for key in BY_KEY if key in TRENDS and not BY_KEY[key].parent)
