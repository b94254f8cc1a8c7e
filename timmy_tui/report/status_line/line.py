"""The status line: for tmux's status bar, and for a terminal too small for the dashboard."""

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.core.formatting import MISSING, ago, duration
from timmy_tui.model.stages.watched import label
from timmy_tui.model.stats import StageStat
from timmy_tui.model.turn import NOT_COMPLETED, Turn, newest_spoken

if TYPE_CHECKING:
    from timmy_tui.model.snapshot import Snapshot

WIDTH = 40
"""Most cells of the line."""
NOTABLE_MS = 50.0
"""A smaller change of the headline, or part of a slow turn, is not shown."""
MEDIAN = "p50"
"""What Δ is against where the usual at equal work is not known: without a dashboard, and at the start of one."""

BAD_WORDS = tuple(state.words for state in NOT_COMPLETED)
"""The same as the line writes them."""


class LineValues(Struct, frozen=True):
    """The figures of the line, all of one turn; None is unknown."""

    span: str
    """Name of the headline span."""
    headline_ms: float | None
    """None for a turn that did not complete."""
    delta_ms: float | None
    llm_ms: float | None
    fill: float | None
    """Used share of the context window; 1 is full."""
    n: int
    """Complete turns that Δ is computed from."""
    state: str = ""
    """``turn`` (one is in flight), ``failed``, ``timed out`` or ``aborted``, ``waiting`` (no turn yet), or empty."""
    cause: str = ""
    """Why the turn was slow; empty when it was not slow."""
    bound: bool = False
    """The headline is a lower bound."""
    age_s: float | None = None
    """How long ago the turn ended."""
    against: str = ""
    """``p50`` where Δ is against the median of the newest turns; empty: against the usual at equal work."""
    stale: bool = False
    """The newest line of the logs is so old that the figures say nothing of now."""


def line_values(snapshot: "Snapshot") -> LineValues:
    """The figures of a snapshot."""
    turn = newest_spoken(snapshot.turns)
    context = snapshot.llm.context if snapshot.llm else None
    arrivals = [source.newest for source in snapshot.sources if source.newest is not None]
    quiet_s = snapshot.taken - max(arrivals) if arrivals else 0.0
    values = turn_values(snapshot.headline, turn, context.fill if context else None)
    state = "turn" if snapshot.open_turn is not None else values.state
    excess = _excess(snapshot, turn)
    return replace(
        values,
        state=state,
        delta_ms=values.delta_ms if excess is None else excess,
        against=MEDIAN if excess is None else "",
        cause=_cause(snapshot, turn),
        age_s=age_of(turn, snapshot.taken),
        stale=quiet_s > snapshot.stale_s,
    )


def age_of(turn: Turn | None, now: float) -> float | None:
    """How long ago a turn ended; ``now``: time.time(). A clock ahead of ours gives 0."""
    return None if turn is None or turn.ended is None else max(now - turn.ended, 0.0)


def turn_values(headline: StageStat | None, turn: Turn | None, fill: float | None) -> LineValues:
    """The figures of one turn. ``headline``: the statistics of its span; ``fill``: of the context window."""
    return LineValues(
        span=headline.key if headline else "V2V",
        headline_ms=headline.last if headline else None,
        delta_ms=headline.delta if headline else None,
        llm_ms=turn.stages.get("llm") if turn is not None else None,
        fill=fill,
        n=headline.n if headline else 0,
        state="waiting" if turn is None else turn.state.words if turn.state in NOT_COMPLETED else "",
        bound=turn is not None and turn.is_lower_bound,
        against=MEDIAN,
    )


def _excess(snapshot: "Snapshot", turn: Turn | None) -> float | None:
    """How far the turn is over its usual, as everywhere else; None where that is not known."""
    diagnosis = snapshot.judgement.diagnosis if snapshot.judgement else None
    return diagnosis.excess_ms if diagnosis and turn is not None and diagnosis.ordinal == turn.ordinal else None


def _cause(snapshot: "Snapshot", turn: Turn | None) -> str:
    """The largest part of a slow turn's excess: ``STORE +410ms``; empty for a turn that was not slow."""
    diagnosis = snapshot.judgement.diagnosis if snapshot.judgement else None
    if diagnosis is None or not diagnosis.slow or turn is None or diagnosis.ordinal != turn.ordinal:
        return ""
    largest = max(diagnosis.contributions, key=lambda part: part.ms, default=None)
    if largest is None or largest.ms < NOTABLE_MS:
        return ""
    return f"{label(largest.stage)} +{duration(largest.ms)}"


def status_line(values: LineValues, width: int = WIDTH) -> str:
    """``● V2V ≥1.83s ▲+0.4 LLM 812ms ctx 34% 12s`` in at most ``width`` cells; the last part is the age.

    For a slow turn the largest cause takes the place of the LLM time; a turn that did not complete has its state in
    place of the headline. When the line does not fit, parts are left out in this order: n, the context, Δ, the LLM
    time, the age; at last the headline is cut with ``…``. Old figures begin with ``○`` and say their age first.
    """
    width = min(width, WIDTH)
    if values.headline_ms is None and values.n == 0 and values.state in ("turn", "waiting"):
        glyph = "◐" if values.state == "turn" else "○"
        return _cut(f"{glyph} no turns yet" if values.state != "turn" else f"{glyph} first turn", width)
    age = "" if values.age_s is None else ago(values.age_s)
    head = _head(values, age)
    parts = [_delta(values)]
    parts.append(values.cause or (f"LLM {duration(values.llm_ms)}" if values.llm_ms is not None else ""))
    parts.append(f"ctx {MISSING if values.fill is None else f'{values.fill * 100:.0f}%'}")
    parts += [f"n={values.n}", "" if values.stale else age]
    for omitted in ((), (3,), (2, 3), (0, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3, 4)):
        text = " ".join([head, *(part for index, part in enumerate(parts) if part and index not in omitted)])
        if len(text) <= width:
            return text
    return _cut(head, width)


def pane_title(values: LineValues) -> str:
    """``V2V ≥1.83s ▲``, for the title of a pane: it changes with a turn, and not while one is in flight."""
    if values.state in BAD_WORDS:
        return f"Timmy: {values.state}"
    if values.headline_ms is None:
        return "Timmy"
    moved = values.delta_ms is not None and abs(values.delta_ms) >= NOTABLE_MS
    sign = "" if not moved else " ▲" if (values.delta_ms or 0.0) > 0 else " ▼"
    return f"{'○ ' if values.stale else ''}{values.span} {_headline(values)}{sign}"


def _head(values: LineValues, age: str) -> str:
    if values.stale:
        return f"○ {age} old {values.span} {_headline(values)}"
    if values.state in ("turn", ""):
        return f"{'◐' if values.state else '●'} {values.span} {_headline(values)}"
    return f"✗ {values.state}"


def _headline(values: LineValues) -> str:
    return duration(values.headline_ms, "≥" if values.bound else "")


def _delta(values: LineValues) -> str:
    """``▲+0.4`` against the usual at equal work, ``▲+0.4/p50`` against the median: another meaning, and said."""
    ms = values.delta_ms
    if ms is None or abs(ms) < NOTABLE_MS:
        return ""
    text = f"▲+{ms / 1000:.1f}" if ms > 0 else f"▼-{-ms / 1000:.1f}"
    return f"{text}/{values.against}" if values.against else text


def _cut(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: max(width - 1, 0)] + "…" if width > 0 else ""
