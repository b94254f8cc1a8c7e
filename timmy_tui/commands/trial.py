"""``timmy-tui trial``: the guide's tests from the shell; the dashboard can continue the same test."""

import shlex

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.options import json_option, root_option, settings_option, takes
from timmy_tui.core.output import say, say_json

ACTS = ("status", "start", "leave", "resume", "stop", "keep", "undo")


class TrialOptions(Place, frozen=True, kw_only=True):
    """What to do with the guided test, and how a new one measures."""

    act: str
    name: str
    turns: int
    aba: bool
    as_json: bool


@click.command()
@root_option
@settings_option
@click.argument("act", type=click.Choice(ACTS), default="status")
@click.argument("name", type=click.Choice(["test-1", "test-2", "guide"]), default="guide")
@click.option("--turns", type=click.IntRange(5, 100), default=8, help="Turns measured on each side.")
@click.option("--aba", is_flag=True, help="Change back and measure again: what moved must move back.")
@json_option
@takes(TrialOptions)
def trial(options: TrialOptions) -> None:
    """Measure, change a flag, measure again and judge. The test can be left and resumed at any time.

    test-1 turns raw off, test-2 turns tail mode on, guide is both. `keep` and `undo` answer the verdict; `undo` only
    prints the command to run.
    """
    from timmy_tui.pipeline.read_logs import logs_of, read_logs
    from timmy_tui.storage.trial_file import TrialFile

    timmy, act = find_timmy(options), options.act
    trials = TrialFile(timmy.control_folder)
    turns = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns
    if act == "start":
        say(trials.start(options.name, options.turns, options.aba, turns), err=options.as_json)
    elif act != "status":
        trials.update(turns, {})
        say(trials.act(act, turns), err=options.as_json)
    state = trials.update(turns, {})
    if options.as_json:
        say_json(state)
    elif state is None:
        say("no guided test is open; timmy-tui trial start begins one")
    else:
        say(f"{state.label}, step {state.step} of {state.steps}: {state.sentence}")
        if state.wish:
            say(shlex.join(["timmy-tui", "flip", "--only", *(word for pair in state.wish for word in pair)]))
        if act == "undo":
            say("timmy-tui undo")
