"""``timmy-tui flags`` and ``restore-points``."""

import json
from pathlib import Path

import click

from timmy_tui.commands.options import load, root_option, settings_option
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import state_dir


@click.command()
@root_option
@settings_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def flags(root: Path | None, settings_path: Path | None, as_json: bool) -> None:
    """Show every flag: the value in the file, the one that runs as the turns show it, and who overrides it."""
    from timmy_tui.control.flags.readings import flag_states
    from timmy_tui.core.errors import NotFound
    from timmy_tui.pipeline.read_logs import logs_of, read_logs

    settings, installation = load(root, settings_path)
    try:
        turns = read_logs(logs_of(installation), settings.tail, keep_events=False).turns
    except NotFound:
        turns = ()
    states = flag_states(installation.root, settings, turns[-200:])
    if as_json:
        told = [
            {
                "key": one.key,
                "file": one.file_value,
                "running": one.running_value,
                "override": one.override,
                "editable": one.editable,
                "warning": one.warning,
            }
            for one in states
        ]
        click.echo(json.dumps(told, indent=1))
        return
    click.echo(f"{'flag':18} {'file':>28} {'running':>28}")
    for one in states:
        click.echo(
            f"{one.key:18} {clean(one.file_value, 28):>28} {clean(one.running_value, 28):>28}  {one.override}".rstrip()
        )
        if one.warning:
            click.echo(f"{'':18} {one.warning}")


@click.group()
def restore_points() -> None:
    """Code states to go back to: the program's own copies, and your git tags, which are only read."""


@restore_points.command(name="list")
@root_option
@settings_option
def list_points(root: Path | None, settings_path: Path | None) -> None:
    """Every restore point, with the files it holds."""
    from timmy_tui.control.restore.points import RestorePoints

    _, installation = load(root, settings_path)
    points = RestorePoints(installation.root, state_dir())
    if points.git_off:
        click.echo(f"git is not used: {clean(points.git_off)}", err=True)
    for one in points.list():
        click.echo(f"{clean(one.name):44} {one.kind:8} {len(one.files):3} files  {clean(one.note)}".rstrip())


@restore_points.command(name="create")
@root_option
@settings_option
@click.argument("name", default="")
def create_point(root: Path | None, settings_path: Path | None, name: str) -> None:
    """Keep the code files of v34/ and shared/ as they are, byte for byte, outside the repository."""
    from timmy_tui.control.restore.points import RestorePoints

    _, installation = load(root, settings_path)
    made = RestorePoints(installation.root, state_dir()).create(name)
    click.echo(f"{clean(made.name)}: {len(made.files)} files")


@restore_points.command(name="show")
@root_option
@settings_option
@click.argument("name")
def show_point(root: Path | None, settings_path: Path | None, name: str) -> None:
    """Which files differ from a restore point or one of your tags, and by how many lines."""
    from timmy_tui.control.restore.points import RestorePoints

    _, installation = load(root, settings_path)
    differences = RestorePoints(installation.root, state_dir()).diff(name)
    for one in differences:
        lines = "" if one.added is None else f" +{one.added} −{one.removed}"
        click.echo(f"{clean(one.path):44} {one.state}{lines}")
    if not differences:
        click.echo("no code file differs")


@restore_points.command(name="restore")
@root_option
@settings_option
@click.argument("name", default="")
@click.argument("files", nargs=-1)
@click.option("--latest", is_flag=True, help="Return to the files as they were before the first restore.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal to ask on.")
def restore_point(
    root: Path | None, settings_path: Path | None, name: str, files: tuple[str, ...], latest: bool, yes: bool
) -> int:
    """Put code files back as NAME has them: FILES, else those of the guide that differ. One restart at the end.

    Never `git checkout`: HEAD, index and every other file stay as they are.
    """
    from timmy_tui.commands.change import restore

    if bool(name) == latest:
        raise click.UsageError("name a restore point, or say --latest.")
    return restore(root, settings_path, name, files, latest, yes)
