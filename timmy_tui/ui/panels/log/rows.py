"""A line of the log as columns: time, turn, service, event, time since the event before, and the figures that matter.

A narrower pane drops the turn's number below 100 cells, the milliseconds of the time below 80, the figures below 60.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from rich.cells import cell_len

from timmy_tui.core.foreign.decode import number
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, duration, plural
from timmy_tui.model.log_entry import LogEntry
from timmy_tui.model.stages.system import watched
from timmy_tui.ui.paint.lines import Line, cells, first_figures, fit, left, line, plain, right, wrap, wrap_text
from timmy_tui.ui.paint.wording import clock_time, tokens

SERVICE_ROLES = {"stt": "log.stt", "v34": "log.v34", "tts": "log.tts"}
LEAST_FIGURES = 60
"""Cells of a pane below which figures have no room, unless the lines are wrapped or moved to the side."""
DELTA = 7
"""Cells of ``~+1.24s``, so that the longest name of v34's has room, ``retrieval_embedding_complete``; a rare
``~+12.34s`` takes the blank before it."""
LONG_MS = 100.0
"""ms. From here on a step of a turn stands out."""
LARGEST = 1e12
"""A figure beyond is written with its exponent."""
DEBUG = "*** Debug: "
BEGIN = re.compile(r"\*{20,}BEGIN\*{20,}")


class LogColumns(Struct, frozen=True):
    """Widths in cells; 0: not shown."""

    time: int
    turn: int
    event: int
    delta: int
    width: int

    @property
    def prefix(self) -> int:
        """Cells ahead of the event: time, turn, service, a blank behind each."""
        return self.time + 1 + (self.turn + 1 if self.turn else 0) + 4

    @property
    def figures(self) -> int:
        """Cells behind event and time since the event before."""
        return self.width - self.prefix - self.event - self.delta - 3


def log_columns(width: int) -> LogColumns:
    """The columns of a pane."""
    if width >= 100:
        return LogColumns(12, 5, 28, 9, width)
    if width >= 80:
        return LogColumns(12, 0, 28, DELTA, width)
    if width >= 60:
        return LogColumns(8, 0, 22, DELTA, width)
    return LogColumns(8, 0, max(width - 14 - DELTA, 8), DELTA, width)


def header_line(columns: LogColumns, shift: int = 0) -> Line:
    """What the columns are; those that move to the side take their names with them."""
    turn = f"{right('turn', columns.turn)} " if columns.turn else ""
    fixed = f"{left('time', columns.time)} {turn}{left('', 3)} "
    figures = "  figures" if columns.width >= LEAST_FIGURES or shift else ""
    delta = right("Δ in turn" if columns.delta > DELTA else "Δ", columns.delta)
    names = f"{left('event', columns.event)} {delta}{figures}"
    return fit(line((fixed + names[shift:], "muted")), columns.width)


def log_lines(
    entry: LogEntry, columns: LogColumns, turn: str = "", shift: int = 0, wrapped: bool = False
) -> list[Line]:
    """The entry as rows; one, unless ``wrapped``. ``shift``: cells by which what is right of the service moved left."""
    return list(_made_lines(entry, columns, turn, shift, wrapped))


@lru_cache(maxsize=512)
def _made_lines(entry: LogEntry, columns: LogColumns, turn: str, shift: int, wrapped: bool) -> Sequence[Line]:
    """Made once for each entry that is on a screen: of a quiet room's rows only the last one changes."""
    prefix = _prefix(entry, columns, turn)
    available = max(columns.width - columns.prefix, 1)
    if not wrapped:
        return [fit((*prefix, *_shifted(_body(entry, columns, whole=shift > 0), shift)), columns.width)]
    if not entry.event:
        rows = [line((row, _text_role(entry))) for row in wrap_text(printed_text(entry), available)]
    else:
        head = _event(entry, columns)
        indent = sum(len(text) for text, _ in head)
        words = _wrapped_figures(figures_of(entry), max(available - indent - 2, 12))
        rows = [(*head, ("  ", "text"), (words[0], "text"))]
        rows += [line(" " * (indent + 2), (word, "text")) for word in words[1:]]
    blank = ((" " * columns.prefix, "text"),)
    return [fit((*(blank if at else prefix), *row), columns.width) for at, row in enumerate(rows)]


