"""The headline, and the turn in flight."""

from msgspec.structs import replace

from timmy_tui.core.formatting import MISSING, ago, duration, percent, plural, signed_duration
from timmy_tui.model.judgement import Finding
from timmy_tui.model.snapshot import OpenTurn, Snapshot, StageStat
from timmy_tui.model.stages.watched import SETTINGS, UNATTRIBUTED, V2V, label, parts_of_headline
from timmy_tui.model.turn import NOT_COMPLETED, Turn, TurnState
from timmy_tui.report.status_line.line import MEDIAN
from timmy_tui.report.words.findings import turns_of
from timmy_tui.ui.activity import is_listening
from timmy_tui.ui.charts.waterfall import LEAST_OVER_MS, is_off
from timmy_tui.ui.paint.lines import Line, cells, foreign, join_fitting, line, plain, spread
from timmy_tui.ui.paint.wording import (
    EQUAL_WORK,
    change_of,
    change_words,
    clock_time,
    finding_role,
    part_name,
    reason_words,
    signed,
    stage_name,
)
from timmy_tui.ui.panels.facts import frozen_words
from timmy_tui.ui.view import View, index_from

FEW = 20
"""Below this number of turns a p95 is grey: it is (almost) the largest value."""
AGE_STEPS_FROM_S, AGE_STEP_S = 10.0, 5.0
NARROW = 50
"""Width in cells below which a finding has room for its stage and its ms."""
SHORT_CHANGE = 14
"""Cells of ``▲+240ms ×5.2``, without the levels."""


def headline_line(view: View, width: int) -> Line:
    """The newest spoken turn's time, its largest part, and the usual time. Mark, figures and age are of one turn."""
    parts = [_badge(view), *_frozen(view), *_level_first(view, width), *usual_parts(view.snapshot)]
    turn = view.headline_turn
    ended = turn.ended if turn else None
    tail = line((f"{ago(in_steps(view.now - ended))} ago", "muted")) if ended is not None else ()
    return spread(join_fitting(parts, width - cells(tail) - 1), tail, width)


def in_steps(age_s: float) -> float:
    """From ten seconds on an age goes by fives: each step sends the whole row, 580 bytes at 120 columns."""
    return age_s if age_s < AGE_STEPS_FROM_S else age_s // AGE_STEP_S * AGE_STEP_S


def _level_first(view: View, width: int) -> list[Line]:
    """A finding takes the place of the largest part, which the skyline and the rows show: it is what an eye is for."""
    level = _level(view, width)
    if view.leading is None:
        return [*_largest(view, width), *level]
    if width >= NARROW:
        return level
    change = change_of(view.leading)
    moved = change_words(change, view.glyphs, SHORT_CHANGE)[1:].split(" ")[0]
    return [line((f"{stage_name(view.leading.stage)} {moved}", finding_role(view.leading)))]


def says_finding(view: View, width: int) -> bool:
    """The headline has the leading finding, whole."""
    return view.leading is not None and plain(_level(view, width)[0]) in plain(headline_line(view, width))


def _badge(view: View) -> Line:
    turn, headline = view.headline_turn, view.snapshot.headline
    if turn is not None and turn.state in NOT_COMPLETED:
        reason = f": {foreign(turn.reason, 40)}" if turn.reason else ""
        return line((f"{view.glyphs.fail} {turn.state.words}", "bad"), (reason, "muted"))
    if headline is None or turn is None:
        return line((f"{view.glyphs.none} ", "muted"), (f"{V2V} {MISSING}", "headline"))
    slower = view.leading is not None and not view.leading.acknowledged
    glyph, role = (view.glyphs.up, "slower") if slower else (view.glyphs.ok, "good")
    why = turn.unmeasured.get(V2V, "") if headline.last is None else ""
    return (
        *line((f"{glyph} ", role), (f"{headline.key} {headline_words(turn, headline.last)}", "headline")),
        *(line((f" {reason_words(why, 24)}", "muted")) if why else ()),
    )


def headline_words(turn: Turn, ms: float | None) -> str:
    """``≥3.11s``: the length of a turn's span, and whether it is a lower bound."""
    return duration(ms, "≥" if turn.is_lower_bound else "")


