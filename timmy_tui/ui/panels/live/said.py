"""The lines under the stage rows: whatever has something to say has a line of its own, and none hides another.

Finding, failed turns, guided test, verdict of a flip, diagnosis of the shown turn, context forecast, cache, sources,
running change, notice. Where there are not enough lines the least important are left out and counted, with the key that
shows them all.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.core.formatting import percent, plural
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn
from timmy_tui.report.words.findings import span_words
from timmy_tui.ui.charts.stack import NEARLY_FULL
from timmy_tui.ui.paint.lines import (
    Line,
    cells,
    fit,
    foreign,
    join_fitting,
    line,
    plain,
    spread,
    whole_parts,
)
from timmy_tui.ui.paint.wording import (
    EQUAL_WORK,
    change_of,
    change_words,
    finding_role,
    level_words,
    stage_name,
    tokens,
)
from timmy_tui.ui.panels.facts import (
    NARROW,
    UNDO,
    cache_line,
    change_line,
    notice_line,
    source_parts,
    sources_lines,
    trial_line,
)
from timmy_tui.ui.panels.failures import failures_line
from timmy_tui.ui.panels.headline import SHORT_CHANGE, says_finding, with_count
from timmy_tui.ui.panels.live.diagnosis_line import diagnosis_line
from timmy_tui.ui.panels.skyline.notes import verdict_words
from timmy_tui.ui.view import View

SOON_TURNS, FULL = 15, NEARLY_FULL
"""From here on the context window has something to say: so few turns left, or this share of it used."""
WIDE = 120
"""Cells. From this width on the sources may have three lines."""
COUNT_SHARE = 0.4
"""Of the last line is at most so much for what is left out."""
SOURCES, FINDING, FAILURES, VERDICT, LAST = "sources", "finding", "failures", "verdict", 10
URGENT = ("bad", "warn", "slower", "slower.slightly")
"""Roles of words that ask for a look."""


class Said(Struct, frozen=True):
    """One line and how much it matters."""

    text: Line
    rank: int
    """The lines of the highest rank are left out first."""
    name: str
    """What it tells of: so it is counted where it is left out."""


def said_lines(view: View, width: int, limit: int, turn: Turn | None = None) -> list[Line]:
    """At most ``limit`` lines in a fixed order; ``turn``: the one that the screen shows (default: the last)."""
    said = [one for one in _said(view, width, turn) if one.text]
    if len(said) > limit == 1:
        said = _without_twice(view, width, said)
    if len(said) <= limit:
        return [one.text for one in said]
    if limit <= 0:
        return []
    ranked = sorted(said, key=lambda one: one.rank)
    shown = sorted(ranked[:limit], key=said.index)
    lines = [one.text for one in shown]
    hidden = ranked[limit:]
    count = _count(view, hidden, width)
    last = lines[-1]
    if shown[-1].name == VERDICT:
        last = verdict_line(view, width - cells(count) - 1)  # Its key is at its end.
    if shown[-1].name == SOURCES:
        # Its own count would stand beside this one: those that are cut are counted here, with the others.
        parts = source_parts(view)
        last = join_fitting(parts, width - cells(count) - 1) or parts[0]
        if cells(last) < cells(join_fitting(parts, 10_000)):
            count = _count(view, [shown[-1], *hidden], width)
            last = join_fitting(parts, width - cells(count) - 1) or parts[0]
    lines[-1] = spread(whole_parts(last, width - cells(count) - 1), count, width)
    return lines


def _without_twice(view: View, width: int, said: list[Said]) -> list[Said]:
    """A finding that the headline has gives way: on a single line it hid the verdict, which is said nowhere else.

    Where there are more of them, that they are is still to be counted.
    """
    if not says_finding(view, width):
        return said
    others = len(view.findings) > 1
    return [replace(one, rank=LAST) if one.name == FINDING else one for one in said if one.name != FINDING or others]


def _count(view: View, hidden: Sequence[Said], width: int) -> Line:
    """``+context, cache i``: what is left out, the most important first, and the key that shows all of it.

    In the colour of a warning only where one of them is one.
    """
    names = list(dict.fromkeys(one.name for one in hidden))
    key = (view.keys.get("findings", "i"), "key")
    role = "warn" if any(span[1] in URGENT for one in hidden for span in one.text) else "muted"
    for number in range(len(names), 0, -1):
        more = f" and {len(names) - number} more" if number < len(names) else ""
        text = f"+{', '.join(names[:number])}{more} "
        if len(text) + 1 <= width * COUNT_SHARE:
            return line((text, role), key)
    return line((f"+{plural(len(names), 'line')} ", role), key)


def _said(view: View, width: int, turn: Turn | None) -> list[Said]:
    turn = turn if turn is not None else view.newest_turn
    key = ("said", width, turn.ordinal if turn is not None else -1, view.cursor_turn is not None)
    told = view.cached(key, lambda: _without_clocks(view, width, turn))
    finding, failures, verdict, forecast, (diagnosis, slow) = told
    trouble, trial = _has_trouble(view), view.trial
    lines = sources_lines(view, width, 1 if width < WIDE else 3)
    sources = [Said(text, 9 if not trouble else 8 if number else 3, SOURCES) for number, text in enumerate(lines)]
    test = trial_line(trial, view, width) if trial is not None and trial.phase != "done" else ()
    return [
        Said(finding, 2, FINDING),
        Said(failures, 3, FAILURES),
        Said(test, 4, "test"),
        Said(verdict, 4, VERDICT),
        Said(diagnosis, 5 if slow else 8, "this turn"),
        Said(forecast, 6, "context"),
        Said(cache_line(view, width), 7, "cache"),
        *sources,
        Said(change_line(view, width), 0, "change"),
        Said(notice_line(view, width), 1, "notice"),  # And what is said of a sleep, for its time.
    ]


def _without_clocks(view: View, width: int, turn: Turn | None) -> tuple[Line, Line, Line, Line, tuple[Line, bool]]:
    """What depends on snapshot and shown turn alone, in the order of the lines; made once for both."""
    return (
        finding_line(view, width),
        failures_line(view, width),
        verdict_line(view, width),
        forecast_line(view, width),
        diagnosis_line(view, width, turn),
    )


def _has_trouble(view: View) -> bool:
    return any(part[0][1] in ("bad", "warn") for part in source_parts(view))


def finding_line(view: View, width: int) -> Line:
    """The finding that leads, and how many more there are, with the key that lists them."""
    finding = view.leading
    if finding is None:
        return ()
    more = len(view.findings) - 1
    key = ((f"+{plural(more, 'finding')} ", "muted"), (view.keys.get("findings", "i"), "key")) if more else ()
    parts = finding_parts(view, finding)
    shown = join_fitting(parts, width - (cells(key) + 2 if key else 0)) or fit(parts[0], width)
    return (*shown, ("  ", "text"), *key) if key else shown


def finding_parts(view: View, finding: Finding) -> list[Line]:
    """``▲ RAG slower +41ms ×1.8``, the levels, and since when; the most important part first."""
    words = change_words(change_of(finding), view.glyphs, SHORT_CHANGE)
    since = view.turn_name(finding.since, finding.since_id)
    turns = span_words(with_count(view, finding))
    seen = " (seen)" if finding.acknowledged else ""
    each = " a turn" if finding.share is not None else ""
    level = f"{level_words(finding.before_ms, finding.after_ms)}{each}"
    if finding.adjusted_for:
        level = f"{level} {EQUAL_WORK}"
    name = f"{words[:1]} {stage_name(finding.stage)} {finding.direction} {words[1:]}"
    if finding.cause:
        name = f"{view.glyphs.up} {foreign(finding.cause, 90)}"
    return [
        line((name, finding_role(finding))),
        line((f"since {since}{seen}", "muted")),
        line((level, "text")),
        line((turns, "muted")),
    ]


def verdict_line(view: View, width: int) -> Line:
    """What the newest flip did, with the key that undoes it."""
    judgement = view.snapshot.judgement
    verdict = judgement.verdict if judgement is not None else None
    if verdict is None:
        return ()
    undo = (
        ()
        if view.read_only or verdict.wanted or verdict.undone
        else line(("  " + view.keys.get(UNDO, ""), "key"), " undo")
    )
    moved = foreign(changes_words(verdict.changes), 40) if verdict.changes else "verdict"
    available = max(width - len(plain(undo)), 0)
    if width < NARROW and verdict.changes:
        answer, rest = _answer(verdict)
        behind = foreign(f"{moved}{rest}", max(available - len(answer) - 2, 0))
        return (*line((f"{answer}: ", _outcome_role(verdict)), (behind, "muted")), *undo)
    head = f"{moved}: " if verdict.changes else f"{moved} "
    sentence = foreign(verdict.sentence, available - len(head))
    answer = verdict.outcome if verdict.outcome and sentence.startswith(verdict.outcome) else ""
    told = ((answer, _outcome_role(verdict)), (sentence.removeprefix(answer), "text" if answer else "info"))
    return (*line((head, "muted"), *told), *undo)


def _outcome_role(verdict: Comparison) -> str:
    """Of the answer: as the row of the stage that moved has it."""
    return {"helped": "good", "hurt": "bad"}.get(verdict.outcome, "info")


def _answer(verdict: Comparison) -> tuple[str, str]:
    """(what came of it, the figures behind that): where not all has room, the answer is ahead of the question."""
    if verdict.wanted:
        return foreign(verdict.sentence, 40), ""
    outcome = verdict.outcome or verdict_words(verdict)[0] or "verdict"
    return foreign(outcome, 40), f"; {verdict.sentence.removeprefix(outcome).lstrip(':, ')}"


def forecast_line(view: View, width: int) -> Line:
    """The context window, where it is nearly full or was; and what else the model's figures warn of."""
    llm = view.snapshot.llm
    context = llm.context if llm is not None else None
    parts: list[Line] = []
    if context is not None and context.fill is not None:
        left = context.turns_left
        if context.truncated and not (llm is not None and any("prompt was cut" in text for text in llm.warnings)):
            parts.append(line((f"{view.glyphs.warn} context: the newest prompt was cut", "bad")))
        elif not context.truncated and (context.fill >= FULL or (left is not None and left <= SOON_TURNS)):
            when = f", full in ≈{left} turns" if left is not None else ""
            role = "bad" if context.fill > 1 else "warn"
            text = f"{view.glyphs.warn} context {percent(context.fill)} of {tokens(context.window)}{when}"
            parts.append(line((text, role)))
            if context.growth is not None:
                parts.append(line((f"{context.growth:+.0f} tok a turn", "muted")))
    if llm is not None:
        for text in llm.warnings:
            role = "bad" if "prompt was cut" in text else "warn"
            parts.append(line((f"{view.glyphs.warn} {foreign(text, width - 2)}", role)))
    return join_fitting(parts, width) or (fit(parts[0], width) if parts else ())
