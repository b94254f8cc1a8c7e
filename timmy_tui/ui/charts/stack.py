"""Stacked bars: the time of an LLM request in parts, and how much of its prompt was in the cache."""

from collections.abc import Sequence

from timmy_tui.ui.charts.waterfall import LEAST_TOTAL_MS, part_glyph
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span

REUSED, EVALUATED, UNKNOWN, CUT = "reused", "evaluated", "unknown", "cut"
"""Parts of a prompt, in tokens: from the cache, evaluated, either of the two, and cut off before the model saw it."""


def stack_line(parts: Sequence[tuple[str, float]], top: float, width: int, glyphs: Glyphs) -> Line:
    """(kind, value) parts on a scale from 0 to ``top``, the end of each rounded to a cell; exactly ``width`` cells."""
    if width <= 0:
        return ()
    spans: list[Span] = []
    used, at = 0, 0.0
    for kind, value in parts:
        at += max(value, 0.0)
        end = min(round(at / top * width), width) if top > LEAST_TOTAL_MS else 0
        if end > used:
            spans.append((_glyph(kind, glyphs) * (end - used), f"bar.{kind}"))
            used = end
    if used < width:
        spans.append((glyphs.track * (width - used), "bar.track"))
    return tuple(spans)


def _glyph(kind: str, glyphs: Glyphs) -> str:
    return part_of_prompt_glyph(kind, glyphs) or part_glyph(kind, glyphs)


def part_of_prompt_glyph(kind: str, glyphs: Glyphs) -> str:
    """Four fills that differ without colours; empty for what is no part of a prompt."""
    fills = {REUSED: glyphs.service, EVALUATED: glyphs.setting, UNKNOWN: glyphs.hatch, CUT: glyphs.outline}
    return fills.get(kind, "")


NEARLY_FULL = 0.85
"""Share of the context window from which on it is worth a warning."""


def gauge_line(share: float | None, width: int, glyphs: Glyphs, limit: float = 1.0) -> Line:
    """How full, 0 to 1; from ``limit`` on the bar has the role ``bad``."""
    if width < 4:
        return ()
    inner = width - 2
    if share is None:
        return (("[", "faint"), (glyphs.track * inner, "bar.track"), ("]", "faint"))
    filled = min(round(min(share, 1.0) * inner), inner)
    role = "bad" if share >= limit else "warn" if share > NEARLY_FULL else "bar.service"
    return (
        ("[", "faint"),
        (glyphs.service * filled, role),
        (glyphs.track * (inner - filled), "bar.track"),
        ("]", "bad" if share >= limit else "faint"),
    )
