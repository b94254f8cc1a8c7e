"""``timmy-tui mark`` and ``timmy-tui history``: what outlives the logs."""

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.options import LogOptions, json_option, log_option, root_option, settings_option, takes
from timmy_tui.core.errors import NotFound
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import state_dir
from timmy_tui.pipeline.read_logs import logs_of, named_logs, read_logs
from timmy_tui.sources.timmy import Timmy
from timmy_tui.storage.history import History
from timmy_tui.storage.learned_noise import session_noise

if TYPE_CHECKING:
    from timmy_tui.analysis.stats.session_noise import SessionNoise


def open_history(timmy: Timmy) -> History:
    """The history of this Timmy. A problem with its file is printed to stderr."""
    history = History(state_dir() / "history.db", str(timmy.root), timmy.settings.history.text)
    if history.warning:
        click.echo(f"timmy-tui: {history.warning}", err=True)
    return history


def known_noise(timmy: Timmy) -> "SessionNoise | None":
    """The session noise that the history shows; None without a history, which is not created."""
    if not timmy.settings.history.enabled or not (state_dir() / "history.db").exists():
        return None
    history = open_history(timmy)
    try:
        return session_noise(history)
    finally:
        history.close()


class MarkOptions(Place, frozen=True, kw_only=True):
    """Which turn, which mark, and why."""

    request_id: str
    quality: str
    note: str


@click.command()
@root_option
@settings_option
@click.argument("request_id")
@click.argument("quality", type=click.Choice(["good", "bad", "none"]))
@click.option("--note", default="", help="Why, in your words.")
@takes(MarkOptions)
def mark(options: MarkOptions) -> None:
    """Mark a turn good or bad; the same mark again, or none, removes it."""
    request_id, quality = options.request_id, options.quality
    timmy = find_timmy(options)
    history = open_history(timmy)
    try:
        # A turn that no dashboard has seen yet is in the logs.
        history.put_turns(read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns)
        turn = next((turn for turn in reversed(history.turns()) if turn.request_id == request_id), None)
        if turn is None:
            raise NotFound(f"no turn {request_id!r} in the history.", "timmy-tui report --tail 5 shows the newest ids.")
        history.mark(turn, "" if quality == "none" else quality, options.note)
        stored_mark = history.marks().get(request_id)
        click.echo(f"{clean(request_id)}: {stored_mark[0] if stored_mark else 'not marked'}")
    finally:
        history.close()


class HistoryOptions(LogOptions, frozen=True, kw_only=True):
    """Which days and logs are read, and how the result is printed."""

    days: float
    as_json: bool
    take_in: bool
    """Store the turns of the logs first."""


@click.command()
@root_option
@settings_option
@log_option
@click.option("--days", type=click.FloatRange(0, min_open=True), default=7.0, help="How many days to look back.")
@json_option
@click.option("--import", "take_in", is_flag=True, help="Read the logs (or --log FILE…) into the history first.")
@takes(HistoryOptions)
def history(options: HistoryOptions) -> None:
    """Show the history: turns per day with their medians, marks, findings, changes and verdicts."""
    timmy = find_timmy(options)
    store = open_history(timmy)
    try:
        if options.take_in or options.logs:
            log_files = named_logs(options.logs) if options.logs else logs_of(timmy.installation)
            new = store.put_turns(read_logs(log_files, timmy.settings.tail, keep_events=False).turns)
            click.echo(f"{new} new turns stored", err=True)
        summary = _summary(store, time.time() - 86_400 * options.days)
        noise = session_noise(store)
    finally:
        store.close()
    if options.as_json:
        summary["session_noise"] = {group: values._asdict() for group, values in noise.groups.items()}
        click.echo(json.dumps(summary, indent=1))
    else:
        _print_summary(summary, options.days)
        click.echo(noise.describe_groups())


def _summary(store: History, since: float) -> dict[str, Any]:
    from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats

    by_day: dict[str, list[Any]] = {}
    for turn in store.turns(since=since):
        if turn.started is not None:
            by_day.setdefault(datetime.fromtimestamp(turn.started).strftime("%Y-%m-%d"), []).append(turn)
    days = []
    for day, turns in by_day.items():
        headline = headline_stat(turns, len(turns))
        llm = next(row for row in stage_stats(turns, len(turns)) if row.key == "llm")
        days.append(
            {
                "day": day,
                "turns": len(turns),
                "v2v_p50": headline.p50 if headline else None,
                "v2v_p95": headline.p95 if headline else None,
                "n": headline.n if headline else 0,
                "llm_p50": llm.p50,
            }
        )
    return {
        "schema": 1,
        "counts": store.counts(),
        "days": days,
        "marks": {request_id: {"quality": quality, "note": note}
                  for request_id, (quality, note) in store.marks().items()},
        "findings": [{"at": at, "stage": finding.stage, "direction": finding.direction, "ratio": finding.ratio,
                      "ended": finding.ended}
                     for at, finding in store.findings() if at >= since],
        "changes": [{"at": at, "label": label, "state": state}
                    for _, at, label, state in store.changes() if at >= since],
        "verdicts": [{"at": at, "a": item.a, "b": item.b, "sentence": item.sentence}
                     for at, item in store.comparisons() if at >= since],
    }  # fmt: skip


def _print_summary(summary: dict[str, Any], days: float) -> None:
    from timmy_tui.core.formatting import duration

    counts = summary["counts"]
    click.echo(", ".join(f"{number} {name}" for name, number in counts.items()))
    if not summary["days"]:
        click.echo(f"no turns in the last {days:g} days")
    for day in summary["days"]:
        click.echo(
            f"{day['day']}  {day['turns']:4} turns  V2V p50 {duration(day['v2v_p50'])} p95 {duration(day['v2v_p95'])} "
            f"n={day['n']}  LLM p50 {duration(day['llm_p50'])}"
        )
    for request_id, mark in summary["marks"].items():
        click.echo(f"marked {mark['quality']}: {clean(request_id)} {clean(mark['note'])}".rstrip())
    for finding in summary["findings"]:
        state = f", {finding['ended']}" if finding["ended"] else ""
        level_change = f"{finding['stage']} {finding['direction']} ×{finding['ratio']:.2f}"
        click.echo(f"{_local_time(finding['at'])}  {level_change}{state}")
    for change in summary["changes"]:
        click.echo(f"{_local_time(change['at'])}  {clean(change['label'])}: {clean(change['state'])}")
    for verdict in summary["verdicts"]:
        at = _local_time(verdict["at"])
        click.echo(f"{at}  {verdict['b']} against {verdict['a']}: {clean(verdict['sentence'])}")


def _local_time(stamp: float) -> str:
    return datetime.fromtimestamp(stamp).strftime("%Y-%m-%d %H:%M")
