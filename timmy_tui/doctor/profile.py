"""Another voice system: its profile, and whether that reads the log that there is."""

from collections.abc import Iterator

from timmy_tui.core.errors import NotFound, TimmyError
from timmy_tui.core.formatting import percent, plural
from timmy_tui.core.settings import Settings
from timmy_tui.doctor.result import FAIL, OK, WARN, DoctorLine
from timmy_tui.profiles.check import check
from timmy_tui.profiles.choice import chosen, named_source, source_path


def profile_lines(settings: Settings) -> Iterator[DoctorLine]:
    """Nothing where Little Timmy is watched."""
    profile = chosen()
    if profile is None:
        return
    yield DoctorLine("profile", OK, f"{profile.profile.name}: {profile.profile.title}")
    path = source_path()
    if path is None:
        try:
            yield DoctorLine("source", WARN, f"{named_source().shown} is no file: not looked at")
        except NotFound as error:
            yield DoctorLine("source", FAIL, error.message.removesuffix("."), error.hint)
        return
    try:
        verdict = check(profile, path, settings.tail.turn_timeout_s)
    except TimmyError as error:
        yield DoctorLine("source", FAIL, error.message.removesuffix("."), "Name another one: --source FILE.")
        return
    share = percent(verdict.with_headline / verdict.turns) if verdict.turns else "none"
    yield DoctorLine(
        "source", FAIL if verdict.problems else OK,
        f"{path}: {plural(verdict.lines, 'line')}, {plural(verdict.turns, 'turn')}, {share} with a headline",
    )  # fmt: skip
    for problem in verdict.problems:
        yield DoctorLine("source", FAIL, problem, f"timmy-tui profile check {profile.profile.name} {path} says more.")
