"""The page of everything that has something to say, whole: what the count's key opens."""

from timmy_tui.core.formatting import local_time, plural
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.turn import Epoch
from timmy_tui.ui.paint.lines import Line, Row, foreign, line, plain, wrap, wrap_text
from timmy_tui.ui.paint.wording import diagnosis_words
from timmy_tui.ui.panels.facts import cache_parts, source_parts
from timmy_tui.ui.panels.failures import failure_parts
from timmy_tui.ui.panels.live.said import forecast_line
from timmy_tui.ui.view import View

STAMP = "%Y-%m-%d %H:%M"
"""Of what may have happened on another day."""
MOST_EPOCHS = 30


def said_rows(view: View, width: int) -> list[Row]:
    """Its rows, from the guided test to what began each epoch."""
    judgement = view.snapshot.judgement
    verdict = judgement.verdict if judgement is not None else None
    diagnosis = judgement.diagnosis if judgement is not None else None
    blocks: list[tuple[str, list[Line]]] = [
        ("failed turns", wrap(failure_parts(view), width - 2)),
        ("guided test", _words(view.trial.sentence, width) if view.trial is not None else []),
        ("verdict of the newest flip", _words(verdict.sentence, width) if verdict is not None else []),
        ("the newest turn", _words(diagnosis_words(diagnosis), width) if diagnosis is not None else []),
        ("context", _words(plain(forecast_line(view, 1000)).replace("context ", "", 1), width)),
        ("cache", wrap(_unnamed(cache_parts(view), "cache "), width - 2)),
        ("sources", wrap(source_parts(view), width - 2)),
        ("flags that moved, and restarts, newest first", _begun(view, width - 2)),
    ]
    rows: list[Row] = []
    for heading, texts in blocks:
        rows += [(line((heading, "title")), None)] * bool(texts)
        rows += [((("  ", "text"), *text), None) for text in texts]
    return rows


def _unnamed(parts: list[Line], name: str) -> list[Line]:
    """Without the name that the first part begins with: the heading above has it."""
    return [part[1:] if not at and part[0][0] == name else part for at, part in enumerate(parts)]


def _begun(view: View, width: int) -> list[Line]:
    """What began each of the newest epochs, and when."""
    begun = [epoch for epoch in reversed(view.snapshot.epochs) if epoch.changes or epoch.restarted]
    return [
        line((text, "muted" if at else "text"))
        for epoch in begun[:MOST_EPOCHS]
        for at, text in enumerate(wrap_text(_beginning(view, epoch), width))
    ]


def _beginning(view: View, epoch: Epoch) -> str:
    at, why = local_time(epoch.started, STAMP), foreign(epoch_words(epoch), 400)
    return f"{at}  {why}  from {view.turn_name(epoch.first)} on, {plural(epoch.turns, 'turn')}"


def _words(text: str, width: int) -> list[Line]:
    """A sentence, wrapped at its words."""
    return wrap((line((word, "text")) for word in foreign(text, 1000).split()), width - 2, " ")
