"""``timmy-tui regressions``, ``compare`` and ``explain``: the screen's conclusions, from the shell."""

import json
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from timmy_tui.commands.history import known_noise
from timmy_tui.commands.options import known_flags, load, log_option, root_option, settings_option
from timmy_tui.core.errors import NotFound
from timmy_tui.core.formatting import MISSING, duration
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import load_settings
from timmy_tui.model.flags import changes_words
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.pipeline.read_logs import logs_of, named_logs, read_logs
from timmy_tui.report.epochs import change_objects

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command()
@root_option
@settings_option
@log_option
@json_option
def regressions(root: Path | None, settings_path: Path | None, logs: tuple[Path, ...], as_json: bool) -> None:
    """List every level change in the logs: which stage, since which turn, by how much."""
    from timmy_tui.analysis.detect.detector import RegressionDetector

    detector = RegressionDetector(known_flags(root, settings_path, logs))
    noise = None if logs else known_noise(root, settings_path)
    if noise is not None:
        detector.learn(noise)
    alarms: list[Finding] = []
    for turn in _turns(root, settings_path, logs):
        alarms += [one for one in detector.add(turn) if one.raised == turn.ordinal and not one.ended]
    if as_json:
        click.echo(json.dumps([_alarm(one) for one in alarms], indent=1))
        return
    if not alarms:
        click.echo("no level change in these turns")
    for one in alarms:
        since = clean(one.since_id) or "a typed turn"
        where = f"{one.stage} {one.gap}".strip()
        work = f", not explained by {' or '.join(one.adjusted_for)}" if one.adjusted_for else ""
        click.echo(
            f"{where} {one.direction} ×{one.ratio:.2f} since {since}: {duration(one.before_ms)} → "
            f"{duration(one.after_ms)}, n={one.n}, said at {clean(one.raised_id) or 'a typed turn'}{work}"
        )


def _alarm(one: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "request_id": one.raised_id,
        "stage": one.stage,
        "direction": one.direction,
        "since": one.since_id,
        "ratio": one.ratio,
        "n": one.n,
    }
    return {**told, "gap": one.gap} if one.gap else told


@click.command(name="compare")
@root_option
@settings_option
@log_option
@json_option
@click.option("--history", "remembered", is_flag=True, help="Look at the remembered turns instead of the logs.")
@click.argument("a")
@click.argument("b")
@click.argument("again", default="")
def compare(
    root: Path | None,
    settings_path: Path | None,
    logs: tuple[Path, ...],
    as_json: bool,
    remembered: bool,
    a: str,
    b: str,
    again: str,
) -> None:
    """Compare two selections of turns: B against A, stage by stage.

    With a third, AGAIN, B is set against both: what went with the change must have come back with it.

    They are session:ID, epoch:N, turns:I-J, last:N, flag:NAME=VALUE or days:I-J (days ago):
    `compare --history days:7-14 days:0-7` sets this week beside the last.
    """
    from timmy_tui.analysis.compare.comparison import compare as judge
    from timmy_tui.analysis.compare.selections import select
    from timmy_tui.analysis.stats.epochs import epochs_of

    turns, marks = _remembered(root, settings_path) if remembered else (_turns(root, settings_path, logs), {})
    noise = None if logs else known_noise(root, settings_path)
    turns = [turn for turn in turns if turn.state is not TurnState.LONE_PAUSE]
    known = known_flags(root, settings_path, logs)
    sides = [select(turns, one, known=known) for one in (a, b, again) if one]
    if again:
        from timmy_tui.analysis.compare.crossover import balance

        verdict = balance(sides[0], sides[1], sides[2], (a, b, again), marks, noise)
    else:
        verdict = judge(sides[0], sides[1], a, b, marks, noise)
    verdict = replace(verdict, changes=epochs_of(turns, known).differences(sides[0], sides[1]))
    if as_json:
        told = {**msgspec.to_builtins(verdict), "changes": change_objects(verdict.changes, known)}
        click.echo(json.dumps(told, indent=1))
        return
    _print_comparison(verdict)


def _remembered(root: Path | None, settings_path: Path | None) -> tuple[list[Turn], dict[int, str]]:
    """Turns of the history, and the user's marks on them."""
    from timmy_tui.commands.history import open_history

    history = open_history(root, settings_path)
    try:
        turns, marks = history.turns(), history.marks()
    finally:
        history.close()
    return turns, {turn.ordinal: marks[turn.request_id][0] for turn in turns if turn.request_id in marks}


def _print_comparison(verdict: Comparison) -> None:
    click.echo(f"{verdict.b} against {verdict.a}: {verdict.sentence}")
    if verdict.changes:
        click.echo(f"flags: {clean(changes_words(verdict.changes), 200)}")
    click.echo(f"{'stage':10} {'before':>8} {'after':>8} {'ratio':>6} {'95 %':>14} {'raw':>6} {'n':>8}  verdict")
    for one in verdict.stages:
        interval = f"[{one.low:.2f}, {one.high:.2f}]" if one.low is not None and one.high is not None else MISSING
        click.echo(
            f"{one.stage:10} {duration(one.before_ms):>8} {duration(one.after_ms):>8} {_times(one.ratio):>6} "
            f"{interval:>14} {_times(one.raw_ratio):>6} {f'{one.n_b}/{one.n_a}':>8}  {one.verdict}"
            + (f": {one.wanted} more" if one.wanted else "")
        )
    click.echo(verdict.noise)


def _times(ratio: float | None) -> str:
    return MISSING if ratio is None else f"×{ratio:.2f}"


@click.command()
@root_option
@settings_option
@log_option
@json_option
@click.argument("request_id")
def explain(
    root: Path | None, settings_path: Path | None, logs: tuple[Path, ...], as_json: bool, request_id: str
) -> None:
    """Say in one sentence why a turn took longer, or shorter, than usual for its work."""
    from timmy_tui.analysis.detect.diagnosis import Diagnoser

    diagnoser = Diagnoser()
    found = None
    for turn in _turns(root, settings_path, logs):
        diagnosis = diagnoser.add(turn)
        if turn.request_id == request_id:
            found = diagnosis
    if found is None:
        raise NotFound(f"no turn {request_id!r} in these logs.", "timmy-tui report --tail 5 shows the newest ids.")
    if as_json:
        click.echo(json.dumps({"request_id": request_id, **msgspec.to_builtins(found)}, indent=1))
        return
    click.echo(found.sentence)
    for part in found.contributions:
        click.echo(f"{duration(part.ms):>9}  {part.stage}" + (f"  {part.why}" if part.why else ""))


def _turns(root: Path | None, settings_path: Path | None, logs: tuple[Path, ...]) -> list[Turn]:
    """Turns in order of arrival."""
    if logs:
        return list(read_logs(named_logs(logs), load_settings(settings_path).tail, keep_events=False).turns)
    settings, installation = load(root, settings_path)
    return list(read_logs(logs_of(installation), settings.tail, keep_events=False).turns)
