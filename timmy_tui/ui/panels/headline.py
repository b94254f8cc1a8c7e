"""The headline, and the turn in flight."""

from timmy_tui.core.formatting import MISSING, duration, percent
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.stages import CRITICAL, HOPS, UNATTRIBUTED, V2V, label
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.ui.charts.waterfall import hops_untrue
from timmy_tui.ui.paint.lines import Line, as_many, cells, foreign, line, spread
from timmy_tui.ui.paint.wording import ago, finding_role, finding_words, signed, stage_name
from timmy_tui.ui.view import View

FEW = 20
"""A p95 over fewer turns is grey: it is the largest value or close to it."""


def headline_line(view: View, width: int) -> Line:
    """How long, what took most of it, against what is usual."""
    parts = [_badge(view), *_frozen(view), *_largest(view, width), *_level(view), *_usual(view.snapshot)]
    last = view.newest_turn
    when = last.ended if last else None
    tail = line((f"{ago(view.now - when)} ago", "muted")) if when is not None else ()
    return spread(as_many(parts, width - cells(tail) - 1), tail, width)


def _badge(view: View) -> Line:
    headline = view.snapshot.headline
    name = headline.key if headline else V2V
    newest = view.newest_turn
    failed = newest is not None and newest.state in (TurnState.FAILED, TurnState.TIMED_OUT)
    figure = duration(headline.last) if headline else MISSING
    worse = any(finding.direction == "slower" and not finding.acknowledged for finding in view.findings)
    glyph, role = (view.glyphs.fail, "bad") if failed else (view.glyphs.ok, "good")
    if headline is None:
        glyph, role = view.glyphs.none, "muted"
    elif worse and not failed:
        glyph, role = view.glyphs.up, "bad"
    word = line((f" {str(newest.state).replace('_', ' ')}", "bad")) if failed and newest else ()
    return (*line((f"{glyph} ", role), (f"{name} {figure}", "headline")), *word)


def _frozen(view: View) -> list[Line]:
    if view.newest is None:
        return []
    now = view.newest.headline
    live = f" now {duration(now.last)}" if now and view.missed else ""
    return [line((f" FROZEN +{view.missed} turn{'' if view.missed == 1 else 's'} ", "frozen"), (live, "value"))]


def largest_part(turn: Turn) -> tuple[str, float] | None:
    """The critical stage, or the unattributed time, that took most of a turn; never a hop that the clocks made up."""
    left_out = HOPS if hops_untrue(turn) else ()
    parts = [(key, turn.stages.get(key)) for key in CRITICAL if key not in left_out]
    parts.append((UNATTRIBUTED, turn.unattributed_ms))
    known = [(key, ms) for key, ms in parts if ms is not None]
    return max(known, key=lambda part: part[1], default=None)


def _largest(view: View, width: int) -> list[Line]:
    part = largest_part(view.last) if view.last else None
    if part is None or view.last is None:
        return []
    key, ms = part
    whole = view.last.headline_ms
    portion = percent(ms / whole) if whole else MISSING
    return [line(("largest " if width >= 56 else "", "muted"), (f"{label(key)} {duration(ms)} {portion}", "value"))]


def _level(view: View) -> list[Line]:
    """The worst finding by name, else Δ of the newest turn."""
    if view.findings:
        worst = max(view.findings, key=lambda f: (f.direction == "slower", abs(f.after_ms - f.before_ms)))
        return [line((f"{finding_words(worst, view.glyphs, 16)} {stage_name(worst.stage)}", finding_role(worst)))]
    headline = view.snapshot.headline
    text = signed(headline.delta if headline else None, view.glyphs)
    return [line((text, "muted"))] if text else []


def _usual(snapshot: Snapshot) -> list[Line]:
    row = snapshot.headline
    if row is None:
        return []
    p95 = "faint" if row.n < FEW else "text"
    return [
        line((f"p50·{snapshot.window}t ", "muted"), duration(row.p50)),
        line(("p95 ", "muted"), (duration(row.p95), p95)),
        line((f"n {row.n}", "muted")),
    ]


def flight_line(view: View, width: int) -> Line:
    """The phase that runs now with its clock and its usual time; the counts when nothing runs."""
    open_turn = view.snapshot.open_turn
    if open_turn is None:
        return as_many(_idle(view), width)
    running = max(0.0, view.tick - open_turn.phase_since) * 1000
    usual = next((row for row in view.snapshot.stages if row.key == open_turn.phase), None)
    late = usual is not None and usual.p95 is not None and usual.n >= 5 and running > usual.p95
    spin = view.glyphs.spin[int(view.tick * 4) % len(view.glyphs.spin)]
    name = label(open_turn.phase) if open_turn.phase else "waiting"
    parts = [line((f"{spin} ", "info"), (f"{name} {_running(running)}", "warn" if late else "value"))]
    if late:
        parts[0] = (*parts[0], (" late", "warn"))
    if usual is not None and usual.p50 is not None:
        parts.append(line((f"usual {duration(usual.p50)}", "muted")))
    parts.append(line((f"turn {_running(_so_far(open_turn, view.tick))}", "text")))
    start = as_many(parts, width)
    said = open_turn.turn.text
    room = width - cells(start) - 2
    return (*start, ("  ", "text"), (foreign(said, room), "quote")) if said and room >= 10 else start


def _so_far(open_turn: OpenTurn, tick: float) -> float:
    """ms since the speech ended, as far as the pause setting tells."""
    pause = open_turn.turn.pause_threshold or 0.0
    return (max(0.0, tick - open_turn.since) + pause) * 1000


def _running(ms: float) -> str:
    """A ticking clock: tenths of a second, so that it changes four times a second at most and never jitters."""
    return f"{ms / 1000:.1f}s"


def _idle(view: View) -> list[Line]:
    counts = view.snapshot.counts
    if not view.turns:
        return [line(("waiting for the first turn", "muted"))]
    parts = [line(("idle", "muted")), line((f"{counts.complete} turns", "muted"))]
    for number, word, role in (
        (counts.failed, "failed", "bad"),
        (counts.timed_out, "timed out", "bad"),
        (counts.aborted, "aborted", "warn"),
        (counts.lone_pauses, "lone pauses", "muted"),
    ):
        if number:
            parts.append(line((f"{number} {word}", role)))
    return parts
