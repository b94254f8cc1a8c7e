"""``timmy-tui regressions``, ``compare`` and ``explain``: what the dashboard concludes, from the shell."""

from collections.abc import Mapping, Sequence

import click
import msgspec

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.history import known_noise
from timmy_tui.commands.shared.named_turns import open_history, read_numbered, turn_named
from timmy_tui.commands.shared.options import (
    LogOptions,
    json_option,
    known_flags,
    log_option,
    machine_option,
    root_option,
    settings_option,
    takes,
)
from timmy_tui.commands.shared.parquet_logs import names_parquet, read_machines, side_by_side
from timmy_tui.core.errors import NotFound
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, duration
from timmy_tui.core.output import say, say_json
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import Turn
from timmy_tui.report.epochs import change_objects
from timmy_tui.report.finding_rows import finding_line, finding_row


class JudgementOptions(LogOptions, frozen=True, kw_only=True):
    """Which turns are judged, and how the result is printed."""

    as_json: bool


_TOO_FEW = "no stage has enough turns that are not the first of their session"


@click.command()
@root_option
@settings_option
@log_option
@machine_option
@json_option
@takes(JudgementOptions)
def regressions(options: JudgementOptions) -> None:
    """List every level change in the logs: which stage, since which turn, by how much."""
    from timmy_tui.analysis.detect.level_changes import LevelChanges, all_findings

    turns = _turns(options)
    changes = LevelChanges(known_flags(options))
    noise = None if options.logs else known_noise(find_timmy(options))
    if noise is not None:
        changes.detector.learn(noise)
    findings = all_findings(turns, changes)
    numbers = {turn.ordinal: turn.number for turn in turns}
    if options.as_json:
        say_json([finding_row(finding, numbers) for finding in findings])
        return
    if not findings:
        say("no level change in these turns" if changes.detector.has_judged else f"not judged: {_TOO_FEW}")
    for finding in findings:
        say(finding_line(finding, numbers))


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
    `compare --history days:7-14 days:0-7` compares this week with the last. With Parquet files of several machines it
    is machine:NAME or machine:NAME/last:N: `compare --log turns/ machine:laptop machine:desktop`.
    """
    from timmy_tui.analysis.compare.comparison import compare as compare_turns
    from timmy_tui.analysis.compare.selections import select
    from timmy_tui.analysis.compare.setting_gain import with_changes
    from timmy_tui.analysis.stats.epochs import epochs_of

    a, b, again = options.a, options.b, options.again
    turns, marks, machine_of = _turns_to_compare(options)
    noise = None if options.logs else known_noise(find_timmy(options))
    known = known_flags(options)
    sides = [select(turns, one, known=known, machine_of=machine_of) for one in (a, b, again) if one]
    if again:
        from timmy_tui.analysis.compare.crossover import compare_crossover

        verdict = compare_crossover((sides[0], sides[1], sides[2]), (a, b, again), marks, noise)
    else:
        verdict = compare_turns(sides[0], sides[1], (a, b), marks, noise)
    verdict = with_changes(verdict, epochs_of(turns, known).differences(sides[0], sides[1]))
    if options.as_json:
        printed = {**msgspec.to_builtins(verdict), "changes": change_objects(verdict.changes, known)}
        say_json(printed)
        return
    _print_comparison(verdict)


def _turns_to_compare(options: CompareOptions) -> tuple[Sequence[Turn], Mapping[int, str], Mapping[int, str]]:
    """Turns, and by ordinal the user's marks and, of Parquet files, the machine."""
    if names_parquet(options):
        several = side_by_side(read_machines(options))
        return several.turns, {}, several.machine_of
    turns, marks = _history_turns(options) if options.remembered else (_turns(options), {})
    return turns, marks, {}


def _history_turns(place: Place) -> tuple[list[Turn], dict[int, str]]:
    """Turns of the history, and the user's marks by ordinal."""
    with open_history(find_timmy(place)) as history:
        turns, marks = history.turns(), history.marks()
    return turns, {turn.ordinal: marks[turn.number].quality for turn in turns if turn.number in marks}


def _print_comparison(verdict: Comparison) -> None:
    say(f"{verdict.b} against {verdict.a}: {verdict.sentence}")
    if verdict.changes:
        say(f"flags: {clean(changes_words(verdict.changes), 200)}")
    say(f"{'stage':10} {'before':>8} {'after':>8} {'ratio':>6} {'95 %':>14} {'raw':>6} {'n':>8}  verdict")
    for row in verdict.stages:
        interval = f"[{row.low:.2f}, {row.high:.2f}]" if row.low is not None and row.high is not None else MISSING
        say(
            f"{row.stage:10} {duration(row.before_ms):>8} {duration(row.after_ms):>8} {_ratio_text(row.ratio):>6} "
            f"{interval:>14} {_ratio_text(row.raw_ratio):>6} {f'{row.n_b}/{row.n_a}':>8}  {row.verdict}"
            + (f": {row.wanted} more" if row.wanted else "")
        )
    say(verdict.noise)


def _ratio_text(ratio: float | None) -> str:
    return MISSING if ratio is None else f"×{ratio:.2f}"


class ExplainOptions(JudgementOptions, frozen=True, kw_only=True):
    """``turn``: its number or its request id."""

    turn: str


@click.command()
@root_option
@settings_option
@log_option
@machine_option
@json_option
@click.argument("turn")
@takes(ExplainOptions)
def explain(options: ExplainOptions) -> None:
    """Say in one sentence why a turn took longer, or shorter, than usual for its work. TURN is its number or its id."""
    from timmy_tui.analysis.detect.diagnosis import Diagnoser

    turns = _turns(options)
    wanted = turn_named(turns, options.turn)
    diagnoser = Diagnoser()
    explanation = None
    for turn in turns:
        diagnosis = diagnoser.add(turn)
        if turn is wanted:
            explanation = diagnosis
            break
    if explanation is None:
        raise NotFound(
            f"turn {options.turn!r} has no figures to explain.", "timmy-tui report --tail 5 shows the newest."
        )
    if options.as_json:
        named = {"number": wanted.number, "request_id": wanted.request_id}
        figures = msgspec.to_builtins(explanation)
        del figures["usuals"]  # For rows on the screen: the contributions say what is off.
        say_json({**named, **figures})
        return
    say(explanation.sentence)
    for part in explanation.contributions:
        say(f"{duration(part.ms):>9}  {part.stage}" + (f"  {part.why}" if part.why else ""))


def _turns(options: LogOptions) -> list[Turn]:
    """Turns of the logs, in order of time."""
    return list(read_numbered(options).turns)
