"""The stage rows: the shown turn's waterfall, figures, columns over turns and change, one row a stage.

Which columns a width has, and what a narrower one drops first, is in ``row_columns.py``. The label and the last value
are always shown.
"""

from collections.abc import Set

from timmy_tui.core.formatting import MISSING, duration, percent, plural, signed_duration
from timmy_tui.model.snapshot import StageStat
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, GAP, HOPS, OUTSIDE, SETTINGS, UNATTRIBUTED, V2V
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.ui.charts.ratio_row import across, ratio_text, row_line
from timmy_tui.ui.charts.spark import spark_text
from timmy_tui.ui.charts.waterfall import Bar, axis_line, bar_line, is_off, place_bars
from timmy_tui.ui.paint.lines import Line, fit, join_alike, left, line, right
from timmy_tui.ui.paint.themes import OVER
from timmy_tui.ui.paint.wording import EQUAL_WORK, change_words, moved_words_role, reason_words, row_name
from timmy_tui.ui.panels.against_usual import (
    LevelChange,
    level_change,
    moved_level,
    plain_usual_ms,
    row_points,
    stage_ms,
    usual_ms,
)
from timmy_tui.ui.panels.headline import FEW, headline_words
from timmy_tui.ui.panels.live.rows_axis import rows_axis
from timmy_tui.ui.panels.row_columns import CHANGE_WORDS, COUNT, P95, SHARE, VALUE, Columns
from timmy_tui.ui.panels.skyline.panel import BEAM, REVERSE
from timmy_tui.ui.panels.skyline.window import columns_under, rows_window
from timmy_tui.ui.view import View

LEAST_SHARE = 0.03
"""A stage below this share of the headline is hidden first when there are not enough rows."""
SETTING_WORDS = "setting, waited more"
SUM_LABEL = "gaps"
"""Label of the row of all unattributed time; each gap has a row of its own at its place in the turn."""
CHANGE_HEADINGS = (f"change {EQUAL_WORK}", "▲▼ equal work", "change")
"""Above the changes, likewise. The signs keep it apart from the heading before it."""
OVER_WORDS = (" over its usual ", " over usual ", " late ")
"""On the axis of the bars, the longest that fits: what is red in them is this turn's, and no change of level."""
USUAL_HEADINGS = ("its usual", "usual")
"""Likewise: it is that of the shown turn's work, which its bars are drawn against."""


def ledger_lines(view: View, width: int, height: int, turn: Turn | None = None) -> list[Line]:
    """Header and rows of ``turn`` (default: the last) in at most ``height`` lines; hidden rows are counted."""
    turn = turn if turn is not None else view.headline_turn
    rows = _bars(view, turn)
    late = _late(view, turn, rows)
    columns = columns_under(view, width, max((len(_moved(view, bar.key, CHANGE_WORDS)) for bar in rows), default=0))
    headed = bool(columns.bar) and height > 6
    least = LEAST_SHARE * ((turn.headline_ms if turn is not None else None) or 0.0)
    notable = {key for key, over in late.items() if over >= least}
    shown, hidden = choose_rows(rows, turn, height - headed, _wanted(view, rows), notable)
    head = [_header(view, columns, turn, any(bar.key in late for bar in shown))] if headed else []
    stats = {row.key: row for row in view.snapshot.stages}
    lines = [*head, *(_row(view, bar, stats.get(bar.key), columns, turn) for bar in shown)]
    if hidden:
        lines.append(_count_line(view, hidden))
    return [fit(spans, width) for spans in lines]


def _count_line(view: View, hidden: list[Bar]) -> Line:
    """How many rows are hidden and what they come to, with the key that walks over them."""
    known = [bar.length for bar in hidden if bar.length is not None]
    total = duration(sum(known) if known else None)
    return line((f"+{plural(len(hidden), 'more row')}: {total}  ", "muted"), (view.keys.get("row_down", ""), "key"))


