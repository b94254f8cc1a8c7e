"""``timmy-tui flip``, ``restart``, ``undo``, ``keep`` and ``journal``: the dashboard's changes, from the shell.

Exit codes: 0 kept, undone as requested, or nothing to do; 1 refused, nothing was changed; 2 wrong usage; 3 rolled back
instead of kept; 4 needs attention or is still open, also after Ctrl+C.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.commands.changes.answers import ChangeAnswers, Then
from timmy_tui.commands.setup.completion import complete_flag_or_value
from timmy_tui.commands.shared.options import json_option, root_option, settings_option, takes
from timmy_tui.core.errors import ControlError
from timmy_tui.core.formatting import local_time
from timmy_tui.core.output import say, say_json, say_while_working
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.user_requests import Flip, Restart, Undo

if TYPE_CHECKING:
    from timmy_tui.control.change.plan import ChangePlan
    from timmy_tui.control.controller import Controller
    from timmy_tui.model.snapshot import Snapshot

EXIT_CODES = {ChangeState.KEPT: 0, ChangeState.ROLLED_BACK: 3, ChangeState.NEEDS_ATTENTION: 4, ChangeState.IDLE: 1}
POLL_S = 0.1
FIRST_SNAPSHOT_TIMEOUT_S = 5.0
CLOSING_COMMANDS = "`timmy-tui undo` or `timmy-tui keep`"


def yes_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation; needed without a terminal.")(command)


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--wait``."""
    return click.option("--wait", is_flag=True, help="Wait until two turns of the new session show the new value.")(
        command
    )