def _prefix(entry: LogEntry, columns: LogColumns, turn: str) -> Line:
    spans = [(f"{left(time_of(entry, columns.time), columns.time)} ", "muted")]
    if columns.turn:
        spans.append((f"{right(turn, columns.turn)} ", "faint"))
    service = clean(entry.service, 8) or "?"
    spans.append((f"{left(service, 3)} ", SERVICE_ROLES.get(entry.service, "text")))
    return tuple(spans)


def time_of(entry: LogEntry, width: int) -> str:
    """``14:30:00.123`` or ``14:30:00``, as where stamps only order; ``—`` where the line has no stamp."""
    if entry.at is None:
        return MISSING
    seconds = clock_time(entry.at)
    is_whole = width < 12 or not watched().stamps_measure
    return seconds if is_whole or not seconds.strip() else f"{seconds}.{int(entry.at % 1 * 1000):03}"


def _body(entry: LogEntry, columns: LogColumns, whole: bool) -> Line:
    """``whole``: all figures, of which not the first are shown."""
    if not entry.event:
        text = printed_text(entry)
        fits = not entry.asked or cell_len(text) <= columns.width - columns.prefix
        return ((text if fits else plural(entry.asked, "own request"), _text_role(entry)),)
    if columns.width < LEAST_FIGURES and not whole:
        return _event(entry, columns)
    figures = figures_text(entry) if whole else first_figures(figures_of(entry), columns.figures)
    return (*_event(entry, columns), ("  ", "text"), (figures, "bad" if entry.failed else "text"))


def _wrapped_figures(figures: Sequence[str], width: int) -> list[str]:
    """On as many rows as they need; a figure and its unit stand on one."""
    rows = [plain(row) for row in wrap([line(figure) for figure in figures], width)]
    return [part for row in rows for part in ([row] if cell_len(row) <= width else wrap_text(row, width))] or [""]


def _event(entry: LogEntry, columns: LogColumns) -> Line:
    role = "bad" if entry.failed else "muted" if entry.pauses else SERVICE_ROLES.get(entry.service, "text")
    if entry.pauses:  # They took no time of a turn: the column of times is theirs too.
        return ((left(event_name(entry), columns.event + 1 + columns.delta), role),)
    return (
        (left(_squeezed(event_name(entry), columns.event), columns.event), role),
        (right(delta_words(entry), columns.delta + 1), _delta_role(entry)),
    )


def _squeezed(name: str, width: int) -> str:
    """``retrieval_embed…complete``: what ended and what began differ in their last word alone."""
    end = name.rpartition("_")[2]
    if len(name) <= width or end == name or len(end) + 4 > width:
        return name
    return f"{name[: width - len(end) - 1].rstrip('_')}…{end}"


def _delta_role(entry: LogEntry) -> str:
    if entry.across_clocks:
        return "muted"
    return "value" if abs(entry.delta_ms or 0.0) >= LONG_MS else "text"


def event_name(entry: LogEntry) -> str:
    """The event without the service that the column before has; a run of pauses says how many."""
    if entry.pauses:
        return f"{plural(entry.pauses, 'pause')} without text"
    return clean(entry.event, 64).removeprefix(f"{entry.service}_")


def delta_words(entry: LogEntry) -> str:
    """``+412ms``; ``~`` across two clocks, whose difference it holds."""
    if entry.delta_ms is None or entry.pauses:
        return ""
    sign = "−" if entry.delta_ms < 0 else "+"
    return f"{'~' if entry.across_clocks else ''}{sign}{duration(abs(entry.delta_ms))}"


def printed_text(entry: LogEntry) -> str:
    """A line that is no event, sanitized; v34's ``*** Debug:`` says nothing."""
    if entry.asked:
        return f"{plural(entry.asked, 'request')} of the dashboard for its statistics"
    text = entry.text.rpartition("\r")[2]
    return "BEGIN" if BEGIN.fullmatch(text) else clean(text.removeprefix(DEBUG))


def _text_role(entry: LogEntry) -> str:
    if entry.asked:
        return "muted"
    return "bad" if entry.failed else "value" if BEGIN.fullmatch(entry.text) else "quote"