def _frozen(view: View) -> list[Line]:
    newest = view.live_snapshot.headline if view.live_snapshot is not None else None
    live = f" now {duration(newest.last)}" if newest and view.missed else ""
    return [(*words, (live, "value")) for words in frozen_words(view)]


def largest_part(turn: Turn) -> tuple[str, float] | None:
    """The largest critical stage of a turn, its network both ways, or its unattributed time.

    None as well where the whole is unknown: then the largest may be among what is.
    """
    if V2V in turn.unmeasured:
        return None
    parts = list(parts_of_headline(turn.stages))
    if turn.unattributed_ms is not None:
        parts.append((UNATTRIBUTED, turn.unattributed_ms))
    return max(parts, key=lambda part: part[1], default=None)


def _largest(view: View, width: int) -> list[Line]:
    turn = view.headline_turn
    part = largest_part(turn) if turn is not None and turn.state is TurnState.COMPLETE else None
    if part is None or turn is None:
        return []
    key, ms = part
    portion = percent(ms / turn.headline_ms) if turn.headline_ms else MISSING
    return [line(("largest " if width >= 56 else "", "muted"), (f"{part_name(key)} {duration(ms)} {portion}", "value"))]


def _level(view: View, width: int) -> list[Line]:
    """The leading finding: stage, ms, since when; without one, how far the turn is over its usual."""
    finding = view.leading
    if finding is not None:
        words = change_words(change_of(finding), view.glyphs, SHORT_CHANGE)
        name = stage_name(finding.stage)
        first = next((turn for turn in view.turns if turn.ordinal == finding.since), None)
        at = clock_time(first.started)[:5] if first is not None and first.started is not None else ""
        back = turns_since(view, finding)
        turns = plural(back, "turn")
        since = f" since {at} {view.glyphs.point} {turns}" if at.strip() and width >= 100 else f" {back}t ago"
        return [line((f"{words[:1]} {name} {words[1:]}", finding_role(finding)), (since, "muted"))]
    headline = view.snapshot.headline
    if view.excess_ms is not None:
        text, against = _over_usual(view, view.excess_ms), f" {EQUAL_WORK}" if width >= 100 else ""
    else:
        text, against = signed(headline.delta if headline else None, view.glyphs), f"/{MEDIAN}"
    return [line((f"{text}{against}", "muted"))] if text else []


def _over_usual(view: View, excess_ms: float) -> str:
    """How far the turn is off its usual; with an arrow only what is more than its ordinary variation."""
    last = view.snapshot.headline.last if view.snapshot.headline is not None else None
    if abs(excess_ms) < LEAST_OVER_MS:
        return "as usual"  # The sentence on the turn has the same words.
    is_ordinary = last is not None and not is_off(abs(excess_ms), last - excess_ms)
    return signed_duration(excess_ms) if is_ordinary else signed(excess_ms, view.glyphs)


def turns_since(view: View, finding: Finding) -> int:
    """Turns since it began, as the skyline has columns: typed turns too. Its own, once its first turn is gone.

    Of one that has ended those that it lasted. The one count of the screen: no list has another.
    """
    at = index_from(view.turns, finding.since)
    if finding.ended:
        return turns_of(finding)
    return len(view.turns) - at if at else max(finding.n, len(view.turns) if at == 0 else 0)


def with_count(view: View, finding: Finding) -> Finding:
    """The finding with that count in the place of the detector's, which counts what it could judge."""
    return replace(finding, n=turns_since(view, finding))


def usual_parts(snapshot: Snapshot) -> list[Line]:
    """p50, p95 and their n."""
    row = snapshot.headline
    if row is None:
        return []
    if row.n < 2:
        # Both would only say the headline again.
        return [line((f"n {row.n}", "muted"))]
    p95 = "faint" if row.n < FEW else "text"
    parts = [
        line((f"p50·{snapshot.window}t ", "muted"), duration(row.p50)),
        line(("p95 ", "muted"), (duration(row.p95), p95)),
    ]
    # Of a full window the number of turns stands there already.
    return [*parts, line((f"n {row.n}", "muted"))] if row.n != snapshot.window else parts


