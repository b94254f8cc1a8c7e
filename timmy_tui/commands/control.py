"""``timmy-tui flags`` and ``restore-points``."""

from typing import TYPE_CHECKING

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.change import ChangeOptions, carry_out, confirmed, open_controller, yes_option
from timmy_tui.commands.change_answers import ChangeAnswers
from timmy_tui.commands.options import json_option, root_option, settings_option, takes
from timmy_tui.core.output import say, say_json
from timmy_tui.core.sanitize import clean
from timmy_tui.model.user_requests import Restore, RestoreLatest

if TYPE_CHECKING:
    from timmy_tui.control.restore.points import RestorePoints


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
    from timmy_tui.control.flags.readings import flag_states
    from timmy_tui.core.errors import NotFound
    from timmy_tui.pipeline.read_logs import logs_of, read_logs

    timmy = find_timmy(options)
    try:
        turns = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns
    except NotFound:
        turns = ()
    states = flag_states(timmy.root, timmy.settings, turns[-200:])
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
    """Every restore point, with the files it holds."""
    points = _points(place)
    if points.git_off:
        say(f"git is not used: {points.git_off}", err=True)
    for point in points.list():
        say(f"{clean(point.name):44} {point.kind:8} {len(point.files):3} files  {clean(point.note)}".rstrip())


@restore_points.command(name="create")
@root_option
@settings_option
@click.argument("name", default="")
@takes(PointOptions)
def create_point(options: PointOptions) -> None:
    """Copy the code files of v34/ and shared/, byte for byte, to a folder outside the repository."""
    point = _points(options).create(options.name)
    say(f"{clean(point.name)}: {len(point.files)} files")


@restore_points.command(name="show")
@root_option
@settings_option
@click.argument("name")
@takes(PointOptions)
def show_point(options: PointOptions) -> None:
    """Which files differ from a restore point or one of your tags, and by how many lines."""
    differences = _points(options).diff(options.name)
    for difference in differences:
        lines = "" if difference.added is None else f" +{difference.added} −{difference.removed}"
        say(f"{clean(difference.path):44} {difference.state}{lines}")
    if not differences:
        say("no code file differs")


class RestoreOptions(ChangeOptions, frozen=True, kw_only=True):
    """``name`` is the restore point, empty for ``latest``; ``files``: those alone."""

    name: str
    files: tuple[str, ...]
    latest: bool


@restore_points.command(name="restore")
@root_option
@settings_option
@click.argument("name", default="")
@click.argument("files", nargs=-1)
@click.option("--latest", is_flag=True, help="Return to the files as they were before the first restore.")
@yes_option
@takes(RestoreOptions)
def restore_point(options: RestoreOptions) -> int:
    """Restore code files from NAME: FILES, else the guide's files that differ. v34 restarts once at the end.

    Never uses `git checkout`: HEAD, the index and all other files stay as they are.
    """
    if bool(options.name) == options.latest:
        raise click.UsageError("name a restore point, or use --latest.")
    with open_controller(options) as controller:
        request = RestoreLatest() if options.latest else Restore(options.name, options.files)
        return carry_out(controller, confirmed(controller.plan(request), options.yes), ChangeAnswers())
