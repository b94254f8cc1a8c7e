"""``timmy-tui flip``, ``restart``, ``undo``, ``keep`` and ``journal``: the dashboard's hands, from the shell.

Exit codes: 0 kept, or undone as asked; 1 refused, nothing changed; 2 wrong usage; 3 rolled back instead of kept;
4 needs attention, or still open, also when Ctrl+C left it so.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.options import json_option, root_option, settings_option, takes
from timmy_tui.core.errors import ControlError
from timmy_tui.core.sanitize import clean
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.requests import Flip, Restart, Undo

if TYPE_CHECKING:
    from timmy_tui.control.change.plan import ChangePlan
    from timmy_tui.control.controller import Controller

EXIT = {ChangeState.KEPT: 0, ChangeState.ROLLED_BACK: 3, ChangeState.NEEDS_ATTENTION: 4, ChangeState.IDLE: 1}
LOOK_S = 0.1
FIRST_SNAPSHOT_S = 5.0
OPEN = "`timmy-tui undo` or `timmy-tui keep`"


def yes_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal to ask on.")(command)


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--wait``."""
    return click.option("--wait", is_flag=True, help="Wait until two turns of the new session show the new value.")(
        command
    )


class ChangeOptions(Place, frozen=True, kw_only=True):
    """What every change is asked with."""

    yes: bool = False
    """Agreed to in advance."""


class FlipOptions(ChangeOptions, frozen=True, kw_only=True):
    """``pairs``: flag, value, flag, value …"""

    pairs: tuple[str, ...]
    wait: bool
    only: bool


@click.command()
@root_option
@settings_option
@click.argument("pairs", nargs=-1, required=True, metavar="FLAG VALUE [FLAG VALUE ...]")
@wait_option
@yes_option
@click.option("--only", is_flag=True, help="Just this, also where it does not go with another flag's value.")
@takes(FlipOptions)
def flip(options: FlipOptions) -> int:
    """Change flags, restart v34 and see that it serves: `flip tail-mode on`, or several as one change.

    Without --wait the change is kept once v34 answers, without proof by turns.
    """
    pairs = options.pairs
    if len(pairs) % 2:
        raise click.UsageError("flags and values come in pairs: flip tail-mode on")
    values = tuple(zip(pairs[::2], pairs[1::2], strict=True))
    with open_controller(options) as controller:
        plan = confirmed(controller.plan(Flip(values)), options.yes, options.only)
        return carry_out(controller, plan, options.wait)


@click.command()
@root_option
@settings_option
@yes_option
@takes(ChangeOptions)
def restart(options: ChangeOptions) -> int:
    """Restart v34 by the strategy of the settings, and see that it serves."""
    with open_controller(options) as controller:
        return carry_out(controller, confirmed(controller.plan(Restart()), options.yes), False)


class OperationOptions(ChangeOptions, frozen=True, kw_only=True):
    """``operation``: of the journal; empty is the last one."""

    operation: str


@click.command()
@root_option
@settings_option
@click.argument("operation", default="")
@yes_option
@takes(OperationOptions)
def undo(options: OperationOptions) -> int:
    """Take back the last change, or OPERATION of the journal: the files byte for byte, then a restart."""
    with open_controller(options) as controller:
        plan = controller.plan(Undo(options.operation))
        done = carry_out(controller, confirmed(plan, options.yes), False)
        return 0 if done == EXIT[ChangeState.ROLLED_BACK] else done


@click.command()
@root_option
@settings_option
@click.argument("operation", default="")
@takes(OperationOptions)
def keep(options: OperationOptions) -> int:
    """Close an interrupted change as it stands: the newest open one, or OPERATION of the journal."""
    with open_controller(options) as controller:
        click.echo(clean(controller.keep(options.operation)))
    return 0


class JournalOptions(Place, frozen=True, kw_only=True):
    """How the journal is printed."""

    as_json: bool


@click.command()
@root_option
@settings_option
@json_option
@takes(JournalOptions)
def journal(options: JournalOptions) -> None:
    """Every change made by timmy-tui, newest first, and how it ended."""
    with open_controller(options, reading=True) as controller:
        controller.look()
        entries = controller.state().journal
    if options.as_json:
        fields = ("op", "at", "label", "state", "undoable", "detail")
        click.echo(json.dumps([{name: getattr(one, name) for name in fields} for one in entries], indent=1))
        return
    for one in entries:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at))
        mark = "undo" if one.undoable else ""
        click.echo(f"{when}  {one.op}  {clean(one.label):34} {one.state:18} {mark:5}{clean(one.detail)}".rstrip())
    if not entries:
        click.echo("nothing was changed yet")


