"""Profiles by name or file: read, checked, and the faults named with their line and what would be right."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
import regex

from timmy_tui.core.errors import TimmyError
from timmy_tui.core.foreign.decode import Unreadable, decode_toml
from timmy_tui.core.private_file import check_only_ours
from timmy_tui.core.settings import config_dir
from timmy_tui.profiles.flag_rules import flag_faults
from timmy_tui.profiles.records.equations import equation
from timmy_tui.profiles.spec import EventRule, Profile, StageRule
from timmy_tui.profiles.turns.draft import FIGURES
from timmy_tui.profiles.unused_keys import unused_keys

SUFFIX = ".toml"


class ProfileError(TimmyError):
    """A profile is not valid."""

    title = "Profile"


def own_folder() -> Path:
    """Where the user's own profiles are; one with the name of a shipped one takes its place."""
    return config_dir() / "profiles"


def names() -> list[str]:
    """All profiles that can be called by name, sorted."""
    shipped = [entry.name for entry in _shipped().iterdir() if entry.name.endswith(SUFFIX)]
    own = [path.name for path in own_folder().glob(f"*{SUFFIX}")]
    return sorted({name.removesuffix(SUFFIX) for name in (*shipped, *own)})


def _shipped() -> Path:
    return Path(str(files("timmy_tui.profiles") / "shipped"))


def find(name: str) -> Path:
    """The file of a profile: a path, or a name in the user's folder or among the shipped ones. Raises ProfileError."""
    if "/" in name or name.endswith(SUFFIX):
        path = Path(name).expanduser()
        if not path.is_file():
            raise ProfileError(f"{path} does not exist.")
        return path
    for folder in (own_folder(), _shipped()):
        path = folder / f"{name}{SUFFIX}"
        if path.is_file():
            return path
    raise ProfileError(f"there is no profile {name!r}.", f"There are: {', '.join(names())}; or name a file.")


def load(name: str) -> Profile:
    """A profile by name or path. Raises ProfileError with the first fault."""
    return read(find(name))


