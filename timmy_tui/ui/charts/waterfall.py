"""The waterfall of one turn: each stage at its place on the headline's time axis."""

from collections.abc import Sequence

from msgspec import Struct

from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, GAP, HOPS, NETWORK, SPLIT, UNATTRIBUTED, label
from timmy_tui.model.turn import Turn
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span, join_alike
from timmy_tui.ui.paint.themes import FALLBACK, GAP_KEY, OVER, STAGE

WIDEST = 80
"""Greatest width in cells: a wider bar shows no more, and the eye loses the row."""
LEAST_TOTAL_MS = 0.001
"""Nothing is drawn on a shorter axis: its scale (cells per ms) would be near infinity."""
LEAST_OVER_MS, LEAST_OVER_SHARE = 20.0, 0.1
"""What is off the usual by less, in ms or of the usual, is as usual. The sentence on a turn calls a stage normal below
as many ms."""
WAITS = ("wait", "load")
"""Parts in which a stage does not work: they keep colours of their own."""
OVER_USUAL = "bar.over"
"""Role of what is over the usual."""
LEAST_GAP_MS = 3.0
"""A shorter gap has no row and is in the sum only; it is the time of the logging itself."""


class Bar(Struct, frozen=True):
    """One row of the waterfall."""

    key: str
    label: str
    start: float
    """ms from the start of the axis."""
    length: float | None
    """ms as drawn, never negative; None: not measured or skipped."""
    kind: str
    """``service``, ``setting``, ``code``, ``hop``, ``hatch`` or ``hole``."""
    skipped: bool = False
    parts: tuple[tuple[str, float], ...] = ()
    """(kind, ms) in order, where a stage is drawn in parts."""
    reason: str = ""
    """Why it is unknown although its events are there."""

    @property
    def value(self) -> float | None:
        """The figure to print: a hatched bar has a length, but no figure of its own."""
        return None if self.kind == "hatch" else self.length


def place_bars(turn: Turn) -> list[Bar]:
    """The critical stages in order, with each gap at its place.

    When the clocks differ, no hop is a duration, but the sum of the hops is. Each hop is drawn hatched as an equal part
    of that sum, so that v34's stages lie within the turn.
    """
    gaps = {gap.after: gap for gap in turn.gaps}
    bars: list[Bar] = []
    at = 0.0
    for key in ("start", *CRITICAL):
        if key != "start":
            bar = _stage_bar(turn, key, at)
            bars.append(bar)
            at += bar.length or 0.0
        gap = gaps.get(key)
        if gap is not None:
            if gap.ms >= LEAST_GAP_MS:
                bars.append(Bar(f"{GAP}{gap.after}→{gap.before}", label(UNATTRIBUTED), at, gap.ms, "hole"))
            at += gap.ms
    return bars


def _stage_bar(turn: Turn, key: str, at: float) -> Bar:
    stage = BY_KEY[key]
    value = turn.stages.get(key)
    reason = turn.unmeasured.get(key, "")
    both_ways = turn.stages.get(NETWORK)
    if reason and key in HOPS and both_ways is not None:
        return Bar(key, stage.label, at, both_ways / len(HOPS), "hatch", reason=reason)
    parts: tuple[tuple[str, float], ...] = ()
    if value:
        named = [(name, turn.stages.get(name)) for name in SPLIT.get(key, ())]
        parts = tuple((name, ms) for name, ms in named if ms)
    return Bar(key, stage.label, at, value, stage.owner, key in turn.skipped, parts, reason)


def bar_line(bar: Bar, total: float, width: int, glyphs: Glyphs, usual: float | None = None) -> Line:
    """The bar on an axis of ``total`` ms drawn over ``width`` cells; exactly ``width`` cells long.

    ``usual``: what the stage usually takes for that work, ms; a thin ghost of that length lies behind the bar, and what
    goes beyond it is coloured.
    """
    if width <= 0:
        return ()
    if bar.length is None or total < LEAST_TOTAL_MS:
        return ((glyphs.track * width, "bar.track"),)
    scale = width / total
    begin = min(max(int(bar.start * scale), 0), width - 1)
    end = min(max((bar.start + max(bar.length, 0.0)) * scale, begin), float(width))
    spans: list[Span] = []
    if bar.parts:
        spans += _parts(bar, scale, begin, end, glyphs)
    else:
        spans.append((_fill(bar.kind, end - begin, width - begin, glyphs), bar_role(bar)))
    if usual is not None:
        spans = list(_against(usual, bar, scale, spans, glyphs))
    used = begin + sum(len(text) for text, _ in spans)
    ghost = min(round((bar.start + (usual or 0.0)) * scale), width)
    line = [(glyphs.track * begin, "bar.track"), *spans]
    line.append((glyphs.ghost * max(ghost - used, 0), "bar.ghost"))
    line.append((glyphs.track * (width - max(ghost, used)), "bar.track"))
    return tuple(span for span in line if span[0])


