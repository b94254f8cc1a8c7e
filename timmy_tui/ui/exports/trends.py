"""The chart that is shown as text, as a picture (SVG) and as figures (CSV)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from msgspec.structs import replace
from rich.color import Color
from rich.style import Style

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.trend_history import TimeBuckets
from timmy_tui.ui.paint.glyphs import to_ascii
from timmy_tui.ui.paint.lines import Line, cells
from timmy_tui.ui.paint.svg_cells import BASELINE, CELL, LINE, cell_path, is_drawn
from timmy_tui.ui.paint.themes import OVER, two_colours
from timmy_tui.ui.panels.trends import compare as trend_compare
from timmy_tui.ui.panels.trends import tokens as trend_tokens
from timmy_tui.ui.panels.trends.plot import series_of
from timmy_tui.ui.panels.trends.screen import MOST_STRIPS, Options, time_chart
from timmy_tui.ui.panels.trends.series import companions, written_name
from timmy_tui.ui.panels.trends.window import trend_window
from timmy_tui.ui.view import View


def uncoloured(view: View) -> View:
    """What a text is drawn from: without colours stages differ by their fills, and a band is dotted."""
    return replace(view, monochrome=True)


def chart_text(lines: Iterable[Line]) -> str:
    """The lines without colours; what the user and Timmy said is left out."""
    rows = ("".join("…" if role == "quote" and text.strip() else clean(text) for text, role in row) for row in lines)
    return "\n".join(row.rstrip() for row in rows).rstrip() + "\n"


# -- picture


def chart_svg(lines: Sequence[Line], view: View) -> str:
    """The lines as they are on the screen; dots and blocks are drawn, so that no font needs to have them."""
    width, height = max(map(cells, lines), default=0) * CELL, len(lines) * LINE
    base = view.styles.get("text", Style.null())
    ground, ink = _colour(base.bgcolor, "#000000"), _colour(base.color, "#cccccc")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="monospace" font-size="16" xml:space="preserve">',
        f'<rect width="{width}" height="{height}" fill="{ground}"/>',
    ]
    for row, spans in enumerate(lines):
        column = 0
        for text, role in spans:
            text = to_ascii(clean(text)) if view.glyphs.plain else clean(text)
            style = view.styles.get(role) or (two_colours(role, view.styles) if OVER in role else base)
            front, back = _colour(style.color, ink), _colour(style.bgcolor, ground)
            if style.reverse:
                front, back = back, front
            parts += _span(text, (column * CELL, row * LINE), (front, back), style, back != ground)
            column += cells(((text, role),))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _span(text: str, place: tuple[int, int], colours: tuple[str, str], style: Style, on_ground: bool) -> Iterator[str]:
    (x, y), (front, back) = place, colours
    if on_ground:
        yield f'<rect x="{x}" y="{y}" width="{cells(((text, ""),)) * CELL}" height="{LINE}" fill="{back}"/>'
    drawn = ["".join(cell_path(char, (x + at * CELL, y))) for at, char in enumerate(text)] if text.strip() else []
    path = "".join(drawn)
    if path:
        yield f'<path d="{path}" fill="{front}"/>'
    words = "".join(" " if is_drawn(char) else char for char in text)
    if words.strip():
        bold = ' font-weight="bold"' if style.bold else ""
        length = cells(((words, ""),)) * CELL
        yield (
            f'<text x="{x}" y="{y + BASELINE}" fill="{front}"{bold} textLength="{length}" lengthAdjust="spacing">'
            f"{escape(words).replace(' ', '&#160;')}</text>"
        )


def _colour(colour: Color | None, otherwise: str) -> str:
    return otherwise if colour is None or colour.is_default else colour.get_truecolor().hex


# -- figures


def chart_csv(view: View, options: Options, buckets: TimeBuckets | None, width: int) -> str:
    """What is charted, one row a turn, or one a stretch of time and series; ms. Empty is not known."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows(["" if value is None else value for value in row] for row in _rows(view, options, buckets, width))
    return file.getvalue()


def _rows(view: View, options: Options, buckets: TimeBuckets | None, width: int) -> Iterator[Sequence[object]]:
    if options.kind == "before and after":
        spread = trend_compare.spread_of(view, options.series)
        yield ("side", "series", "ms")
        yield from ((side.name, spread.name, ms) for side in spread.sides for ms in side.values)
    elif options.kind == "prompt tokens":
        yield ("turn", "prompt_tokens", "llm_ms", "prompt_cache")
        prompts = trend_tokens.prompts_of(view, options.turns)
        yield from ((one.number, one.tokens, one.ms, one.group) for one in prompts)
    elif options.range == "turns":
        yield from _turn_rows(view, options, width)
    elif buckets is not None:
        yield ("start", "end", "turns", "failed", "series", "n", "p5_ms", "p50_ms", "p95_ms")
        for key in _keys(view, options):
            chart = time_chart(options, key, buckets)
            for one in buckets.buckets:
                figures = chart.figures(one)
                if figures is not None:
                    values = (figures.n, figures.p5, figures.p50, figures.p95)
                    yield (one.start, one.end, one.turns, one.failed, chart.name, *values)


def _turn_rows(view: View, options: Options, width: int) -> Iterator[Sequence[object]]:
    window = trend_window(view, width, options.turns)
    charted = [series_of(view, window, key) for key in _keys(view, options)]
    yield ("turn", "started", "state", *(f"{written_name(view, one.key)}_ms" for one in charted))
    turns = view.turns[window.first : window.first + window.count]
    for at, turn in enumerate(turns):
        yield (turn.number, turn.started, turn.state, *(one.values[at] for one in charted))


def _keys(view: View, options: Options) -> list[str]:
    """The chosen series, and those that can stand under it."""
    return [options.series, *companions(view, options.series, MOST_STRIPS)]
