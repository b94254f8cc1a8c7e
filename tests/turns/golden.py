"""The golden conversation, read from either log or both."""

from collections.abc import Sequence
from pathlib import Path

from timmy_tui.model.log_format import LogKind
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


def headline_by_events(turn: Turn) -> float:
    """The length of the headline in ms, from the raw events alone: the last stamp of its span less the first.

    Of an event that came twice the first counts.
    """
    stamps: dict[str, float] = {}
    for event in turn.events:
        stamps.setdefault(event.event, event.timestamp)
    spoken = ["stt_pause_detected", "stt_transcript_finalized", "stt_sending_to_v34", "stt_http_request_start"]
    begins = [*spoken, "v34_flask_handler_entry", "v34_webhook_received"]
    first = next(name for name in begins if name in stamps)
    last = "tts_audio_playback_start" if "tts_audio_playback_start" in stamps else "v34_sending_to_tts"
    waited = turn.pause_threshold or 0.0 if first == "stt_pause_detected" else 0.0
    return 1000 * (stamps[last] - stamps[first] + waited)
