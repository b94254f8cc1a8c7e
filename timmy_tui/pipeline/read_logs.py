"""LogReading logs once, from their first byte to their last, for the commands that do not follow them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.model.turn import Session, Turn
from timmy_tui.sources.replay.player import detect_kind
from timmy_tui.turns.ingest import Ingest, LogKind

_SLICE = 1 << 20


@dataclass(frozen=True, eq=False)
class LogReading:
    """Everything that the named logs say."""

    turns: tuple[Turn, ...]
    """In the order in which they happened, every state."""
    sessions: tuple[Session, ...]
    sources: tuple[SourceState, ...]
    unparsed: Counter[str]


def logs_of(installation: Installation) -> list[tuple[Path, LogKind]]:
    """The two logs of an installation, those that exist. Raises NotFound when there is neither."""
    pairs: list[tuple[Path, LogKind]] = [(installation.latency_log, "latency"), (installation.v34_log, "v34")]
    present = [(path, kind) for path, kind in pairs if path.exists()]
    if not present:
        raise NotFound(
            f"neither {pairs[0][0]} nor {pairs[1][0]} exists yet.", "Talk to Timmy once, or name a file: --log"
        )
    return present


def named_logs(paths: Iterable[Path]) -> list[tuple[Path, LogKind]]:
    """Files the user named, each with the kind that its content shows. Raises NotFound or SourceError."""
    return [(_readable(path), detect_kind(path)) for path in paths]


def read_logs(logs: Sequence[tuple[Path, LogKind]], limits: TailSettings, keep_events: bool = True) -> LogReading:
    """Read each log whole. The latency log goes first: the debug log then tells more of turns that are known."""
    ingest = Ingest(limits.turn_timeout_s, keep_events=keep_events)
    turns: dict[int, Turn] = {}
    sources: list[SourceState] = []
    for path, kind in sorted(logs, key=lambda item: item[1] != "latency"):
        lines = dropped = 0
        for batch, too_long in _slices(_readable(path), limits.line_kib * 1024):
            lines += len(batch) + too_long
            dropped += too_long
            for turn in ingest.feed(kind, batch):
                turns[turn.ordinal] = turn
        condition = SourceCondition.OK
        sources.append(SourceState(name=path.name, condition=condition, lines=lines, dropped=dropped))
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    ordered, places = _by_time([turns[ordinal] for ordinal in sorted(turns)])
    sessions = tuple(
        replace(session, first=places.get(session.first, session.first), last=places.get(session.last, session.last))
        for session in ingest.sessions
    )
    return LogReading(turns=ordered, sessions=sessions, sources=tuple(sources), unparsed=ingest.unparsed)


def _by_time(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], dict[int, int]]:
    """Turns in the order in which they happened, numbered anew; old ordinal → new.

    The debug log alone tells of typed turns, and it is read behind the other one. A turn without a time stays behind
    the one that arrived before it.
    """
    keyed: list[tuple[float, int, Turn]] = []
    before = float("-inf")
    for turn in turns:
        before = before if turn.started is None else turn.started
        keyed.append((before, turn.ordinal, turn))
    keyed.sort(key=lambda item: item[:2])
    places = {ordinal: place for place, (_, ordinal, _) in enumerate(keyed)}
    return tuple(replace(turn, ordinal=places[turn.ordinal]) for _, _, turn in keyed), places


def _readable(path: Path) -> Path:
    if not path.exists():
        raise NotFound(f"{path} does not exist.")
    if not path.is_file():
        raise SourceError(f"{path} is not a regular file.")
    return path


def _slices(path: Path, line_limit: int) -> Iterator[tuple[list[bytes], int]]:
    """Whole lines in slices of about 1 MiB, and how many lines were passed over for their length."""
    try:
        with path.open("rb") as file:
            rest = b""
            skipping = False
            while chunk := file.read(_SLICE):
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                too_long = 0
                if skipping and not lines:
                    rest = b""
                    continue
                if skipping:
                    lines.pop(0)
                    skipping = False
                if len(rest) > line_limit:
                    rest, skipping, too_long = b"", True, 1
                kept = [line for line in lines if len(line) <= line_limit]
                yield kept, too_long + len(lines) - len(kept)
            if rest and not skipping:
                yield [rest], 0
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