def now_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--now``."""
    return click.option("--now", is_flag=True, help="Do not wait for a turn in flight: it is cut.")(command)


class ChangeOptions(Place, frozen=True, kw_only=True):
    """Options of every change."""

    yes: bool = False
    """Confirmed in advance."""
    now: bool = False
    """A turn in flight is cut."""


class FlipOptions(ChangeOptions, frozen=True, kw_only=True):
    """``pairs``: flag, value, flag, value …"""

    pairs: tuple[str, ...]
    wait: bool
    only: bool
    then: Then | None


@click.command()
@root_option
@settings_option
@click.argument(
    "pairs", nargs=-1, required=True, metavar="FLAG VALUE [FLAG VALUE ...]", shell_complete=complete_flag_or_value
)
@wait_option
@click.option(
    "--then",
    type=click.Choice(("keep", "undo", "ask")),
    help="With --wait: what to do if v34 dies or the turns show another value. Otherwise a terminal asks; "
    "elsewhere the change is left open (exit code 4).",
)
@now_option
@yes_option
@click.option("--only", is_flag=True, help="Change only these flags, even if another flag's value does not fit.")
@takes(FlipOptions)
def flip(options: FlipOptions) -> int:
    """Change flags, restart v34 and check that it serves: `flip tail-mode on`, or several flags as one change.

    Without --wait the change is kept as soon as v34 answers, not verified by turns.
    """
    pairs = options.pairs
    if len(pairs) % 2:
        raise click.UsageError("flags and values come in pairs, such as: flip tail-mode on")
    if options.then and not options.wait:
        raise click.UsageError("--then goes with --wait: without it nothing is waited for.")
    values = tuple(zip(pairs[::2], pairs[1::2], strict=True))
    answers = ChangeAnswers(wait=options.wait, then=options.then or "ask", now=options.now)
    with open_controller(options) as controller:
        plan = confirmed(controller.plan(Flip(values)), options.yes, options.only)
        return carry_out(controller, plan, answers)


@click.command()
@root_option
@settings_option
@now_option
@yes_option
@takes(ChangeOptions)
def restart(options: ChangeOptions) -> int:
    """Restart v34 with the strategy from the settings, and check that it serves."""
    with open_controller(options) as controller:
        plan = confirmed(controller.plan(Restart()), options.yes)
        return carry_out(controller, plan, ChangeAnswers(now=options.now))


class OperationOptions(ChangeOptions, frozen=True, kw_only=True):
    """``operation``: of the journal; empty is the last one."""

    operation: str


@click.command()
@root_option
@settings_option
@click.argument("operation", default="")
@now_option
@yes_option
@takes(OperationOptions)
def undo(options: OperationOptions) -> int:
    """Undo the last change, or OPERATION of the journal: restore the files byte for byte, then restart v34."""
    with open_controller(options) as controller:
        plan = controller.plan(Undo(options.operation))
        done = carry_out(controller, confirmed(plan, options.yes), ChangeAnswers(now=options.now))
        return 0 if done == EXIT_CODES[ChangeState.ROLLED_BACK] else done


@click.command()
@root_option
@settings_option
@click.argument("operation", default="")
@takes(OperationOptions)
def keep(options: OperationOptions) -> int:
    """Keep an interrupted change as it is, and close it: the newest open one, or OPERATION of the journal."""
    with open_controller(options) as controller:
        say(controller.keep(options.operation))
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
        controller.poll()
        entries = controller.state().journal
    if options.as_json:
        fields = ("op", "at", "label", "state", "undoable", "detail")
        say_json([{name: getattr(entry, name) for name in fields} for entry in entries])
        return
    for entry in entries:
        when = local_time(entry.at)
        undo_hint = "undo" if entry.undoable else ""
        line = f"{when}  {entry.op}  {entry.label:34} {entry.state:18} {undo_hint:5}{entry.detail}"
        say(line.rstrip())
    if not entries:
        say("nothing was changed yet")


@contextmanager
def open_controller(place: Place, reading: bool = False) -> Iterator["Controller"]:
    """The controller, with turns from the logs as in the dashboard. ``reading``: no log is read, nothing is changed."""
    from timmy_tui.control.controller import Controller
    from timmy_tui.parse.table import log_files
    from timmy_tui.pipeline.live_source import LiveSource, follow_logs
    from timmy_tui.pipeline.thread import Pipeline

    timmy = find_timmy(place)
    settings, installation = timmy.settings, timmy.installation

    def notify(message: str, role: str) -> None:
        say_while_working(message, err=role == "bad")

    read_only = "this command only reads" if reading else ""
    try:
        controller = Controller(timmy, read_only, notify, dashboard=False)
    except OSError as error:
        raise ControlError(f"the folder for the journal cannot be used: {error.filename}: {error.strerror}.") from None
    if reading:
        yield controller
        return
    feeds, waker = follow_logs(settings, installation)
    opened = threading.Event()

    def observe(snapshot: "Snapshot") -> None:
        controller.observe(snapshot)
        if snapshot.opened:
            opened.set()

    source = LiveSource(Pipeline(settings, feeds), waker=waker, on_snapshot=observe)
    source.start(lambda snapshot: None)
    try:
        if any(path.exists() for path, _ in log_files(installation)):
            # Of all logs: one of them alone shows turns, and not which values they ran under.
            opened.wait(FIRST_SNAPSHOT_TIMEOUT_S)
        yield controller
    finally:
        source.stop()
        controller.close()


def confirmed(plan: "ChangePlan", yes: bool, only: bool = False) -> "ChangePlan":
    """The plan, shown and confirmed. Raises ControlError for a refusal, UsageError without a terminal, Exit for no."""
    if only and plan.other is not None:
        plan = plan.other
    if plan.refusal:
        raise ControlError(f"{plan.label}: {plan.refusal}")
    if plan.done:
        say(f"{plan.label}: {plan.done}")
        raise click.exceptions.Exit(0)
    say(plan.label)
    for text in plan.preview:
        say(f"  {text}")
    if plan.other is not None:
        say(f"  (--only: {plan.other_word})")
    if yes:
        return plan
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; use --yes.")
    if not click.confirm("go ahead?"):
        say("nothing was changed")
        raise click.exceptions.Exit(1)
    return plan


def carry_out(controller: "Controller", plan: "ChangePlan", answers: ChangeAnswers) -> int:
    """Start the plan and print a line for each state; the exit code. Ctrl+C leaves the change open for keep or undo."""
    controller.start(plan)
    op = controller.progress.op if controller.progress is not None else ""
    try:
        return _wait_for_end(controller, answers)
    except (KeyboardInterrupt, click.Abort):
        controller.close()
        if controller.idle and not controller.is_open(op):
            return _final_exit_code(controller)
        say(f"left open: {CLOSING_COMMANDS}" if plan.planned else "stopped waiting: it may still be starting", err=True)
        return 4


def _wait_for_end(controller: "Controller", answers: ChangeAnswers) -> int:
    """Print each new line of progress until the change is over; the exit code."""
    printed = ""
    while True:
        over = controller.idle  # before the state is read, so that the state is its last one
        progress = controller.progress
        assert progress is not None
        line = _progress_line(progress)
        if line != printed:
            say_while_working(line)
            printed = line
        if over:
            return EXIT_CODES.get(progress.state, 4)
        if not answers.answer(controller, progress):
            say(f"left open: {CLOSING_COMMANDS}", err=True)
            return 4
        time.sleep(POLL_S)


def _final_exit_code(controller: "Controller") -> int:
    """Print the last line of progress; the exit code."""
    progress = controller.progress
    if progress is None or progress.state not in EXIT_CODES or progress.state is ChangeState.IDLE:
        say("not started: nothing was changed", err=True)
        return 1
    say_while_working(_progress_line(progress))
    return EXIT_CODES[progress.state]


def _progress_line(progress: ChangeProgress) -> str:
    parts = [str(progress.state)]
    if progress.countdown is not None:
        parts.append(f"rolling back in {progress.countdown:.0f}s")
    if progress.state is ChangeState.VERIFYING and progress.evidence[1]:
        parts.append(f"{progress.evidence[0]} of {progress.evidence[1]} turns show it")
    if progress.pid is not None:
        parts.append(f"pid {progress.pid}")
    if progress.message:
        parts.append(progress.message)
    return "  ".join(parts)
