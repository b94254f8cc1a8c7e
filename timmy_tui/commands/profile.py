"""``timmy-tui profile``: profiles of other voice systems: which there are, whether one reads a log, a first draft."""

from pathlib import Path

import click
from msgspec import Struct

from timmy_tui.commands.shared.options import json_option, takes
from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.output import say, say_json, say_lines

PROFILE = click.argument("profile", metavar="PROFILE")
LOG = click.argument("log", type=click.Path(path_type=Path))


class CheckOptions(Struct, frozen=True, kw_only=True):
    """Which profile, which log, and how the result is printed."""

    profile: str
    log: Path
    as_json: bool


@click.group()
def profile() -> None:
    """Other voice systems by one file each: list the profiles, check one with a log, draft a new one."""


@profile.command("list")
def list_profiles() -> None:
    """Print the profiles that there are, each with its system; your own are in the settings folder."""
    from timmy_tui.profiles.load import ProfileError, load, names

    for name in names():
        try:
            about = load(name).profile
            say(f"{name:18} {clean(about.title, 30):22} {clean(about.program, 80)}".rstrip())
        except ProfileError as error:
            say(f"{name:18} not valid: {clean(error.message, 200)}")


@profile.command()
@PROFILE
@LOG
@json_option
@takes(CheckOptions)
def check(options: CheckOptions) -> int:
    """Read LOG by PROFILE (a name or a file): what was matched, what not, whether each turn's account comes out.

    Exit code 1 where it does not.
    """
    import msgspec

    from timmy_tui.profiles.check import check as check_log
    from timmy_tui.profiles.check import report_lines
    from timmy_tui.profiles.load import load

    verdict = check_log(load(options.profile), options.log)
    if options.as_json:
        say_json(msgspec.to_builtins(verdict))
    else:
        say_lines(report_lines(verdict))
    return 1 if verdict.problems else 0


@profile.command()
@LOG
@click.option("--name", default="my-system", help="Name of the new profile.")
def new(log: Path, name: str) -> None:
    """Print a first draft of a profile for LOG, from what stands most often in it. Save it, and check it."""
    from timmy_tui.profiles.proposals.first_draft import propose

    try:
        say_lines(propose(log, name).splitlines())
    except ValueError as error:
        raise SourceError(f"{log}: {error}.", "docs/profiles/README.md says how to write one by hand.") from None