def _wanted(view: View, bars: list[Bar]) -> set[str]:
    """Rows that are shown first: those that changed, and the one that the user has chosen."""
    changed = {bar.key for bar in bars if (change := level_change(view, bar.key)) is not None and not change.seen}
    return changed | {view.row} if view.row else changed


def count_rows(view: View, turn: Turn | None) -> tuple[int, int, int]:
    """(rows that are not quiet, rows of the headline, rows outside of it) of a turn; by the rule of ``choose_rows``."""
    if turn is None:
        return 0, 1, 0
    bars = _bars(view, turn)
    wanted = _wanted(view, bars)
    outside = sum(bar.kind == "outside" and bar.key not in wanted for bar in bars)
    return sum(is_loud(bar, turn, wanted) for bar in bars), len(bars) - outside, outside


def is_loud(bar: Bar, turn: Turn | None, wanted: set[str]) -> bool:
    """The row is shown ahead of the quiet ones: it is ``wanted``, or no small part of the headline."""
    headline_ms = (turn.headline_ms if turn else None) or 0.0
    return bar.key in wanted or (bar.kind != "outside" and (bar.length or 0.0) >= LEAST_SHARE * headline_ms)


def row_keys() -> tuple[str, ...]:
    """Keys of the rows in their order; gaps, which differ from turn to turn, have no cursor."""
    return (*CRITICAL, UNATTRIBUTED, *OUTSIDE)


def _bars(view: View, turn: Turn | None) -> list[Bar]:
    """Critical stages with their gaps, the sum of the gaps, then the stages outside the headline."""
    if turn is None:
        return [Bar(key, BY_KEY[key].label, 0.0, None, str(BY_KEY[key].owner)) for key in CRITICAL]
    bars = place_bars(turn)
    whole = turn.unmeasured.get(V2V, "")
    bars.append(Bar(UNATTRIBUTED, SUM_LABEL, 0.0, turn.unattributed_ms, "sum", reason=whole))
    for key in OUTSIDE:
        reason = turn.unmeasured.get(key, "")
        bars.append(
            Bar(key, BY_KEY[key].label, 0.0, turn.stages.get(key), "outside", key in turn.skipped, reason=reason)
        )
    return bars


def _late(view: View, turn: Turn | None, bars: list[Bar]) -> dict[str, float]:
    """Rows on which the turn took longer than usual, with the ms: they are why it was slow."""
    late: dict[str, float] = {}
    if turn is None:
        return late
    for bar in filter(_can_be_over, bars):
        usual = usual_ms(view, turn, bar.key)
        if usual is not None and is_off(over := (bar.length or 0.0) - usual, usual):
            late[bar.key] = over
    return late


def _can_be_over(bar: Bar) -> bool:
    """It is of the headline, and no single hop: more of one and less of the other is a difference of the clocks."""
    return bar.kind != "outside" and bar.key not in HOPS


def choose_rows(
    bars: list[Bar], turn: Turn | None, available: int, wanted: set[str], late: Set[str] = frozenset()
) -> tuple[list[Bar], list[Bar]]:
    """(rows to show, rows to count), both in the given order.

    When not all fit, rows outside the headline are dropped without a count, but for ``wanted`` ones. When that is
    not enough, one line is reserved for the count, and ``wanted`` rows are preferred, then those that are ``late``,
    then large ones, then settings, which are the same in every turn, then the others.
    """
    if len(bars) <= available:
        return bars, []
    inside = [bar for bar in bars if bar.kind != "outside" or bar.key in wanted]
    if len(inside) <= available:
        return inside, []

    def rank(bar: Bar) -> tuple[bool, bool, bool, float]:
        large = is_loud(bar, turn, wanted) and bar.key not in SETTINGS
        return bar.key in wanted, bar.key in late, large, bar.length or 0.0

    ranked = sorted(inside, key=rank, reverse=True)
    large = [bar for bar in ranked if is_loud(bar, turn, wanted)]
    preferred = (large if len(large) > available - 1 else ranked)[: max(available - 1, 1)]
    chosen = set(map(id, preferred))
    return [bar for bar in inside if id(bar) in chosen], [bar for bar in inside if id(bar) not in chosen]


