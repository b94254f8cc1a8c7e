"""``timmy-tui regressions``, ``compare`` and ``explain``: what the dashboard concludes, from the shell."""

import json
from typing import Any

import click
import msgspec

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.history import known_noise, open_history
from timmy_tui.commands.options import (
    LogOptions,
    json_option,
    known_flags,
    log_option,
    root_option,
    settings_option,
    takes,
)
from timmy_tui.core.errors import NotFound
from timmy_tui.core.formatting import MISSING, duration
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import load_settings
from timmy_tui.model.flags import changes_words
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import logs_of, named_logs, read_logs
from timmy_tui.report.epochs import change_objects


class JudgementOptions(LogOptions, frozen=True, kw_only=True):
    """Which turns are judged, and how the result is printed."""

    as_json: bool


@click.command()
@root_option
@settings_option
@log_option
@json_option
@takes(JudgementOptions)
def regressions(options: JudgementOptions) -> None:
    """List every level change in the logs: which stage, since which turn, by how much."""
    from timmy_tui.analysis.detect.detector import RegressionDetector

    detector = RegressionDetector(known_flags(options))
    noise = None if options.logs else known_noise(find_timmy(options))
    if noise is not None:
        detector.learn(noise)
    findings: list[Finding] = []
    for turn in _turns(options):
        findings += [new for new in detector.add(turn) if new.raised == turn.ordinal and not new.ended]
    if options.as_json:
        click.echo(json.dumps([_finding_row(finding) for finding in findings], indent=1))
        return
    if not findings:
        click.echo("no level change in these turns")
    for finding in findings:
        since = clean(finding.since_id) or "a typed turn"
        where = f"{finding.stage} {finding.gap}".strip()
        work = f", not explained by {' or '.join(finding.adjusted_for)}" if finding.adjusted_for else ""
        reported_at = clean(finding.raised_id) or "a typed turn"
        click.echo(
            f"{where} {finding.direction} ×{finding.ratio:.2f} since {since}: {duration(finding.before_ms)} → "
            f"{duration(finding.after_ms)}, n={finding.n}, reported at {reported_at}{work}"
        )


def _finding_row(finding: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "request_id": finding.raised_id,
        "stage": finding.stage,
        "direction": finding.direction,
        "since": finding.since_id,
        "ratio": finding.ratio,
        "n": finding.n,
    }
    return {**row, "gap": finding.gap} if finding.gap else row


class CompareOptions(JudgementOptions, frozen=True, kw_only=True):
    """The selections, and where their turns come from."""

    a: str
    b: str
    again: str
    """Empty: only two are compared."""
    remembered: bool


@click.command(name="compare")
@root_option
@settings_option
@log_option
@json_option
@click.option("--history", "remembered", is_flag=True, help="Use the turns of the history instead of the logs.")
@click.argument("a")
@click.argument("b")
@click.argument("again", default="")
@takes(CompareOptions)
def compare(options: CompareOptions) -> None:
    """Compare two selections of turns: B against A, stage by stage.

    With a third selection, AGAIN, B is compared with both: what the change moved must have moved back.

    A selection is session:ID, epoch:N, turns:I-J, last:N, flag:NAME=VALUE or days:I-J (days ago):
    `compare --history days:7-14 days:0-7` compares this week with the last.
    """
    from timmy_tui.analysis.compare.comparison import compare as compare_turns
    from timmy_tui.analysis.compare.selections import select
    from timmy_tui.analysis.compare.setting_gain import with_changes
    from timmy_tui.analysis.stats.epochs import epochs_of

    a, b, again = options.a, options.b, options.again
    turns, marks = _history_turns(options) if options.remembered else (_turns(options), {})
    noise = None if options.logs else known_noise(find_timmy(options))
    known = known_flags(options)
    sides = [select(turns, one, known=known) for one in (a, b, again) if one]
    if again:
        from timmy_tui.analysis.compare.crossover import compare_crossover

        verdict = compare_crossover((sides[0], sides[1], sides[2]), (a, b, again), marks, noise)
    else:
        verdict = compare_turns(sides[0], sides[1], (a, b), marks, noise)
    verdict = with_changes(verdict, epochs_of(turns, known).differences(sides[0], sides[1]))
    if options.as_json:
        printed = {**msgspec.to_builtins(verdict), "changes": change_objects(verdict.changes, known)}
        click.echo(json.dumps(printed, indent=1))
        return
    _print_comparison(verdict)


def _history_turns(place: Place) -> tuple[list[Turn], dict[int, str]]:
    """Turns of the history, and the user's marks by ordinal."""
    history = open_history(find_timmy(place))
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
    for row in verdict.stages:
        interval = f"[{row.low:.2f}, {row.high:.2f}]" if row.low is not None and row.high is not None else MISSING
        click.echo(
            f"{row.stage:10} {duration(row.before_ms):>8} {duration(row.after_ms):>8} {_ratio_text(row.ratio):>6} "
            f"{interval:>14} {_ratio_text(row.raw_ratio):>6} {f'{row.n_b}/{row.n_a}':>8}  {row.verdict}"
            + (f": {row.wanted} more" if row.wanted else "")
        )
    click.echo(verdict.noise)


def _ratio_text(ratio: float | None) -> str:
    return MISSING if ratio is None else f"×{ratio:.2f}"


class ExplainOptions(JudgementOptions, frozen=True, kw_only=True):
    """``request_id``: of the turn."""

    request_id: str


@click.command()
@root_option
@settings_option
@log_option
@json_option
@click.argument("request_id")
@takes(ExplainOptions)
def explain(options: ExplainOptions) -> None:
    """Say in one sentence why a turn took longer, or shorter, than usual for its work."""
    from timmy_tui.analysis.detect.diagnosis import Diagnoser

    request_id = options.request_id
    diagnoser = Diagnoser()
    explanation = None
    for turn in _turns(options):
        diagnosis = diagnoser.add(turn)
        if turn.request_id == request_id:
            explanation = diagnosis
    if explanation is None:
        raise NotFound(f"no turn {request_id!r} in these logs.", "timmy-tui report --tail 5 shows the newest ids.")
    if options.as_json:
        click.echo(json.dumps({"request_id": request_id, **msgspec.to_builtins(explanation)}, indent=1))
        return
    click.echo(explanation.sentence)
    for part in explanation.contributions:
        click.echo(f"{duration(part.ms):>9}  {part.stage}" + (f"  {part.why}" if part.why else ""))


def _turns(options: LogOptions) -> list[Turn]:
    """Turns of the logs, in order of time."""
    if options.logs:
        limits = load_settings(options.settings_path).tail
        return list(read_logs(named_logs(options.logs), limits, keep_events=False).turns)
    timmy = find_timmy(options)
    return list(read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns)
