"""``timmy-tui mark`` and ``timmy-tui history``: what outlives the logs."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.bootstrap.startup import find_timmy
from timmy_tui.commands.shared.named_turns import open_history, turn_named
from timmy_tui.commands.shared.options import (
    LogOptions,
    json_option,
    only_log_option,
    root_option,
    settings_option,
    takes,
)
from timmy_tui.core.errors import NotFound
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import count, duration, local_time
from timmy_tui.core.output import say, say_json
from timmy_tui.core.settings import state_path
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import logs_of, named_logs, read_logs
from timmy_tui.sources.timmy import Timmy
from timmy_tui.storage.history import History
from timmy_tui.storage.learned_noise import session_noise

if TYPE_CHECKING:
    from timmy_tui.analysis.stats.session_noise import SessionNoise


MINUTE = "%Y-%m-%d %H:%M"


def known_noise(timmy: Timmy) -> "SessionNoise | None":
    """The session noise that the history shows; None without a history, which is not created."""
    if not timmy.settings.history.enabled or not (state_path() / "history.db").exists():
        return None
    with open_history(timmy) as history:
        return session_noise(history)


class MarkOptions(LogOptions, frozen=True, kw_only=True):
    """Which turn, which mark, and why."""

    turn: str
    quality: str
    note: str
    yes: bool


@click.command()
@root_option
@settings_option
@only_log_option
@click.argument("turn")
@click.argument("quality", type=click.Choice(["good", "bad", "none"]))
@click.option("--note", default="", help="Why, in your words.")
@click.option("--yes", is_flag=True, help="Do not ask, where numbers are places in the logs.")
@takes(MarkOptions)
def mark(options: MarkOptions) -> None:
    """Mark a turn good or bad; the same mark again, or none, removes it. TURN is its number or its id.

    With --log, or where the settings turn the history off, numbers are places in those logs, and change with them: then
    the command says which turn it takes, and asks.
    """
    timmy = find_timmy(options)
    quality = "" if options.quality == "none" else options.quality
    by_place = bool(options.logs) or not timmy.settings.history.enabled
    read = _turns_of_logs(timmy, options.logs, by_place)
    if by_place:
        turn = turn_named(read, options.turn)
        _confirm(turn, quality or "not marked", options.yes)
    with open_history(timmy) as history:
        # A turn that no dashboard has seen yet is in the logs.
        stored = history.store([turn] if by_place else read, read).turns
        known = stored.get(turn.ordinal) if by_place else turn_named(history.turns(), options.turn)
        if known is None or known.number is None:
            raise NotFound(f"turn {options.turn!r} is not over yet.", "Mark it when it is.")
        history.mark(known.number, quality, options.note)
        stored_mark = history.marks().get(known.number)
    name = clean(known.request_id) or "no id"
    say(f"turn {known.number} ({name}): {stored_mark.quality if stored_mark else 'not marked'}")


def _turns_of_logs(timmy: Timmy, named: Sequence[Path], needed: bool) -> tuple[Turn, ...]:
    """Turns of the named logs, else of Timmy's; without logs none, unless they are ``needed``: then NotFound."""
    try:
        logs = named_logs(named) if named else logs_of(timmy.installation)
    except NotFound:
        if needed:
            raise
        return ()
    return read_logs(logs, timmy.settings.tail, keep_events=False).turns


def _confirm(turn: Turn, quality: str, yes: bool) -> None:
    """Say which turn a place in the logs is, without what was said in it, and ask. Raises UsageError, Abort."""
    began = local_time(turn.started)
    name = clean(turn.request_id) or "no id"
    say(
        f"place {turn.number} in these logs: {name}, {began}, {turn.state}, {turn.span} {duration(turn.headline_ms)}, "
        f"prompt {count(turn.prompt_tokens)} tokens, output {count(turn.output_tokens)}",
        err=True,
    )
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(
            "with --log or without a history a number is a place in the logs: add --yes if this is the turn."
        )
    click.confirm(f"Is this the turn? It will be {quality}.", abort=True, err=True)


class HistoryOptions(LogOptions, frozen=True, kw_only=True):
    """Which days and logs are read, and how the result is printed."""

    days: float
    as_json: bool
    take_in: bool
    """Store the turns of the logs first."""
    turns: bool
    """List every turn."""


