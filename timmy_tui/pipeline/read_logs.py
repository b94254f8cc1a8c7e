"""Reads whole logs once, for the commands that do not follow them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.log_format import LogFormat
from timmy_tui.model.snapshot import Listening, SourceCondition, SourceState
from timmy_tui.model.turn import Session, Turn
from timmy_tui.parse.table import detect, log_files
from timmy_tui.profiles.choice import learn_days, new_reading
from timmy_tui.profiles.streams import Batches, batches_of, is_stream
from timmy_tui.sources.files.content import ABSENT, problem_of, read_start
from timmy_tui.sources.files.whole_file import line_batches

_PARQUET = b"PAR1"


@dataclass(frozen=True, eq=False)
class LogReading:
    """Everything that the logs say."""

    turns: tuple[Turn, ...]
    """In every state, in the order in which they happened."""
    sessions: tuple[Session, ...]
    sources: tuple[SourceState, ...]
    """One for each file."""
    unparsed: Counter[str]
    """Lines that could not be read, by reason."""
    listening: Listening
    """The pauses without text."""
    restarted: bool = False
    """By its debug log v34 was started since the newest turn."""


def logs_of(installation: Installation) -> list[tuple[Path, LogFormat]]:
    """The logs of an installation that exist, each with its format. Raises NotFound when none exists."""
    logs = log_files(installation)
    existing = [(path, row) for path, row in logs if is_stream(path) or problem_of(path) != ABSENT]
    if not existing:
        paths = " nor ".join(str(path) for path, _ in logs)
        raise NotFound(f"neither {paths} exists yet.", "Talk to Timmy once, or name a file: --log")
    return existing


def named_logs(paths: Iterable[Path]) -> list[tuple[Path, LogFormat]]:
    """Files that the user named, each with the format that its content shows. Raises NotFound or SourceError."""
    return [(path, detect_format(path)) for path in paths]


def detect_format(path: Path) -> LogFormat:
    """The format that the beginning of a file shows. Raises NotFound or SourceError."""
    start = read_start(path)
    if start.startswith(_PARQUET):
        raise SourceError(f"{path} is a Parquet file, not a log.", "report, compare and export read such files: --log")
    return detect(start, path.name)


def read_logs(logs: Sequence[tuple[Path, LogFormat]], limits: TailSettings, keep_events: bool = True) -> LogReading:
    """Read each log from its first byte to its last, in the order of their formats. Raises NotFound or SourceError.

    ``keep_events``: turns keep their raw events, about 6 KiB each.
    """
    ingest = new_reading(limits.turn_timeout_s, keep_events, limits.longest_threshold_s, whole=True)
    turns: dict[int, Turn] = {}
    sources: list[SourceState] = []
    for path, row in sorted(logs, key=lambda log: log[1].order):
        for _ in learn_days(ingest, path, limits.line_kib * 1024):
            pass
        lines = dropped = 0
        for batch, too_long in _line_batches(path, limits.line_kib * 1024):
            lines += len(batch) + too_long
            dropped += too_long
            for turn in ingest.feed(row.kind, batch):
                turns[turn.ordinal] = turn
        sources.append(SourceState(name=path.name, condition=SourceCondition.OK, lines=lines, dropped=dropped))
    for turn in ingest.finish():
        turns[turn.ordinal] = turn
    ordered = in_order(turns.values())
    return LogReading(
        turns=ordered,
        sessions=_with_ranges(ingest.sessions, ordered),
        sources=tuple(sources),
        unparsed=ingest.unparsed,
        listening=ingest.assembler.listening,
        restarted=ingest.assembler.restarted,
    )


def in_order(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turns in the order in which they happened, with new ordinals and with numbers, from 1.

    Typed turns are only in the debug log, which is read after the latency log, so that their ordinals are too high.
    """
    ordered = sorted(turns, key=lambda turn: turn.position)
    return tuple(replace(turn, ordinal=ordinal, number=ordinal + 1, place=()) for ordinal, turn in enumerate(ordered))


def with_lost_turns(reading: LogReading, lost: Mapping[int, Sequence[Turn]]) -> LogReading:
    """The reading with turns that no log has, behind the turn with the number that is their key; with new ordinals."""
    turns: list[Turn] = []
    sessions = {known.session_id: known.session for known in reversed(reading.turns)}
    for turn in reading.turns:
        turns.append(turn)
        turns += (
            replace(one, session=sessions.get(one.session_id, turn.session)) for one in lost.get(turn.number or 0, ())
        )
    ordered = tuple(replace(turn, ordinal=ordinal) for ordinal, turn in enumerate(turns))
    return replace_fields(reading, turns=ordered, sessions=_with_ranges(reading.sessions, ordered))


def _with_ranges(sessions: Iterable[Session], turns: Sequence[Turn]) -> tuple[Session, ...]:
    """The sessions with the new ordinals of their first and last turns."""
    own: dict[int, list[int]] = {}
    for turn in turns:
        own.setdefault(turn.session, []).append(turn.ordinal)
    return tuple(
        replace(one, first=numbers[0], last=numbers[-1], turns=len(numbers))
        if (numbers := own.get(one.number))
        else one
        for one in sessions
    )


def _line_batches(path: Path, line_limit: int) -> Batches:
    batches = batches_of(path, line_limit)
    return line_batches(path, line_limit) if batches is None else batches