def _header(view: View, columns: Columns, turn: Turn | None, late: bool) -> Line:
    total = headline_words(turn, turn.headline_ms) if turn else MISSING
    shown = "last" if turn is None or turn is view.headline_turn else "turn"
    spans = [(left("stage", columns.name), "muted"), (" " + right(shown, VALUE), "muted")]
    if columns.share:
        spans.append((" " + right("%", SHARE), "muted"))
    if columns.change:
        heading = next((text for text in CHANGE_HEADINGS if len(text) <= columns.change), "")
        spans.append((" " + left(heading, columns.change), "muted"))
    spans.append((" ", "text"))
    spans.extend(axis_line(columns.bar, view.glyphs, total, OVER_WORDS if late else ()))
    if columns.usual:
        heading = next(text for text in USUAL_HEADINGS if len(text) <= columns.usual)
        spans.append((" " + right(heading, columns.usual), "muted"))
    if columns.p95:
        spans.append((" " + right("p95", P95), "muted"))
    if columns.n:
        spans.append((" " + right("n", COUNT), "muted"))
    return (*spans, (" ", "text"), *rows_axis(view, columns.spark))


def _row(view: View, bar: Bar, stat: StageStat | None, columns: Columns, turn: Turn | None) -> Line:
    unscaled = bar.kind in ("outside", "sum")
    total = (turn.headline_ms or 0.0) if turn else 0.0
    at_cursor = bar.key == view.row
    name = left(row_name(bar.key, bar.label, columns.name), columns.name)
    spans = [(name, "cursor" if at_cursor else "muted" if unscaled else "label"), _value(view, bar, at_cursor)]
    if columns.share:
        has_share = bar.length is not None and total > 0 and bar.kind not in ("outside", "hatch")
        share = percent((bar.length or 0.0) / total) if has_share else ""
        spans.append((" " + right(share, SHARE), "muted"))
    of_turn = usual_ms(view, turn, bar.key) if turn is not None else plain_usual_ms(view, bar.key)
    usual = of_turn if turn is not None and bar.length is not None and bar.key not in HOPS else None
    change = level_change(view, bar.key)
    if columns.change:
        words, role = _change(view, bar, change, columns)
        if not words and turn is not None and turn.state is TurnState.COMPLETE:
            words, role = _off_usual(bar, usual, columns.change), "muted"
        spans.extend(((" ", "text"), (left(words, columns.change), role)))
    if columns.bar:
        drawn = _blank_bar(bar, columns) if unscaled or (bar.reason and bar.length is None) else None
        spans.extend(((" ", "text"), *(drawn or bar_line(bar, total, columns.bar, view.glyphs, usual))))
    spans.extend(_figures(bar, stat, of_turn, columns, change))
    if columns.spark:
        spans.extend(((" ", "text"), *_over_turns(view, bar.key, columns.spark)))
    return tuple(spans)


def _value(view: View, bar: Bar, at_cursor: bool) -> tuple[str, str]:
    ahead = view.glyphs.before if at_cursor else " "
    if bar.skipped:
        return ahead + right("skipped", VALUE), "muted"
    role = "muted" if bar.kind == "outside" or bar.value is None or bar.key in SETTINGS else "value"
    return ahead + right(duration(bar.value), VALUE), role


def _is_of_others(stat: StageStat | None, usual: float | None, change: LevelChange | None) -> bool:
    """The p95 of the window is of other turns than the usual beside it: of both sides of a change, or of less work.

    ``usual 450ms  p95 354ms`` looked like a fault.
    """
    p95 = stat.p95 if stat is not None else None
    return change is not None or (p95 is not None and usual is not None and p95 < usual)


