"""``timmy-tui flags`` and ``restore-points``."""

from typing import TYPE_CHECKING

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.changes.answers import ChangeAnswers
from timmy_tui.commands.changes.change import (
    ChangeOptions,
    carry_out,
    confirmed,
    now_option,
    open_controller,
    yes_option,
)
from timmy_tui.commands.shared.options import json_option, root_option, settings_option, takes
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.output import say, say_json
from timmy_tui.model.user_requests import Restore, RestoreLatest

if TYPE_CHECKING:
    from timmy_tui.control.restore.points import RestorePoints
    from timmy_tui.model.change import RestorePoint


class FlagsOptions(Place, frozen=True, kw_only=True):
    """How the flags are printed."""

    as_json: bool


@click.command()
@root_option
@settings_option
@json_option
@takes(FlagsOptions)
def flags(options: FlagsOptions) -> None:
    """Show every flag: its value in the file, the value that the turns show running, and what overrides it."""
    from timmy_tui.analysis.stats.epochs import epochs_of
    from timmy_tui.control.flags.written import WrittenFlags
    from timmy_tui.control.systems import flag_files
    from timmy_tui.core.errors import NotFound
    from timmy_tui.pipeline.read_logs import logs_of, read_logs

    timmy = find_timmy(options)
    try:
        turns = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns
    except NotFound:
        turns = ()
    newest, files = turns[-200:], flag_files(timmy)
    known = WrittenFlags(files, timmy.control_path).look()
    states = files.states(newest, epochs_of(newest, known).flags)
    if options.as_json:
        rows = [
            {
                "key": state.key,
                "file": state.file_value,
                "running": state.running_value,
                "override": state.override,
                "editable": state.editable,
                "warning": state.warning,
            }
            for state in states
        ]
        say_json(rows)
        return
    say(f"{'flag':18} {'file':>28} {'running':>28}")
    for state in states:
        in_file, running = clean(state.file_value, 28), clean(state.running_value, 28)
        say(f"{state.key:18} {in_file:>28} {running:>28}  {state.override}".rstrip())
        if state.warning:
            say(f"{'':18} {state.warning}")


@click.group()
def restore_points() -> None:
    """Code states to go back to: the program's own copies, and your git tags, which are only read."""


class PointOptions(Place, frozen=True, kw_only=True):
    """``name``: of the restore point."""

    name: str


def _points(place: Place) -> "RestorePoints":
    from timmy_tui.control.restore.points import RestorePoints

    timmy = find_timmy(place)
    return RestorePoints(timmy.root, timmy.state)


@restore_points.command(name="list")
@root_option
@settings_option
@takes(Place)
def list_points(place: Place) -> None:
    """Every restore point, with the number of code files that it holds; what cannot be listed, and why, on stderr."""
    points = _points(place)
    listed = points.list()
    for problem in points.list_problems:
        say(clean(problem), err=True)
    for point in listed:
        say(_point_line(point))


def _point_line(point: "RestorePoint") -> str:
    from timmy_tui.control.restore.wording import remarks

    number = "—" if point.files is None else len(point.files)
    noun = "file " if number == 1 else "files"
    notes = clean("; ".join(remarks(point)))
    return f"{clean(point.name):44} {point.kind:8} {number:>4} {noun}  {notes}".rstrip()


@restore_points.command(name="create")
@root_option
@settings_option
@click.argument("name", default="")
@takes(PointOptions)
def create_point(options: PointOptions) -> None:
    """Copy the code files of v34/ and shared/, byte for byte, to a folder outside the repository."""
    say(_point_line(_points(options).create(options.name)))


@restore_points.command(name="show")
@root_option
@settings_option
@click.argument("name")
@takes(PointOptions)
def show_point(options: PointOptions) -> None:
    """Which files differ from a restore point or one of your tags, and by how many lines."""
    from timmy_tui.control.restore.wording import describe, left_out_words

    comparison = _points(options).compare(options.name)
    for difference in comparison.differences:
        say(f"{clean(difference.path):44} {clean(describe(difference))}")
    if not comparison.differences:
        say("no code file differs")
    if comparison.left_out:
        say(clean(left_out_words(comparison.left_out)))


class RestoreOptions(ChangeOptions, frozen=True, kw_only=True):
    """``name`` is the restore point, empty for ``latest``; ``files``: those files and folders alone."""

    name: str
    files: tuple[str, ...]
    latest: bool


@restore_points.command(name="restore")
@root_option
@settings_option
@click.argument("name", default="")
@click.argument("files", nargs=-1)
@click.option("--latest", is_flag=True, help="Return to the files as they were before the first restore.")
@now_option
@yes_option
@takes(RestoreOptions)
def restore_point(options: RestoreOptions) -> int:
    """Restore code from NAME: FILES, which may be folders (v34/ shared/), else every code file that differs.

    v34 restarts once at the end. Data is never restored. Never uses `git checkout`: HEAD, the index and all other
    files stay as they are.
    """
    if bool(options.name) == options.latest:
        raise click.UsageError("name a restore point, or use --latest.")
    with open_controller(options) as controller:
        request = RestoreLatest() if options.latest else Restore(options.name, options.files)
        plan = confirmed(controller.plan(request), options.yes)
        return carry_out(controller, plan, ChangeAnswers(now=options.now))
