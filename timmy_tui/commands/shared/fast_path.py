"""Runs the two most frequent calls, dashboard and status, without the command-line library, which takes 25 ms.

Only well-formed calls: the full command line does the rest, ``--help`` included, because it explains.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

from timmy_tui.core.output import say

Options = Mapping[str, list[str]]
"""Option → its values in the order of the call; a switch has none."""
BELLS: "Mapping[str, Literal['', 'off', 'regression', 'fail']]" = {
    "": "", "off": "off", "regression": "regression", "fail": "fail",
}  # fmt: skip
"""Values of ``--bell``; another one, which the full command line explains, is not among them."""


def run_fast_path(arguments: Sequence[str]) -> bool:
    """Run the call if it is one of the two. False: the full command line must run it."""
    if arguments[:1] == ["status"]:
        return print_status(arguments[1:])
    if not arguments or arguments[0].startswith("-") or arguments[0] == "dashboard":
        return open_dashboard(arguments[1:] if arguments[:1] == ["dashboard"] else arguments)
    return False


def print_running_line(arguments: Sequence[str]) -> bool:
    """``timmy-tui status``: the line of the running dashboard. False where none runs, and for any other call."""
    if arguments[:1] != ["status"]:
        return False
    from timmy_tui.report.status_line.file import quick_line

    line = quick_line(arguments[1:], os.environ)
    if line is not None:
        say(line)
    return line is not None


def print_status(arguments: Sequence[str]) -> bool:
    """``timmy-tui status`` where no dashboard runs: a line from the logs. False: see ``run_fast_path``."""
    options = read_options(arguments, ("--root", "--settings", "--log"), ("--tmux",))
    if options is None:
        return False
    from timmy_tui.report.status_line.newest import newest_line

    logs = [Path(log) for log in options.get("--log", [])]
    say(newest_line(_path(options, "--root"), _path(options, "--settings"), logs, "--tmux" in options))
    return True


def open_dashboard(arguments: Sequence[str]) -> bool:
    """Open the dashboard. False for other options, for an error or without a terminal: see ``run_fast_path``."""
    switches = ("--read-only", "--no-services", "--mouse", "--ascii", "--fresh")
    options = read_options(arguments, ("--root", "--settings", "--bell"), switches)
    bell = options.get("--bell", [""])[-1] if options is not None else ""
    if options is None or bell not in BELLS:
        return False
    from timmy_tui.bootstrap.startup import DashboardOptions, find_timmy, terminal_problem
    from timmy_tui.core.errors import TimmyError

    dashboard_options = DashboardOptions(
        root=_path(options, "--root"),
        settings_path=_path(options, "--settings"),
        read_only="--read-only" in options,
        no_services="--no-services" in options,
        mouse="--mouse" in options,
        plain="--ascii" in options,
        bell=BELLS[bell],
        fresh="--fresh" in options,
    )
    try:
        timmy = find_timmy(dashboard_options)
    except TimmyError:
        return False
    if terminal_problem():
        return False
    from timmy_tui.bootstrap.dashboard import open_live

    open_live(timmy, dashboard_options)
    return True


def read_options(arguments: Sequence[str], valued: Collection[str], switches: Collection[str]) -> Options | None:
    """The options of a well-formed call, ``--name value`` or ``--name=value``; None for any other."""
    options: dict[str, list[str]] = {}
    remaining = iter(arguments)
    for argument in remaining:
        name, equals, value = argument.partition("=")
        if argument in switches:
            options[argument] = []
        elif name in valued and (value or not equals):
            value = value or next(remaining, "")
            if not value:
                return None
            options.setdefault(name, []).append(value)
        else:
            return None
    return options


def _path(options: Options, name: str) -> Path | None:
    values = options.get(name)
    return Path(values[-1]) if values else None