def flight_line(view: View, width: int, ahead: Line = ()) -> Line:
    """The current phase with its elapsed and its usual time; the counts when no turn is open.

    ``ahead``: what is said before it, as that the machine slept.
    """
    if ahead:
        return join_fitting([ahead, flight_line(view, width - cells(ahead) - 2)], width)
    open_turn = view.snapshot.open_turn
    if open_turn is None:
        return join_fitting(_idle(view), width)
    spin = view.glyphs.spin[int(view.tick * 4) % len(view.glyphs.spin)]
    first, *others = flight_parts(view)
    start = join_fitting([(*line((f"{spin} ", "info")), *first), *others], width)
    text = open_turn.turn.text
    available = width - cells(start) - 2
    return (*start, ("  ", "text"), (foreign(text, available), "quote")) if text and available >= 10 else start


def flight_parts(view: View) -> list[Line]:
    """``LLM 1.2s late``, ``usual 812ms``, ``turn 2.3s`` of the turn in flight; empty without one."""
    open_turn = view.snapshot.open_turn
    if open_turn is None:
        return []
    elapsed_ms, usual, late = _phase_ms(view, open_turn), _usual_of_phase(view, open_turn), is_late(view)
    name = label(open_turn.phase) if open_turn.phase else "waiting"
    parts = [line((f"{name} {_seconds(elapsed_ms)}", "warn" if late else "value"))]
    if late:
        parts[0] = (*parts[0], (" late", "warn"))
    if usual is not None and usual.p50 is not None:
        parts.append(line((f"usual {duration(usual.p50)}", "muted")))
    parts.append(line((f"turn {_seconds(_turn_elapsed_ms(open_turn, view.tick))}", "text")))
    return parts


def is_late(view: View) -> bool:
    """The turn in flight has been in its phase for longer than nearly all others were."""
    open_turn = view.snapshot.open_turn
    usual = _usual_of_phase(view, open_turn) if open_turn is not None else None
    if open_turn is None or usual is None or usual.p95 is None:
        return False
    return usual.n >= 5 and _phase_ms(view, open_turn) > usual.p95


def _phase_ms(view: View, open_turn: OpenTurn) -> float:
    return max(0.0, view.tick - open_turn.phase_since) * 1000


def _usual_of_phase(view: View, open_turn: OpenTurn) -> StageStat | None:
    return next((row for row in view.snapshot.stages if row.key == open_turn.phase), None)


def _turn_elapsed_ms(open_turn: OpenTurn, tick: float) -> float:
    """ms since the speech ended: since the first event, plus the silence before it."""
    waited_ms = sum(open_turn.turn.stages.get(key) or 0.0 for key in SETTINGS)
    return max(0.0, tick - open_turn.since) * 1000 + waited_ms


def _seconds(ms: float) -> str:
    """Elapsed time with one decimal; finer steps would jitter, as the screen repaints four times a second."""
    return f"{ms / 1000:.1f}s"


def _idle(view: View) -> list[Line]:
    """``listening``, the turns that are over, of those the ones that came to nothing, ``84 pauses/min``."""
    counts = view.snapshot.counts
    listening = view.snapshot.listening
    listens = listening.per_minute is not None and is_listening(view.snapshot, view.tick)
    wrong = ((counts.failed, "failed"), (counts.timed_out, "timed out"), (counts.aborted, "aborted"))
    turns = plural(counts.complete + sum(number for number, _ in wrong), "turn")
    # How often STT wrote a pause without text is the least news of all.
    pauses = [line((f"{listening.per_minute:.0f} pauses/min", "muted"))] if listens else []
    if not view.turns:
        return [*_words("waiting for the first turn", *["listening"] * listens), *pauses]
    failed = [line((f"{number} {word}", "value")) for number, word in wrong if number]
    return [*_words("listening" if listens else "idle", turns), *failed, *pauses]


def _words(*texts: str) -> list[Line]:
    return [line((text, "muted")) for text in texts]
