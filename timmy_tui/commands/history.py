"""``timmy-tui mark`` and ``timmy-tui history``: what outlives the logs."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.commands.options import load, log_option, root_option, settings_option
from timmy_tui.core.errors import NotFound
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import state_dir
from timmy_tui.pipeline.read_logs import logs_of, named_logs, read_logs
from timmy_tui.storage.history import History
from timmy_tui.storage.learned_noise import session_noise

if TYPE_CHECKING:
    from timmy_tui.analysis.stats.session_noise import SessionNoise


def open_history(root: Path | None, settings_path: Path | None) -> History:
    """The history of this Timmy; what was wrong with the file goes to stderr."""
    settings, installation = load(root, settings_path)
    history = History(state_dir() / "history.db", str(installation.root), settings.history.text)
    if history.warning:
        click.echo(f"timmy-tui: {history.warning}", err=True)
    return history


def known_noise(root: Path | None, settings_path: Path | None) -> "SessionNoise | None":
    """How far sessions differ by chance, where there is a history; nothing is created."""
    settings, _ = load(root, settings_path)
    if not settings.history.enabled or not (state_dir() / "history.db").exists():
        return None
    history = open_history(root, settings_path)
    try:
        return session_noise(history)
    finally:
        history.close()


@click.command()
@root_option
@settings_option
@click.argument("request_id")
@click.argument("quality", type=click.Choice(["good", "bad", "none"]))
@click.option("--note", default="", help="Why, in your words.")
def mark(root: Path | None, settings_path: Path | None, request_id: str, quality: str, note: str) -> None:
    """Marker a turn good or bad; the same mark again, or none, takes it back."""
    history = open_history(root, settings_path)
    try:
        settings, installation = load(root, settings_path)
        # A turn that no dashboard has seen yet is in the logs.
        history.put_turns(read_logs(logs_of(installation), settings.tail, keep_events=False).turns)
        turn = next((one for one in reversed(history.turns()) if one.request_id == request_id), None)
        if turn is None:
            raise NotFound(f"no turn {request_id!r} is remembered.", "timmy-tui report --tail 5 shows the newest ids.")
        history.mark(turn, "" if quality == "none" else quality, note)
        word = history.marks().get(request_id)
        click.echo(f"{clean(request_id)}: {word[0] if word else 'not marked'}")
    finally:
        history.close()


@click.command()
@root_option
@settings_option
@log_option
@click.option("--days", type=click.FloatRange(0, min_open=True), default=7.0, help="Look back this far.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--import", "take_in", is_flag=True, help="Read the logs (or --log FILE…) into the history first.")
def history(
    root: Path | None,
    settings_path: Path | None,
    logs: tuple[Path, ...],
    days: float,
    as_json: bool,
    take_in: bool,
) -> None:
    """Show what is remembered: turns a day with their medians, marks, findings, changes and verdicts."""
    kept = open_history(root, settings_path)
    try:
        if take_in or logs:
            settings, installation = load(root, settings_path)
            named = named_logs(logs) if logs else logs_of(installation)
            new = kept.put_turns(read_logs(named, settings.tail, keep_events=False).turns)
            click.echo(f"{new} turns are new", err=True)
        told = _summary(kept, time.time() - 86_400 * days)
        noise = session_noise(kept)
    finally:
        kept.close()
    if as_json:
        told["session_noise"] = {group: one._asdict() for group, one in noise.groups.items()}
        click.echo(json.dumps(told, indent=1))
    else:
        _print(told, days)
        click.echo(noise.describe_groups())


def _summary(kept: History, since: float) -> dict[str, Any]:
    from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats

    by_day: dict[str, list[Any]] = {}
    for turn in kept.turns(since=since):
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
        "counts": kept.counts(),
        "days": days,
        "marks": {name: {"quality": quality, "note": note} for name, (quality, note) in kept.marks().items()},
        "findings": [{"at": at, "stage": one.stage, "direction": one.direction, "ratio": one.ratio, "ended": one.ended}
                     for at, one in kept.findings() if at >= since],
        "changes": [{"at": at, "label": label, "state": state}
                    for _, at, label, state in kept.changes() if at >= since],
        "verdicts": [{"at": at, "a": one.a, "b": one.b, "sentence": one.sentence}
                     for at, one in kept.comparisons() if at >= since],
    }  # fmt: skip


def _print(told: dict[str, Any], days: float) -> None:
    from timmy_tui.core.formatting import duration

    counts = told["counts"]
    click.echo(", ".join(f"{number} {name}" for name, number in counts.items()))
    if not told["days"]:
        click.echo(f"no turns in the last {days:g} days")
    for day in told["days"]:
        click.echo(
            f"{day['day']}  {day['turns']:4} turns  V2V p50 {duration(day['v2v_p50'])} p95 {duration(day['v2v_p95'])} "
            f"n={day['n']}  LLM p50 {duration(day['llm_p50'])}"
        )
    for name, word in told["marks"].items():
        click.echo(f"marked {word['quality']}: {clean(name)} {clean(word['note'])}".rstrip())
    for one in told["findings"]:
        state = f", {one['ended']}" if one["ended"] else ""
        click.echo(f"{_when(one['at'])}  {one['stage']} {one['direction']} ×{one['ratio']:.2f}{state}")
    for one in told["changes"]:
        click.echo(f"{_when(one['at'])}  {clean(one['label'])}: {clean(one['state'])}")
    for one in told["verdicts"]:
        click.echo(f"{_when(one['at'])}  {one['b']} against {one['a']}: {clean(one['sentence'])}")


def _when(stamp: float) -> str:
    return datetime.fromtimestamp(stamp).strftime("%Y-%m-%d %H:%M")
