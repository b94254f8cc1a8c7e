"""The command line.

Exit codes: 0 done, 1 an error that is explained on stderr, 2 wrong usage, 70 a fault of the program, whose traceback is
in a file that the message names (the terminal is as it was before the dashboard, and Timmy is not touched), 130 Ctrl+C.
A reader of standard output that ends early (``| head``) ends a command with 1 and without a word. A change that has
begun goes on without its reader, and its exit code is its own (commands/changes/change.py).
"""

import os
import sys
from collections.abc import Sequence


def main() -> None:
    """Entry point of the ``timmy-tui`` script."""
    from timmy_tui.commands.shared.guard import guarded

    code = guarded(_run)
    if code:
        sys.exit(code)


def refuse_on_another_system(arguments: Sequence[str]) -> None:
    """Raise ControlError for a command that would change Little Timmy, or judge it, where another system is watched."""
    from timmy_tui.profiles.choice import chosen

    profile = chosen()
    if profile is None:
        return
    from timmy_tui.commands.table import CHANGE, ONLY_LITTLE_TIMMY
    from timmy_tui.core.errors import ControlError

    if not arguments or {"-h", "--help"} & {*arguments}:
        return
    name, title = arguments[0], profile.profile.title
    if name in ONLY_LITTLE_TIMMY:
        raise ControlError(f"{name} is for Little Timmy; {title} has nothing for it.")
    if name in CHANGE and profile.control is None:
        raise ControlError(f"{name} is for Little Timmy; {title} is only read.")


def _run() -> int:
    from timmy_tui.commands.shared.fast_path import print_running_line, run_fast_path

    # A shell that completes calls without arguments: they are in its variables (commands/setup/completion.py).
    if "_TIMMY_TUI_COMPLETE" not in os.environ:
        if print_running_line(sys.argv[1:]):  # tmux asks every few seconds: nothing else is imported for it.
            return 0
        from timmy_tui.core.running.start_objects import begin_start, end_start

        begin_start()  # of a dashboard, which ends it with its first frame
        try:
            from timmy_tui.profiles.choice import choose_for

            sys.argv[1:] = choose_for(sys.argv[1:], os.environ)
            refuse_on_another_system(sys.argv[1:])
            if run_fast_path(sys.argv[1:]):
                return 0
        finally:
            end_start()
    from timmy_tui.commands.shared.lazy_group import run
    from timmy_tui.commands.table import COMMANDS

    return run(COMMANDS)