@contextmanager
def open_controller(place: Place, reading: bool = False) -> Iterator["Controller"]:
    """The controller, fed by the logs as the dashboard's is. ``reading``: no log is read and nothing is changed."""
    from timmy_tui.control.controller import Controller
    from timmy_tui.parse.log_formats import log_files
    from timmy_tui.pipeline.live_source import LiveSource, follow_logs
    from timmy_tui.pipeline.thread import Pipeline

    timmy = find_timmy(place)
    settings, installation = timmy.settings, timmy.installation

    def tell(word: str, role: str) -> None:
        click.echo(clean(word), err=role == "bad")

    why = "only looking" if reading else ""
    try:
        controller = Controller(timmy, why, tell, dashboard=False)
    except OSError as error:
        raise ControlError(f"the folder for the journal cannot be used: {error.filename}: {error.strerror}.") from None
    if reading:
        yield controller
        return
    feeds, waker = follow_logs(settings, installation)
    source = LiveSource(Pipeline(settings, feeds), waker=waker, on_snapshot=controller.see)
    source.start(lambda snapshot: None)
    try:
        if any(path.exists() for path, _ in log_files(installation)):
            _await(lambda: bool(controller.live_state.turns) or controller.live_state.busy, FIRST_SNAPSHOT_S)
        yield controller
    finally:
        source.stop()
        controller.close()


def confirmed(plan: "ChangePlan", yes: bool, only: bool = False) -> "ChangePlan":
    """The plan shown and agreed to. Raises ControlError for a refusal, UsageError without a terminal, Exit for no."""
    if only and plan.other is not None:
        plan = plan.other
    if plan.refusal:
        raise ControlError(f"{plan.label}: {plan.refusal}")
    click.echo(clean(plan.label))
    for text in plan.preview:
        click.echo(f"  {clean(text)}")
    if plan.other is not None:
        click.echo(f"  (--only: {clean(plan.other_word)})")
    if yes:
        return plan
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; say --yes.")
    if not click.confirm("go ahead?"):
        click.echo("nothing was changed")
        raise click.exceptions.Exit(1)
    return plan


def carry_out(controller: "Controller", plan: "ChangePlan", wait: bool) -> int:
    """Start it and say how it goes, a line for each state; the exit code. Ctrl+C leaves it open for a later word."""
    controller.start(plan)
    op = controller.progress.op if controller.progress is not None else ""
    try:
        return _watched(controller, wait)
    except (KeyboardInterrupt, click.Abort):
        controller.close()
        if controller.idle and not controller.left_open(op):
            return _said_at_last(controller)
        click.echo(f"left open: {OPEN}" if plan.planned else "not waited for: v34 may be on its way", err=True)
        return 4


def _watched(controller: "Controller", wait: bool) -> int:
    said = ""
    while True:
        over = controller.idle  # before the state is read, so that the state is its last one
        shown = controller.progress
        assert shown is not None
        word = _word(shown)
        if word != said:
            click.echo(word)
            said = word
        if over:
            return EXIT.get(shown.state, 4)
        if not _answered(controller, shown, wait):
            click.echo(f"left open: {OPEN}", err=True)
            return 4
        time.sleep(LOOK_S)


def _said_at_last(controller: "Controller") -> int:
    shown = controller.progress
    if shown is None or shown.state not in EXIT or shown.state is ChangeState.IDLE:
        click.echo("not begun: nothing was changed", err=True)
        return 1
    click.echo(_word(shown))
    return EXIT[shown.state]


def _answered(controller: "Controller", shown: ChangeProgress, wait: bool) -> bool:
    """What the shell answers by itself: no proof wanted. False where the user must decide and there is no terminal."""
    from timmy_tui.control.progress import KEEP, UNDO

    try:
        if shown.state is ChangeState.VERIFYING and not wait:
            controller.answer(KEEP)
        elif shown.state is ChangeState.NEEDS_ATTENTION and UNDO in shown.choices:
            if not sys.stdin.isatty():
                return False
            controller.answer(click.prompt("keep or undo", type=click.Choice(shown.choices)))
    except ControlError as error:
        # it has gone on by itself meanwhile: the next look says how
        if not controller.idle and controller.progress is not None and controller.progress.state is shown.state:
            click.echo(clean(error.message), err=True)
    return True


def _word(shown: ChangeProgress) -> str:
    parts = [str(shown.state)]
    if shown.countdown is not None:
        parts.append(f"rolling back in {shown.countdown:.0f}s")
    if shown.state is ChangeState.VERIFYING:
        parts.append(f"{shown.evidence[0]} of {shown.evidence[1]} turns show it")
    if shown.pid is not None:
        parts.append(f"pid {shown.pid}")
    if shown.message:
        parts.append(clean(shown.message))
    return "  ".join(parts)


def _await(what: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not what() and time.monotonic() < deadline:
        time.sleep(LOOK_S / 2)
