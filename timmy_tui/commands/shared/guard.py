"""What stands around every command: an error is a line and an exit code, whatever it is; nothing is a traceback."""

import os
import sys
from collections.abc import Callable

from timmy_tui.core.errors import ProgramFault, TimmyError
from timmy_tui.core.output import discard, prepare_streams, say

TRACEBACK = "TIMMY_TUI_TRACEBACK"
"""Environment variable: print the traceback of a fault of the program."""
INTERRUPTED, FAULT = 130, 70
"""Exit codes: Ctrl+C, as shells count it; a fault of the program (EX_SOFTWARE of sysexits.h)."""


def guarded(act: Callable[[], int]) -> int:
    """Run a command with usable streams; its exit code, or that of its error, which is printed to standard error."""
    prepare_streams()
    try:
        code = act()
        sys.stdout.flush()
        return code
    except TimmyError as error:
        say(f"timmy-tui: {error.title}: {error.message}", err=True)
        if error.hint:
            say(error.hint, err=True)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe has closed it (head, a pager): no message, and nothing more to flush at exit.
        discard(sys.stdout)
        return 1
    except OSError as error:
        discard(sys.stdout)
        say(f"timmy-tui: {os_error_words(error)}", err=True)
        return 1
    except Exception as error:
        discard(sys.stdout)
        if os.environ.get(TRACEBACK):
            raise
        say_fault(error.__cause__ if isinstance(error, ProgramFault) and error.__cause__ is not None else error)
        return FAULT


def say_fault(error: BaseException) -> None:
    """Print what a fault of the program was, and where its traceback is."""
    from timmy_tui.core.running.crash_log import write_crash_log  # 2 ms that only a fault pays
    from timmy_tui.core.running.failures import describe, raised_at

    path = write_crash_log(error)
    say(f"timmy-tui: a fault of the program: {describe(error)} ({raised_at(error)})", err=True)
    say(f"Its traceback is in {path}; please report it." if path is not None else "Please report it.", err=True)
    say(f"{TRACEBACK}=1 prints the traceback.", err=True)


def os_error_words(error: OSError) -> str:
    """``FILE: No space left on device.``; without a file the reason alone."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return f"{where}{error.strerror or error}."
