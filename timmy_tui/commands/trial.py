"""``timmy-tui trial``: the guide's tests from the shell; the dashboard carries the same one on."""

import json
from pathlib import Path

import click
import msgspec

from timmy_tui.commands.options import load, root_option, settings_option
from timmy_tui.core.sanitize import clean

ACTS = ("status", "start", "leave", "resume", "stop", "keep", "undo")


@click.command()
@root_option
@settings_option
@click.argument("act", type=click.Choice(ACTS), default="status")
@click.argument("name", type=click.Choice(["test-1", "test-2", "guide"]), default="guide")
@click.option("--turns", type=click.IntRange(5, 100), default=8, help="Measured on each side.")
@click.option("--aba", is_flag=True, help="Go back once more and measure again: what moved must come back.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def trial(
    root: Path | None, settings_path: Path | None, act: str, name: str, turns: int, aba: bool, as_json: bool
) -> None:
    """Measure as it is, change a flag, measure again, judge; left and resumed as you like.

    test-1 takes raw off, test-2 turns tail mode on, guide is both. `keep` and `undo` answer its verdict; `undo` says
    what to run, and changes nothing by itself.
    """
    from timmy_tui.control.journal.lock import control_dir
    from timmy_tui.pipeline.read_logs import logs_of, read_logs
    from timmy_tui.storage.trial_file import TrialFile

    settings, installation = load(root, settings_path)
    trials = TrialFile(control_dir(installation.root))
    seen = read_logs(logs_of(installation), settings.tail, keep_events=False).turns
    if act == "start":
        click.echo(trials.start(name, turns, aba, seen), err=as_json)
    elif act != "status":
        trials.update(seen, {})
        click.echo(trials.act(act, seen), err=as_json)
    told = trials.update(seen, {})
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(told), indent=1))
    elif told is None:
        click.echo("no guided test is open; timmy-tui trial start begins one")
    else:
        click.echo(f"{told.label}, step {told.step} of {told.steps}: {clean(told.sentence)}")
        if told.wish:
            click.echo("timmy-tui flip --only " + " ".join(f"{flag} {value}" for flag, value in told.wish))
        if act == "undo":
            click.echo("timmy-tui undo")
