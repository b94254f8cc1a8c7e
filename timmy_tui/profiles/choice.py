"""Which system this process watches: asked for by name, set in the settings, or shown by a named log.

It is decided once, before anything is imported that knows stages. Little Timmy is read without a profile, and a call
for it pays nothing here.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from timmy_tui.core.errors import TimmyError
from timmy_tui.profiles.call import OPTION, SOURCE_OPTION, named_logs, of_settings, without_options

if TYPE_CHECKING:
    from collections import Counter

    from timmy_tui.core.foreign.source_address import SourceAddress
    from timmy_tui.core.running.failures import Failures
    from timmy_tui.model.snapshot import Listening
    from timmy_tui.model.turn import Session, Turn
    from timmy_tui.profiles.spec import Profile

BUILT_IN = "v34"
"""As in model/stages/system.py, which this does not import where nobody chooses."""
VARIABLE = "TIMMY_TUI_PROFILE"
SOURCE_VARIABLE = "TIMMY_TUI_SOURCE"
"""For processes that a process starts: they watch the same system."""
START_BYTES = 1 << 16
"""A log that is a profile's shows it in so much of its beginning."""


class TurnsInFlight(Protocol):
    """What a reading knows beside the turns that are over."""

    @property
    def open_turn(self) -> "Turn | None":
        """The newest turn in flight."""

    @property
    def busy(self) -> bool:
        """There is one."""

    @property
    def phase(self) -> str:
        """Key of the stage that runs now; empty where no event shows it."""

    @property
    def listening(self) -> "Listening":
        """What the pauses without text say."""

    @property
    def restarted(self) -> bool:
        """The system was restarted, and has had no turn since."""

    @property
    def failures(self) -> "Failures":
        """Steps that raised."""

    def tick(self, now: float) -> "list[Turn]":
        """Close turns that have been silent too long; ``now``: ``elapsed()``."""

    def begin_live(self, arrived: float) -> None:
        """A backlog has ended, and its last line was written at ``arrived`` (``elapsed()``)."""

    def take_ordinal(self) -> int:
        """An ordinal for a turn from another source."""

    def session_of(self, session_id: str) -> int:
        """Number of the session with this id."""


class Reading(Protocol):
    """One reading of the logs: lines in, turns out."""

    newest_stamp: float | None

    @property
    def assembler(self) -> TurnsInFlight:
        """What knows the turns in flight."""

    def read_once(self, logs: "Iterable[tuple[str, Sequence[bytes]]]") -> "tuple[Turn, ...]":
        """All turns of these lines in the order in which they happened, those that they leave open included."""

    def feed(self, kind: str, lines: Sequence[bytes], arrived: float | None = None) -> "list[Turn]":
        """Whole lines of one log, in file order."""

    def finish(self) -> "list[Turn]":
        """At the end of the logs: the turns that they leave open."""

    @property
    def lone_pauses(self) -> int:
        """Pauses without text so far."""

    @property
    def unparsed(self) -> "Counter[str]":
        """Lines that could not be read, by reason."""

    @property
    def sessions(self) -> "tuple[Session, ...]":
        """Runs of the system so far."""


class _Chosen:
    """The profile of this process."""

    profile: "Profile | None" = None
    source: "SourceAddress | None" = None
    """That the user named, or that is usual for the profile."""


def chosen() -> "Profile | None":
    """The profile; None where Little Timmy is watched."""
    return _Chosen.profile


def is_chosen(name: str) -> bool:
    """Settings that name this profile speak of the one that is chosen; so do those that name none."""
    from timmy_tui.profiles.load import load

    try:
        return not name or (_Chosen.profile is not None and load(name).profile.name == _Chosen.profile.profile.name)
    except TimmyError:
        return False


def source() -> "SourceAddress | None":
    """Where its records come from: what the user named, else the usual place; None where neither is known."""
    return _Chosen.source


def named_source() -> "SourceAddress":
    """The same. Raises NotFound where neither is known."""
    if _Chosen.source is None:
        from timmy_tui.core.errors import NotFound

        raise NotFound("the profile does not say where its log is.", "Name it: --source FILE, or [system] source.")
    return _Chosen.source


def source_path() -> Path | None:
    """The same where it is a file; None of a journal and of what is fetched."""
    return _Chosen.source.path if _Chosen.source is not None else None


