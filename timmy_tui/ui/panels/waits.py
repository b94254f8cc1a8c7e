"""Settings that make the user wait, and what they really cost: a setting is not what was waited."""

from collections.abc import Iterator

from timmy_tui.core.formatting import MISSING, ago, duration, plural
from timmy_tui.model.snapshot import PassBound
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import STAGES, Stage
from timmy_tui.ui.paint.lines import Line, left, line, right
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.view import View

LOADED_MS = 500.0
"""A longer load than this was one of the model, not the 95 ms of a model that is in memory."""
NOT_KNOWN = "longer, by how much is not known"


def wait_lines(view: View, width: int) -> list[Line]:
    """One row for each setting; empty before the first turn, and where what it costs is not known."""
    if not view.turns or not watched().is_built_in:
        return []
    meaning = 40 if width >= 110 else 0
    rows = [line(("  " + left("setting", 7 + meaning) + right("set", 7) + "  really waited", "title"))]
    settings = [stage for stage in STAGES if stage.owner == "setting"]
    rows += [_row((stage.label, stage.meaning), _set(stage, view), _waited(stage, view), meaning) for stage in settings]
    rows.append(_row(("LLM", "the model kept in memory (keep_alive)"), MISSING, _loads(view), meaning))
    return [title("settings, and what they really cost", width, view), *rows]


def _row(names: tuple[str, str], setting: str, waited: Iterator[tuple[str, str]], meaning: int) -> Line:
    label, text = names
    head = line((f"  {left(label, 7)}", "label"), (left(text.split(";")[0], meaning), "muted"))
    return (*head, *line(right(setting, 7), "  ", *waited))


def _set(stage: Stage, view: View) -> str:
    if stage.sleep_ms is not None:
        return duration(stage.sleep_ms)
    newest = next((ms for turn in reversed(view.turns) if (ms := turn.stages.get(stage.key)) is not None), None)
    return duration(newest)


def _waited(stage: Stage, view: View) -> Iterator[tuple[str, str]]:
    if stage.sleep_ms is None:
        yield from wait_words(view.snapshot.pass_bound)
        return
    row = next((row for row in view.snapshot.stages if row.key == stage.key), None)
    if row is None or row.p50 is None:
        yield MISSING, "muted"
        return
    yield f"p50 {duration(row.p50)}", "value"
    yield f"  n {row.n}", "muted"


def wait_words(bound: PassBound | None) -> Iterator[tuple[str, str]]:
    """The wait before a turn: ``≥ 0.74s  a pass of STT takes ≥ 180ms, from 412 pauses``."""
    if bound is None:
        yield NOT_KNOWN, "muted"
        return
    yield f"≥ {bound.waited_s:.2f}s", "value"
    pass_ms = 10 * int(100 * bound.pass_s)
    yield f"  a pass of STT takes ≥ {pass_ms}ms, from {bound.pauses} pauses; assumes upstream's STT loop", "muted"


def _loads(view: View) -> Iterator[tuple[str, str]]:
    loads = [turn.load_ms for turn in view.turns if turn.load_ms is not None]
    waited = [ms for ms in loads if ms > LOADED_MS]
    if not loads:
        yield "no log tells how long a load took", "muted"
    elif waited:
        yield f"a load in {len(waited)} of {plural(len(loads), 'turn')}, longest {duration(max(waited))}", "warn"
    else:
        yield f"no load in {plural(len(loads), 'turn')}", "value"
    facts = view.snapshot.llm.facts if view.snapshot.llm else None
    if facts is not None and facts.expires is not None and facts.expires != float("inf"):
        yield f"  unloads in {ago(facts.expires - view.now)} without a turn", "muted"
