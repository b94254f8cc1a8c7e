"""The status line: for tmux's status bar, and for a terminal too small for the dashboard."""

from typing import TYPE_CHECKING

from msgspec import Struct

from timmy_tui.core.formatting import MISSING, duration
from timmy_tui.model.stages import label
from timmy_tui.model.turn import Turn, TurnState

if TYPE_CHECKING:
    from timmy_tui.model.snapshot import Snapshot

WIDTH = 40
"""Most cells of the line."""
NOTABLE_MS = 50.0
"""A smaller change of the headline, or part of a slow turn, is not shown."""


class LineValues(Struct, frozen=True):
    """The figures of the line; None is unknown."""

    span: str
    """Name of the headline span."""
    headline_ms: float | None
    delta_ms: float | None
    llm_ms: float | None
    fill: float | None
    """Used share of the context window; 1 is full."""
    n: int
    """Complete turns that the figures are computed from."""
    state: str = ""
    """``turn`` (one is in flight), ``failed`` (the newest turn), ``waiting`` (no turn yet), or empty."""
    cause: str = ""
    """Why the newest turn was slow; empty when it was not slow."""


def line_values(snapshot: "Snapshot") -> LineValues:
    """The figures of a snapshot."""
    headline = snapshot.headline
    llm = next((row for row in snapshot.stages if row.key == "llm"), None)
    context = snapshot.llm.context if snapshot.llm else None
    newest = snapshot.turns[-1] if snapshot.turns else None
    return LineValues(
        span=headline.key if headline else "V2V",
        headline_ms=headline.last if headline else None,
        delta_ms=headline.delta if headline else None,
        llm_ms=llm.last if llm else None,
        fill=context.fill if context else None,
        n=headline.n if headline else 0,
        state=_state(newest, snapshot.open_turn is not None),
        cause=_cause(snapshot),
    )


def _cause(snapshot: "Snapshot") -> str:
    """The largest part of a slow turn's excess: ``STORE +410ms``; empty for a turn that was not slow."""
    diagnosis = snapshot.judgement.diagnosis if snapshot.judgement else None
    if diagnosis is None or not diagnosis.slow:
        return ""
    largest = max(diagnosis.contributions, key=lambda part: part.ms, default=None)
    if largest is None or largest.ms < NOTABLE_MS:
        return ""
    return f"{label(largest.stage)} +{duration(largest.ms)}"


def _state(newest: Turn | None, in_flight: bool) -> str:
    if in_flight:
        return "turn"
    if newest is None:
        return "waiting"
    return "failed" if newest.state in (TurnState.FAILED, TurnState.TIMED_OUT) else ""


def status_line(values: LineValues, width: int = WIDTH) -> str:
    """``● V2V 1.83s ▲+0.4 LLM 812ms ctx 34% n=17`` in at most ``width`` cells.

    For a slow turn the largest cause takes the place of the LLM time. When the line does not fit, parts are left out in
    this order: n, the context, Δ, the LLM time; at last the headline is cut with ``…``.
    """
    width = min(width, WIDTH)
    glyph = {"turn": "◐", "failed": "✗", "waiting": "○"}.get(values.state, "●")
    if values.headline_ms is None and values.n == 0:
        return _cut(f"{glyph} no turns yet" if values.state != "turn" else f"{glyph} first turn", width)
    head = f"{glyph} {values.span} {duration(values.headline_ms)}"
    parts = [_delta(values.delta_ms)]
    parts.append(values.cause or (f"LLM {duration(values.llm_ms)}" if values.llm_ms is not None else ""))
    parts.append(f"ctx {MISSING if values.fill is None else f'{values.fill * 100:.0f}%'}")
    parts.append(f"n={values.n}")
    for omitted in ((), (3,), (2, 3), (0, 2, 3), (0, 1, 2, 3)):
        text = " ".join([head, *(part for index, part in enumerate(parts) if part and index not in omitted)])
        if len(text) <= width:
            return text
    return _cut(head, width)


def _delta(ms: float | None) -> str:
    if ms is None or abs(ms) < NOTABLE_MS:
        return ""
    return f"▲+{ms / 1000:.1f}" if ms > 0 else f"▼-{-ms / 1000:.1f}"


def _cut(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: max(width - 1, 0)] + "…" if width > 0 else ""
