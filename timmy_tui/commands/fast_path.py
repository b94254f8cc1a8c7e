"""The two calls that are made often, done without the command-line library (25 ms), when they are well-formed.

Whatever is not, ``--help`` included, is left to the full command line: it explains.
"""

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

Options = Mapping[str, list[str]]
"""Values by option, in the order given; a switch has none."""


def run_plain(arguments: Sequence[str]) -> bool:
    """Do what is asked for; False when that is for the full command line."""
    if arguments[:1] == ["status"]:
        return print_status(arguments[1:])
    if not arguments or arguments[0].startswith("-") or arguments[0] == "dashboard":
        return open_dashboard(arguments[1:] if arguments[:1] == ["dashboard"] else arguments)
    return False


def print_status(arguments: Sequence[str]) -> bool:
    """``timmy-tui status``: the running dashboard's line, else one made from the end of the logs."""
    from timmy_tui.report.status import quick_line

    line = quick_line(arguments, os.environ)
    if line is None:
        options = read_options(arguments, ("--root", "--settings", "--log"), ("--tmux",))
        if options is None:
            return False
        from timmy_tui.report.newest import newest_line

        logs = [Path(log) for log in options.get("--log", [])]
        line = newest_line(_path(options, "--root"), _path(options, "--settings"), logs, "--tmux" in options)
    print(line)
    return True


def open_dashboard(arguments: Sequence[str]) -> bool:
    """``timmy-tui`` with its own options, on a terminal."""
    options = read_options(arguments, ("--root", "--settings"), ("--read-only", "--no-services", "--mouse", "--ascii"))
    if options is None:
        return False
    from timmy_tui.bootstrap.startup import load, terminal_problem, with_view_options
    from timmy_tui.core.errors import TimmyError

    try:
        settings, installation = load(_path(options, "--root"), _path(options, "--settings"))
    except TimmyError:
        return False
    if terminal_problem():
        return False
    from timmy_tui.bootstrap.dashboard import open_installation

    settings = with_view_options(settings, mouse="--mouse" in options, plain="--ascii" in options)
    try:
        open_installation(
            settings, installation, services="--no-services" not in options, read_only="--read-only" in options
        )
    except TimmyError as error:
        from timmy_tui.core.sanitize import clean_lines

        print("\n".join(clean_lines(f"timmy-tui: {error}")), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    return True


def read_options(arguments: Sequence[str], valued: Collection[str], switches: Collection[str]) -> Options | None:
    """The options of a well-formed call, ``--name value`` or ``--name=value``; None for any other."""
    told: dict[str, list[str]] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if argument in switches:
            told[argument] = []
        elif name in valued and (value or not equals):
            value = value or next(rest, "")
            if not value:
                return None
            told.setdefault(name, []).append(value)
        else:
            return None
    return told


def _path(options: Options, name: str) -> Path | None:
    values = options.get(name)
    return Path(values[-1]) if values else None