def cells_right(entry: LogEntry, columns: LogColumns, shift: int) -> int:
    """Cells of it that are further right than the edge of the pane, after such a shift; 0 or less: none."""
    return cells(_body(entry, columns, whole=True)) - shift - (columns.width - columns.prefix)


def _shifted(body: Line, shift: int) -> Line:
    """Without its first ``shift`` characters."""
    spans: list[tuple[str, str]] = []
    for text, role in body:
        rest = text[shift:]
        shift = max(shift - len(text), 0)
        if rest:
            spans.append((rest, role))
    return tuple(spans)


# -- figures


def figures_text(entry: LogEntry) -> str:
    """All figures on one line."""
    return "  ".join(figures_of(entry))


def figures_of(entry: LogEntry) -> list[str]:
    """The metadata as words, those that matter first; an unknown key as ``key=value``."""
    if not watched().is_built_in:
        return [_other_word(entry.event, str(key), value) for key, value in entry.metadata.items()]
    words = [word(entry.metadata[key]) for key, word in FIGURES.items() if key in entry.metadata]
    others = [
        f"{clean(str(key), 30)}={clean(str(value), 60)}" for key, value in entry.metadata.items() if key not in FIGURES
    ]
    return [word for word in (*words, *others) if word]


def _other_word(event: str, key: str, value: object) -> str:
    """``endpoint 515ms``, ``tokens 812``, ``speaker=DAN``: of another system, whose names mean what they mean there."""
    figure = None if isinstance(value, bool) else number(value)
    if figure is None or isinstance(value, str):
        return f"{clean(key, 30)}={clean(str(value), 60)}"
    is_time = f"{event}.{key}" not in watched().counts and abs(figure) < LARGEST
    return f"{clean(key, 30)} {duration(figure) if is_time else _number(figure)}"


def _number(value: object) -> str:
    figure = number(value)
    if figure is None:
        return clean(str(value), 20)
    return tokens(int(figure)) if figure.is_integer() and abs(figure) < LARGEST else f"{figure:g}"


def _ms(name: str) -> Callable[[Any], str]:
    def word(value: Any) -> str:
        figure = number(value)
        known = figure is not None and abs(figure) < LARGEST
        return f"{name}{duration(figure) if known else clean(str(value), 20)}"

    return word


def _count(behind: str, before: str = "") -> Callable[[Any], str]:
    return lambda value: f"{before}{_number(value)}{behind}"


def _flag(name: str) -> Callable[[Any], str]:
    return lambda value: f"{name} {'on' if value is True else 'off' if value is False else clean(str(value), 20)}"


def _text(name: str, longest: int) -> Callable[[Any], str]:
    return lambda value: f"{name}{clean(str(value), longest)}"


FIGURES: Mapping[str, Callable[[Any], str]] = {
    "duration_ms": _ms("took "),
    "prompt_eval_duration_ms": _ms("prefill "),
    "eval_duration_ms": _ms("decode "),
    "prompt_eval_count": _count(" tok in"),
    "eval_count": _count(" tok out"),
    "status_code": _count("", "HTTP "),
    "prompt_tokens_est": _count(" tok", "~"),
    "prompt_chars": _count(" chars"),
    "text_length": _count(" chars"),
    "response_length": _count(" chars"),
    "tail_mode": _flag("tail mode"),
    "importance": _count("", "importance "),
    "num_chunks": _count(" memories"),
    "num_parents": _count(" parents"),
    "num_candidate_chunks": _count(" candidates"),
    "num_results": _count(" results"),
    "no_parents": lambda value: "no parents" if value else "",
    "kv_context_length": _count(" tok", "context "),
    "new_context_length": _count(" tok", "context "),
    "pause_threshold": _count("s", "threshold "),
    "chunks_written": lambda value: "1 block" if value == 1 else _count(" blocks")(value),
    "temperature": _count("", "temp "),
    "session_id": lambda value: f"session {clean(str(value)[:8])}",
    "endpoint": _text("→ ", 60),
    "has_kv_cache": lambda value: "",
}
"""Key of the metadata → its words, in the order in which they matter. ``has_kv_cache`` only says again that a context
was sent, and not that a prompt cache was used."""