def read(path: Path) -> Profile:
    """The profile in a file. Raises ProfileError with the first fault, its line, and what would be right.

    Raises SettingsError for one that names something to change and that other users can write.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}.") from None
    data = decode_toml(content)
    if isinstance(data, Unreadable):
        raise ProfileError(f"{path} {data.reason}.")
    try:
        profile = msgspec.convert(data, Profile)
    except msgspec.ValidationError as error:
        from timmy_tui.core.foreign.toml_problems import line_of, problems

        for problem in problems(data, Profile):
            line = line_of(content.decode(errors="replace"), problem.key)
            place = str(path) if line is None else f"{path}:{line}"
            raise ProfileError(f"{place}: {problem.text}.", problem.hint) from None
        raise ProfileError(f"{path}: {error}.") from None
    for fault in faults(profile):
        raise ProfileError(f"{path}: {fault}.")
    if profile.control is not None and path.parent != _shipped():
        # It names a file that is changed, and a unit that restarts.
        check_only_ours(path)
    return profile


def faults(profile: Profile) -> Iterator[str]:
    """What does not fit together in a profile whose shape is right, in plain words."""
    yield from _bad_patterns(profile)
    if any(True for _ in _bad_patterns(profile)):
        return
    events = {rule.name for rule in profile.event}
    captures = {f"{rule.name}.{name}" for rule in profile.event for name in captures_of(rule)}
    has_parts = {rule.name for rule in profile.event if rule.parts is not None}
    for where, name in event_names(profile):
        if name not in events:
            yield f"{where} names the event {name!r}, which is none of [[event]]"
    for where, name in capture_names(profile):
        if name not in captures and name.partition(".")[0] not in has_parts:
            yield f"{where} names {name!r}, which no event captures"
    yield from _bad_stages(profile)
    yield from _bad_turns(profile)
    yield from unused_keys(profile)
    yield from flag_faults(profile.flag, profile.control)


def captures_of(rule: EventRule) -> tuple[str, ...]:
    """Names of what an event carries, its list of parts aside."""
    groups = tuple(regex.compile(rule.match).groupindex) if rule.match else ()
    return (*groups, *rule.take)


def _bad_patterns(profile: Profile) -> Iterator[str]:
    patterns = [("source.line", profile.source.line), ("source.detect", profile.source.detect)]
    patterns += [(f"event {rule.name}: match", rule.match) for rule in profile.event]
    for where, pattern in patterns:
        try:
            regex.compile(pattern)
        except regex.error as error:
            yield f"{where} is not a pattern: {error}"


def event_names(profile: Profile) -> Iterator[tuple[str, str]]:
    """Where an event is named, and its name."""
    turn = profile.turn
    lists = {
        "opens": turn.opens, "complete": turn.complete, "enough": turn.enough, "failed": turn.failed,
        "unanswered": turn.unanswered, "aborted": turn.aborted, "typed": turn.typed, "not_alone": turn.not_alone,
        "restarts": turn.restarts,
    }  # fmt: skip
    yield from ((f"turn.{key}", name) for key, some in lists.items() for name in some)
    yield from (("turn.join", join.event) for join in turn.join)
    yield from ((f"event {rule.name}: after", name) for rule in profile.event for name in rule.after)
    for rule in profile.stage:
        yield from ((f"stage {rule.key}", name) for name in (*rule.begins, *rule.ends))
    for number, headline in enumerate(profile.headline, 1):
        yield from ((f"headline {number}", name) for name in (*headline.begins, *headline.ends))
        yield from ((f"headline {number}", name) for name in [headline.last_event] if name)
        yield from ((f"headline {number}", name) for name in headline.unless if "." not in name)


def capture_names(profile: Profile) -> Iterator[tuple[str, str]]:
    """Where a capture is named, and its name."""
    for rule in profile.stage:
        yield from ((f"stage {rule.key}", name) for name in (*rule.lasts, *rule.minus))
    for number, headline in enumerate(profile.headline, 1):
        yield from ((f"headline {number}", name) for name in headline.lasts)
        yield from ((f"headline {number}", name) for name in [headline.less] if name)
        yield from ((f"headline {number}", name) for name in headline.unless if "." in name)
    for flag in profile.flag:
        yield from ((f"flag {flag.key}", name) for name in (flag.value, *flag.when))
    counts = profile.counts
    yield from (("counts", name) for name in (counts.prompt, counts.cached, counts.output) if name)
    for key, names in profile.figures.items():
        yield from ((f"figures.{key}", name) for name in ([names] if isinstance(names, str) else names))
    yield from (("turn", name) for name in (profile.turn.reason, profile.turn.session) if name)
    yield from (("private", name) for name in profile.private)
    for event in profile.event:
        named = {"add": event.add, "zero_is_none": event.zero_is_none}
        yield from ((f"event {event.name}: {key}", f"{event.name}.{name}") for key in named for name in named[key])
    for join in profile.turn.join:
        yield from ((f"turn.join {join.event}", name) for name in join.needs)
        for text in join.same:
            try:
                yield from ((f"turn.join {join.event}", name) for name in equation(text).names)
            except ValueError:
                continue


def _bad_stages(profile: Profile) -> Iterator[str]:
    keys = [rule.key for rule in profile.stage]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"stage {key} stands there twice"
    for rule in profile.stage:
        if rule.parent and rule.parent not in keys:
            yield f"stage {rule.key} is a part of {rule.parent!r}, which is no stage"
        if rule.parent and rule.critical:
            yield f"stage {rule.key} is a part of {rule.parent}, so that it cannot be critical as well"
        yield from _bad_measure(rule)
    if not any(rule.critical for rule in profile.stage):
        yield "no stage is critical: nothing would explain the headline"
    for number, headline in enumerate(profile.headline, 1):
        if headline.last and headline.last not in [rule.key for rule in profile.stage if rule.critical]:
            yield f"headline {number}: {headline.last!r} is no critical stage"
        if not headline.lasts and not (headline.begins and headline.ends):
            yield f"headline {number} needs from and to, or lasts"
    yield from _twice_counted(profile)


def _bad_measure(rule: StageRule) -> Iterator[str]:
    between = bool(rule.begins and rule.ends) and not rule.lasts
    ways = [between, bool(rule.lasts) or rule.lasts_ms is not None, rule.rest, rule.both_ways]
    if sum(ways) != 1:
        yield f"stage {rule.key} needs one way to be measured: from and to, or lasts, or rest, or both_ways"
    if rule.rest and not rule.parent:
        yield f"stage {rule.key} is the rest of nothing: it has no parent"
    if rule.is_setting and not (rule.lasts or rule.lasts_ms is not None):
        yield f"stage {rule.key} is a setting, and needs lasts or lasts_ms"


def _twice_counted(profile: Profile) -> Iterator[str]:
    """One figure in two critical stages. One that contains another shows in a log: the parts exceed their headline."""
    seen: dict[str, str] = {}
    for rule in profile.stage:
        for name in rule.lasts if rule.critical else ():
            if name in seen:
                yield f"stages {seen[name]} and {rule.key} overlap: both last {name}"
            seen[name] = rule.key


def _bad_turns(profile: Profile) -> Iterator[str]:
    turn = profile.turn
    if turn.by == "key" and not (turn.key or profile.source.group):
        yield "turn.by is key, and turn.key names no field"
    if turn.by == "order" and not (turn.opens or turn.complete):
        yield "turn.by is order, and neither turn.opens nor turn.complete names an event"
    for name in profile.figures:
        if name not in FIGURES:
            yield f"figures.{name} is no figure of a turn; there are {', '.join(sorted(FIGURES))}"
    for join in turn.join:
        for text in join.same:
            try:
                equation(text)
            except ValueError as error:
                yield f"turn.join {join.event}: {error}"
    if profile.source.kind == "poll" and not profile.source.url:
        yield "source.kind is poll, and source.url is empty"
