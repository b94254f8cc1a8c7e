"""The golden conversation, read from either log or both."""

from collections.abc import Sequence
from pathlib import Path

from timmy_tui.model.log_format import LogKind
from timmy_tui.model.stages import parts_of_headline
from timmy_tui.model.turn import Turn
from timmy_tui.turns.ingest import Ingest

DATA = Path(__file__).parents[1] / "data"
LATENCY = (DATA / "latency.log").read_bytes().splitlines()
V34 = (DATA / "v34.log").read_bytes().split(b"\n")


def read(*parts: tuple[LogKind, Sequence[bytes]], remember: bool = True) -> list[Turn]:
    """All turns by ordinal after the parts were fed in order."""
    ingest = Ingest(60.0)
    turns: dict[int, Turn] = {}
    for kind, lines in parts:
        for turn in ingest.feed(kind, lines):
            turns[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    return [turns[ordinal] for ordinal in sorted(turns)]


def by_id(turns: Sequence[Turn]) -> dict[str, Turn]:
    """Turn by request id."""
    return {turn.request_id: turn for turn in turns}


def rest_of_ledger(turn: Turn) -> float:
    """Headline minus critical stages minus unattributed time, in whole microseconds: 0 when the ledger sums."""
    assert turn.headline_ms is not None
    assert turn.unattributed_ms is not None
    named = sum(round(1000 * ms) for _, ms in parts_of_headline(turn.stages))
    return round(1000 * turn.headline_ms) - named - round(1000 * turn.unattributed_ms)
