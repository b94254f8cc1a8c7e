"""``timmy-tui trial``: a guided test, the guide's or of any flag, from the shell; the dashboard can continue it."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.shared.options import json_option, root_option, settings_option, takes
from timmy_tui.core.errors import NotFound
from timmy_tui.core.output import say, say_json
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import BeginTrial, OnTrouble, TrialName

if TYPE_CHECKING:
    from timmy_tui.model.judgement import TrialRecipe
    from timmy_tui.sources.timmy import Timmy

ACTS = ("status", "start", "leave", "resume", "stop", "keep", "undo")
READY = ("test-1", "test-2", "guide")


class TrialOptions(Place, frozen=True, kw_only=True):
    """What to do with the guided test, and how a new one measures."""

    act: str
    name: str
    value: str
    turns: int
    aba: bool
    on_trouble: str
    as_json: bool


@click.command()
@root_option
@settings_option
@click.argument("act", type=click.Choice(ACTS), default="status")
@click.argument("name", default="guide")
@click.argument("value", default="")
@click.option("--turns", type=click.IntRange(5, 100), help="Turns measured on each side; else as the settings say, 8.")
@click.option("--aba", is_flag=True, help="Change back and measure again: what moved must move back.")
@click.option(
    "--on-trouble",
    type=click.Choice(["ask", "undo"]),
    help="When answers go wrong with the change: ask, or let the dashboard undo it at once.",
)
@json_option
@takes(TrialOptions)
def trial(options: TrialOptions) -> None:
    """Measure, change a flag, measure again and judge. The test can be left and resumed at any time.

    NAME is a flag (`start retrieval off`, `start retrieved-chunks 3`; of two values the other one is tried), test-1
    (raw off), test-2 (tail mode on), or guide (both). `keep` and `undo` answer the verdict; `undo` only prints the
    command to run. `resume` also goes on with a test that stopped by itself.
    """
    from timmy_tui.analysis.stats.epochs import epochs_of
    from timmy_tui.bootstrap.flags import flag_source
    from timmy_tui.pipeline.read_logs import logs_of, read_logs
    from timmy_tui.storage.trial_file import TrialFile

    timmy, act = find_timmy(options), options.act
    trials = TrialFile(timmy.control_folder, timmy.settings.trial)
    turns = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns
    epochs = epochs_of(turns, flag_source(timmy)())
    if act == "start":
        say(trials.start(_begin(options, timmy, turns), turns), err=options.as_json)
    elif act != "status":
        trials.update(turns, {}, epochs)
        say(trials.act(act, turns), err=options.as_json)
    state = trials.update(turns, {}, epochs)
    if options.as_json:
        say_json(state)
    elif state is None:
        say("no guided test is open; timmy-tui trial start begins one")
    else:
        _print(state, act)


def _print(state: TrialState, act: str) -> None:
    say(f"{state.label}, step {state.step} of {state.steps}: {state.sentence}")
    if state.wish:
        say(shlex.join(["timmy-tui", "flip", "--only", *(word for pair in state.wish for word in pair)]))
    if state.phase == "stopped":
        say("timmy-tui trial undo, or keep; or resume to go on all the same")
    if act == "undo":
        say("timmy-tui undo")


def _begin(options: TrialOptions, timmy: "Timmy", turns: Sequence[Turn]) -> BeginTrial:
    """Raises NotFound for an unknown flag, and where the value to try must be named; Refused for one it cannot have."""
    recipe = None if options.name in READY else _recipe(options, timmy, turns)
    if recipe is None and options.value:
        raise NotFound(f"{options.name} takes no value.")
    name = options.name if recipe is None else "flag"
    return BeginTrial(
        name=cast(TrialName, name),
        recipe=recipe,
        aba=options.aba,
        turns=options.turns or 0,
        on_trouble=cast(OnTrouble, options.on_trouble or ""),
    )


def _recipe(options: TrialOptions, timmy: "Timmy", turns: Sequence[Turn]) -> "TrialRecipe":
    from timmy_tui.control.errors import Refused
    from timmy_tui.control.flags.readings import allowed, find_flag, flag_states, parse_value, word
    from timmy_tui.report.flag_values import other_value, present_value, recipe_of

    flag = find_flag(options.name, timmy.root, timmy.settings)
    state = next(one for one in flag_states(timmy.root, timmy.settings, turns[-200:]) if one.key == flag.key)
    if not state.editable:
        raise Refused(f"{flag.label} cannot be changed: {state.override}.")
    text = options.value or other_value(state)
    if not text:
        hint = f"timmy-tui trial start {shlex.quote(flag.key)} VALUE; it takes {allowed(flag)}."
        raise NotFound(f"which value of {flag.label} is to be tried? It is {present_value(state)}.", hint)
    value = word(flag, parse_value(flag, text))
    if value == present_value(state):
        raise Refused(f"{flag.label} is {value} already.")
    return recipe_of(state, value)
