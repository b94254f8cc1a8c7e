"""Sparklines: one column per turn, newest at the right, every scale from zero."""

from collections.abc import Sequence

from timmy_tui.ui.paint.glyphs import Glyphs

HEADROOM = 1.25
"""A series of equal values fills 80 % of the height, so that one value alone is not a full bar."""


def top_of(values: Sequence[float | None]) -> float:
    """Upper end of the scale: the largest value or HEADROOM × the median, whichever is more."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return 0.0
    return max(known[-1], known[len(known) // 2] * HEADROOM)


def spark_glyph(value: float | None, top: float, glyphs: Glyphs) -> str:
    """Height of one value on a scale from 0 to ``top``; the gap glyph for None, the lowest step for zero or less."""
    if value is None:
        return glyphs.gap
    if top <= 0 or value <= 0:
        return glyphs.ramp[0]
    steps = len(glyphs.ramp)
    return glyphs.ramp[min(max(-int(-value * steps // top) - 1, 0), steps - 1)]


def spark_text(values: Sequence[float | None], width: int, glyphs: Glyphs) -> str:
    """The newest ``width`` values at the right edge, one cell each."""
    shown = list(values)[-width:] if width > 0 else []
    top = top_of(shown)
    return "".join(spark_glyph(value, top, glyphs) for value in shown).rjust(max(width, 0))
