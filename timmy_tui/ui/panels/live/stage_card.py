"""What one stage row is: from which event to which, on whose clock, whose it is, what its usual is."""

from collections.abc import Iterator

from timmy_tui.core.formatting import MISSING, duration, percent
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import BY_KEY, HOPS, PARTS, SETTINGS, UNATTRIBUTED, Stage
from timmy_tui.ui.paint.lines import Line, Row, left, line, wrap
from timmy_tui.ui.paint.wording import change_words
from timmy_tui.ui.panels.against_usual import level_change, stage_ms, usual_ms
from timmy_tui.ui.view import View

OWNERS = {
    "setting": "a setting of yours, or a fixed sleep in the code: it changes when the setting does",
    "service": "the work of a service",
    "hop": "the network between two programs",
    "speech": "the length of the answer, as spoken",
    "none": "nobody's: it follows from the others",
}
CLOCKS = {
    "stt": "STT's clock",
    "v34": "v34's clock",
    "tts": "TTS's clock",
    "cross": "two clocks, one at each end",
    "ollama": "as Ollama reports it",
}
NAME = 10
"""Cells of what a line is of: at 40 columns the longest event, of 27, is whole behind it."""
UNNAMED = "what no event names: the time between one named stage and the next, summed over the turn"


def card_rows(key: str, view: View, width: int) -> list[Row]:
    """Rows of the page; ``key``: of a stage, or of the unattributed time."""
    stage = BY_KEY.get(key)
    pairs = [*(_of_stage(stage) if stage is not None else _of_rest()), *_figures(view, key)]
    rows: list[Line] = []
    for name, text in pairs:
        words = wrap([line((word, "text")) for word in text.split()], max(width - NAME - 2, 10), " ")
        rows += [line((left(name if not at else "", NAME), "label"), *part) for at, part in enumerate(words)]
    return [(row, None) for row in rows]


def _of_stage(stage: Stage) -> Iterator[tuple[str, str]]:
    yield "what", stage.meaning
    if stage.starts and stage.ends:
        yield "from", " or ".join(stage.starts)
        yield "to", " or ".join(stage.ends)
    elif stage.key in SETTINGS:
        yield "from", "the setting that its end carries, counted back from there"
        yield "to", " or ".join(stage.ends)
    elif stage.measured == "sum":
        yield "from", f"the sum of {' and '.join(BY_KEY[hop].label for hop in HOPS)}"
    yield "clock", CLOCKS.get(stage.clock, "the one clock of its log")
    code = "v34's own code" if watched().is_built_in else f"the code of {watched().title}"
    yield "whose", code if stage.owner == "code" else OWNERS[stage.owner]
    if stage.sleep_ms is not None:
        yield "fixed", f"{duration(stage.sleep_ms)} of it are a sleep in the code"
    if stage.covariates:
        yield "follows", ", ".join(one.work for one in stage.covariates)
    if parts := PARTS[stage.key]:
        yield "parts", "; ".join(f"{part}: {BY_KEY[part].meaning}" for part in parts)
    if stage.optional:
        yield "optional", "a turn may go without it: then it is skipped, not unmeasured"
    yield "in V2V", "yes" if stage.critical else "no: outside it, or a sum of what is inside"


def _of_rest() -> Iterator[tuple[str, str]]:
    yield "what", UNNAMED
    yield "from", "the end of a named stage"
    yield "to", "the beginning of the next"
    yield "whose", "nobody has named it; upstream's 414–936 ms of memory storage stood here unnoticed"
    yield "in V2V", "yes: with the named stages it sums to it"


def _figures(view: View, key: str) -> Iterator[tuple[str, str]]:
    turn = view.headline_turn
    ms = stage_ms(turn, key) if turn is not None else None
    if turn is not None:
        total = turn.headline_ms
        share = f", {percent(ms / total)} of the turn" if ms is not None and total and key in _INSIDE else ""
        usual = usual_ms(view, turn, key)
        yield "last turn", f"{duration(ms)}{share}; usual for its work {duration(usual)}"
    row = next((row for row in view.snapshot.stages if row.key == key), None)
    if row is not None and row.n:
        yield (
            "usual",
            (
                f"p50 {duration(row.p50)}, p95 {duration(row.p95)}, longest {duration(row.max)}, "
                f"n {row.n} of the newest {view.snapshot.window} complete turns"
            ),
        )
    change = level_change(view, key)
    if change is not None:
        words = change_words(change.words, view.glyphs, 80)
        since = view.turn_name(change.since)
        yield (
            "changed",
            f"{words}, since {since if MISSING not in since else 'before these turns'}, {change.turns} turns",
        )


_INSIDE = frozenset((*(key for key, stage in BY_KEY.items() if stage.critical), UNATTRIBUTED))