def _figures(
    bar: Bar, stat: StageStat | None, usual: float | None, columns: Columns, change: LevelChange | None
) -> list[tuple[str, str]]:
    """``usual``: what the bar is drawn against."""
    known = stat if stat is not None and stat.n else None
    gap = bar.key.startswith(GAP) or bar.kind == "hatch" or bar.key in SETTINGS
    figures: list[tuple[str, str]] = []
    if columns.usual:
        figures.append((" " + right("" if gap else duration(usual), columns.usual), "text" if known else "faint"))
    if columns.p95:
        text = "" if gap or _is_of_others(known, usual, change) else duration(known.p95 if known else None)
        figures.append((" " + right(text, P95), "text" if known and known.n >= FEW else "faint"))
    if columns.n:
        figures.append((" " + right("" if gap else str(known.n if known else 0), COUNT), "muted"))
    return figures


def _over_turns(view: View, key: str, width: int) -> Line:
    """The newest turns: their time over the usual, or in ms."""
    if key.startswith(GAP) or key in SETTINGS or (key in OUTSIDE and not BY_KEY[key].judged):
        # A gap has no history of its own; a setting, the speech and what follows from it are no latency.
        return ((" " * width, "text"),)
    points = row_points(view, key, width)
    if view.raw_rows:
        shown = view.turns[-width:]
        values = [None if point is None else stage_ms(turn, key) for turn, point in zip(shown, points, strict=True)]
        text = "".join(across(spark_text(values, len(values), view.glyphs), width))
    else:
        text = ratio_text(points, width, view.glyphs)
    row = row_line(points, text, view.glyphs, moved_level(view, key, width), reverse=view.monochrome)
    return _with_cursor(view, row, width)


def _with_cursor(view: View, row: Line, width: int) -> Line:
    """The row with the ground of its cells at the cursor's turn lit up, as the sky over its column is.

    Without colours they are in reverse.
    """
    index, window = view.cursor_index, rows_window(view, width)
    if index is None or index < window.first:
        return row
    start, end = window.columns_of(index)
    each = [(char, role) for text, role in row for char in text]
    each[start:end] = [
        # A sign on a column has its ground already.
        (char, REVERSE if view.monochrome else role if OVER in role else f"{role}{OVER}{BEAM}")
        for char, role in each[start:end]
    ]
    return join_alike(each)


def _blank_bar(bar: Bar, columns: Columns) -> Line:
    """In the place of a bar why there is none."""
    words = reason_words(bar.reason, columns.bar) if bar.reason and bar.length is None else ""
    return ((left(words, columns.bar), "muted"),)


def _change(view: View, bar: Bar, change: LevelChange | None, columns: Columns) -> tuple[str, str]:
    """Words of the change of level, of a setting, or why the figure is none where no bar could say it."""
    width = columns.change
    if change is not None:
        return _moved(view, bar.key, width), "muted" if change.seen else moved_words_role(change.ms)
    if bar.key in SETTINGS and bar.value is not None:
        return SETTING_WORDS if width >= len(SETTING_WORDS) else "setting", "muted"
    unsaid = bar.reason and not (columns.bar and bar.length is None)
    return (reason_words(bar.reason, width), "muted") if unsaid else ("", "text")


def _moved(view: View, key: str, width: int) -> str:
    """How the level of a row moved, in so many cells, with the part of the stage that did; empty where it did not."""
    change = level_change(view, key)
    if change is None:
        return ""
    words = change_words(change.words, view.glyphs, width)
    return f"{words} {change.part}" if change.part and len(words) + len(change.part) < width else words


def _off_usual(bar: Bar, usual: float | None, width: int) -> str:
    """How far the shown turn alone is from its usual, where that is worth a word: no change of level."""
    if bar.length is None or usual is None or bar.kind == "outside":
        return ""
    off = bar.length - usual
    words = f"turn {signed_duration(off)}"
    return words if is_off(abs(off), usual) and len(words) <= width else ""
