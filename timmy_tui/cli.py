"""The command line.

Exit codes: 0 done, 1 an error that is explained on stderr, 2 wrong usage.
"""

import sys


def main() -> None:
    """Entry point of the ``timmy-tui`` script."""
    from timmy_tui.commands.fast_path import run_fast_path

    if run_fast_path(sys.argv[1:]):
        return
    from timmy_tui.commands.lazy_group import run
    from timmy_tui.commands.table import COMMANDS

    run(COMMANDS)