def bar_role(bar: Bar) -> str:
    """The colour is the stage's, as in the skyline above it; the fill says whose the time is."""
    if bar.kind == "hatch":
        return "bar.hatch"  # Its length is no measurement.
    role = f"{STAGE}{GAP_KEY if bar.kind == 'hole' else bar.key}"
    return role if role in FALLBACK else f"bar.{bar.kind}"


def is_off(ms: float, usual: float) -> bool:
    """So many ms off the usual are more than its ordinary variation; less time never is: ask with its size."""
    return ms >= max(LEAST_OVER_MS, LEAST_OVER_SHARE * usual)


def _against(usual: float, bar: Bar, scale: float, spans: list[Span], glyphs: Glyphs) -> Line:
    """The spans of a bar; what is beyond ``usual`` ms is coloured, of a solid bar to an eighth of a cell."""
    if not is_off((bar.length or 0.0) - usual, usual):
        return tuple(spans)
    cells = [(glyph, role) for text, role in spans for glyph in text]
    # Of two cells one keeps the stage's colour at least: what the rest is over would not be told.
    least = int(len(cells) > 1)
    beyond = min(max(round(usual * scale), least), len(cells) - 1)
    if bar.kind == "service" and glyphs.grounds and not bar.parts:
        beyond, eighths = divmod(max(int(usual * scale * 8), least * 8, 1), 8)
        if eighths and beyond < len(cells):
            # The glyph of the usual on the ground of what is over it: a short bar was red all over, or not at all.
            cells[beyond] = (glyphs.eighths[eighths - 1], f"{cells[beyond][1]}{OVER}{OVER_USUAL}")
            beyond += 1
    return join_alike([*cells[:beyond], *((glyphs.over, OVER_USUAL) for _ in cells[beyond:])])


def _parts(bar: Bar, scale: float, begin: int, end: float, glyphs: Glyphs) -> list[Span]:
    """The parts of a bar, the end of each rounded to a cell, so that the last ends where the bar does."""
    spans: list[Span] = []
    used, at = begin, bar.start
    for kind, ms in bar.parts:
        at += ms
        part_end = min(round(at * scale), round(end))
        if part_end > used:
            role = f"bar.{kind}" if kind in WAITS else bar_role(bar)
            spans.append((part_glyph(kind, glyphs) * (part_end - used), role))
            used = part_end
    return spans or [(glyphs.eighths[0], bar_role(bar))]


def part_glyph(kind: str, glyphs: Glyphs) -> str:
    """The fill glyph of a part of a stage."""
    fills = {"service": glyphs.service, "setting": glyphs.setting, "hole": glyphs.hole}
    stage = BY_KEY.get(kind)
    return fills.get(stage.fill, glyphs.code) if stage else glyphs.code


def _fill(kind: str, size: float, available: int, glyphs: Glyphs) -> str:
    """Cells of a bar ``size`` cells long, at least one; only full blocks have fractions."""
    if kind == "service":
        full = int(size)
        eighth = int((size - full) * 8)
        text = glyphs.service * full + (glyphs.eighths[eighth - 1] if eighth and full < available else "")
        return text or glyphs.eighths[0]
    glyph = {"setting": glyphs.setting, "code": glyphs.code, "hop": glyphs.hop, "hatch": glyphs.hatch}
    return glyph.get(kind, glyphs.hole) * max(1, round(size))


def axis_line(width: int, glyphs: Glyphs, end_label: str, over_words: Sequence[str] = ()) -> Line:
    """``0 ─── 1.83s`` over the bars, with the longest of ``over_words`` that fits: what their other colour says."""
    if width < len(end_label) + 3:
        return ((glyphs.rule * width, "rule"),)
    room = width - len(end_label) - 1
    words = next((text for text in over_words if len(text) + 3 <= room), "")
    if not words:
        return (("0", "muted"), (glyphs.rule * room, "rule"), (end_label, "muted"))
    ahead = room - len(words) - 3
    key: Line = ((" ", "rule"), (glyphs.over, OVER_USUAL), (words, "muted"))
    return (("0", "muted"), (glyphs.rule * ahead, "rule"), *key, (glyphs.rule, "rule"), (end_label, "muted"))
