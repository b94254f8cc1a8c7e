"""The stage rows: last turn's waterfall, percentiles, sparkline and level, one row a stage.

A narrower pane drops columns in this order: the words of Δ, n, p95, p50, share, waterfall, Δ, sparkline.
The label and the last value are always shown.
"""

from msgspec import Struct

from timmy_tui.core.formatting import MISSING, duration, percent, plural
from timmy_tui.model.snapshot import StageStat
from timmy_tui.model.stages import BY_KEY, CRITICAL, GAP, OUTSIDE, SETTINGS, UNATTRIBUTED, UNATTRIBUTED_LABEL, V2V
from timmy_tui.model.turn import Turn
from timmy_tui.ui.charts.spark import spark_line
from timmy_tui.ui.charts.waterfall import WIDEST, Bar, axis_line, bar_line, place_bars
from timmy_tui.ui.paint.lines import Line, fit, left, line, right
from timmy_tui.ui.paint.wording import finding_role, finding_words, reason_words, signed
from timmy_tui.ui.panels.headline import FEW, headline_words
from timmy_tui.ui.view import View

LEAST_SHARE = 0.03
"""A stage below this share of the headline is hidden first when there are not enough rows."""
LABEL, VALUE, SHARE, STAT, COUNT = 6, 7, 4, 7, 3
DROPS = "Δ words, n, p95, p50, share, waterfall, Δ, sparkline"
SETTING_WORDS = "setting, waited more"
SUM_LABEL = f"{UNATTRIBUTED_LABEL} sum"
"""Label of the row of all unattributed time; each gap has a row of its own at its place in the turn."""


class Columns(Struct, frozen=True):
    """Widths of the optional columns in cells; a column of width 0 is not shown."""

    bar: int = 0
    spark: int = 0
    delta: int = 0
    share: bool = False
    p50: bool = False
    p95: bool = False
    n: bool = False


