"""The stage rows: last turn's waterfall, percentiles, sparkline and level, one row a stage.

As a pane gets narrower the columns go in this order: the words of Δ, n, p95, p50, share, waterfall, Δ, sparkline.
The label and the last value always stay.
"""

from msgspec import Struct

from timmy_tui.core.formatting import MISSING, duration, percent
from timmy_tui.model.snapshot import StageStat
from timmy_tui.model.stages import BY_KEY, CRITICAL, GAP, OUTSIDE, UNATTRIBUTED, UNATTRIBUTED_LABEL
from timmy_tui.model.turn import Turn
from timmy_tui.ui.charts.spark import spark_line
from timmy_tui.ui.charts.waterfall import WIDEST, Bar, axis_line, bar_line, place_bars
from timmy_tui.ui.paint.lines import Line, fit, left, line, right
from timmy_tui.ui.paint.wording import finding_role, finding_words, signed
from timmy_tui.ui.panels.headline import FEW
from timmy_tui.ui.view import View

LEAST_SHARE = 0.03
"""A stage below this part of the headline gives way when rows are scarce."""
LABEL, VALUE, SHARE, STAT, COUNT = 6, 7, 4, 7, 3
DROPS = "Δ words, n, p95, p50, share, waterfall, Δ, sparkline"
SUM_LABEL = f"{UNATTRIBUTED_LABEL} sum"
"""Row of all unattributed time; each gap has a row of its own where it sits."""


class Columns(Struct, frozen=True):
    """Widths of the optional columns; 0 is left out."""

    bar: int = 0
    spark: int = 0
    delta: int = 0
    share: bool = False
    p50: bool = False
    p95: bool = False
    n: bool = False


def columns_for(width: int, turns: int = 60) -> Columns:
    """What fits, in the documented order of dropping; ``turns`` is how many the sparkline could show."""
    room = width - LABEL - 1 - VALUE
    if room < 8:
        return Columns()
    if room < 18:
        return Columns(spark=room - 1)
    delta = 6 if width < 76 else 14 if width < 110 else 21
    room -= delta + 1
    if width < 56:
        return Columns(spark=min(room - 1, 60), delta=delta)
    stats = [width >= 64, width >= 68, width >= 74, width >= 78]
    room -= (SHARE + 1) * stats[0] + (STAT + 1) * (stats[1] + stats[2]) + (COUNT + 1) * stats[3]
    spark = min(max(8, (room - 2) * 2 // 5), 60, max(8, turns))
    return Columns(min(room - 2 - spark, WIDEST), spark, delta, *stats)


def ledger_lines(view: View, width: int, height: int, turn: Turn | None = None) -> list[Line]:
    """Header and rows of a turn, the last unless said, in at most ``height`` lines; what is left out is counted."""
    columns = columns_for(width, len(view.turns))
    turn = turn if turn is not None else view.last
    head = [_header(view, columns, turn)] if columns.bar and height > 6 else []
    rows = _bars(view, turn)
    room = height - len(head)
    kept, left_out = choose_rows(rows, turn, room, {f.stage for f in view.findings})
    stats = {row.key: row for row in view.snapshot.stages}
    total = (turn.headline_ms or 0.0) if turn else 0.0
    lines = [*head, *(_row(view, bar, stats.get(bar.key), columns, total) for bar in kept)]
    if left_out:
        rest = sum(bar.length or 0.0 for bar in left_out)
        lines.append(line((f"+{len(left_out)} smaller rows: {duration(rest)}", "muted")))
    return [fit(spans, width) for spans in lines]


def _bars(view: View, turn: Turn | None) -> list[Bar]:
    """Critical stages with their gaps, the sum of the gaps, then what lies outside the headline."""
    if turn is None:
        return [Bar(key, BY_KEY[key].label, 0.0, None, str(BY_KEY[key].owner)) for key in CRITICAL]
    bars = place_bars(turn, view.skewed)
    bars.append(Bar(UNATTRIBUTED, SUM_LABEL, 0.0, turn.unattributed_ms, "sum"))
    for key in OUTSIDE:
        bars.append(Bar(key, BY_KEY[key].label, 0.0, turn.stages.get(key), "outside", key in turn.skipped))
    return bars


def choose_rows(bars: list[Bar], turn: Turn | None, room: int, raised: set[str]) -> tuple[list[Bar], list[Bar]]:
    """Rows to show and rows to count. Order stays; the largest and those with a finding come first.

    When not everything fits, one line is kept for the count, and what lies outside the headline goes first.
    """
    if len(bars) <= room:
        return bars, []
    whole = (turn.headline_ms if turn else None) or 0.0
    inside = [bar for bar in bars if bar.kind != "outside"]
    if len(inside) <= room:
        return inside, []
    ranked = sorted(inside, key=lambda bar: (bar.key in raised, bar.length or 0.0), reverse=True)
    wanted = [bar for bar in ranked if bar.key in raised or (bar.length or 0.0) >= LEAST_SHARE * whole]
    keep = (wanted if len(wanted) > room - 1 else ranked)[: max(room - 1, 1)]
    chosen = set(map(id, keep))
    return [bar for bar in inside if id(bar) in chosen], [bar for bar in inside if id(bar) not in chosen]


def _header(view: View, columns: Columns, turn: Turn | None) -> Line:
    total = duration(turn.headline_ms) if turn else MISSING
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
    """Above the sparklines: where epochs begin, with their number where there is room."""
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
    quiet = bar.kind in ("outside", "sum")
    spans = [(left(bar.label, LABEL), "muted" if quiet else "label"), _value(bar)]
    if columns.share:
        shared = bar.length is not None and total > 0 and bar.kind not in ("outside", "hatch")
        part = percent((bar.length or 0.0) / total) if shared else ""
        spans.append((" " + right(part, SHARE), "muted"))
    if columns.bar:
        drawn = ((" " * columns.bar, "text"),) if quiet else bar_line(bar, total, columns.bar, view.glyphs)
        spans.extend((("" if quiet else "") + text, role) for text, role in ((" ", "text"), *drawn))
    spans.extend(_figures(bar, stat, columns))
    if columns.spark:
        if bar.key.startswith(GAP):
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
    role = "muted" if bar.kind == "outside" or bar.length is None else "warn" if bar.kind == "hatch" else "value"
    return " " + right(duration(bar.value), VALUE), role


def _figures(bar: Bar, stat: StageStat | None, columns: Columns) -> list[tuple[str, str]]:
    known = stat if stat is not None and stat.n else None
    gap = bar.key.startswith(GAP)
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
    if bar.kind == "hatch":
        return left("clock" if width < 12 else "clocks differ", width), "warn"
    delta = stat.delta if stat else None
    text = signed(delta, view.glyphs)
    if stat is None or not text or not notable(stat):
        return " " * width, "text"
    return left(text if len(text) <= width else text.replace("ms", ""), width), "muted"


def notable(stat: StageStat) -> bool:
    """Δ is worth a cell: at least a tenth of the usual and 10 ms."""
    return stat.delta is not None and abs(stat.delta) >= max(10.0, 0.1 * (stat.p50 or 0.0))