@click.command()
@root_option
@settings_option
@only_log_option
@click.option("--days", type=click.FloatRange(0, min_open=True), default=7.0, help="How many days to look back.")
@json_option
@click.option("--import", "take_in", is_flag=True, help="Read the logs (or --log FILE…) into the history first.")
@click.option("--turns", is_flag=True, help="List every turn too, oldest first.")
@takes(HistoryOptions)
def history(options: HistoryOptions) -> None:
    """Show the history: turns per day with their medians, marks, findings, changes and verdicts."""
    timmy = find_timmy(options)
    with open_history(timmy) as store:
        if options.take_in or options.logs:
            log_files = named_logs(options.logs) if options.logs else logs_of(timmy.installation)
            new = store.put_turns(read_logs(log_files, timmy.settings.tail, keep_events=False).turns)
            say(f"{new} new turns stored", err=True)
        since = time.time() - 86_400 * options.days
        summary = _summary(store, since)
        if options.turns:
            summary["turns"] = [_turn_row(turn) for turn in store.turns(since=since)]
        noise = session_noise(store)
    if options.as_json:
        summary["session_noise"] = {group: values._asdict() for group, values in noise.groups.items()}
        say_json(summary)
    else:
        _print_summary(summary, options.days)
        say(noise.describe_groups())


def _summary(store: History, since: float) -> dict[str, Any]:
    from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats

    by_day: dict[str, list[Any]] = {}
    day = ""
    for turn in store.turns(since=since):
        # A typed turn whose time is not known counts on the day of the turn before it.
        day = day if turn.started is None else local_time(turn.started, "%Y-%m-%d")
        if day:
            by_day.setdefault(day, []).append(turn)
    days = []
    for day, turns in by_day.items():
        headline = headline_stat(turns, len(turns))
        llm = next((row for row in stage_stats(turns, len(turns)) if row.key == "llm"), None)
        days.append(
            {
                "day": day,
                "turns": len(turns),
                "v2v_p50": headline.p50 if headline else None,
                "v2v_p95": headline.p95 if headline else None,
                "n": headline.n if headline else 0,
                "llm_p50": llm.p50 if llm else None,
            }
        )
    return {
        "schema": 2,
        "counts": store.counts(),
        "days": days,
        "marks": [{"number": number, **mark._asdict()} for number, mark in store.marks().items()],
        "findings": [{"at": at, "stage": finding.stage, "direction": finding.direction, "ratio": finding.ratio,
                      "ended": finding.ended}
                     for at, finding in store.findings() if at >= since],
        "changes": [{"at": at, "label": label, "state": state}
                    for _, at, label, state in store.changes() if at >= since],
        "verdicts": [{"at": at, "a": item.a, "b": item.b, "sentence": item.sentence}
                     for at, item in store.comparisons() if at >= since],
    }  # fmt: skip


def _print_summary(summary: dict[str, Any], days: float) -> None:
    counts = summary["counts"]
    say(", ".join(f"{number} {name}" for name, number in counts.items()))
    if not summary["days"]:
        say(f"no turns in the last {days:g} days")
    for day in summary["days"]:
        say(
            f"{day['day']}  {day['turns']:4} turns  V2V p50 {duration(day['v2v_p50'])} p95 {duration(day['v2v_p95'])} "
            f"n={day['n']}" + (f"  LLM p50 {duration(day['llm_p50'])}" if watched().is_built_in else "")
        )
    for row in summary.get("turns", ()):
        say(_turn_line(row))
    for mark in summary["marks"]:
        name = f"turn {mark['number']} {clean(mark['request_id'])}".rstrip()
        say(f"marked {mark['quality']}: {name} {clean(mark['note'])}".rstrip())
    for finding in summary["findings"]:
        state = f", {finding['ended']}" if finding["ended"] else ""
        level_change = f"{finding['stage']} {finding['direction']} ×{finding['ratio']:.2f}"
        say(f"{local_time(finding['at'], MINUTE)}  {level_change}{state}")
    for change in summary["changes"]:
        say(f"{local_time(change['at'], MINUTE)}  {clean(change['label'])}: {clean(change['state'])}")
    for verdict in summary["verdicts"]:
        at = local_time(verdict["at"], MINUTE)
        say(f"{at}  {verdict['b']} against {verdict['a']}: {clean(verdict['sentence'])}")


def _turn_row(turn: Turn) -> dict[str, Any]:
    return {
        "number": turn.number,
        "request_id": turn.request_id,
        "typed": turn.typed,
        "started": turn.started,
        "state": str(turn.state),
        "span": str(turn.span),
        "headline_ms": turn.headline_ms,
    }


def _turn_line(row: dict[str, Any]) -> str:
    began = local_time(row["started"])
    kind = clean(row["request_id"]) or ("typed" if row["typed"] else "no id")
    return f"{row['number']:6}  {began:19}  {kind:9} {row['state']:9} {row['span']} {duration(row['headline_ms'])}"