def choose_for(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Choose by the arguments of a call; returns them without what was for this. Raises TimmyError.

    An option wins over the environment, that over what a named log shows, that over the settings.
    """
    rest, options = without_options(arguments)
    name = options.get(OPTION) or environ.get(VARIABLE, "")
    source = options.get(SOURCE_OPTION) or environ.get(SOURCE_VARIABLE, "")
    logs = [*named_logs(rest)]
    log = logs[0].absolute() if logs else None
    if not name and log and (found := recognized(log)) is not None:
        watch(found, options.get(SOURCE_OPTION) or str(log))
        return rest
    own_name, own_source = ("", "") if name or (log and not _may_be_any(log)) else of_settings(rest)
    chosen_name = name or own_name
    if chosen_name == BUILT_IN and SOURCE_OPTION in options:
        raise TimmyError(
            f"{SOURCE_OPTION} is for a profile; Little Timmy is read from its folder.", "Use --root or --log."
        )
    if chosen_name and chosen_name != BUILT_IN:
        from timmy_tui.profiles.load import find, load

        watch(load(chosen_name), str(source or log or own_source))
        # What this process starts watches the same: a serve's page, an editor's check. It reads the same settings: what
        # stands there, as a password in an address, is in no environment.
        if name:
            os.environ[VARIABLE] = str(find(name).absolute())
        if source:
            os.environ[SOURCE_VARIABLE] = source
    elif SOURCE_OPTION in options or (source and not (chosen_name or log)):
        raise TimmyError(f"{SOURCE_OPTION} names the log of a profile, and no profile is named.", f"Use {OPTION} NAME.")
    return rest


def watch(profile: "Profile", source: str | Path) -> None:
    """Watch a system by its profile, and have it read by it. ``source``: as the user wrote it; empty: the usual one.

    Raises SourceError for a source that is not valid, TimmyError for a profile with the name of Little Timmy, and
    RuntimeError once another system is in use.
    """
    if profile.profile.name == BUILT_IN:
        raise TimmyError(
            f"{BUILT_IN} is Little Timmy, which is read without a profile.", "Give it another profile.name."
        )
    from timmy_tui.core.foreign.source_address import source_address
    from timmy_tui.model.stages.system import System, choose
    from timmy_tui.model.stages.table import StageTable
    from timmy_tui.profiles.records.matching import counts_of
    from timmy_tui.profiles.spec import stage_row
    from timmy_tui.profiles.switches import switch_file_of, switches_of

    stages = StageTable([stage_row(rule, place) for place, rule in enumerate(profile.stage, 1)])
    system = System(
        name=profile.profile.name,
        title=profile.profile.title,
        stages=stages,
        switches=switches_of(profile),
        switch_file=switch_file_of(profile),
        counts_tokens=bool(profile.counts.prompt),
        stamps_measure=not profile.time.resolution_ms,
        counts=counts_of(profile),
    )
    choose(system)
    text = str(source) or (profile.source.kind == "poll" and profile.source.url) or profile.source.path
    _Chosen.profile, _Chosen.source = profile, source_address(text) if text else None
    from timmy_tui.parse.table import watch_only
    from timmy_tui.profiles.log_row import row_of

    watch_only(row_of(profile))


def new_reading(
    timeout_s: float, keep_events: bool = True, longest_threshold_s: float = 10.0, whole: bool = False
) -> Reading:
    """One reading of the logs of the system that is watched. Limits in seconds, as in the settings of ``tail``.

    ``whole``: each log is read to its end before the next one, which completes turns however long ago they closed.
    """
    profile = _Chosen.profile
    if profile is None:
        from timmy_tui.turns.drafts import MAX_CLOSED_TURNS
        from timmy_tui.turns.ingest import Ingest

        return Ingest(timeout_s, keep_events, longest_threshold_s, None if whole else MAX_CLOSED_TURNS)
    from timmy_tui.profiles.reading import ProfileReading

    reading = ProfileReading(profile, timeout_s, keep_events)
    if not whole and _Chosen.source is not None and _Chosen.source.kind == "journal":
        reading.assembler.begin_midway()  # Only its newest entries are read.
    return reading


def learn_days(reading: Reading, path: Path, line_limit: int) -> Iterator[None]:
    """Find out on which days a log without dates was written, before its first line is read. Yields between two pieces.

    Other logs, and what is no file, need none. ``line_limit``: bytes; longer lines are dropped, as by the reading.
    """
    profile = _Chosen.profile
    if profile is None:
        return
    from timmy_tui.core.settings import state_path
    from timmy_tui.core.web_page import is_web_page
    from timmy_tui.profiles.reading import ProfileReading
    from timmy_tui.profiles.records.days import KnownDays, scan

    if isinstance(reading, ProfileReading) and reading.needs_days:
        for days in scan(path, profile, line_limit, KnownDays(state_path(), read_only=is_web_page())):
            if days is not None:
                reading.begin_log(days)
            yield


def date_end(reading: Reading, lines: Sequence[bytes], path: Path) -> None:
    """The end of a log without dates, which is read alone, is of the days up to its last write."""
    if _Chosen.profile is None:
        return
    from timmy_tui.profiles.reading import ProfileReading

    if isinstance(reading, ProfileReading) and reading.needs_days and path.is_file():
        reading.date_lines(lines, path.stat().st_mtime)


def recognized(path: Path) -> "Profile | None":
    """The profile whose log a file unmistakably is; None for v34's, for a file that no profile knows, and for none."""
    start = start_of(path)
    if not start or _is_of_v34(start):
        return None
    from timmy_tui.profiles.load import load, names
    from timmy_tui.profiles.records.reader import Pattern

    lines = start.decode("utf-8", "replace").splitlines()
    for name in names():
        try:
            profile = load(name)
        except TimmyError:
            continue  # One of the user's own with a fault: it is named when he asks for it.
        if profile.profile.name == BUILT_IN or not profile.source.detect:
            continue
        pattern = Pattern.of(profile.source.detect)
        if any(pattern.search(line) is not None for line in lines):
            return profile
    return None


def start_of(path: Path) -> bytes:
    """The beginning of a log; empty of what is none."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(START_BYTES)
    except (OSError, ValueError):
        return b""


def _is_of_v34(start: bytes) -> bool:
    """Little Timmy's, and not the events of another program in JSON, which it might be by its form."""
    from timmy_tui.parse.table import recognizes

    return recognizes(start) and (b'"request_id"' in start or b'"event"' not in start)


def _may_be_any(log: Path) -> bool:
    """A file that is neither v34's nor an export of turns."""
    start = start_of(log)
    return bool(start) and not start.startswith(b"PAR1") and not _is_of_v34(start)
