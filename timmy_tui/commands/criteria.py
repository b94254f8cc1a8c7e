"""``timmy-tui criteria``: the guide's criteria with their live values, as screen 4 shows them."""

import time
from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.bootstrap.startup import find_timmy
from timmy_tui.commands.shared.named_turns import read_numbered
from timmy_tui.commands.shared.options import (
    LogOptions,
    json_option,
    kept_rates,
    known_flags,
    log_option,
    machine_option,
    root_option,
    settings_option,
    takes,
)
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import plural
from timmy_tui.core.output import say_json, say_lines
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.llm import LlmState, OllamaFacts
from timmy_tui.model.turn import Epoch
from timmy_tui.report.words.llm import value_words, verdict_words

if TYPE_CHECKING:
    from timmy_tui.sources.timmy import Timmy

WIDTH = 80
"""Columns of a terminal that nobody made wider."""
_INDENT = " " * 12
"""Behind the longest verdict, and two columns."""


class CriteriaOptions(LogOptions, frozen=True, kw_only=True):
    """Whether Ollama is asked, and how the criteria are printed."""

    no_services: bool
    as_json: bool


@click.command()
@root_option
@settings_option
@log_option
@machine_option
@click.option("--no-services", is_flag=True, help="Ask nothing of Ollama; with --log nothing is asked anyway.")
@json_option
@takes(CriteriaOptions)
def criteria(options: CriteriaOptions) -> None:
    """Print every criterion of the KV cache guide with its value now: pass, fail, misleading, or not judged and why.

    They are judged on the running epoch, the turns since v34 started or a flag changed, against the epoch before.

    Exit code: 0 when they were printed, whatever they say: a criterion of the guide that fails is no fault of yours.
    1 when nothing could be read. To act on one, use --json.
    """
    state, epochs = _judged(options)
    if options.as_json:
        say_json(_object(state, epochs))
        return
    say_lines(_lines(state, epochs))


def _judged(options: CriteriaOptions) -> tuple[LlmState, tuple[Epoch, ...]]:
    """The state of the model and the epochs, from the analyzer that the dashboard has, fed as after its start."""
    from timmy_tui.bootstrap.ollama_facts import ask_ollama, facts_of_log
    from timmy_tui.bootstrap.wiring import make_analyzer
    from timmy_tui.pipeline.snapshot_builder import MAX_BACKLOG_JUDGED
    from timmy_tui.turns.running_model import running_model

    reading = read_numbered(options)
    turns = reading.turns[-MAX_BACKLOG_JUDGED:]
    timmy: Timmy | None = None if options.logs else find_timmy(options)
    now = time.time()
    facts: OllamaFacts | None = None
    if timmy is not None:
        running = running_model(turns, reading.restarted)
        facts = facts_of_log(timmy) if options.no_services else ask_ollama(timmy, now, running)
    known = known_flags(options)
    analyzer = make_analyzer(timmy.services.model if timmy is not None else None, known_flags=lambda: known)
    analyzer.remember(kept_rates(options))
    for turn in turns:
        analyzer.add(turn, facts)
    state = analyzer.llm(facts, now)
    assert state is not None
    return state, analyzer.epochs


def _lines(state: LlmState, epochs: tuple[Epoch, ...]) -> Iterator[str]:
    yield from _epoch_lines(epochs)
    yield from wrap(f"{'Ollama':8}{_server_words(state.facts)}", WIDTH, subsequent_indent=" " * 8)
    group, notes = "", set()
    for item in state.criteria:
        if item.group != group:
            group = item.group
            yield ""
            yield f"== {group}"
        joint = ", " if item.because else ": "
        words = f"{verdict_words(item):{len(_INDENT)}}{item.label}{joint}{value_words(item)}"
        yield from wrap(words, WIDTH, subsequent_indent=_INDENT)
        if item.note and item.note not in notes:
            notes.add(item.note)
            yield from wrap(f"({item.note})", WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _epoch_lines(epochs: tuple[Epoch, ...]) -> Iterator[str]:
    if not epochs:
        yield "no turns in these logs: nothing is judged"
        return
    for name, epoch in zip(("now", "before"), epochs[:-3:-1], strict=False):
        words = clean(f"{name:8}epoch {epoch.number}, {plural(epoch.turns, 'turn')}: {epoch_words(epoch)}")
        yield from wrap(words, WIDTH, subsequent_indent=" " * 8)


def _server_words(facts: OllamaFacts | None) -> str:
    """What it said: the version decides what its counts mean."""
    unknown = "its counts are read like those of 0.12.7 and later"
    if facts is not None and facts.reachable is False:
        return clean(f"does not answer ({facts.problem}){'' if facts.version else f': {unknown}'}")
    if facts is None or (facts.reachable is None and not facts.version):
        return f"not asked: {unknown}"
    return clean(f"{facts.version or 'of unknown version'}{f', {facts.model}' if facts.model else ''}")


def _object(state: LlmState, epochs: tuple[Epoch, ...]) -> dict[str, Any]:
    facts = state.facts
    return {
        "schema": "timmy-tui.criteria/1",
        "epoch": _epoch_object(epochs[-1]) if epochs else None,
        "before": _epoch_object(epochs[-2]) if len(epochs) > 1 else None,
        "ollama_version": None if facts is None else facts.version,
        "criteria": state.criteria,
    }


def _epoch_object(epoch: Epoch) -> dict[str, Any]:
    return {"number": epoch.number, "session_id": epoch.session_id, "turns": epoch.turns, "reason": epoch_words(epoch)}