def columns_for(width: int, turns: int = 60) -> Columns:
    """The columns that fit ``width`` cells; ``turns`` is how many turns the sparkline could show."""
    available = width - LABEL - 1 - VALUE
    if available < 8:
        return Columns()
    if available < 18:
        return Columns(spark=available - 1)
    delta = 6 if width < 76 else 14 if width < 110 else 21
    available -= delta + 1
    if width < 56:
        return Columns(spark=min(available - 1, 60), delta=delta)
    stats = [width >= 64, width >= 68, width >= 74, width >= 78]
    available -= (SHARE + 1) * stats[0] + (STAT + 1) * (stats[1] + stats[2]) + (COUNT + 1) * stats[3]
    spark = min(max(8, (available - 2) * 2 // 5), 60, max(8, turns))
    return Columns(min(available - 2 - spark, WIDEST), spark, delta, *stats)


def ledger_lines(view: View, width: int, height: int, turn: Turn | None = None) -> list[Line]:
    """Header and rows of ``turn`` (default: the last) in at most ``height`` lines; hidden rows are counted."""
    columns = columns_for(width, len(view.turns))
    turn = turn if turn is not None else view.headline_turn
    head = [_header(view, columns, turn)] if columns.bar and height > 6 else []
    rows = _bars(view, turn)
    available = height - len(head)
    shown, hidden = choose_rows(rows, turn, available, {f.stage for f in view.findings})
    stats = {row.key: row for row in view.snapshot.stages}
    total = (turn.headline_ms or 0.0) if turn else 0.0
    lines = [*head, *(_row(view, bar, stats.get(bar.key), columns, total) for bar in shown)]
    if hidden:
        hidden_ms = sum(bar.length or 0.0 for bar in hidden)
        lines.append(line((f"+{plural(len(hidden), 'smaller row')}: {duration(hidden_ms)}", "muted")))
    return [fit(spans, width) for spans in lines]


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


def choose_rows(
    bars: list[Bar], turn: Turn | None, available: int, with_finding: set[str]
) -> tuple[list[Bar], list[Bar]]:
    """(rows to show, rows to count), both in the given order.

    When not all fit, rows outside the headline are dropped without a count, but for those with a finding. When that is
    not enough, one line is reserved for the count, and rows with a finding are preferred, then the largest.
    """
    if len(bars) <= available:
        return bars, []
    headline_ms = (turn.headline_ms if turn else None) or 0.0
    inside = [bar for bar in bars if bar.kind != "outside" or bar.key in with_finding]
    if len(inside) <= available:
        return inside, []
    ranked = sorted(inside, key=lambda bar: (bar.key in with_finding, bar.length or 0.0), reverse=True)
    large = [bar for bar in ranked if bar.key in with_finding or (bar.length or 0.0) >= LEAST_SHARE * headline_ms]
    preferred = (large if len(large) > available - 1 else ranked)[: max(available - 1, 1)]
    chosen = set(map(id, preferred))
    return [bar for bar in inside if id(bar) in chosen], [bar for bar in inside if id(bar) not in chosen]


def _header(view: View, columns: Columns, turn: Turn | None) -> Line:
    total = headline_words(turn, turn.headline_ms) if turn else MISSING
    spans = [(left("stage", LABEL), "muted"), (" " + right("last", VALUE), "muted")]
    if columns.share:
        spans.append((" " + right("%", SHARE), "muted"))
    spans.append((" ", "text"))
    spans.extend(axis_line(1.0 if turn else 0.0, columns.bar, view.glyphs, total))
    if columns.p50:
        spans.append((" " + right(f"p50·{view.snapshot.window}t", STAT), "muted"))
    if columns.p95:
        spans.append((" " + right("p95", STAT), "muted"))
    if columns.n:
        spans.append((" " + right("n", COUNT), "muted"))
    spans.append((" ", "text"))
    spans.append((epoch_ruler(view, columns.spark), "faint"))
    spans.append((" " + left("Δ", columns.delta), "muted"))
    return tuple(spans)


def epoch_ruler(view: View, width: int) -> str:
    """Above the sparklines: where epochs begin, with their numbers."""
    shown = view.turns[-width:] if width > 0 else ()
    cells = [" "] * width
    offset = width - len(shown)
    for index, turn in enumerate(shown):
        number = view.epoch_starts.get(turn.ordinal)
        if number is None:
            continue
        mark = f"{view.glyphs.upright}{number}"
        for step, char in enumerate(mark):
            if offset + index + step < width:
                cells[offset + index + step] = char
    return "".join(cells)


def _row(view: View, bar: Bar, stat: StageStat | None, columns: Columns, total: float) -> Line:
    unscaled = bar.kind in ("outside", "sum")
    spans = [(left(bar.label, LABEL), "muted" if unscaled else "label"), _value(bar)]
    if columns.share:
        has_share = bar.length is not None and total > 0 and bar.kind not in ("outside", "hatch")
        share = percent((bar.length or 0.0) / total) if has_share else ""
        spans.append((" " + right(share, SHARE), "muted"))
    if columns.bar:
        drawn = ((" " * columns.bar, "text"),) if unscaled else bar_line(bar, total, columns.bar, view.glyphs)
        spans.extend(((" ", "text"), *drawn))
    spans.extend(_figures(bar, stat, columns))
    if columns.spark:
        if bar.key.startswith(GAP) or bar.key in SETTINGS:
            spans.append((" " * (columns.spark + 1), "text"))
        else:
            values, since = view.series(bar.key, columns.spark)
            finding = view.finding_on(bar.key)
            moved = "good" if finding is not None and finding.direction == "faster" else "spark.moved"
            spans.extend(((" ", "text"), *spark_line(values, columns.spark, view.glyphs, since, moved)))
    if columns.delta:
        spans.append((" ", "text"))
        spans.append(_delta(view, bar, stat, columns.delta))
    return tuple(spans)


def _value(bar: Bar) -> tuple[str, str]:
    if bar.skipped:
        return " " + right("skipped", VALUE), "muted"
    role = "muted" if bar.kind == "outside" or bar.value is None or bar.key in SETTINGS else "value"
    return " " + right(duration(bar.value), VALUE), role


def _figures(bar: Bar, stat: StageStat | None, columns: Columns) -> list[tuple[str, str]]:
    known = stat if stat is not None and stat.n else None
    gap = bar.key.startswith(GAP) or bar.kind == "hatch" or bar.key in SETTINGS
    figures: list[tuple[str, str]] = []
    if columns.p50:
        text = "" if gap else duration(known.p50 if known else None)
        figures.append((" " + right(text, STAT), "text" if known else "faint"))
    if columns.p95:
        text = "" if gap else duration(known.p95 if known else None)
        figures.append((" " + right(text, STAT), "text" if known and known.n >= FEW else "faint"))
    if columns.n:
        figures.append((" " + right("" if gap else str(known.n if known else 0), COUNT), "muted"))
    return figures


def _delta(view: View, bar: Bar, stat: StageStat | None, width: int) -> tuple[str, str]:
    finding = view.finding_on(bar.key)
    if finding is not None:
        return left(finding_words(finding, view.glyphs, width), width), finding_role(finding)
    if bar.key in SETTINGS and bar.value is not None:
        return left(SETTING_WORDS if width >= len(SETTING_WORDS) else "setting", width), "muted"
    if bar.reason:
        return left(reason_words(bar.reason, width), width), "muted"
    delta = stat.delta if stat else None
    text = signed(delta, view.glyphs)
    if stat is None or not text or not notable(stat):
        return " " * width, "text"
    return left(text if len(text) <= width else text.replace("ms", ""), width), "muted"


def notable(stat: StageStat) -> bool:
    """Δ is shown: it is at least 10 ms and a tenth of the p50."""
    return stat.delta is not None and abs(stat.delta) >= max(10.0, 0.1 * (stat.p50 or 0.0))
